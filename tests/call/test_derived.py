"""What was found out after a call: written beside its record, read again as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.call.derived import DERIVED_FILE, Derived, DerivedState, find, read_derived, write_derived
from turnspec.call.record import RecordError

YES = Derived(
    "judge",
    1,
    "the agent is kind",
    "judge",
    "gpt-4o-mini",
    "0a1b",
    DerivedState.OK,
    {"said": [{"turn": 1, "who": "agent", "text": "Hi\u2028\ud800"}]},
    {"verdict": "yes", "reason": "It is."},
)
SILENT = Derived(
    "intent", 0, "Hello.", "endpoint", "m", "2c", DerivedState.FAILED, reason="nothing came\nof it"
)
WHOLE = Derived(
    "voice-activity", None, "agent", "energy", "", "", DerivedState.OK, answer={"segments": [[0, 9]]}
)


def test_answers_are_read_as_they_were_written(tmp_path: Path) -> None:
    """In their order, with what was given, whatever letters are in it."""
    write_derived(tmp_path / "call", [YES, SILENT, WHOLE])

    assert read_derived(tmp_path / "call") == (YES, SILENT, WHOLE)
    assert (tmp_path / "call" / DERIVED_FILE).read_text("utf-8").splitlines()[0] == '{"format":1}'


def test_a_call_that_nobody_was_asked_about_has_none(tmp_path: Path) -> None:
    """There is no file."""
    assert read_derived(tmp_path) == ()


@given(
    st.text(max_size=40), st.text(max_size=40), st.none() | st.integers(0, 99), st.sampled_from(DerivedState)
)
def test_any_answer_survives(
    tmp_path_factory: pytest.TempPathFactory, text: str, reason: str, turn: int | None, state: DerivedState
) -> None:
    """Every letter of every text."""
    folder = tmp_path_factory.mktemp("derived")
    answer = Derived("judge", turn, text, "judge", "m", "k", state, {}, {}, reason)
    write_derived(folder, [answer])

    assert read_derived(folder) == (answer,)


def test_an_answer_is_found_by_what_it_is_about() -> None:
    """Its kind, its turn, its text."""
    assert find((SILENT, YES), "judge", 1, "the agent is kind") is YES
    assert find((SILENT, YES), "judge", 0, "the agent is kind") is None
    assert find((SILENT, YES), "judge", 1, "the agent is short") is None
    assert find((SILENT, WHOLE, YES), "voice-activity", None, "agent") is WHOLE
    assert find((SILENT, WHOLE, YES), "voice-activity", 0, "agent") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1 is not JSON"),
        ("{}", "it has no format"),
        ('{"format": 2}', "has format 2; this turnspec reads up to 1"),
        ('{"format": 1}\n[]', "line 2 is no object"),
        ('{"format": 1}\n{"kind": "judge"}', "line 2 is no answer"),
        ('{"format": 1}\n{"kind": "judge", "turn": true, "state": "ok"}', "line 2 is no answer"),
        ('{"format": 1}\n{"kind": "judge", "turn": 0, "state": "fine"}', "line 2 is no answer"),
        ('{"format": 1}\n{"kind": "judge", "turn": 0, "state": []}', "line 2 is no answer"),
        ('{"format": 1}\n' + "[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_what_is_no_list_of_answers_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """With the line."""
    (tmp_path / DERIVED_FILE).write_text(text, "utf-8")

    with pytest.raises(RecordError, match=told):
        read_derived(tmp_path)
