"""What every adapter must do, as tests that an adapter's own test suite runs.

    from turnspec.testing.adapter_conformance import AdapterConformance

    class TestPager(AdapterConformance):
        adapter = ADAPTER
        peer = staticmethod(pager_peer)          # an agent of yours, in the hand of the tests
        refusing_peer = staticmethod(no_pager)   # one that declines every call

Each check runs on the wall clock over loopback and in virtual time over memory. What an adapter says that it
cannot do (`Capabilities.can`) is not asked of it. pytest is needed to run them, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Final

import pytest

from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop
from turnspec.testing.conformance_checks import CHECKS
from turnspec.testing.conformance_subject import Nonconforming, Peer, Peers, Subject, require

__all__ = ["CHECKS", "CLOCKS", "AdapterConformance", "Nonconforming", "Peer", "Peers", "Subject"]

WITHIN_S: Final = 10.0
CLOCKS: Final = {"wall": WallLoop, "virtual": VirtualLoop}


class AdapterConformance:
    """Subclass it in a test module, with your adapter and agents for it to call."""

    adapter: ClassVar[Any]
    peer: ClassVar[Any]
    refusing_peer: ClassVar[Any]
    options: ClassVar[Mapping[str, Any]] = {}
    headers: ClassVar[Mapping[str, str]] = {}
    auth: ClassVar[Mapping[str, str]] = {}

    @pytest.mark.parametrize("clock", CLOCKS)
    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_adapter(self, check: Callable[[Subject], Awaitable[None]], clock: str) -> None:
        """One promise of an adapter, on one clock."""

        async def within() -> None:
            async with asyncio.timeout(WITHIN_S):
                await check(self._subject())

        try:
            run_on(CLOCKS[clock], within())
        except TimeoutError:
            what = (check.__doc__ or check.__name__).strip()
            raise Nonconforming(f"this did not come to be within {WITHIN_S:g} s: {what}") from None

    def test_declaration(self) -> None:
        """What the adapter says of itself can be used."""
        subject = self._subject()
        model = type(subject.options)
        require(model.model_config.get("frozen") is True, "the options' model must be frozen")
        require(model.model_config.get("extra") == "forbid", "the options' model must forbid unknown keys")
        for name, about in model.model_fields.items():
            require(bool(about.description), f"option {name!r} has no description: docs are made from it")
        ends_us = subject.capabilities.reply_ends_after_us
        require(ends_us >= 0, f"reply_ends_after_us is {ends_us}")

    def _subject(self) -> Subject:
        made = type(self)
        options = made.adapter.options_model.model_validate(dict(made.options))
        return Subject(made.adapter, made.peer, made.refusing_peer, options, made.headers, made.auth)
