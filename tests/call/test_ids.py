"""Identifiers depend on the seed and on where they are used, and on nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from turnspec.call import Identity

PART = st.one_of(st.integers(), st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6))


def test_an_id_is_the_same_for_ever() -> None:
    """Literal ids: a change of the recipe would change every recorded call."""
    identity = Identity("7/bank/lost-card.yaml/0/1")

    assert identity.hex("twilio", "stream") == "eaa7fff443ad9956f15d4e53755371b5"
    assert identity.token("item", 3) == "0767jZBF6rVN7vO5HgR8W"


def test_another_process_makes_the_same_ids() -> None:
    """Neither the hash seed nor anything else of a process is in them."""
    script = "from turnspec.call import Identity; print(Identity('s').hex('a', 1), Identity('s').token('b'))"
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }

    assert told == {f"{Identity('s').hex('a', 1)} {Identity('s').token('b')}\n"}


@given(st.lists(PART, max_size=3), st.lists(PART, max_size=3))
def test_other_parts_make_other_ids(one: list[object], other: list[object]) -> None:
    """What is used in two places never has one id, and what is used in one always has."""
    identity = Identity("s")
    same = [str(part) for part in one] == [str(part) for part in other]

    assert (identity.digest(*one) == identity.digest(*other)) is same


def test_other_seeds_make_other_ids() -> None:
    """Two calls of one run share no id."""
    assert len({Identity(f"0/a.yaml/{attempt}").hex("stream") for attempt in range(100)}) == 100


@given(st.integers(1, 32))
def test_the_length_is_as_asked(length: int) -> None:
    """Hexadecimal digits, or letters and digits."""
    identity = Identity("s")

    assert len(identity.hex("x", length=length)) == length
    assert set(identity.hex("x", length=64)) <= set("0123456789abcdef")
    token = identity.token("x", length=length)
    assert len(token) == length
    assert token.isalnum()
    assert token.isascii()
