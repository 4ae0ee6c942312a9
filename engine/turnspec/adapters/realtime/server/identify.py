"""Ids in the API's form, the same in every run of the same call."""

from __future__ import annotations

from collections import Counter

from turnspec.call import Identity


class Ids:
    """Numbered by kind, so that one more event does not change the ids of items."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._counts: Counter[str] = Counter()

    def next(self, prefix: str) -> str:
        """The next id of a kind, such as `item_` and 21 letters and digits."""
        self._counts[prefix] += 1
        return f"{prefix}_{self._identity.token('realtime', prefix, self._counts[prefix])}"
