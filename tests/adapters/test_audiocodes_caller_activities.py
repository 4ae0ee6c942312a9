"""What else passes between caller and bot: prompts, activities, the end of the call."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from support_audiocodes import MS, audio_of, up
from turnspec.adapters.audiocodes.caller import Stage
from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.call import PCM_8K
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentHungUp,
    AgentMessaged,
    AgentPressed,
    AgentTransferred,
    StreamBegan,
    StreamEnded,
)


class TestPrompts:
    """`playUrl`."""

    def test_data(self) -> None:
        """A WAV file in the address is heard, in the format that it has; its audio is not recorded twice."""
        line = up()
        data = b64encode(streamed_header(PCM_8K) + bytes(range(8))).decode()
        params = {"playUrlUrl": f"data:audio/wav;base64,{data}", "playUrlAltText": "Beep"}
        line.acts("playUrl", params)
        activity, began, text, heard, ended = line.events

        assert isinstance(activity, AgentActivity)
        assert activity.payload["activityParams"]["playUrlUrl"] == "data:audio/wav;base64,<72 characters>"
        assert (began, ended) == (
            StreamBegan(at_us=0, stream="playUrl"),
            StreamEnded(at_us=0, stream="playUrl"),
        )
        assert text == AgentMessaged(at_us=0, text="Beep", stream="playUrl")
        assert isinstance(heard, AgentAudio)
        assert (heard.format, heard.data) == (PCM_8K, bytes(range(8)))

    def test_raw_data(self) -> None:
        """Data without a header is what the activity says, percent-encoded if it likes."""
        line = up()
        line.acts("playUrl", {"playUrlUrl": "data:,%FF%7F", "playUrlMediaFormat": "raw/mulaw"})

        assert audio_of(line.events) == b"\xff\x7f"

    @pytest.mark.parametrize(
        "params",
        [
            {"playUrlUrl": "data:audio/wav;base64,*"},
            {"playUrlUrl": "data:audio/wav;base64"},
            {"playUrlUrl": "data:audio/mpeg;base64,SUQz"},
            {"playUrlUrl": "data:,ab", "playUrlMediaFormat": "raw/opus"},
            {"playUrlUrl": "data:,", "playUrlMediaFormat": "raw/mulaw"},
            {"playUrlUrl": "data:,RIFF", "playUrlMediaFormat": "wav/mulaw"},
        ],
    )
    def test_unplayable(self, params: dict[str, Any]) -> None:
        """A prompt that cannot be played is a fault, of which a bot hears that asked to."""
        line = up(send_events=["playUrlFailed"])
        line.acts("playUrl", params)
        assert line.kinds == ["agent-activity", "bad-prompt"]
        (message,) = line.sent
        (activity,) = message["activities"]

        assert activity["name"] == "playUrlFailed"
        assert activity["value"]["playUrlUrl"] == params["playUrlUrl"]
        assert activity["value"]["selfGenerated"] is False
        assert activity["value"]["reason"]

    def test_fetched(self) -> None:
        """Other addresses are for somebody else to fetch; a hang-up waits for that."""
        line = up()
        line.acts("playUrl", {"playUrlUrl": "http://x/a.wav"})
        line.acts("hangup")
        (prompt,) = line.end.prompts_to_fetch()
        assert (prompt.url, line.end.prompts_to_fetch()) == ("http://x/a.wav", [])
        assert line.types == []
        line.do(line.end.fetched(prompt, streamed_header(PCM_8K) + bytes(2), 0))
        assert line.types == []
        line.played_out()

        assert line.types == ["session.end"]

    def test_aborted_while_it_is_fetched(self) -> None:
        """It is not played, and nobody waits for it."""
        line = up()
        for _ in range(2):
            line.acts("playUrl", {"playUrlUrl": "http://x/a.wav", "playUrlMediaFormat": "raw/lpcm16"})
        (prompt, _) = line.end.prompts_to_fetch()
        line.acts("playUrl", {"playUrlUrl": "http://x/b.wav"})
        line.acts("abortPrompts")
        assert line.end.prompts_to_fetch() == []
        line.do(line.end.fetched(prompt, bytes(8), 0))
        line.do(line.end.not_fetched(prompt, "HTTP 404", 0))
        assert [event.kind for event in line.events] == ["agent-activity"] * 4
        line.acts("hangup")

        assert line.types == ["session.end"]

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"playUrlFailureHandling": "notify-bot"}, ["[playUrlFailed]"]),
            ({"playUrlFailureHandling": "disconnect"}, []),
            ({"playUrlFailureHandling": None}, []),
        ],
    )
    def test_failures_are_told_as_the_bot_asks(self, settings: dict[str, Any], told: list[str]) -> None:
        """Which is a setting of its own, whatever other events the bot asks for."""
        line = up()
        line.acts("config", sessionParams=settings)
        line.acts("config", sessionParams={"sendEventsToBot": ["playFinished"]})
        line.acts("playUrl", {"playUrlUrl": "data:,"})

        assert line.types == told

    def test_not_fetched(self) -> None:
        """What cannot be had is a fault, and no reason to wait."""
        line = up()
        line.acts("playUrl", {"playUrlUrl": "http://x/a.wav"})
        line.acts("hangup")
        (prompt,) = line.end.prompts_to_fetch()
        line.do(line.end.not_fetched(prompt, "HTTP 404", 0))

        assert line.kinds == ["agent-activity", "bad-prompt", "agent-hung-up"]


class TestActivities:
    """What a bot asks for."""

    def test_digits(self) -> None:
        """Digits for whoever is on the telephone are evidence."""
        line = up()
        line.acts("sendDtmf", {"dtmfDigits": "12*#"})

        assert line.events == [AgentPressed(at_us=0, digits="12*#")]

    @pytest.mark.parametrize(
        ("name", "params", "rule"),
        [
            ("sendDtmf", {"dtmf": "1"}, "missing-field"),  # as one vendor's library writes it
            ("sendDtmf", {"dtmfDigits": 1}, "wrong-type"),
            ("sendDtmf", {"dtmfDigits": "1" * 21}, "bad-digits"),
            ("sendDtmf", {"dtmfDigits": ""}, "bad-digits"),
            ("sendDtmf", {"dtmfDigits": "1A"}, "bad-digits"),
            ("transfer", {}, "missing-field"),
            ("transfer", {"transferTarget": 5}, "wrong-type"),
            ("playUrl", {}, "missing-field"),
        ],
    )
    def test_wrong(self, name: str, params: dict[str, Any], rule: str) -> None:
        """What the platform would ignore is ignored, and told."""
        line = up()
        line.acts(name, params)

        assert line.kinds == [rule]
        assert line.end.stage is Stage.UP

    def test_text(self) -> None:
        """A message is what the bot says."""
        line = up(direct_tts=False)
        line.says("Hello.")

        assert line.events == [AgentMessaged(at_us=0, text="Hello.")]

    def test_others(self) -> None:
        """Anything else is evidence as it is."""
        line = up()
        line.acts("sendMetaData", {"a": 1}, value=[2])
        line.bot("playStream.mark.set", name="m")

        assert line.events == [
            AgentActivity(at_us=0, name="sendMetaData", payload={"activityParams": {"a": 1}, "value": [2]}),
            AgentActivity(at_us=0, name="playStream.mark.set", payload={"name": "m"}),
        ]

    @pytest.mark.parametrize("name", ["DTMF", "dtmf"])
    def test_keys(self, name: str) -> None:
        """Each key is one event; its name can be set for bots that want small letters."""
        line = up(dtmf_name=name)
        line.do(line.end.digit("5", 0))
        (activity,) = line.sent[0]["activities"]

        assert (activity["type"], activity["name"], activity["value"]) == ("event", name, "5")

    def test_keys_that_are_not_sent(self) -> None:
        """A platform that sends none sends none, whoever presses them."""
        line = up(dtmf="off")
        line.do(line.end.digit("5", 0))

        assert (line.sent, line.end.wake_us) == ([], None)

    @pytest.mark.parametrize(
        ("options", "keys", "sent"),
        [
            ({}, "12#3", [(40, "12"), (2_060, "3")]),
            ({"dtmf_submit": "*"}, "12*", [(40, "12")]),
            ({"dtmf_submit": ""}, "1#", [(2_020, "1#")]),
            ({"dtmf_most": 2}, "123", [(20, "12"), (2_040, "3")]),
            ({"dtmf_pause": "500 ms"}, "1", [(500, "1")]),
            ({}, "#", []),
        ],
    )
    def test_collected(self, options: dict[str, Any], keys: str, sent: list[tuple[int, str]]) -> None:
        """Collected keys leave together: at the submit key, at the most, or after a pause."""
        line = up(dtmf="collected", **options)
        left = []
        for number, key in enumerate(keys):
            line.wait_until(20 * number)
            line.do(line.end.digit(key, line.now_ms * MS))
            left += [(line.now_ms, message) for message in line.sent]
        while (due_us := line.end.wake_us) is not None:
            line.wait_until(due_us // MS)
            left += [(line.now_ms, message) for message in line.sent]

        assert [(at_ms, message["activities"][0]["value"]) for at_ms, message in left] == sent


class TestEnd:
    """How a call ends."""

    def test_the_caller_hangs_up(self) -> None:
        """`session.end` says whose side it was."""
        line = up()
        line.do(line.end.hang_up())

        assert line.sent == [
            {
                "type": "session.end",
                "conversationId": line.end.conversation_id,
                "reasonCode": "client-disconnected",
                "reason": "Client Side",
            }
        ]
        assert line.end.stage is Stage.OVER
        line.do(line.end.hang_up())
        assert line.sent == []

    def test_other_reasons(self) -> None:
        """The reason code is an option."""
        line = up(hang_up_code="machine-detected")
        line.do(line.end.hang_up())

        assert line.sent[0]["reasonCode"] == "machine-detected"

    def test_the_bot_hangs_up(self) -> None:
        """What was sent is heard first; then the platform ends the session."""
        line = up()
        line.plays()
        line.acts("hangup", {"hangupReason": "done"})
        assert line.types == []
        assert "agent-hung-up" not in line.kinds
        line.now_ms = 900
        line.played_out()

        assert line.events == [AgentHungUp(at_us=900 * MS, reason="done")]
        assert [(m["reasonCode"], m["reason"]) for m in line.sent] == [("bot-disconnected", "done")]

    def test_at_once_where_nothing_plays(self) -> None:
        """A message and a hang-up in one go, as the vendor's samples do: said, then ended."""
        line = up(direct_tts=False)
        line.bot(
            "activities",
            activities=[{"type": "message", "text": "Bye."}, {"type": "event", "name": "hangup"}],
        )

        assert line.kinds == ["agent-messaged", "agent-hung-up"]
        assert line.types == ["session.end"]

    def test_finished_before_the_end(self) -> None:
        """A bot that asked is still told that its last words were heard; nobody listens again."""
        line = up(send_events=["playFinished"], barge_in=False)
        line.plays()
        line.acts("hangup")
        line.played_out()

        assert line.types == ["userStream.stop", "[playFinished]", "session.end"]

    def test_interrupted_farewell(self) -> None:
        """A caller who talks over the last words ends the call sooner."""
        line = up()
        line.plays()
        line.acts("hangup")
        line.bot("userStream.speech.started")

        assert line.types == ["session.end"]

    def test_transfer(self) -> None:
        """A transfer, by either name, takes the bot out of the call."""
        for name in ("transfer", "handover"):
            line = up()
            line.acts(name, {"transferTarget": "tel:+1777", "handoverReason": "human"})

            assert line.events == [
                AgentTransferred(at_us=0, target="tel:+1777", details={"handoverReason": "human"}),
                AgentHungUp(at_us=0, reason="transferred to tel:+1777"),
            ]
            assert [message["reasonCode"] for message in line.sent] == ["transferred"]

    def test_the_bot_says_what_only_the_platform_says(self) -> None:
        """`session.end` from a bot is a fault, and taken as a hang-up so that the call ends."""
        line = up()
        line.bot("session.end", reasonCode="normal", reason="Call completed")

        assert line.kinds == ["bot-session-end", "agent-hung-up"]
        assert line.types == ["session.end"]

    def test_nothing_after_the_end(self) -> None:
        """Whatever a bot still says is not heard."""
        line = up()
        line.acts("hangup")
        assert line.kinds == ["agent-hung-up"]
        assert line.types == ["session.end"]
        line.plays()
        line.raw("nonsense")
        line.played_out()
        line.do(line.end.digit("1", 0))
        line.do(line.end.closed(1005, "", 0))

        assert (line.events, line.types, line.hears()) == ([], [], [])
