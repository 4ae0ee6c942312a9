"""Secrets, taken out of every text before it is recorded or printed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

MASK = "***"
SHORTEST = 4  # shorter values would black out half of every log


def masker(secrets: Iterable[str]) -> Callable[[str], str] | None:
    """A function that blacks out these values, also URL- and base64-encoded; None if there are none."""
    forms = sorted({form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)})
    if not forms:
        return None
    longest_first = sorted(forms, key=len, reverse=True)

    def mask(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, MASK)
        return text

    return mask


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
