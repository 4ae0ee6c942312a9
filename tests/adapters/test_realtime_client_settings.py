"""How the settings of a Realtime model change what the engine sends it, and how it is dialled."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import ValidationError

from support_realtime_client import (
    BLOCK,
    CREATED,
    SPEECH,
    audio,
    called,
    ended,
    got,
    of_item,
    sent,
    started,
    up,
)
from turnspec.adapters.base import Adapter, Dial, TakesTurns
from turnspec.adapters.realtime import ADAPTER, RealtimeOptions
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.opening import beta_session_of, session_of
from turnspec.adapters.realtime.replies import Reaction
from turnspec.adapters.realtime.shell import RealtimeCall, headers
from turnspec.adapters.realtime.wire.beta import Beta
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.call import ALAW_8K, MULAW_8K, PCM_24K, AudioFormat, Capability, Identity, ReplyEnd, Source
from turnspec.call.events import AgentAudio, AgentSaid, FlushAsked, ProtocolFault
from turnspec.testing import RecordingWitness

VAD_OFF = {"turn_detection": "none"}


class TestWithoutTurnDetection:
    """Nobody listens for the caller: the engine commits, and asks."""

    def test_the_session_says_so(self) -> None:
        """`turn_detection` is null, which is how the API turns it off."""
        session = session_of(RealtimeOptions.model_validate(VAD_OFF), [])

        assert session["audio"]["input"]["turn_detection"] is None

    def test_only_a_turn_is_sent(self) -> None:
        """Audio goes out from the beginning of the caller's turn to its end, then it is committed."""
        client = up(**VAD_OFF)
        assert client.send_audio(bytes(960)) is None
        assert client.caller_began(0) == Reaction()
        assert all(client.send_audio(bytes(960)) for _ in range(5))

        assert sent(client.caller_finished()) == ["input_audio_buffer.commit", "response.create"]
        assert client.send_audio(bytes(960)) is None
        assert client.caller_finished() == Reaction()

    @pytest.mark.parametrize(("name", "silence"), [("pcm", 0), ("pcmu", 0xFF), ("pcma", 0xD5)])
    def test_too_little_is_filled_up(self, name: str, silence: int) -> None:
        """Less than 100 ms cannot be committed: silence makes it as long."""
        client = up(**VAD_OFF, format=name)
        size = RealtimeOptions.model_validate({"format": name}).audio_format.size_of(20_000)
        client.caller_began(0)
        client.send_audio(bytes(size))
        reaction = client.caller_finished()

        assert sent(reaction) == [
            "input_audio_buffer.append",
            "input_audio_buffer.commit",
            "response.create",
        ]
        assert base64.b64decode(json.loads(reaction.frames[0])["audio"]) == bytes([silence]) * size * 4

    def test_speaking_over_the_model_stops_it(self) -> None:
        """What plays is flushed, the response cancelled, the item truncated; late audio is not played."""
        client = up(**VAD_OFF)
        got(client, 0, started(), audio(1000))
        began = client.caller_began(400_000)
        assert sent(began) == ["response.cancel"]
        assert began.events == (FlushAsked(at_us=400_000),)
        assert sent(client.playback_flushed("item_1", 400_000, 400_000)) == ["conversation.item.truncate"]

        late = got(client, 410_000, audio(200), ended(status="cancelled"))
        assert [event for event in late.events if isinstance(event, AgentAudio)] == []
        (said,) = (event for event in late.events if isinstance(event, AgentSaid))
        assert said.audio_us == 1_200_000

    def test_nobody_talks_over_the_caller(self) -> None:
        """A result that comes in the middle of the caller's turn asks for nothing: the turn's end does."""
        client = up(BLOCK, **VAD_OFF)
        got(client, 0, started(), *called(), ended())
        client.caller_began(0)
        assert sent(client.return_function("call_1", "{}", 0)) == ["conversation.item.create"]

        assert sent(client.caller_finished())[-2:] == ["input_audio_buffer.commit", "response.create"]

    def test_text_after_speech_hands_the_speech_over_first(self) -> None:
        """The items are in the order in which the caller made them."""
        client = up(**VAD_OFF)
        client.caller_began(0)
        client.send_audio(bytes(4800))

        assert sent(client.send_text("And this.")) == [
            "input_audio_buffer.commit",
            "conversation.item.create",
            "response.create",
        ]

    def test_with_turn_detection_nothing_is_told(self) -> None:
        """A server that listens is left to it."""
        client = up()
        assert client.caller_began(0) == Reaction()
        assert client.send_audio(bytes(960)) is not None
        assert client.caller_finished() == Reaction()

    def test_a_server_that_only_listens_is_asked(self) -> None:
        """With `create_response: false` each turn that the server found is followed by a request."""
        committed = {"type": "input_audio_buffer.committed", "item_id": "i", "previous_item_id": None}
        asks = up(turn_detection={"create_response": False})

        assert sent(got(asks, 0, committed)) == ["response.create"]
        assert sent(got(up(), 0, committed)) == []
        assert sent(got(up(**VAD_OFF), 0, committed)) == []


FORMATS = [("pcm", PCM_24K, 4800), ("pcmu", MULAW_8K, 800), ("pcma", ALAW_8K, 800)]


class TestFormats:
    """Audio in the format of the options, both ways."""

    @pytest.mark.parametrize(("name", "expected", "size"), FORMATS)
    def test_audio_of_each_format(self, name: str, expected: AudioFormat, size: int) -> None:
        """The session says it, audio that arrives has it, and lengths are counted in it."""
        options = RealtimeOptions.model_validate({"format": name})
        written = session_of(options, [])["audio"]
        client = up(format=name)
        delta = of_item("output_audio.delta", content_index=0, delta=base64.b64encode(bytes(size)).decode())
        (arrived,) = got(client, 0, delta).events

        assert written["input"]["format"] == written["output"]["format"]
        assert written["input"]["format"]["type"] == f"audio/{name}"
        assert ("rate" in written["input"]["format"]) == (name == "pcm")
        SessionPatch.model_validate(session_of(options, []))
        assert isinstance(arrived, AgentAudio)
        assert (arrived.format, arrived.size) == (expected, size)
        assert ADAPTER.capabilities(options).caller_format == expected
        assert got(client, 99_000, SPEECH).events == (FlushAsked(at_us=99_000),)
        assert json.loads(client.playback_flushed("item_1", 200_000, 99_000).frames[0])["audio_end_ms"] == 100

    def test_an_odd_number_of_mulaw_bytes_is_whole(self) -> None:
        """Only 16-bit audio can have half a sample."""
        delta = of_item("output_audio.delta", content_index=0, delta=base64.b64encode(bytes(3)).decode())

        assert not any(isinstance(event, ProtocolFault) for event in got(up(format="pcmu"), 0, delta).events)


class TestSettings:
    """`session:` and the refusals of options."""

    def test_more_settings_are_merged(self) -> None:
        """They go into what the options make, and lists replace."""
        options = RealtimeOptions.model_validate(
            {
                "voice": "cedar",
                "session": {
                    "max_output_tokens": 200,
                    "tools": [],
                    "audio": {"input": {"noise_reduction": {"type": "near_field"}}, "output": {"speed": 1.2}},
                },
            }
        )
        session = session_of(options, [BLOCK])

        assert (session["max_output_tokens"], session["tools"]) == (200, [])
        assert session["audio"]["input"]["noise_reduction"] == {"type": "near_field"}
        assert session["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        assert (session["audio"]["output"]["speed"], session["audio"]["output"]["voice"]) == (1.2, "cedar")
        SessionPatch.model_validate(session)

    @pytest.mark.parametrize(
        "session",
        [
            {"type": "realtime"},
            {"model": "m"},
            {"output_modalities": ["text"]},
            {"audio": {"input": {"format": {"type": "audio/pcmu"}}}},
            {"audio": {"input": {"turn_detection": None}}},
            {"modalities": ["text"]},
        ],
    )
    def test_what_has_an_option_is_not_set_there(self, session: dict[str, Any]) -> None:
        """Two places for one setting would contradict each other."""
        with pytest.raises(ValidationError, match="is not set here"):
            RealtimeOptions.model_validate({"session": session})


class TestBeta:
    """The retired dialect, for older servers."""

    def test_its_session_is_flat(self) -> None:
        """Formats and modalities have their old names; what `session:` says goes in at the top."""
        options = RealtimeOptions.model_validate(
            {
                "dialect": "beta",
                "format": "pcmu",
                "voice": "alloy",
                "instructions": "Be kind.",
                "transcription": {"model": "whisper-1"},
                "turn_detection": {"silence_duration_ms": 300},
                "session": {"temperature": 0.7},
            }
        )
        client = RealtimeClient(options, [BLOCK])
        (frame,) = client.receive(json.dumps(CREATED), 0).frames

        assert Beta().understood(frame).type == "session.update"
        session = json.loads(frame)["session"]
        assert session.pop("tools")[0]["name"] == "block_card"
        assert session == {
            "modalities": ["text", "audio"],
            "instructions": "Be kind.",
            "tool_choice": "auto",
            "input_audio_transcription": {"model": "whisper-1"},
            "input_audio_format": "g711_ulaw",
            "output_audio_format": "g711_ulaw",
            "turn_detection": {
                "type": "server_vad",
                "silence_duration_ms": 300,
                "create_response": True,
                "interrupt_response": True,
            },
            "voice": "alloy",
            "temperature": 0.7,
        }

    def test_in_text_there_is_no_audio(self) -> None:
        """Nothing of formats and voices."""
        options = RealtimeOptions.model_validate({"modality": "text", "voice": "alloy"})

        assert beta_session_of(options, []) == {"modalities": ["text"]}

    def test_old_names_are_understood(self) -> None:
        """They are right in this dialect, and a fault in the other."""
        delta = {**audio(20), "type": "response.audio.delta"}
        (arrived,) = got(up(dialect="beta"), 0, delta).events

        assert isinstance(arrived, AgentAudio)
        assert [type(event) for event in got(up(), 0, delta).events] == [ProtocolFault]


GIVEN = [
    ({}, {}, {"Authorization": "Bearer local"}),
    ({}, {"bearer": "k"}, {"Authorization": "Bearer k"}),
    ({"X-Tenant": "t"}, {"bearer": "k"}, {"X-Tenant": "t", "Authorization": "Bearer k"}),
    ({"api-key": "azure"}, {}, {"api-key": "azure"}),
    ({"authorization": "Basic x"}, {}, {"authorization": "Basic x"}),
    ({"authorization": "Basic x"}, {"bearer": "k"}, {"Authorization": "Bearer k"}),
]


@pytest.mark.parametrize(("written", "auth", "expected"), GIVEN)
def test_headers_of_the_upgrade(
    written: dict[str, str], auth: dict[str, str], expected: dict[str, str]
) -> None:
    """One key: the bearer of `auth`, else one among the headers (Azure's `api-key` too), else any."""
    dial = Dial("", RealtimeOptions(), Identity("1"), RecordingWitness(), written, auth)

    assert headers(dial) == expected


def test_the_beta_has_a_header() -> None:
    """Servers of that time want it; one that is given stays."""
    beta = RealtimeOptions(dialect="beta")
    dials = [Dial("", beta, Identity("1"), RecordingWitness(), given) for given in ({}, {"OpenAI-Beta": "x"})]

    assert [headers(dial)["OpenAI-Beta"] for dial in dials] == ["realtime=v1", "x"]


class TestAdapter:
    """What it offers."""

    def test_is_an_adapter(self) -> None:
        """It has all that the engine needs of one."""
        assert isinstance(ADAPTER, Adapter)
        assert ADAPTER.name == "realtime"

    def test_its_calls_are_told_of_turns(self) -> None:
        """A server without turn detection has to be told, so the calls want to be."""
        assert issubclass(RealtimeCall, TakesTurns)

    def test_audio_calls(self) -> None:
        """Audio, interruptions, words and calls; the end of a reply is told."""
        capabilities = ADAPTER.capabilities(RealtimeOptions())

        assert {Capability.AUDIO, Capability.TEXT, Capability.INTERRUPT} <= capabilities.can
        assert Capability.DTMF not in capabilities.can
        assert capabilities.gives == {Source.WORDS, Source.CALLS}
        assert capabilities.reply_end is ReplyEnd.RESPONSE_DONE
        assert capabilities.caller_format == PCM_24K
        assert capabilities.greets

    def test_text_calls(self) -> None:
        """No audio, so nothing to interrupt; what was heard only with transcription."""
        capabilities = ADAPTER.capabilities(
            RealtimeOptions.model_validate({"modality": "text", "transcription": {}})
        )

        assert not {Capability.AUDIO, Capability.INTERRUPT} & capabilities.can
        assert Source.HEARD in capabilities.gives
        assert capabilities.caller_format is None

    @pytest.mark.parametrize("options", [{"modell": "x"}, {"modality": "video"}, {"model": ""}])
    def test_wrong_options_are_refused(self, options: dict[str, Any]) -> None:
        """Unknown keys and wrong values do not pass."""
        with pytest.raises(ValidationError):
            RealtimeOptions.model_validate(options)
