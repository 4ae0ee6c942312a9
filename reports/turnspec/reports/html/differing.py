"""Two texts side by side, with the words marked that one has and the other has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

VERIFY: Final = "verify"  # the kind of the finding on words that are told, against those that were heard

QUOTE: Final = '"'


@dataclass(frozen=True, slots=True)
class Words:
    """Some words of a text, one after the other."""

    text: str
    differ: bool


def compared(told: str, heard: str) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """Both sides of a finding; where one of them is a remark, which has no quotes, nothing is marked."""
    if told.startswith(QUOTE) and heard.startswith(QUOTE):
        return marked(told, heard)
    return (Words(told, differ=False),), (Words(heard, differ=False),)


def marked(one: str, other: str) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """Both texts in runs of words; case and punctuation make no difference."""
    first, second = one.split(), other.split()
    matcher = SequenceMatcher(None, [*map(_plain, first)], [*map(_plain, second)], autojunk=False)
    steps = matcher.get_opcodes()
    return (
        tuple(_runs(first, [(tag != "equal", start, end) for tag, start, end, _, _ in steps])),
        tuple(_runs(second, [(tag != "equal", start, end) for tag, _, _, start, end in steps])),
    )


def _runs(words: Sequence[str], steps: Sequence[tuple[bool, int, int]]) -> Iterator[Words]:
    for differ, start, end in steps:
        if start < end:
            yield Words(" ".join(words[start:end]), differ)


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold())) or word
