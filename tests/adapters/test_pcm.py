"""Plain PCM: what each message means, and that no message can do harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from turnspec.adapters.pcm import wire
from turnspec.call import PCM_16K
from turnspec.call.events import AgentAudio, Event, FlushAsked, MarkSet, ProtocolFault


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (b"\x01\x00\x02\x00", AgentAudio(at_us=5, format=PCM_16K, size=4, data=b"\x01\x00\x02\x00")),
        ('{"type": "mark", "name": "a"}', MarkSet(at_us=5, name="a")),
        ('{"type": "clear"}', FlushAsked(at_us=5)),
    ],
)
def test_what_an_agent_may_send(frame: str | bytes, event: Event) -> None:
    """Sound, a mark and a clear."""
    assert wire.received(frame, PCM_16K, 5) == event


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        (b"\x01", "half-sample"),
        (b"", "half-sample"),
        ("{", "not-json"),
        ("[" * 100_000, "not-json"),
        ("[]", "unknown-message"),
        ('{"type": "mark"}', "unknown-message"),
        ('{"type": "mark", "name": 1}', "unknown-message"),
        ('{"type": "say", "text": "hello"}', "unknown-message"),
    ],
)
def test_what_it_may_not(frame: str | bytes, rule: str) -> None:
    """A message that the protocol does not have is a fault of this rule, with an excerpt."""
    fault = wire.received(frame, PCM_16K, 5)

    assert isinstance(fault, ProtocolFault)
    assert fault.rule == rule
    assert len(fault.frame) <= 200


MESSAGES = st.dictionaries(
    st.sampled_from(["type", "name", "x"]), st.sampled_from(["mark", "clear", "", None, 1])
)


@given(st.binary() | st.text() | MESSAGES.map(json.dumps))
@settings(max_examples=EXAMPLES, deadline=None)
def test_nothing_raises(frame: str | bytes) -> None:
    """Any message at all is one event."""
    assert wire.received(frame, PCM_16K, 7).at_us == 7
