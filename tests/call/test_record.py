"""Events as lines of a file: every kind comes back as it was, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from support_events import ANY_EVENT, any_fields
from turnspec.call import MULAW_8K, RecordError, from_document, to_document
from turnspec.call.events import (
    EVENT_KINDS,
    AgentAudio,
    CallerHeard,
    CallerSpoke,
    CallUp,
    Captured,
    Event,
    Origin,
    Side,
)
from turnspec.call.record import to_line


def test_every_class_of_events_has_a_kind_of_its_own() -> None:
    """The kind is what a record is read by."""
    assert len(EVENT_KINDS) == len({event_class.__name__ for event_class in Event.__subclasses__()})
    assert all(kind and kind == kind.lower() for kind in EVENT_KINDS)


@given(ANY_EVENT)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    """Through JSON text and back, whatever its fields hold; only the sound itself stays out."""
    assert from_document(json.loads(json.dumps(to_document(event)))) == event


@pytest.mark.parametrize("kind", sorted(EVENT_KINDS))
def test_a_line_is_the_document_as_compact_json(kind: str) -> None:
    """Of audio too, whose lines are made in a shorter way."""

    @given(any_fields(EVENT_KINDS[kind]))
    def is_the_document(event: Event) -> None:
        written = json.dumps(to_document(event), ensure_ascii=False, separators=(",", ":"))
        assert to_line(event) == f"{written}\n"

    is_the_document()


@pytest.mark.parametrize("kind", sorted(EVENT_KINDS))
def test_each_kind_comes_back(kind: str) -> None:
    """The property above, one kind at a time, so that none is left to chance."""

    @given(any_fields(EVENT_KINDS[kind]))
    def comes_back(event: Event) -> None:
        back = from_document(json.loads(json.dumps(to_document(event))))
        assert back == event
        assert type(back) is type(event)

    comes_back()


def test_the_form_of_a_line() -> None:
    """Time, kind and side come first; what is not there is left out."""
    document = to_document(
        CallerSpoke(
            at_us=20_000,
            turn=1,
            text="hello",
            origin=Origin.RECORDED,
            speech_start_us=30_000,
            speech_end_us=900_000,
        )
    )
    assert json.dumps(document) == (
        '{"at_us": 20000, "kind": "caller-spoke", "side": "line", "turn": 1, "text": "hello", '
        '"origin": "recorded", "speech_start_us": 30000, "speech_end_us": 900000, "interrupts": false}'
    )


@pytest.mark.parametrize(
    "event",
    [
        CallerHeard(at_us=1, side=Side.MODEL, text=None, source="known clip"),
        Captured(at_us=1, turn=0, name="place", value=None),
    ],
)
def test_nothing_heard_is_not_nothing_recorded(event: Event) -> None:
    """A field that has to be there is written, empty as it is."""
    assert from_document(to_document(event)) == event


def test_sound_stays_out_and_its_size_stays() -> None:
    """The recording has the audio; the record says how much of what came when."""
    audio = AgentAudio(at_us=5, format=MULAW_8K, size=160, data=b"\xff" * 160, stream="s", plays_at_us=7)
    document = to_document(audio)

    assert "data" not in document
    back = from_document(document)
    assert isinstance(back, AgentAudio)
    assert (back.size, back.format, back.data, back.plays_at_us) == (160, MULAW_8K, b"", 7)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"at_us": 1}, "unknown event kind None"),
        ({"at_us": 1, "kind": "agent-sang"}, "unknown event kind 'agent-sang'"),
        ({"at_us": 1, "kind": ["call-up"]}, "unknown event kind"),
        ({"kind": "call-up"}, "event 'call-up': .*at_us"),
        ({"at_us": 1, "kind": "call-up", "colour": "red"}, "event 'call-up': .*colour"),
        ({"at_us": 1, "kind": "call-up", "side": "moon"}, "event 'call-up': .*moon"),
        ({"at_us": 1, "kind": "call-ended", "by": "nobody"}, "event 'call-ended': .*nobody"),
        ({"at_us": 1, "kind": "agent-audio", "size": 1}, "event 'agent-audio': .*format"),
        ({"at_us": 1, "kind": "agent-audio", "size": 1, "format": "mp3"}, "event 'agent-audio'"),
    ],
)
def test_what_is_no_event_is_refused(document: dict[str, Any], told: str) -> None:
    """A wrong line says which event it would have been, and what is wrong with it."""
    with pytest.raises(RecordError, match=told):
        from_document(document)


def test_the_side_is_the_lines_unless_it_is_told() -> None:
    """The shortest document of an event."""
    assert from_document({"at_us": 3, "kind": "call-up"}) == CallUp(at_us=3)
