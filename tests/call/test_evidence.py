"""Evidence only grows, is readable whenever the run stops, and never holds a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_events import ANY_EVENT
from turnspec.call import MULAW_8K, Evidence, RecordError, Track, read_events
from turnspec.call.events import (
    AgentAudio,
    AgentSaid,
    CallEnded,
    CallerSpoke,
    CallUp,
    Captured,
    Closer,
    Event,
    FunctionCalled,
    Origin,
    ResponseChosen,
    Side,
)
from turnspec.call.evidence import EVENTS_FILE, WIRE_FILE, masked

SECRET = "sk-very-secret"


def hide(text: str) -> str:
    """A mask for one secret."""
    return text.replace(SECRET, "***")


def said(text: str, at_us: int = 0) -> AgentSaid:
    """Words of a model."""
    return AgentSaid(at_us=at_us, side=Side.MODEL, response_id="r", item_id="i", text=text, began_us=0)


def written(folder: Path, events: list[Event]) -> bytes:
    """The file of a record."""
    evidence = Evidence(folder, {"call": "talk"})
    for event in events:
        evidence.append(event)
    evidence.close()
    return (folder / EVENTS_FILE).read_bytes()


class TestFile:
    """The record on disk."""

    @given(events=st.lists(ANY_EVENT, max_size=4))
    def test_a_saved_record_is_read_as_it_was(
        self, tmp_path_factory: pytest.TempPathFactory, events: list[Event]
    ) -> None:
        """Whatever the agent said, in any script and however broken."""
        folder = tmp_path_factory.mktemp("call")
        written(folder, events)

        assert read_events(folder) == ({"format": 1, "call": "talk"}, tuple(events))

    def test_a_record_is_readable_before_it_is_closed(self, tmp_path: Path) -> None:
        """A killed run leaves every event that has happened."""
        evidence = Evidence(tmp_path, {})
        for number in range(3):
            evidence.append(said("hello", number))
            assert read_events(tmp_path)[1] == evidence.events
        evidence.close()

    def test_a_killed_run_lacks_half_a_second_of_arrivals_at_most(self, tmp_path: Path) -> None:
        """Agent audio waits for company; anything else that happens is written at once, after what waited."""
        evidence = Evidence(tmp_path, {})
        for number in range(1, 101):
            at_us = number * 20_000
            evidence.append(AgentAudio(at_us=at_us, format=MULAW_8K, size=160, plays_at_us=at_us))
            read = read_events(tmp_path)[1]
            assert read == evidence.events[: len(read)]
            assert len(evidence.events) - len(read) <= 25
        evidence.append(said("hello", 2_100_000))

        assert read_events(tmp_path)[1] == evidence.events
        evidence.close()

    def test_frames_are_on_disk_before_the_event_that_they_led_to(self, tmp_path: Path) -> None:
        """An event that is read has its frames in the wire log."""
        evidence = Evidence(tmp_path, {})
        evidence.frame(1, Side.LINE, "in", "{}")
        evidence.append(CallUp(at_us=2))

        assert (tmp_path / WIRE_FILE).read_text().count("\n") == 1
        evidence.close()

    @given(cut=st.floats(0, 1))
    def test_a_record_cut_anywhere_is_read_up_to_there(
        self, tmp_path_factory: pytest.TempPathFactory, cut: float
    ) -> None:
        """A crash in the middle of a line, or of a letter, costs that line alone."""
        folder = tmp_path_factory.mktemp("call")
        events: list[Event] = [CallUp(at_us=0), said("Grüße\u2028aus Köln", 1), said("再见", 2)]
        whole = written(folder, events)
        header = whole.index(b"\n") + 1
        size = header + round(cut * (len(whole) - header))
        (folder / EVENTS_FILE).write_bytes(whole[:size])

        complete = whole[header:size].count(b"\n")
        _, read = read_events(folder)
        # A line whose line break alone is missing is complete as well.
        assert read in (tuple(events[:complete]), tuple(events[: complete + 1]))

    def test_a_broken_line_in_the_middle_is_named(self, tmp_path: Path) -> None:
        """Only the last line may be cut; anything else is damage."""
        lines = written(tmp_path, [CallUp(at_us=0), said("a", 1), said("b", 2)]).splitlines()
        (tmp_path / EVENTS_FILE).write_bytes(b"\n".join([*lines[:2], lines[2][:-3], lines[3]]))

        with pytest.raises(RecordError, match=r"events\.jsonl: line 3 is not JSON"):
            read_events(tmp_path)

    @pytest.mark.parametrize("header", ['{"format": 2}', '{"format": 9, "call": "x"}'])
    def test_a_newer_format_is_refused(self, tmp_path: Path, header: str) -> None:
        """What this version may misunderstand it does not read."""
        (tmp_path / EVENTS_FILE).write_text(header + '\n{"kind": "agent-sang"}\n')

        with pytest.raises(RecordError, match=r"has format \d; this turnspec reads up to 1"):
            read_events(tmp_path)

    @pytest.mark.parametrize(
        "text", ["", "\n", "[]\n", '{"call": "x"}\n', "{", '{"format": "one"}\n', "\xff\n"]
    )
    def test_what_is_no_record_is_refused(self, tmp_path: Path, text: str) -> None:
        """A file without a header is something else."""
        (tmp_path / EVENTS_FILE).write_bytes(text.encode("latin-1"))

        with pytest.raises(RecordError, match="is not a call record"):
            read_events(tmp_path)

    def test_the_wire_log_has_every_frame_in_order(self, tmp_path: Path) -> None:
        """Direction, side and time of each frame, and the frame as text."""
        evidence = Evidence(tmp_path, {})
        evidence.frame(5, Side.LINE, "out", '{"event":"connected"}')
        evidence.frame(9, Side.MODEL, "in", "broken \ud800 text")
        evidence.close()

        first, second = (json.loads(line) for line in (tmp_path / WIRE_FILE).read_text().splitlines())
        assert first == {"at_us": 5, "side": "line", "direction": "out", "frame": '{"event":"connected"}'}
        assert second["frame"] == "broken \ud800 text"


class TestMemory:
    """The record in memory."""

    def test_without_a_folder_nothing_is_written(self) -> None:
        """A call can be held without leaving anything."""
        evidence = Evidence(None, {})
        evidence.append(CallUp(at_us=0))
        evidence.frame(0, Side.LINE, "in", "{}")
        evidence.close()

        assert evidence.events == (CallUp(at_us=0),)

    def test_events_are_found_by_class_and_side(self) -> None:
        """In the order in which they were recorded."""
        evidence = Evidence(None, {})
        for event in (said("a", 1), CallUp(at_us=2), said("b", 3), CallUp(at_us=4, side=Side.MODEL)):
            evidence.append(event)

        assert [event.text for event in evidence.of(AgentSaid)] == ["a", "b"]
        assert [event.at_us for event in evidence.of(CallUp, Side.LINE)] == [2]
        assert list(evidence.of(CallEnded)) == []

    def test_a_snapshot_does_not_grow(self) -> None:
        """What is judged stays what it was, with its sound, whatever comes later."""
        evidence = Evidence(None, {})
        evidence.append(said("a"))
        caller = Track(8_000, b"\0\0" * 8_000)
        snapshot = evidence.snapshot(caller, None)
        evidence.append(said("b"))

        assert [event.text for event in snapshot.of(AgentSaid)] == ["a"]
        assert snapshot.caller is caller
        assert snapshot.agent is None
        assert caller.duration_us == 1_000_000


class TestSecrets:
    """Secrets are taken out on the way in."""

    def test_no_stage_ever_has_a_secret(self, tmp_path: Path) -> None:
        """Not the events, not the wire log, and not what `append` gives back to be acted on."""
        evidence = Evidence(tmp_path, {}, hide)
        back = evidence.append(said(f"my key is {SECRET}"))
        evidence.frame(0, Side.LINE, "out", json.dumps({"authorization": SECRET}))
        evidence.close()

        assert back == evidence.events[0] == said("my key is ***")
        assert SECRET not in (tmp_path / EVENTS_FILE).read_text() + (tmp_path / WIRE_FILE).read_text()

    def test_texts_inside_of_values_are_masked_too(self) -> None:
        """In lists, in mappings, in their keys."""
        captured = Captured(at_us=0, turn=0, name="n", value={SECRET: [SECRET, 1, {"deep": f"<{SECRET}>"}]})
        chosen = ResponseChosen(at_us=0, name="r", scores={"r": 1.5, SECRET: f"needs {SECRET}"})

        assert masked(captured, hide).value == {"***": ["***", 1, {"deep": "<***>"}]}
        assert masked(chosen, hide).scores == {"r": 1.5, "***": "needs ***"}

    def test_json_stays_json(self) -> None:
        """A number that is a secret becomes a text in arguments and outputs; others stay as they came."""
        pin = FunctionCalled(at_us=0, call_id="c", name="f", arguments='{"pin":4821,"deep":[true,"<4821>"]}')
        other = FunctionCalled(at_us=0, call_id="c", name="f", arguments='{ "pin":1 }')
        broken = FunctionCalled(at_us=0, call_id="c", name="f", arguments="{4821")

        def mask(text: str) -> str:
            return text.replace("4821", "***")

        assert json.loads(masked(pin, mask).arguments) == {"pin": "***", "deep": [True, "<***>"]}
        assert masked(other, mask).arguments == '{ "pin":1 }'
        assert masked(broken, mask).arguments == "{***"

    def test_choices_stay_what_they_are(self) -> None:
        """A side, an origin or a closer is no text that could hold a secret."""
        ended = CallEnded(at_us=0, side=Side.MODEL, by=Closer.AGENT, reason=SECRET)
        spoke = CallerSpoke(
            at_us=0, turn=0, text=None, origin=Origin.RECORDED, speech_start_us=0, speech_end_us=1
        )

        assert masked(ended, str.upper).by is Closer.AGENT
        assert masked(ended, hide) == CallEnded(at_us=0, side=Side.MODEL, by=Closer.AGENT, reason="***")
        assert masked(spoke, str.upper).origin is Origin.RECORDED

    @given(ANY_EVENT)
    def test_a_mask_that_finds_nothing_changes_nothing(self, event: Event) -> None:
        """Any event passes through unharmed."""
        assert masked(event, str) == event
