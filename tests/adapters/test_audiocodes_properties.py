"""Whatever a bot of AudioCodes' Bot API sends, in any order."""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support_audiocodes import MS, PlatformEnd
from support_examples_drawn import EXAMPLES
from turnspec.call.events import AgentAudio, AgentHungUp, LineBroke, StreamBegan, StreamEnded

fields = st.fixed_dictionaries(
    {},
    optional={
        "streamId": st.sampled_from(["1", "2"]),
        "mediaFormat": st.sampled_from(["raw/lpcm16", "raw/mulaw", "wav/lpcm16", "raw/opus"]),
        "audioChunk": st.binary(max_size=60).map(lambda data: b64encode(data).decode()) | st.just("*"),
        "alternatives": st.sampled_from([[], [{"text": "a"}], "x"]),
        "activities": st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["event", "message", "x"]),
                    "name": st.sampled_from(
                        ["hangup", "transfer", "playUrl", "sendDtmf", "abortPrompts", "config", "other"]
                    ),
                    "text": st.just("hello"),
                },
                optional={
                    "activityParams": st.fixed_dictionaries(
                        {},
                        optional={
                            "playUrlUrl": st.sampled_from(
                                ["data:,abc", "http://x/", "data:;base64,UklGRg=="]
                            ),
                            "playUrlMediaFormat": st.sampled_from(["raw/mulaw", "wav/mulaw"]),
                            "dtmfDigits": st.sampled_from(["1", "x", 3]),
                            "transferTarget": st.sampled_from(["tel:1", 3]),
                            "bargeIn": st.sampled_from([True, False, "true", 3]),
                        },
                    ),
                    "sessionParams": st.fixed_dictionaries(
                        {},
                        optional={
                            "bargeIn": st.booleans(),
                            "sendEventsToBot": st.sampled_from([["playFinished"], [3], "x"]),
                            "resumeRecognitionTimeoutMS": st.sampled_from([50, -1, True, "x"]),
                        },
                    ),
                },
            ),
            max_size=2,
        ),
        "reason": st.just("r"),
        "success": st.booleans(),
    },
)


TYPES = [
    "session.accepted",
    "session.accepted",
    "session.error",
    "session.end",
    "connection.validated",
    "userStream.started",
    "userStream.stopped",
    "userStream.speech.started",
    "userStream.speech.committed",
    "userStream.speech.hypothesis",
    "userStream.speech.recognition",
    "playStream.start",
    "playStream.start",
    "playStream.chunk",
    "playStream.chunk",
    "playStream.stop",
    "activities",
    "activities",
    "nonsense",
]


steps = st.lists(
    st.one_of(
        st.builds(lambda type_, rest: json.dumps({"type": type_, **rest}), st.sampled_from(TYPES), fields),
        st.binary(max_size=8),
        st.sampled_from([100, 1_000, 20_000]),  # milliseconds that pass
        st.sampled_from(["drained", "digit", "text", "closed", "resuming", "fetch", "hang up"]).map(
            lambda s: (s,)
        ),
    ),
    max_size=14,
)


all_options = st.fixed_dictionaries(
    {},
    optional={
        "barge_in": st.booleans(),
        "direct_stt": st.booleans(),
        "direct_tts": st.booleans(),
        "start_order": st.sampled_from(["activity_first", "stream_first", "after_greeting"]),
        "dtmf": st.sampled_from(["single", "collected"]),
        "formats": st.sampled_from([["raw/lpcm16"], ["raw/lpcm16", "wav/lpcm16", "raw/mulaw"]]),
        "send_events": st.sampled_from([["playFinished", "playUrlFailed"]]),
        "start_at": st.sampled_from(["call", "call", "call", "validate"]),
    },
)


def _step(line: PlatformEnd, step: str | bytes | int | tuple[str]) -> None:
    match step:
        case str() | bytes():
            line.raw(step)
        case int():
            line.wait_until(line.now_ms + step)
        case ("drained",):
            line.played_out()
        case ("digit",):
            line.do(line.end.digit("1", line.now_ms * MS))
        case ("text",):
            line.do(line.end.text("hi", line.now_ms * MS))
        case ("closed",):
            line.do(line.end.closed(1006, "", line.now_ms * MS))
        case ("resuming",):
            line.do(line.end.resuming())
        case ("fetch",):
            for prompt in line.end.prompts_to_fetch():
                line.do(line.end.fetched(prompt, b"abcd", line.now_ms * MS))
        case _:
            line.do(line.end.hang_up())


@settings(max_examples=EXAMPLES)
@given(all_options, steps)
def test_any_order_of_anything(options: dict[str, Any], taken: list[Any]) -> None:
    """Whatever comes: no exception, one end, streams that pair up, times that never fall."""
    line = PlatformEnd(**options)
    for step in taken:
        _step(line, step)
        line.hears(100)
    sent, events = line.types, line.events

    stream = [name for name in sent if name in ("userStream.start", "userStream.stop", "session.resume")]
    starts = [name == "userStream.start" for name in stream]
    assert not any(one and following for one, following in pairwise(starts))
    assert sent.count("session.end") <= 1
    assert "session.end" not in sent[:-1]
    assert [event.at_us for event in events] == sorted(event.at_us for event in events)
    assert sum(isinstance(event, AgentHungUp | LineBroke) for event in events) <= 1
    open_streams: set[str] = set()
    for event in events:
        match event:
            case StreamBegan(stream=name):
                assert name not in open_streams
                open_streams.add(name)
            case AgentAudio(stream=name):
                assert name in open_streams
                assert event.size == len(event.data) > 0
                assert event.size % event.format.sample_bytes == 0
            case StreamEnded(stream=name):
                open_streams.remove(name)
            case _:
                pass
