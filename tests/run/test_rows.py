"""Folders of cases: readable, different, and such as every file system takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.run.rows import LONGEST_SLUG, RESERVED, Slugs, folders


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Lost card [last4=4821] (3 of 20)", "lost-card-last4-4821-3-of-20"),
        ("Café Zürich", "cafe-zurich"),
        ("../../etc", "etc"),
        ("CON", "con-1143da2b"),
        ("日本", "case-cf2abf0c"),
        ("Просьба [n=1]", "n-1-22d2c046"),
    ],
)
def test_folders_are_plain(name: str, folder: str) -> None:
    """Letters, digits and hyphens; a name that has others, or that Windows keeps, is told by a digest."""
    assert Slugs(None).of(name) == folder


def test_no_attempt_lies_in_the_folder_of_another_case() -> None:
    """In whichever order the two cases come."""
    before, after = Slugs(None), Slugs(None)

    assert [before.of("Talk", 1), before.of("Talk attempt 2")] == ["talk", "talk-attempt-2-2"]
    assert [after.of("Talk attempt 2"), after.of("Talk", 1)] == ["talk-attempt-2", "talk-2"]


@given(st.lists(st.tuples(st.text(max_size=80), st.integers(0, 3)), max_size=12))
def test_folders_are_all_different(cases: list[tuple[str, int]]) -> None:
    """Whatever the cases are called, and however often they are tried."""
    slugs = Slugs(None)
    given_ = [folder for name, retries in cases for folder in folders(slugs.of(name, retries), retries)]

    assert len(set(given_)) == len(given_)
    assert all(folder not in RESERVED and folder.isascii() for folder in given_)
    assert all(len(folder) <= LONGEST_SLUG + len("-99-attempt-9") for folder in given_)
