"""When a reply of play streams or written messages is over."""

from __future__ import annotations

from functools import reduce

import pytest

from turnspec.call import PCM_16K, ReplyEnd
from turnspec.call.events import (
    AgentAudio,
    AgentMessaged,
    Event,
    FlushAsked,
    FunctionCalled,
    FunctionReturned,
    PlaybackDrained,
    PlaybackFlushed,
    Side,
    StreamBegan,
    StreamEnded,
)
from turnspec.conduct.facts import CONTINUES_WITHIN_US, Facts, learn

MS = 1_000
LAST_US = 300 * MS


def over_ms(*events: Event) -> float | None:
    """When a reply of these events is over, in milliseconds."""
    at_us = reduce(learn, events, Facts()).over_at(ReplyEnd.STREAM_STOP, LAST_US)
    return None if at_us is None else at_us / MS


def began(at_ms: int, stream: str = "s") -> Event:
    """A stream is opened."""
    return StreamBegan(at_us=at_ms * MS, stream=stream)


def ended(at_ms: int, stream: str = "s") -> Event:
    """A stream is at its end."""
    return StreamEnded(at_us=at_ms * MS, stream=stream)


def audio(at_ms: int) -> Event:
    """Audio arrives."""
    return AgentAudio(at_us=at_ms * MS, format=PCM_16K, size=320, stream="s")


def drained(at_ms: int) -> Event:
    """All has been heard."""
    return PlaybackDrained(at_us=at_ms * MS)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([began(0), audio(0), ended(10)], None),  # it is being played
        ([began(0), audio(0), ended(10), drained(900)], 1_200),
        ([began(0), audio(0), drained(900), ended(950)], 1_250),
        ([began(0), audio(0), ended(10), drained(900), began(1_000)], 1_000 + CONTINUES_WITHIN_US / MS),
        ([began(0), audio(0), drained(900)], 900 + CONTINUES_WITHIN_US / MS),
        ([began(0, "a"), began(1, "b"), ended(2, "a")], 2 + CONTINUES_WITHIN_US / MS),
        ([began(0, "a"), began(1, "b"), ended(2, "a"), ended(3, "b")], 303),
        ([AgentMessaged(at_us=700 * MS, text="Hello.")], 1_000),
        ([AgentMessaged(at_us=700 * MS, text="Hello.", stream="s")], 300),
    ],
)
def test_over(events: list[Event], expected: float | None) -> None:
    """300 ms after all was heard and the last stream ended, or a message came; an open stream goes on."""
    assert over_ms(*events) == expected


def test_an_interrupted_stream_need_not_be_stopped() -> None:
    """What a flush dropped has no more to come, though its stop is usual and may never be sent."""
    flushed = [FlushAsked(at_us=500 * MS), PlaybackFlushed(at_us=500 * MS, unplayed_us=1)]

    assert over_ms(began(0), audio(0), *flushed) == 800


def test_work_behind_the_line_keeps_it_going() -> None:
    """A function that an agent's own account tells of is part of the reply."""
    called = FunctionCalled(at_us=0, side=Side.AGENT, call_id="c", name="f", arguments="{}")
    back = FunctionReturned(at_us=5_000 * MS, side=Side.AGENT, call_id="c", output="{}")

    assert over_ms(began(0), audio(0), ended(1), drained(10), called) is None
    assert over_ms(began(0), audio(0), ended(1), drained(10), called, back) == 5_300
