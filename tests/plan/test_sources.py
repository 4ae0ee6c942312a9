"""Where what the agent heard is known from, and where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support_plans import TELEPHONE, TEXT, compiled, plan_of, setting
from turnspec.adapters.audiocodes.adapter import AudioCodesAdapter
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.realtime.adapter import RealtimeAdapter
from turnspec.adapters.realtime.options import RealtimeOptions
from turnspec.adapters.twilio.adapter import TwilioAdapter
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.call import Capabilities
from turnspec.call.events import Side
from turnspec.plan import TargetKind

TURNS = "- caller: {audio: clip.wav}\n  expect: {transcript: hello}\n"
TWILIO = TwilioAdapter().capabilities(TwilioOptions())
AUDIOCODES = AudioCodesAdapter().capabilities(AudioCodesOptions())
WRITTEN = AudioCodesAdapter().capabilities(AudioCodesOptions(direct_stt=False))
REALTIME = RealtimeAdapter().capabilities(RealtimeOptions())
TRANSCRIBED = RealtimeAdapter().capabilities(RealtimeOptions.model_validate({"transcription": {}}))


@pytest.mark.parametrize(
    ("capabilities", "kind", "protocol", "side"),
    [
        (TRANSCRIBED, TargetKind.BARE, "realtime", Side.MODEL),
        (TWILIO, TargetKind.BACKEND, "twilio", Side.MODEL),
        (TWILIO, TargetKind.AGENT, "twilio", Side.AGENT),
        (AUDIOCODES, TargetKind.BARE, "audiocodes", Side.LINE),
        (AUDIOCODES, TargetKind.BACKEND, "audiocodes", Side.MODEL),
    ],
)
def test_whose_account_is_taken(
    tmp_path: Path, capabilities: Capabilities, kind: TargetKind, protocol: str, side: Side
) -> None:
    """The model's input transcription, the local agent's hearing, the platform's recognitions."""
    assert plan_of(tmp_path, TURNS, setting(capabilities, kind, protocol)).heard is side


@pytest.mark.parametrize(
    ("capabilities", "protocol", "fix"),
    [
        (TWILIO, "twilio", "give the target a backend:"),
        (WRITTEN, "audiocodes", "give the target a backend:"),
        (REALTIME, "realtime", "set options: {transcription: {}}"),
    ],
)
def test_a_target_that_tells_nothing_of_it_is_refused(
    tmp_path: Path, capabilities: Capabilities, protocol: str, fix: str
) -> None:
    """A problem at the key, which names what would tell."""
    turns = TURNS.replace("audio: clip.wav", "text: hello") if capabilities is WRITTEN else TURNS
    made = compiled(tmp_path, turns, setting(capabilities, TargetKind.BARE, protocol))

    assert [(problem.kind, str(problem.span)) for problem in made.problems] == [
        ("no-source", "talk.yaml:5:14")
    ]
    assert "gives no account of what the agent hears the caller say" in made.problems[0].message
    assert fix in made.problems[0].help


def test_conditions_need_their_source_too(tmp_path: Path) -> None:
    """What is asked of a reply is refused like what is expected of it."""
    turns = "- caller: {audio: clip.wav}\n- when: {reply: {transcript: hello}}\n  caller: {hangup: true}\n"
    made = compiled(tmp_path, turns, setting(replace(TELEPHONE), TargetKind.BARE))

    assert [problem.kind for problem in made.problems] == ["no-source"]
    assert plan_of(tmp_path, turns, setting(replace(TEXT, can=TELEPHONE.can), TargetKind.AGENT)).heard
