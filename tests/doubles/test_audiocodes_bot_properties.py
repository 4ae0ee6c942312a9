"""Whatever a platform sends to a bot of AudioCodes' Bot API."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_audiocodes_bot import CONVERSATION, Platform, activity, initiate, stream
from support_desk import SCRIPT, platform, quiet
from support_examples_drawn import EXAMPLES
from support_twilio import agent_script
from turnspec.audio.codecs import encode
from turnspec.call import PCM_16K
from turnspec.call.events import CallerHeard, Event, HarnessFailed, ResponseEnded, ResponseStarted, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.audiocodes import AudioCodesBot, Conversations
from turnspec.speech import Intents


class TestWrongFrames:
    """What a platform would not send is the caller's mistake, told as such, and ends nothing."""

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ("nonsense", "not JSON"),
            ('{"type": "session.begin"}', "nothing of type"),
            (json.dumps(stream("chunk", audioChunk="AAAA")), "half a sample"),
            (json.dumps(stream("chunk", audioChunk="?")), "base64"),
        ],
    )
    def test_reported(self, frame: str, reason: str) -> None:
        """The reason is told, and the next turn is heard."""
        line = quiet()
        line.give(frame)
        (failed,) = line.of(HarnessFailed)
        assert reason in failed.reason
        line.press("12")
        assert [heard.text for heard in line.of(CallerHeard)] == ["12"]

    def test_before_the_session(self) -> None:
        """Nothing is done for a call that did not begin."""
        line = platform()
        assert line.give(activity(name="start")) == []
        assert "before session.initiate" in line.of(HarnessFailed)[0].reason

    def test_audio_outside_of_a_user_stream(self) -> None:
        """Chunks count between `started` and `stopped` only."""
        line = platform()
        line.give(initiate())
        line.give(stream("chunk", audioChunk=base64.b64encode(bytes(3_200)).decode()))
        assert "outside of userStream" in line.of(HarnessFailed)[0].reason


PARSED = agent_script(SCRIPT)


NO_INTENTS = Intents({})


LOUD = base64.b64encode(encode((np.sin(np.arange(1_600) * 0.3) * 9_000).astype(np.int16), PCM_16K)).decode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)


NAMES = st.sampled_from(["start", "DTMF", "dtmf", "playFinished", "noUserInput", "hangup", ""])


KEYS = st.sampled_from(["1", "7", "3", "12", "#", "7#", None, 5, "x"])


FORMAT_LISTS = st.lists(st.sampled_from(["raw/mulaw", "raw/lpcm16", "wav/lpcm16", "raw/opus"]), max_size=3)


MESSAGES = st.one_of(
    st.builds(lambda names, aloud: initiate(tuple(names), expects_audio=aloud), FORMAT_LISTS, st.booleans()),
    st.builds(lambda name, value: activity(name=name, value=value), NAMES, KEYS),
    st.builds(lambda text: activity(type="message", text=text), st.text(max_size=12)),
    st.builds(stream, st.sampled_from(["start", "stop"])),
    st.builds(
        lambda data: stream("chunk", audioChunk=data), st.sampled_from([LOUD, "", "AAAA", "?", "UklGRg=="])
    ),
    st.sampled_from(
        [
            {"type": "session.resume", "conversationId": CONVERSATION},
            {"type": "session.resume", "conversationId": "another"},
            {"type": "session.end", "conversationId": CONVERSATION, "reasonCode": "client-disconnected"},
            {"type": "connection.validate"},
            {"type": "playStream.mark.reached"},
        ]
    ),
    st.dictionaries(
        st.sampled_from(["type", "conversationId", "activities", "audioChunk"]), JSON, max_size=4
    ),
)


FRAMES = st.one_of(MESSAGES.map(json.dumps), st.text(max_size=20), st.binary(max_size=20))


ACTS = st.lists(st.one_of(FRAMES, FRAMES, st.integers(0, 3_000_000), st.none()), max_size=12)


def _act(line: Platform, act: str | bytes | int | None, fresh: Callable[[int], Platform]) -> Platform:
    match act:
        case int():
            line.pass_time(act)
        case None:
            line.bot.gone(line.now_us)
            return fresh(line.now_us)
        case _:
            line.give(act)
    return line


@settings(max_examples=EXAMPLES, deadline=None)
@given(opened=st.booleans(), acts=ACTS)
def test_any_platform(*, opened: bool, acts: list[str | bytes | int | None]) -> None:
    """No sequence of frames, times and lost lines fails; responses pair up, streams open one at a time."""
    events: list[Event] = []
    lost = Conversations()
    agent = LocalAgent(PARSED, intents=NO_INTENTS)
    lines: list[Platform] = []

    def fresh(now_us: int) -> Platform:
        line = Platform(lambda _: AudioCodesBot(agent, events.append, lost))
        line.now_us = now_us
        lines.append(line)
        return line

    line = fresh(0)
    if opened:
        line.opened()
        line.streaming = False
    for act in acts:
        if line.bot.closing:
            line.bot.gone(line.now_us)
            line = fresh(line.now_us)
        line = _act(line, act, fresh)
    line.pass_time(20_000_000)
    line.bot.gone(line.now_us)

    begun = [one.response_id for one in events if isinstance(one, ResponseStarted)]
    ended = [one.response_id for one in events if isinstance(one, ResponseEnded)]
    assert sorted(begun) == sorted(ended)
    assert [event.at_us for event in events] == sorted(event.at_us for event in events)
    assert {event.side for event in events} <= {Side.AGENT}
    for each in lines:
        assert_streams(each)


def assert_streams(line: Platform) -> None:
    """Play streams open one at a time, each once, and chunks belong to the one that is open."""
    open_stream: str | None = None
    seen: set[str] = set()
    for _, message in line.sent:
        match message["type"]:
            case "playStream.start":
                assert open_stream is None
                open_stream = message["streamId"]
            case "playStream.chunk":
                assert message["streamId"] == open_stream
            case "playStream.stop":
                assert message["streamId"] == open_stream
                seen.add(message["streamId"])
                open_stream = None
