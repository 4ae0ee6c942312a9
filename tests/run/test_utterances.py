"""What the caller says, made ready for the line: recordings, and texts with pauses by a synthesiser."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from support_talk import CLIPS, plan_talk, talk
from turnspec.audio.codecs import decode
from turnspec.audio.edges import speech_segments
from turnspec.call import MULAW_8K, PCM_24K, AudioFormat
from turnspec.call.events import Origin
from turnspec.plan.model import Utterance
from turnspec.reports import summary
from turnspec.results import Outcome, RunInfo, RunResult
from turnspec.run.voice import Prepared, Speaker, prepare
from turnspec.speech.synthesis import SynthesisError
from turnspec.testing import ToneSynthesizer

AGENT = """
    agent: Desk
    responses:
      lost:
        when: {keywords: [lost my card]}
        say: Message deleted.
        audio: audio/agent/deleted.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""
WITH_PAUSE = """
    - turn: Ask
      caller: {say: [I lost, {pause: 120 ms}, "{{ what }}"]}
      expect: {says: message deleted}
"""
VARIABLES = "variables: {what: my card}\n"


def spoken(*parts: str | int, line: AudioFormat = MULAW_8K, tones: ToneSynthesizer | None = None) -> Prepared:
    """One utterance of these parts, ready for the line."""
    text = " ".join(part for part in parts if isinstance(part, str))
    speaker = Speaker(tones or ToneSynthesizer())
    (prepared,) = prepare([Utterance(text, parts=parts)], line, speaker)
    return prepared


def pauses(prepared: Prepared, line: AudioFormat) -> list[int]:
    """The silences in it as sent, in milliseconds."""
    segments = speech_segments(decode(prepared.wire, line), line.rate_hz, bridge_us=120_000)
    return [round((after.start_us - one.end_us) / 1_000) for one, after in pairwise(segments)]


@pytest.mark.parametrize("line", [MULAW_8K, PCM_24K])
@pytest.mark.parametrize("around_us", [0, 300_000])
def test_a_pause_is_as_long_as_written(line: AudioFormat, around_us: int) -> None:
    """From sound to sound, whatever silence the engine puts around its speech, at any rate."""
    prepared = spoken("I lost", 1_500_000, "my card", line=line, tones=ToneSynthesizer(around_us))

    assert [abs(pause - 1_500) <= 2 for pause in pauses(prepared, line)] == [True]
    assert prepared.origin is Origin.SYNTHESISED
    assert prepared.text == "I lost my card"


def test_speech_is_where_its_sound_is() -> None:
    """Pauses at both ends are sent, and are no speech: budgets count from the last sound."""
    prepared = spoken(400_000, "lost", 700_000)

    assert (prepared.speech_start_us // 10_000, prepared.speech_end_us // 10_000) == (40, 64)
    assert abs(len(prepared.samples) - 8 * (400 + 4 * 60 + 700)) <= 16


def test_a_voice_of_another_name_sounds_otherwise() -> None:
    """The caller's voice is the one that is asked for."""
    utterance = Utterance("lost", parts=("lost",))
    one, other = (
        prepare([utterance], MULAW_8K, Speaker(ToneSynthesizer(), voice))[0] for voice in ("en-US", "de-DE")
    )

    assert one.wire != other.wire
    assert one.wire == prepare([utterance], MULAW_8K, Speaker(ToneSynthesizer(), "en-US"))[0].wire


def test_recordings_need_nobody_to_speak() -> None:
    """A recording is sent as it is, with a synthesiser or without."""
    clip = Utterance("five five", CLIPS / "caller" / "five-five.flac", "five-five.flac")

    (alone,), (beside,) = prepare([clip], MULAW_8K), prepare([clip], MULAW_8K, Speaker(ToneSynthesizer()))

    assert alone.wire == beside.wire
    assert alone.origin is Origin.RECORDED


@pytest.mark.parametrize("tones", [ToneSynthesizer(silent="my card"), ToneSynthesizer(refused="my card")])
def test_what_cannot_be_said_is_told(tones: ToneSynthesizer) -> None:
    """No sound, or an engine that gives up, names the text."""
    with pytest.raises(SynthesisError, match="my card"):
        spoken("I lost", 100_000, "my card", tones=tones)


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_a_text_is_spoken_and_understood_by_its_sound(tmp_path: Path, protocol: str) -> None:
    """With a synthesiser the words go through the line as sound, and the agent knows them by it."""
    call = talk(tmp_path, WITH_PAUSE, AGENT, head=VARIABLES, protocol=protocol, synthesizer=ToneSynthesizer())
    (heard,) = call.events("caller-spoke")

    assert call.failures() == []
    assert (heard["text"], heard["origin"]) == ("I lost my card", "synthesised")


def test_an_agent_that_knows_the_line_waits_through_its_pause(tmp_path: Path) -> None:
    """Half of a known utterance is not taken for all of it, however long the pause in it is."""
    turns = WITH_PAUSE.replace("120 ms", "2 s") + "      budget: {response: 2 s}\n"
    call = talk(tmp_path, turns, AGENT, head=VARIABLES, synthesizer=ToneSynthesizer())

    assert call.failures() == []
    assert len(call.events("caller-heard")) == 1


def test_without_a_voice_realtime_gets_the_words_as_text(tmp_path: Path) -> None:
    """The texts of an utterance, joined, without its pauses."""
    call = talk(tmp_path, WITH_PAUSE, AGENT, head=VARIABLES, protocol="realtime")

    assert [event["text"] for event in call.events("caller-texted")] == ["I lost my card"]
    assert call.result.outcome is Outcome.PASSED


def test_without_a_voice_a_telephone_refuses_words(tmp_path: Path) -> None:
    """What nobody can say is a problem before the call, which says what to do."""
    (problem,) = plan_talk(tmp_path, WITH_PAUSE, AGENT, head=VARIABLES).problems

    assert problem.kind == "no-voice"
    assert "audio: FILE" in str(problem)


SAVED = """
    - turn: Ask
      caller: {say: I lost my card}
      expect: {says: {matches: '(?P<verb>deleted)'}}
    - turn: Again
      caller: {say: [what was, {pause: 100 ms}, "{{ verb }}"]}
      expect: {says: message deleted}
"""
WITH_SAVED = """
    agent: Desk
    responses:
      lost: {when: {keywords: [lost my card]}, say: Message deleted., audio: audio/agent/deleted.flac}
      what: {when: {keywords: [what was deleted]}, say: Message deleted., audio: audio/agent/deleted.flac}
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_what_a_turn_saves_is_spoken_in_a_later_one(tmp_path: Path, protocol: str) -> None:
    """A line whose words come up in the call is made when its turn comes, and is known by its sound."""
    call = talk(tmp_path, SAVED, WITH_SAVED, protocol=protocol, synthesizer=ToneSynthesizer())
    heard = call.events("caller-spoke")[1]

    assert call.failures() == []
    assert (heard["text"], heard["origin"]) == ("what was deleted", "synthesised")


def test_making_a_line_costs_no_virtual_time(tmp_path: Path) -> None:
    """A line that was saved begins in the same frame as one that was written."""
    written = SAVED.replace("{{ verb }}", "deleted")
    begins = [
        [
            event["at_us"]
            for event in talk(tmp_path / name, turns, WITH_SAVED, synthesizer=ToneSynthesizer()).events(
                "caller-spoke"
            )
        ]
        for name, turns in (("saved", SAVED), ("written", written))
    ]

    assert begins[0] == begins[1]


def test_a_saved_line_that_cannot_be_said_breaks_the_call(tmp_path: Path) -> None:
    """It is nobody's fault but ours, and the message names the words."""
    call = talk(tmp_path, SAVED, WITH_SAVED, synthesizer=ToneSynthesizer(refused="deleted"))

    assert call.result.outcome is Outcome.ERROR
    assert "deleted" in (call.result.error or "")
    assert str(call.result.error_span) == "talk.yaml:9:19"


@pytest.mark.parametrize("tones", [ToneSynthesizer(silent="card"), ToneSynthesizer(refused="card")])
def test_a_line_that_cannot_be_said_is_shown_where_it_is_written(
    tmp_path: Path, tones: ToneSynthesizer
) -> None:
    """The first thing that is read is its place; below it stand the line of the file, and what to do."""
    turns = "- turn: Greeting\n- turn: Ask\n  caller: {say: 'my card'}\n"
    call = talk(tmp_path, turns, AGENT, synthesizer=tones)
    told = "\n".join(summary(RunResult(RunInfo("r", "", ""), (call.result,))))

    assert call.result.outcome is Outcome.ERROR
    assert "  talk.yaml:6:19: tones " in told
    assert f"  6 |     caller: {{say: 'my card'}}\n{'|':>11}{'^' * 9:>28}\n" in told
    assert "help: record it and write audio: FILE" in told


def test_a_line_without_its_words_is_skipped(tmp_path: Path) -> None:
    """Where nothing was saved there is nothing to say, and the turn says why it was not held."""
    turns = SAVED.replace("(?P<verb>deleted)", "(?P<verb>restored)")
    call = talk(tmp_path, turns, WITH_SAVED, synthesizer=ToneSynthesizer())

    assert call.outcomes() == ["failed", "skipped"]
