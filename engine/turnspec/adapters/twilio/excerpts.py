"""Frames of a media stream as people are shown them."""

from __future__ import annotations

from turnspec.adapters import excerpts
from turnspec.adapters.excerpts import excerpt, kind, short

__all__ = ["elided", "excerpt", "kind", "short"]


def elided(frame: str) -> str:
    """The frame for the wire log: its audio replaced by how much of it there was."""
    return excerpts.elided(frame, "payload")
