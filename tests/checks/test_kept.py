"""Whether everything of a call could be kept."""

from __future__ import annotations

from support_checks import as_text, golden
from turnspec.checks.kept import incomplete_record


def test_what_was_lost_is_a_note() -> None:
    """A reason makes one note, which fails nothing; without one there is none."""
    (note,) = incomplete_record("No space left on device")
    text = as_text(note)

    assert text == golden("incomplete-record", text)
    assert not note.fails
    assert not list(incomplete_record(""))
