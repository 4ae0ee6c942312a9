"""How a call to a bot of AudioCodes' Bot API comes up: what is offered, asked for and validated."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from support_audiocodes import MS, PlatformEnd, up
from turnspec.adapters.audiocodes.caller import Stage
from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.call import PCM_16K
from turnspec.call.events import AgentActivity, LineBroke


class TestStart:
    """The start of a call, in the orders that can be chosen."""

    def test_initiate(self) -> None:
        """The first message names the call, the bot and the formats, preferred ones first."""
        line = PlatformEnd(bot_name="bank", formats=["raw/mulaw", "raw/lpcm16"])

        (initiate,) = line.sent
        assert initiate == {
            "type": "session.initiate",
            "conversationId": line.end.conversation_id,
            "botName": "bank",
            "caller": "+1555",
            "expectAudioMessages": True,
            "supportedMediaFormats": ["raw/mulaw", "raw/lpcm16"],
        }
        assert line.end.stage is Stage.WAITING
        assert line.events == []

    def test_up_once_accepted(self) -> None:
        """Acceptance brings the call up: `start` with the call's parameters, then the wish to stream."""
        line = PlatformEnd(parameters={"X-Tenant": "a"})
        assert line.types == ["session.initiate"]
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        activities, stream = line.sent
        (start,) = activities["activities"]

        assert line.kinds == ["call-up"]
        assert stream == {"type": "userStream.start", "conversationId": line.end.conversation_id}
        assert activities["conversationId"] == line.end.conversation_id
        assert (start["type"], start["name"], start["language"]) == ("event", "start", "en-US")
        assert start["timestamp"] == "2026-01-01T00:00:00.000Z"
        assert start["parameters"] == {
            "vaigConversationId": line.end.conversation_id,
            "caller": "+1555",
            "callee": "+1666",
            "callerHost": "127.0.0.1",
            "calleeHost": "127.0.0.1",
            "locale": "en-US",
            "X-Tenant": "a",
        }

    @pytest.mark.parametrize(
        ("options", "sent"),
        [
            ({}, ["[start]", "userStream.start"]),
            ({"start_order": "stream_first"}, ["userStream.start", "[start]"]),
            ({"start_order": "after_greeting"}, ["[start]"]),
            ({"start": False}, ["userStream.start"]),
            ({"start_message": "hello"}, ["[hello]", "userStream.start"]),
            ({"direct_stt": False}, ["[start]"]),
            ({"direct_tts": False}, ["[start]", "userStream.start"]),
        ],
    )
    def test_orders(self, options: dict[str, Any], sent: list[str]) -> None:
        """What follows acceptance, as the options have it."""
        line = PlatformEnd(**options)
        assert line.types == ["session.initiate"]
        line.bot("session.accepted", mediaFormat="raw/lpcm16")

        assert line.types == sent

    def test_expects_messages(self) -> None:
        """Where the platform speaks for the bot, it says so."""
        (initiate,) = PlatformEnd(direct_tts=False).sent

        assert initiate["expectAudioMessages"] is False

    def test_after_the_greeting(self) -> None:
        """The caller is streamed once the greeting was heard."""
        line = PlatformEnd(start_order="after_greeting")
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        line.plays()
        assert line.types == ["session.initiate", "[start]"]
        line.played_out()

        assert line.types == ["userStream.start"]

    def test_no_greeting(self) -> None:
        """Without a greeting the caller is streamed after as long as any silent bot gets."""
        line = PlatformEnd(start_order="after_greeting", resume_recognition="3 s")
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        line.wait_until(2_999)
        assert line.types == ["session.initiate", "[start]"]
        line.wait_until(3_000)

        assert line.types == ["userStream.start"]

    def test_what_comes_before_acceptance_waits_for_it(self) -> None:
        """The vendor's SDK may open a stream before it accepts: it is played once the call is up."""
        line = PlatformEnd()
        line.plays()
        assert line.kinds == []
        line.now_ms = 500
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        events = line.events

        assert [event.kind for event in events] == [
            "call-up",
            "stream-began",
            "agent-audio",
            "stream-ended",
        ]
        assert {event.at_us for event in events} == {500 * MS}

    def test_ids_depend_on_the_seed_alone(self) -> None:
        """Two ends of one seed say the same, and every activity has an id of its own."""
        lines = [up(), up()]
        for line in lines:
            line.do(line.end.digit("1", 0))
            line.do(line.end.digit("1", 0))
        first, second = (line.sent for line in lines)

        assert first == second
        assert first[0]["activities"][0]["id"] != first[1]["activities"][0]["id"]


class TestNegotiation:
    """The format that a bot accepts."""

    def test_converted(self) -> None:
        """A bot that takes mu-law gets it, whatever the caller's audio comes in."""
        line = PlatformEnd()
        line.bot("session.accepted", mediaFormat="raw/mulaw")
        line.bot("userStream.started")
        sizes = {len(b64decode(chunk["audioChunk"])) for chunk in line.hears(2_000)}

        assert line.kinds == ["call-up"]
        assert sizes == {800}

    def test_not_offered(self) -> None:
        """A format that was not offered is told, and served if it can be: the vendor's SDK never looks."""
        line = PlatformEnd(formats=["raw/mulaw"])
        line.bot("session.accepted", mediaFormat="raw/lpcm16")

        assert line.kinds == ["format-not-offered", "call-up"]

    def test_not_known(self) -> None:
        """A format that does not exist makes no call."""
        line = PlatformEnd()
        line.bot("session.accepted", mediaFormat="raw/opus")

        assert line.kinds == ["format-not-offered"]
        assert line.end.stage is Stage.OVER
        assert '"raw/opus"' in line.end.refusal

    def test_missing(self) -> None:
        """Without a format the first one offered is taken, and that is told."""
        line = PlatformEnd()
        line.bot("session.accepted")

        assert line.kinds == ["missing-field", "call-up"]

    def test_declined(self) -> None:
        """`session.error` makes no call, and says why."""
        line = PlatformEnd()
        line.bot("session.error", reason="no common format")

        assert (line.end.stage, line.end.refusal) == (Stage.OVER, "session.error: no common format")
        assert line.events == []

    def test_error_in_the_call(self) -> None:
        """The same once the call is up breaks the line."""
        line = up()
        line.bot("session.error", reason="out of memory")

        assert line.events == [LineBroke(at_us=0, reason="session.error: out of memory")]
        assert line.end.stage is Stage.OVER

    def test_with_header(self) -> None:
        """A bot that wants a WAV file gets its header with the first chunk of each stream, and then none."""
        line = PlatformEnd(formats=["wav/lpcm16"], barge_in=False)
        line.bot("session.accepted", mediaFormat="wav/lpcm16")
        line.bot("userStream.started")
        first, second = (b64decode(chunk["audioChunk"]) for chunk in line.hears(200))
        line.bot("userStream.speech.committed")
        line.plays()
        line.played_out()
        line.bot("userStream.started")
        again = b64decode(line.hears(100)[0]["audioChunk"])

        assert first == again == streamed_header(PCM_16K) + bytes(3_200)
        assert second == bytes(3_200)


class TestValidation:
    """`connection.validate`, on a connection of its own."""

    def test_answered(self) -> None:
        """The answer is evidence."""
        line = PlatformEnd(start_at="validate")
        assert line.sent == [{"type": "connection.validate"}]
        assert line.kinds == ["call-up"]
        line.bot("connection.validated", success=True)

        assert line.events == [AgentActivity(at_us=0, name="connection.validated", payload={"success": True})]

    def test_unanswered(self) -> None:
        """The vendor's SDK says nothing, and closing is in order."""
        line = PlatformEnd(start_at="validate")
        assert line.kinds == ["call-up"]
        line.do(line.end.closed(1005, "", 0))
        line.do(line.end.hang_up())

        assert line.events == []
        assert line.types == ["connection.validate"]
