"""Options of `turnspec run` that name what there is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_projects import talk, turnspec_here


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--target", "dessk"), "there is no target 'dessk'; did you mean 'desk'?"),
        (("--protocol", "twillio"), "there is no protocol 'twillio'; did you mean 'twilio'?"),
        (("--speech", "flight"), "there is no speech engine 'flight'; did you mean 'flite'?"),
        (("--speech", "piper"), "the speech engine 'piper' is not installed: pip install piper-tts"),
        (("--transcription", "wisper"), "did you mean 'whisper'?"),
        (("--voice-activity", "silerro"), "did you mean 'silero'?"),
        (("--listen", "--clock", "virtual"), "a call in virtual time cannot be heard"),
    ],
)
def test_an_option_that_is_refused_is_told_as_that(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    """Nobody is told that no scenario was selected, neither in the terminal nor in a report."""
    project = talk(tmp_path)
    ran = turnspec_here(project.folder, "run", "talk.yaml", *options)

    assert ran.code == 2
    assert told in ran.err
    assert ran.out.splitlines()[0] == "Nothing was called: an option was refused."
    assert told in "".join(error.text or "" for error in ran.junit.iter("error"))
    assert ran.results["refused"].startswith(ran.err.splitlines()[0])


def test_nothing_selected_is_told_as_that(tmp_path: Path) -> None:
    """A selection that leaves nothing over is no refused option."""
    project = talk(tmp_path)
    ran = turnspec_here(project.folder, "run", "talk.yaml", "-k", "nothing like it")

    assert ran.code == 2
    assert "none of 1 scenarios in talk.yaml matches the selection" in ran.err
    assert ran.out.splitlines()[0] == "Nothing was called: no scenario was selected."
