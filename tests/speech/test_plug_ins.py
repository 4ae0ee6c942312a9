"""Engines that other packages bring, whatever their family."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from turnspec.speech.plug_ins import EngineProblem, Family

GROUP = "turnspec.bells"


class Bell:
    """An engine of no family that there is, made of how loud it is."""

    name = "bell"

    def __init__(self, loudness: int) -> None:
        self.loudness = loudness


class Rope:
    """Made of the same, and no bell."""

    def __init__(self, loudness: int) -> None:
        del loudness


BELLS: Family[int, Bell] = Family(
    GROUP, own=("gong",), parts=("name", "loudness"), problem=EngineProblem, kind="bell", given="a loudness"
)


def point(name: str, value: str = f"{__name__}:Bell") -> EntryPoint:
    """What a package says that it brings."""
    return EntryPoint(name, value, GROUP)


class Here(EntryPoint):
    """An entry point whose object is at hand: tests are no installed package."""

    def load(self) -> object:
        """What it names."""
        return {"Bell": Bell, "Rope": Rope, "three": 3}[self.value]


def test_names_come_in_one_order() -> None:
    """Turnspec's own first, then those that are installed by their names; one's own name is not taken."""
    assert BELLS.names([point("tubular"), point("gong"), point("big")]) == ("gong", "big", "tubular")


def test_an_engine_is_made_of_what_is_given() -> None:
    """By whoever calls the factory, as often as it is called."""
    make = BELLS.factory("big", [Here("big", "Bell", GROUP)])

    assert [make(loudness).loudness for loudness in (1, 2)] == [1, 2]


@pytest.mark.parametrize(
    ("points", "said", "hint"),
    [
        ((), "there is no bell 'big'", "there are gong"),
        (
            (point("big", "a:B"), point("big", "c:D")),
            "the engine 'big' is offered by a:B and c:D",
            "uninstall",
        ),
        (
            (point("big", "nowhere_at_all:Bell"),),
            r"'big' \(nowhere_at_all:Bell\) does not load",
            "",
        ),
        (
            (Here("big", "three", GROUP),),
            "is 3, not a function that makes one of a loudness",
            "",
        ),
        ((Here("big", "Rope", GROUP),), "'big' cannot be used: it has no name, no loudness", ""),
    ],
)
def test_what_cannot_be_used_says_why(points: tuple[EntryPoint, ...], said: str, hint: str) -> None:
    """And what to do about it, where that is known."""
    with pytest.raises(EngineProblem, match=said) as told:
        BELLS.factory("big", points)(1)

    assert told.value.hint.startswith(hint)
    assert bool(told.value.hint) == bool(hint)
