"""What is sure to have a value once a call has come to some place, whichever way it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from turnspec.dsl.conditions import Condition

Conditions = tuple[tuple[Condition, ...], tuple[Condition, ...]]
"""The `when` and the `unless` of an item."""


@dataclass(frozen=True, slots=True)
class Paths:
    """All ways to one place at once.

    `bound` are the names that have a value on all of them, `under` those that have one where some conditions
    hold, `partly` says of a name that has one on some ways only where it would get it. No way at all leads on
    from where every way has ended.
    """

    bound: frozenset[str] = frozenset()
    under: tuple[tuple[Conditions, frozenset[str]], ...] = ()
    partly: Mapping[str, str] = field(default_factory=dict)
    goes_on: bool = True
    known: bool = True

    def names(self, when: Sequence[Condition] = (), unless: Sequence[Condition] = ()) -> frozenset[str]:
        """The names that have a value in an item with these conditions."""
        found = self.bound
        for (given, excluded), caught in self.under:
            if all(each in when for each in given) and all(each in unless for each in excluded):
                found |= caught
        return found

    def binding(self, caught: frozenset[str]) -> Paths:
        """The same ways, on all of which these names now have a value."""
        if not caught:
            return self
        # What held of a name may not hold of its new value.
        kept = tuple(each for each in self.under if not _asked(each[0]) & caught)
        partly = {name: why for name, why in self.partly.items() if name not in caught}
        return replace(self, bound=self.bound | caught, under=kept, partly=partly)

    def perhaps(self, caught: frozenset[str], conditions: Conditions, why: str) -> Paths:
        """The same ways, on some of which these names now have a value: where the conditions hold."""
        # What held of a name may not hold of the value that it perhaps gets.
        kept = tuple(each for each in self.under if not _asked(each[0]) & caught)
        new = caught - self.bound
        asks_reply = any(each.reply for group in conditions for each in group)
        if new and not asks_reply and not _asked(conditions) & caught:
            kept = (*kept, (conditions, new))
        return replace(self, under=kept, partly={**self.partly, **dict.fromkeys(sorted(new), why)})

    def ended(self) -> Paths:
        """No way: what comes after is never reached."""
        return replace(self, goes_on=False)


def joined(before: Paths, ways: Sequence[tuple[Paths, str]]) -> Paths:
    """The ways from several branches that meet again; each branch has a description."""
    open_ways = [(paths, where) for paths, where in ways if paths.goes_on]
    if not open_ways:
        return before.ended()
    bound = frozenset.intersection(*(paths.bound for paths, _ in open_ways))
    partly = dict(before.partly)
    for paths, where in open_ways:
        for name in sorted(paths.bound - bound):
            lacking = next(other for there, other in open_ways if name not in there.bound)
            partly.setdefault(name, f"it is captured in {where}, but not in {lacking}")
        for name, why in paths.partly.items():
            partly.setdefault(name, why)
    partly = {name: why for name, why in partly.items() if name not in bound}
    under = tuple(each for each in before.under if all(each in paths.under for paths, _ in open_ways))
    return Paths(bound, under, partly, known=all(paths.known for paths, _ in open_ways))


def _asked(conditions: Conditions) -> frozenset[str]:
    return frozenset(name for group in conditions for each in group for name in each.variables)
