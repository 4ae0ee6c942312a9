"""Voices by name: which of an engine's voices somebody means by a language tag or by the voice's own name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

_TAG: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)
_MOST_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of an engine; of those of one language, the least `rank` speaks it where nobody is named."""

    name: str
    language: str  # a BCP-47 tag
    rank: int = 5


class NoSuchVoice(ValueError):  # noqa: N818 # named after the fact
    """A voice that an engine does not have; `nearest` are those that may have been meant."""

    def __init__(self, engine: str, wanted: str, nearest: Sequence[str]) -> None:
        super().__init__(f"{engine} has no voice '{wanted}'")
        self.wanted = wanted
        self.nearest = tuple(nearest)
        meant = f"did you mean {' or '.join(nearest)}? " if nearest else ""
        self.hint = f"{meant}`turnspec voices --engine {engine}` lists all"


def is_language_tag(text: str) -> bool:
    """Whether a text looks like a BCP-47 tag, such as `en` or `pt-BR`."""
    tag = text.replace("_", "-")
    return _TAG.fullmatch(tag) is not None and ("-" in tag or len(tag) == 2)


def chosen_voice(engine: str, wanted: str, voices: Sequence[Voice]) -> Voice:
    """The voice of this name, else the first of this language; `en` is any English, `de` also speaks `de-DE`.

    Raises:
        NoSuchVoice: There is none.
    """
    key = _key(wanted)
    for holds in (
        lambda voice: voice.name == wanted,
        lambda voice: _key(voice.name) == key,
        lambda voice: _key(voice.language) == key,
        lambda voice: "-" not in key and _key(voice.language).startswith(f"{key}-"),
        lambda voice: key.startswith(f"{_key(voice.language)}-"),
    ):
        if found := sorted(filter(holds, voices), key=lambda voice: voice.rank):
            return found[0]
    raise NoSuchVoice(engine, wanted, _nearest(key, voices))


def _nearest(key: str, voices: Sequence[Voice]) -> list[str]:
    """First what is written alike, then other voices of the same language."""
    spelt: dict[str, str] = {}
    for voice in voices:
        for written in (voice.language, voice.name):
            spelt.setdefault(_key(written), written)
    language = key.partition("-")[0]
    same = [each for each in spelt if each.partition("-")[0] == language]
    near = [*get_close_matches(key, spelt, _MOST_NAMED, 0.7), *same]
    return [spelt[each] for each in dict.fromkeys(near)][:_MOST_NAMED]


def _key(text: str) -> str:
    return text.replace("_", "-").casefold()
