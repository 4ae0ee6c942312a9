"""Options of an AudioCodes target, and what its calls can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from support_plans import compiled, setting
from turnspec.adapters.audiocodes import ADAPTER, AudioCodesOptions
from turnspec.call import MULAW_8K, PCM_16K, Capability, ReplyEnd, Source
from turnspec.call.events import Side
from turnspec.plan import TargetKind

ALWAYS = {
    Capability.ACTIVITIES,
    Capability.HANGUP_SEEN,
    Capability.TRANSFER_SEEN,
    Capability.KEYS_SEEN,
    Capability.ACTIVITIES_SEEN,
    Capability.EVENTS_SEEN,
}


class TestOptions:
    """Only what the platform has may be written."""

    def test_defaults(self) -> None:
        """Audio both ways, which may be interrupted, in chunks of 100 ms."""
        options = AudioCodesOptions()

        assert (options.barge_in, options.direct_stt, options.direct_tts) == (True, True, True)
        assert options.chunk.us == 100_000
        assert options.formats[0] == "raw/lpcm16"

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ({"formats": []}, "at least 1 item"),
            ({"formats": ["raw/alaw"]}, "raw/mulaw"),
            ({"formats": ["raw/mulaw", "raw/mulaw"]}, "offered twice"),
            ({"chunk": 100}, "no unit"),
            ({"chunk": "10 ms"}, "a chunk of 10 ms is not sent"),
            ({"chunk": "6 s"}, "a chunk of 6 s is not sent"),
            ({"start_order": "later"}, "activity_first"),
            ({"start_at": "webhook"}, "validate"),
            ({"send_events": ["noUserInput"]}, "playFinished"),
            ({"dtmf": "both"}, "collected"),
            ({"dtmf_submit": "##"}, "pattern"),
            ({"dtmf_most": -1}, "greater than or equal to 0"),
            ({"start_message": ""}, "at least 1 character"),
            ({"resume": -1}, "greater than or equal to 0"),
            ({"hang_up_code": "bored"}, "client-disconnected"),
            ({"bargeIn": True}, "Extra inputs are not permitted"),
        ],
        ids=str,
    )
    def test_refused(self, written: dict[str, Any], message: str) -> None:
        """Anything else is refused with its reason."""
        with pytest.raises(ValidationError, match=message):
            AudioCodesOptions.model_validate(written)


class TestCapabilities:
    """They follow the options."""

    @pytest.mark.parametrize(
        ("options", "can"),
        [
            ({}, {Capability.AUDIO, Capability.DTMF, Capability.INTERRUPT}),
            ({"barge_in": False}, {Capability.AUDIO, Capability.DTMF}),
            ({"dtmf": "off"}, {Capability.AUDIO, Capability.INTERRUPT}),
            ({"direct_tts": False}, {Capability.AUDIO, Capability.DTMF}),
            ({"direct_stt": False}, {Capability.TEXT, Capability.DTMF}),
            ({"direct_stt": False, "direct_tts": False}, {Capability.TEXT, Capability.DTMF}),
        ],
        ids=lambda given: str(given) if isinstance(given, dict) else "",
    )
    def test_of_a_call(self, options: dict[str, Any], can: set[Capability]) -> None:
        """Text, not audio, where the platform understands the caller; written words are not talked over."""
        offered = ADAPTER.capabilities(AudioCodesOptions(**options))

        assert offered.can == can | ALWAYS
        assert (offered.reply_end, offered.reply_ends_after_us) == (ReplyEnd.STREAM_STOP, 300_000)

    def test_what_it_gives(self) -> None:
        """The line tells the bot's words, and what it heard where it hears."""
        heard = ADAPTER.capabilities(AudioCodesOptions())
        read = ADAPTER.capabilities(AudioCodesOptions(direct_stt=False))

        assert (heard.gives, heard.told_by) == (frozenset({Source.WORDS, Source.HEARD}), Side.LINE)
        assert (read.gives, read.told_by) == (frozenset({Source.WORDS}), Side.LINE)

    @pytest.mark.parametrize(
        ("formats", "expected"), [(["raw/lpcm16", "raw/mulaw"], PCM_16K), (["wav/mulaw"], MULAW_8K)]
    )
    def test_the_format_of_the_caller(self, formats: list[str], expected: object) -> None:
        """It is that of the format offered first; bots that get words get no audio."""
        options = {"formats": formats}

        assert ADAPTER.capabilities(AudioCodesOptions.model_validate(options)).caller_format == expected
        text = AudioCodesOptions.model_validate({**options, "direct_stt": False})
        assert ADAPTER.capabilities(text).caller_format is None

    def test_of_a_validation(self) -> None:
        """Nothing can be said to it."""
        offered = ADAPTER.capabilities(AudioCodesOptions(start_at="validate"))

        assert offered.can == {
            Capability.HANGUP_SEEN,
            Capability.ACTIVITIES_SEEN,
            Capability.EVENTS_SEEN,
        }
        assert offered.caller_format is None


@pytest.mark.parametrize(
    ("options", "turns", "kinds"),
    [
        ({}, "- turn: Hi\n- caller: {audio: clip.wav, interrupt: {after: 1 s}}", []),
        (
            {"barge_in": False},
            "- turn: Hi\n- caller: {audio: clip.wav, interrupt: {after: 1 s}}",
            ["cannot-do"],
        ),
        (
            {"direct_tts": False},
            "- turn: Hi\n- caller: {audio: clip.wav, interrupt: {after: 1 s}}",
            ["cannot-do"],
        ),
        ({"dtmf": "off"}, "- caller: {dtmf: '1'}", ["cannot-do"]),
        ({}, "- caller: {text: hello}", ["cannot-do"]),
        ({"direct_stt": False}, "- caller: {text: hello}\n  expect: {says: hi}", []),
        ({"direct_stt": False}, "- caller: {audio: clip.wav}", ["cannot-do"]),
        ({"start_at": "validate"}, "- caller: {audio: clip.wav}", ["cannot-do"]),
        ({}, "- expect: {says: hi, intent: greeting}", []),
        ({}, "- expect: {does_not_call: any}", ["no-source"]),
        ({"start_at": "validate"}, "- expect: {says: hi}", ["no-source"]),
    ],
    ids=str,
)
def test_refused_before_any_call(
    tmp_path: Path, options: dict[str, Any], turns: str, kinds: list[str]
) -> None:
    """What a target with these options cannot do or tell is refused when a scenario is compiled."""
    capabilities = ADAPTER.capabilities(AudioCodesOptions(**options))
    made = compiled(tmp_path, turns, setting(capabilities, TargetKind.BARE, "audiocodes"))

    assert [problem.kind for problem in made.problems] == kinds
