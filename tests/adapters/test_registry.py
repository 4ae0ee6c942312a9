"""Adapters by name: what is installed, and what a plugin must be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import pytest
from pydantic import BaseModel, ConfigDict

from turnspec.adapters import Adapter, AdapterError, adapter, adapter_names
from turnspec.adapters.registry import GROUP
from turnspec.adapters.twilio import ADAPTER


class Loose(BaseModel):
    """Options that let anything pass."""


class Strict(BaseModel):
    """Options as they must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def ready(**changed: object) -> SimpleNamespace:
    """An adapter with all its parts, some changed."""
    parts = {"name": "fax", "options_model": Strict, "capabilities": len, "dial": len}
    return SimpleNamespace(**{**parts, **changed})


@pytest.fixture
def plugin() -> Iterator[ModuleType]:
    """The module that the entry point names, for a test to fill."""
    module = ModuleType("a_fax_plugin")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def point(value: str = "a_fax_plugin:FAX", name: str = "fax") -> EntryPoint:
    """What installing a plugin declares."""
    return EntryPoint(name, value, GROUP)


class TestInstalled:
    """What comes with turnspec is there."""

    def test_twilio(self) -> None:
        """The Twilio adapter is found by its name and is an adapter."""
        assert "twilio" in adapter_names()
        assert adapter("twilio") is ADAPTER
        assert isinstance(ADAPTER, Adapter)

    def test_unknown_names_the_nearest(self) -> None:
        """A misspelt protocol is answered with the one meant and those that there are."""
        with pytest.raises(
            AdapterError, match=r"'twillio'; did you mean 'twilio'\? \(installed are .*twilio"
        ):
            adapter("twillio")


class TestPlugins:
    """A plugin that is not made as it must be says what is wrong with it, and whose it is."""

    def test_good(self, plugin: ModuleType) -> None:
        """One that has all parts is handed out."""
        vars(plugin)["FAX"] = ready()
        assert adapter("fax", [point()]).name == "fax"

    def test_names_are_sorted(self) -> None:
        """Names come in alphabetical order without loading anything."""
        assert adapter_names([point(), point(name="alpha")]) == ("alpha", "fax")

    def test_nothing_installed(self) -> None:
        """With no adapter at all the message says that."""
        with pytest.raises(AdapterError, match="no adapter is installed"):
            adapter("fax", [])

    def test_two_of_one_name(self) -> None:
        """Two plugins of one name are both named, none is preferred."""
        with pytest.raises(AdapterError, match=r"a_fax_plugin:FAX.* and .*other:FAX.*uninstall all but one"):
            adapter("fax", [point(), point("other:FAX")])

    @pytest.mark.parametrize("value", ["no_such_module_here:FAX", "a_fax_plugin:MISSING"])
    @pytest.mark.usefixtures("plugin")
    def test_does_not_load(self, value: str) -> None:
        """A plugin that cannot be imported is named with the reason."""
        with pytest.raises(AdapterError, match=rf"'fax' \({value}\) does not load"):
            adapter("fax", [point(value)])

    @pytest.mark.parametrize(
        ("made", "wrong"),
        [
            (SimpleNamespace(name="fax", dial=len), "it has no options_model, no capabilities"),
            (ready(name="telex"), "it calls itself 'telex', its entry point 'fax'"),
            (ready(dial=3), "dial is not a method"),
            (ready(options_model=dict), "options_model is not a pydantic model"),
            (ready(options_model=Loose), "is not frozen: .*; options_model lets unknown keys pass"),
            (type(ADAPTER), "it is a class"),
        ],
    )
    def test_wrong_parts(self, plugin: ModuleType, made: object, wrong: str) -> None:
        """All that is wrong is said at once."""
        vars(plugin)["FAX"] = made
        with pytest.raises(AdapterError, match=f"cannot be used: .*{wrong}"):
            adapter("fax", [point()])
