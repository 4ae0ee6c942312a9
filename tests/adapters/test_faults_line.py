"""Faults of a line, without I/O: what is sent in place of what, and what is done when."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from turnspec.adapters.faults import (
    CallFaults,
    CloseWith,
    Deed,
    Dialect,
    Drop,
    HalfClose,
    LineFaults,
    ReadOn,
    Send,
    StopReading,
    Tell,
)
from turnspec.dsl import NOWHERE
from turnspec.dsl.faults import Fault
from turnspec.dsl.reader import read_model

SECOND = 1_000_000
NAMES = ("media", "mark", "clear")
DIALECT = Dialect(
    protocol="twilio",
    key="event",
    caller=frozenset(NAMES),
    agent=frozenset(NAMES),
    audio={"media": ("media", "payload")},
    error=lambda code: json.dumps({"event": "error", "code": code}),
)

MANY = settings(max_examples=EXAMPLES, deadline=None)


def fault(**written: Any) -> Fault:
    """A fault as it is written."""
    made, problems = read_model(Fault, written, NOWHERE)
    assert made is not None, problems
    return made


def line_of(*written: dict[str, Any]) -> tuple[LineFaults, CallFaults]:
    """A line with these faults, that is up at 0, and what it did then is forgotten."""
    faults = CallFaults([fault(**one) for one in written])
    line = LineFaults(faults, DIALECT)
    line.up(0)
    return line, faults


def frame(name: str, number: int = 0) -> str:
    """A message of this name."""
    return json.dumps({"event": name, "number": number, "media": {"payload": "AAAA"}})


def sent(deeds: list[Deed]) -> list[str | bytes]:
    """The messages among deeds."""
    return [deed.frame for deed in deeds if isinstance(deed, Send)]


def told(deeds: list[Deed]) -> list[str]:
    """The faults that were told of."""
    return [deed.fault for deed in deeds if isinstance(deed, Tell)]


class TestMessages:
    """Faults of messages."""

    def test_duplicate(self) -> None:
        """A message of the name is sent twice, each time."""
        line, _ = line_of({"duplicate": "mark"})

        assert sent(line.sending(frame("mark"), 1)) == [frame("mark")] * 2
        assert sent(line.sending(frame("media"), 2)) == [frame("media")]
        assert sent(line.sending(frame("mark"), 3)) == [frame("mark")] * 2

    def test_lose(self) -> None:
        """It is not sent, and told of."""
        line, _ = line_of({"lose": "mark"})
        deeds = line.sending(frame("mark"), 1)

        assert (sent(deeds), told(deeds)) == ([], ["lose"])

    def test_nth_is_once(self) -> None:
        """Of three the second alone."""
        line, _ = line_of({"lose": "mark", "at": {"nth": 2}})

        assert [len(sent(line.sending(frame("mark", n), n))) for n in range(3)] == [1, 0, 1]

    def test_after_a_turn_is_once(self) -> None:
        """The first from the end of that turn on."""
        line, faults = line_of({"lose": "mark", "at": {"turn": 2}})
        before = len(sent(line.sending(frame("mark"), 1)))
        faults.turn_over(2)

        assert [before, *(len(sent(line.sending(frame("mark"), n))) for n in (2, 3))] == [1, 0, 1]

    def test_after_a_time_is_once(self) -> None:
        """The first once the time has passed."""
        line, _ = line_of({"duplicate": "mark", "at": {"after": "2 s"}})

        assert [len(sent(line.sending(frame("mark"), n * SECOND))) for n in (1, 2, 3)] == [1, 2, 1]

    def test_delay_lets_others_pass(self) -> None:
        """It leaves when its time has come, unchanged."""
        line, _ = line_of({"delay": {"event": "mark", "by": "200 ms"}})

        assert sent(line.sending(frame("mark"), 100)) == []
        assert sent(line.sending(frame("media"), 200)) == [frame("media")]
        assert line.next_us == 200_100
        assert sent(line.due(200_099)) == []
        assert sent(line.due(200_100)) == [frame("mark")]
        assert line.next_us is None

    def test_reorder_swaps_pairs(self) -> None:
        """Each leaves behind the one that follows it, of whatever name."""
        line, _ = line_of({"reorder": "media"})
        left = [sent(line.sending(frame("media", n), n)) for n in range(4)]

        assert left == [
            [],
            [frame("media", 1), frame("media", 0)],
            [],
            [frame("media", 3), frame("media", 2)],
        ]

    def test_reorder_does_not_wait_for_ever(self) -> None:
        """Nothing follows: it leaves after a second."""
        line, _ = line_of({"reorder": "mark"})
        line.sending(frame("mark"), 5)

        assert line.next_us == SECOND + 5
        assert sent(line.due(SECOND + 5)) == [frame("mark")]

    def test_what_is_held_back_leaves_before_the_close(self) -> None:
        """Nothing is lost by closing in order."""
        line, _ = line_of({"delay": {"event": "mark", "by": "9 s"}}, {"reorder": "clear"})
        line.sending(frame("mark"), 1)
        line.sending(frame("clear"), 2)

        assert sorted(map(str, sent(line.closing()))) == [frame("clear"), frame("mark")]
        assert sent(line.closing()) == []


class TestSpoilt:
    """Copies with something wrong in them."""

    @pytest.mark.parametrize("how", ["not_json", "truncated", "binary", "bad_base64", "unknown_event"])
    def test_the_message_itself_follows(self, how: str) -> None:
        """A spoilt copy leaves before it, once, and it cannot be read."""
        line, _ = line_of({"malformed": how})
        copy, message = sent(line.sending(frame("media"), 1))

        assert message == frame("media")
        assert copy != message
        assert sent(line.sending(frame("media"), 2)) == [frame("media")]
        match how:
            case "not_json" | "truncated":
                with pytest.raises(ValueError, match=r"."):
                    json.loads(copy)
            case "binary":
                assert copy == frame("media").encode()
            case "bad_base64":
                assert json.loads(copy)["media"]["payload"] == "*not base64*"
            case _:
                assert json.loads(copy)["event"] not in NAMES

    def test_audio_is_waited_for(self) -> None:
        """A message without audio cannot have wrong base64."""
        line, _ = line_of({"malformed": "bad_base64"})

        assert [len(sent(line.sending(frame(name), 1))) for name in ("mark", "media", "media")] == [1, 2, 1]

    def test_a_message_of_its_own(self) -> None:
        """The copy is of the message that is named, and counted."""
        line, _ = line_of({"malformed": "not_json", "at": {"event": "mark", "nth": 2}})
        left = [len(sent(line.sending(frame(name), 1))) for name in ("mark", "media", "mark", "mark")]

        assert left == [1, 1, 2, 1]


class TestLine:
    """Faults that happen to the line once."""

    @pytest.mark.parametrize(
        ("written", "deed"),
        [
            ({"drop": True}, Drop()),
            ({"close": 1011}, CloseWith(1011)),
            ({"half_close": True}, HalfClose()),
            ({"stall": "2 s"}, StopReading()),
            ({"error": "server_error"}, Send('{"event": "error", "code": "server_error"}')),
        ],
    )
    @pytest.mark.parametrize("moment", [None, {"turn": 1}, {"after": "3 s"}, {"event": "mark", "nth": 2}])
    def test_happens_once_at_its_moment(
        self, written: dict[str, Any], deed: Deed, moment: dict[str, Any] | None
    ) -> None:
        """As soon as the line is up, or at the moment that is written; told of before it is done."""
        faults = CallFaults([fault(**written, **({"at": moment} if moment else {}))])
        line = LineFaults(faults, DIALECT)
        stretches = {"up": line.up(10), "first": line.sending(frame("mark"), 20)}
        faults.turn_over(1)
        stretches["turn"] = line.turn_over(30)
        stretches["second"] = line.sending(frame("mark"), 40)
        stretches["time"] = line.due(3 * SECOND + 10)
        expected = {None: "up", "turn": "turn", "after": "time", "event": "second"}
        where = expected[next(iter(moment)) if moment else None]

        assert [name for name, deeds in stretches.items() if told(deeds)] == [where]
        deeds = [each for each in stretches[where] if not isinstance(each, Send) or each == deed]
        assert [type(each) for each in deeds] == [Tell, type(deed)]
        assert deeds[-1] == deed

    def test_what_is_timed_asks_to_be_woken(self) -> None:
        """The shell needs no message to come."""
        line, _ = line_of({"drop": True, "at": {"after": "3 s"}})

        assert line.next_us == 3 * SECOND

    def test_reading_goes_on(self) -> None:
        """A stall is over when its time is."""
        line, faults = line_of({"stall": "2 s", "at": {"turn": 1}})
        wakes = [line.next_us]
        faults.turn_over(1)
        line.turn_over(5)
        wakes.append(line.next_us)

        assert ReadOn() in line.due(2 * SECOND + 5)
        assert [*wakes, line.next_us] == [None, 2 * SECOND + 5, None]

    @pytest.mark.parametrize("written", [{"drop": True}, {"half_close": True}, {"close": 1011}])
    def test_nothing_leaves_a_line_that_is_gone(self, written: dict[str, Any]) -> None:
        """Not what is sent, and not what was held back."""
        delay = {"delay": {"event": "mark", "by": "1 s"}}
        line, faults = line_of(delay, {**written, "at": {"turn": 1}})
        line.sending(frame("mark"), 1)
        faults.turn_over(1)
        deeds = line.turn_over(2)

        assert sent(deeds) == ([frame("mark")] if "close" in written else [])
        assert line.sending(frame("media"), 3) == []
        assert sent([*line.due(9 * SECOND), *line.closing()]) == []
        assert faults.ended

    def test_what_happened_once_does_not_on_the_next_connection(self) -> None:
        """The faults of a call outlive its line."""
        faults = CallFaults([fault(drop=True)])

        assert Drop() in LineFaults(faults, DIALECT).up(0)
        assert LineFaults(faults, DIALECT).up(5) == []


class TestAttempts:
    """Opening the line."""

    def test_every_attempt(self) -> None:
        """Without a moment it is refused each time."""
        faults = CallFaults([fault(refuse=True)])

        assert [len(faults.attempt()) for _ in range(3)] == [1, 1, 1]

    def test_one_attempt(self) -> None:
        """With a number it is refused that time."""
        faults = CallFaults([fault(refuse=503, at={"nth": 2})])

        assert [len(faults.attempt()) for _ in range(3)] == [0, 1, 0]


MOMENTS = st.one_of(
    st.none(),
    st.builds(lambda n: {"turn": n}, st.integers(1, 3)),
    st.builds(lambda n: {"after": f"{n} ms"}, st.integers(0, 50)),
)
ON_MESSAGES = st.one_of(
    st.builds(
        lambda word, name: {word: name},
        st.sampled_from(["duplicate", "reorder", "lose"]),
        st.sampled_from(NAMES),
    ),
    st.builds(
        lambda name, ms: {"delay": {"event": name, "by": f"{ms} ms"}},
        st.sampled_from(NAMES),
        st.integers(0, 30),
    ),
)
ON_LINE = st.one_of(
    st.builds(lambda ms: {"stall": f"{ms} ms"}, st.integers(0, 30)),
    st.sampled_from([{"error": "x"}, {"malformed": "truncated"}, {"malformed": "bad_base64"}]),
    st.sampled_from([{"drop": True}, {"close": 1011}, {"half_close": True}]),
)
STEPS = st.lists(
    st.one_of(
        st.builds(lambda name: ("send", name), st.sampled_from([*NAMES, ""])),
        st.just(("turn", "")),
        st.just(("wait", "")),
        st.builds(lambda text: ("raw", text), st.text(max_size=6)),
    ),
    max_size=30,
)


def declared(words: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some faults, each with a moment or without."""
    timed = st.builds(lambda one, at: {**one, **({"at": at} if at else {})}, words, MOMENTS)
    return st.lists(timed, max_size=4)


def played(
    written: list[dict[str, Any]], steps: list[tuple[str, str]]
) -> tuple[list[str], list[Deed], CallFaults]:
    """What was handed over, and all that was done, to the end of a line that is closed in order."""
    faults = CallFaults([fault(**one) for one in written])
    line = LineFaults(faults, DIALECT)
    deeds = line.up(0)
    handed: list[str] = []
    at_us = 0
    for number, (step, what) in enumerate(steps):
        at_us += 7_000
        while (due_us := line.next_us) is not None and due_us <= at_us:
            deeds += line.due(due_us)
        if step == "turn":
            faults.turn_over(faults.turn + 1)
            deeds += line.turn_over(at_us)
        elif step != "wait":
            handed.append(frame(what, number) if step == "send" else what)
            deeds += line.sending(handed[-1], at_us)
    return handed, [*deeds, *line.closing()], faults


@given(declared(ON_MESSAGES), STEPS)
@MANY
def test_each_message_leaves_as_often_as_it_should(
    written: list[dict[str, Any]], steps: list[tuple[str, str]]
) -> None:
    """Once, and once more for each duplicate; never if it was lost. No other message ever leaves."""
    handed, deeds, _ = played(written, steps)
    left = Counter(map(str, sent(deeds)))
    faults = Counter(told(deeds))

    assert set(left) <= set(handed)
    if not faults["duplicate"]:
        assert sum(left.values()) == len(handed) - faults["lose"]
    if not faults["lose"]:
        assert sum(left.values()) >= len(handed)
        assert set(left) == set(handed)


@given(declared(ON_MESSAGES), STEPS)
@MANY
def test_without_reordering_and_delay_the_order_stays(
    written: list[dict[str, Any]], steps: list[tuple[str, str]]
) -> None:
    """What is lost or doubled moves nothing else."""
    handed, deeds, _ = played([one for one in written if not {"reorder", "delay"} & set(one)], steps)
    left = list(map(str, sent(deeds)))
    places = [handed.index(one) for one in left if handed.count(one) == 1]

    assert places == sorted(places)


@given(declared(st.one_of(ON_MESSAGES, ON_LINE)), STEPS)
@MANY
def test_a_line_ends_at_most_once(written: list[dict[str, Any]], steps: list[tuple[str, str]]) -> None:
    """Then nothing is done to it any more but to read on; each fault of the line was told at most once."""
    _, deeds, faults = played(written, steps)
    ends = [number for number, deed in enumerate(deeds) if isinstance(deed, Drop | CloseWith | HalfClose)]

    assert len(ends) <= 1
    assert faults.ended is bool(ends)
    if ends:
        assert all(isinstance(deed, ReadOn) for deed in deeds[ends[0] + 1 :])
    once = {"drop", "close", "half_close", "stall", "error", "malformed"}
    wanted = Counter(next(iter(set(one) - {"at"})) for one in written)
    assert all(told(deeds).count(word) <= wanted[word] for word in once)


@given(declared(st.one_of(ON_MESSAGES, ON_LINE)), STEPS)
@MANY
def test_the_same_steps_give_the_same_deeds(
    written: list[dict[str, Any]], steps: list[tuple[str, str]]
) -> None:
    """Nothing is left to chance."""
    assert played(written, steps)[:2] == played(written, steps)[:2]
