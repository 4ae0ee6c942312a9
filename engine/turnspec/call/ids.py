"""Identifiers that depend only on a seed and on where they are used, so that virtual runs repeat."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DRAWS = 1 << 53
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes one call's ids its own, such as "7/bank/lost-card.yaml/0/1"."""

    seed: str

    def digest(self, *parts: object) -> bytes:
        """32 bytes that are a function of the seed and `parts` alone."""
        return hashlib.sha256("\0".join([self.seed, *map(str, parts)]).encode()).digest()

    def hex(self, *parts: object, length: int = 32) -> str:
        """Lower-case hexadecimal digits, at most 64."""
        return self.digest(*parts).hex()[:length]

    def token(self, *parts: object, length: int = 21) -> str:
        """Letters and digits, as in `item_...`; at most 32."""
        return "".join(ALPHABET[byte % len(ALPHABET)] for byte in self.digest(*parts)[:length])

    def below(self, end: int, *parts: object) -> int:
        """A whole number from 0, less than `end` (at most 2**53), each as likely as another."""
        drawn = int.from_bytes(self.digest(*parts)[:8]) >> 11
        return drawn * end // DRAWS
