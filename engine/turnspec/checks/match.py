"""What comparing a value with a matcher comes to: what differs and where, and what was captured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from turnspec.checks import shown


class Missing:
    """Stands for a value that is not there at all, which is not the same as null."""

    def __repr__(self) -> str:
        return shown.ABSENT


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where a value is not as expected; `path` is empty for the value as a whole.

    `undecided`: it could not be compared, so that nothing is known either way. `details` are lines to be
    shown beneath.
    """

    path: str
    expected: str
    actual: str
    message: str
    undecided: bool = False
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.undecided:
            return self.message
        return f"{self.path or 'it'} {self.message}"


@dataclass(frozen=True, slots=True)
class Match:
    """What comparing found: nothing in `mismatches` means that it holds."""

    mismatches: tuple[Mismatch, ...] = ()
    captures: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the value is as expected."""
        return not self.mismatches

    @property
    def undecided(self) -> str:
        """Why nothing can be said either way; empty if something can."""
        return next((mismatch.message for mismatch in self.mismatches if mismatch.undecided), "")

    @property
    def details(self) -> tuple[str, ...]:
        """The lines to be shown beneath what differs."""
        return tuple(line for mismatch in self.mismatches for line in mismatch.details)


def verdict(holds: bool, path: str, expected: str, value: Any) -> Match:  # noqa: FBT001 # one meaning
    """A match that holds, or the one mismatch that names both sides."""
    actual = shown.ABSENT if value is MISSING else shown.value(value)
    return Match() if holds else differs(path, expected, value, f"is {actual}, not {expected}")


def differs(path: str, expected: str, value: Any, message: str, details: Sequence[str] = ()) -> Match:
    """One mismatch."""
    actual = shown.ABSENT if value is MISSING else shown.value(value)
    return Match((Mismatch(path, expected, actual, message, details=tuple(details)),))


def undecided(path: str, expected: str, value: Any, message: str) -> Match:
    """Nothing can be said either way."""
    actual = shown.quoted(value) if isinstance(value, str) else shown.value(value)
    return Match((Mismatch(path, expected, actual, message, undecided=True),))


def together(parts: Sequence[Match]) -> Match:
    """All mismatches and captures of several places."""
    captures = {name: value for part in parts for name, value in part.captures.items()}
    return Match(tuple(mismatch for part in parts for mismatch in part.mismatches), captures)
