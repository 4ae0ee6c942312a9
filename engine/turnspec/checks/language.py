"""Which language a call is spoken in, for comparing what was said in it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import regex

from turnspec.plan.model import CallPlan
from turnspec.speech.spoken import ENGLISH

_LOCALE: Final = regex.compile(r"([a-z]{2})(?:[-_][A-Za-z]{2,4}\b.*)?", regex.IGNORECASE)


def language_of(plan: CallPlan) -> str:
    """The language that the caller's voice is named by (`es-ES`, `fr`); else English."""
    voice = plan.scenario.caller.voice
    return ENGLISH if voice is None else _language(voice)


@lru_cache(maxsize=64)
def _language(voice: str) -> str:
    found = _LOCALE.fullmatch(voice)
    return ENGLISH if found is None else found[1].lower()
