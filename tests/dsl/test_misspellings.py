"""No misspelling of a word of the language is accepted anywhere in the examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_misspellings import documents, typos
from turnspec.dsl.shape import problems_of_shape

EXAMPLES = Path(__file__).parents[2] / "scenarios"
FILES = list(documents(EXAMPLES))


@pytest.mark.parametrize(("file", "kind", "document"), FILES, ids=[each[0].stem for each in FILES])
def test_no_misspelling_is_accepted(file: Path, kind: str, document: object) -> None:
    """Each key of the language, and each word of a closed vocabulary, is refused when it is misspelt."""
    tried = list(typos(file, kind, document))
    accepted = [str(typo) for typo in tried if not problems_of_shape(kind, typo.document)]

    assert len(tried) >= 5
    assert accepted == []


@pytest.mark.parametrize(("file", "kind", "document"), FILES, ids=[each[0].stem for each in FILES])
def test_the_word_that_was_meant_is_named(file: Path, kind: str, document: object) -> None:
    """The problem suggests it, or lists it among those that are known there."""
    unhelpful = [
        str(typo)
        for typo in typos(file, kind, document)
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
