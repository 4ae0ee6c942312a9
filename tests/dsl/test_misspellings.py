"""No misspelling of a word of the language is accepted anywhere in the examples."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from support_misspellings import Typo, documents, typos
from turnspec.dsl.shape import problems_of_shape

EXAMPLES = Path(__file__).parents[2] / "scenarios"
FILES = list(documents(EXAMPLES))
# Every misspelling of every file takes minutes; so many of each file are tried, always the same ones.
TRIED = None if os.environ.get("ALL_MISSPELLINGS") else 60


def _tried(file: Path, kind: str, document: object) -> list[Typo]:
    found = list(typos(file, kind, document))
    return found if TRIED is None or len(found) <= TRIED else Random(file.name).sample(found, TRIED)


@pytest.mark.parametrize(("file", "kind", "document"), FILES, ids=[each[0].stem for each in FILES])
def test_no_misspelling_is_accepted(file: Path, kind: str, document: object) -> None:
    """Each key of the language, and each word of a closed vocabulary, is refused when it is misspelt."""
    tried = _tried(file, kind, document)
    accepted = [str(typo) for typo in tried if not problems_of_shape(kind, typo.document)]

    assert len(tried) >= 5
    assert accepted == []


@pytest.mark.parametrize(("file", "kind", "document"), FILES, ids=[each[0].stem for each in FILES])
def test_the_word_that_was_meant_is_named(file: Path, kind: str, document: object) -> None:
    """The problem suggests it, or lists it among those that are known there."""
    unhelpful = [
        str(typo)
        for typo in _tried(file, kind, document)
        if not any(
            typo.word == each.suggestion or typo.word in f"{each.message} {each.help}"
            for each in problems_of_shape(kind, typo.document)
        )
    ]

    assert unhelpful == []


def test_free_names_are_free() -> None:
    """Names of variables, functions, arguments, responses and intents may be any."""
    free = {str(step) for _, kind, document in FILES for step in _keys(document)} - {
        step
        for _, kind, document in FILES
        for typo in typos(Path(), kind, document)
        for step in typo.path[-1:]
    }

    assert "which" in free


def _keys(document: object) -> set[object]:
    if isinstance(document, dict):
        return set(document).union(*(_keys(each) for each in document.values()))
    return set().union(*(_keys(each) for each in document)) if isinstance(document, list) else set()
