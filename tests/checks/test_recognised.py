"""Which speech somebody has to listen to, and the lines that come of it."""

from __future__ import annotations

import pytest

from turnspec.audio.edges import Segment
from turnspec.call import Snapshot
from turnspec.call.derived import Derived, DerivedState
from turnspec.call.events import CallerSpoke, Origin, PlaybackFlushed
from turnspec.checks.recognised import (
    Stretch,
    caller_stretches,
    recognised_lines,
    stretches,
    unanswered,
    unrecognised,
)
from turnspec.checks.words import transcript
from turnspec.results import Line, TimedWord

S = 1_000_000
WORDS = ({"text": "Hello.", "from_us": 1_100_000, "to_us": 1_900_000, "probability": 0.9},)


def told(began_s: float, ended_s: float, turn: int = 0) -> Line:
    """A line of the agent by the protocol's own account."""
    return Line("agent", "words", round(began_s * S), round(ended_s * S), "message text", turn)


def at(*spans: tuple[float, float], turn: int = 0) -> list[tuple[Segment, int | None]]:
    """Speech of a turn, in seconds."""
    return [(Segment(round(start * S), round(end * S)), turn) for start, end in spans]


def found(*spans: tuple[float, float], lines: tuple[Line, ...] = ()) -> list[tuple[float, float]]:
    """From when to when somebody has to listen, in seconds."""
    return [(each.from_us / S, each.to_us / S) for each in stretches(at(*spans), lines)]


def answer(
    state: DerivedState = DerivedState.OK, who: str = "agent", from_s: float = 1, to_s: float = 2
) -> Derived:
    """Words that were made out, or not."""
    return Derived(
        kind="transcript",
        turn=0,
        text=who,
        engine="whisper",
        model="tiny.en@1a5afae06a4d",
        key="k",
        state=state,
        given={"from_us": round(from_s * S), "to_us": round(to_s * S)},
        answer={"text": "Hello.", "words": list(WORDS)} if state is DerivedState.OK else {},
        reason="" if state is DerivedState.OK else "it took too long",
    )


def test_speech_with_short_pauses_is_one_stretch() -> None:
    """Half a second of silence divides what is listened to; less does not."""
    assert found((1, 2), (2.4, 3), (3.6, 4)) == [(1.0, 3.0), (3.6, 4.0)]


def test_no_more_than_an_engine_hears_at_once() -> None:
    """Speech is put together up to 25 seconds."""
    assert found((0, 12), (12.2, 24), (24.2, 30)) == [(0.0, 24.0), (24.2, 30.0)]


def test_speech_whose_words_are_told_is_not_listened_to() -> None:
    """What overlaps a line of the protocol is known; the rest is not, though it goes on right after it."""
    assert found((1, 2), (2.2, 3), lines=(told(0.9, 2.1),)) == [(2.2, 3.0)]


def test_a_message_stands_for_all_speech_of_its_turn() -> None:
    """Text without a time of its own says what the turn's speech says."""
    assert list(stretches(at((1, 2), (4, 5)), (told(0.5, 0.8),), {0})) == []
    assert list(stretches(at((1, 2), turn=1), (told(0.5, 0.8),), {0})) == [Stretch("agent", 1, S, 2 * S)]


def test_turns_are_never_put_together() -> None:
    """The end of one reply and the beginning of the next are two stretches."""
    both = at((1, 2)) + at((2.1, 3), turn=1)

    assert list(stretches(both, ())) == [Stretch("agent", 0, S, 2 * S), Stretch("agent", 1, 2_100_000, 3 * S)]


@pytest.mark.parametrize(("text", "wanted"), [(None, [Stretch("caller", 0, S, 2 * S)]), ("hello", [])])
def test_what_the_caller_said_in_no_words(text: str | None, wanted: list[Stretch]) -> None:
    """A recording without text is listened to; what is written is known."""
    spoke = CallerSpoke(
        at_us=S,
        turn=0,
        text=text,
        clip="a.wav",
        speech_start_us=S,
        speech_end_us=2 * S,
        origin=Origin.RECORDED,
    )

    assert list(caller_stretches(Snapshot((spoke,)))) == wanted


def test_what_was_answered_is_not_asked_again() -> None:
    """A stretch is known once half of it is, however its edges are placed later; the other side's is not."""
    mine, later = Stretch("agent", 0, 900_000, 2_100_000), Stretch("agent", 0, 3 * S, 4 * S)
    callers = Stretch("caller", 0, S, 2 * S)

    assert list(unanswered((mine, later, callers), (answer(),))) == [later, callers]


@pytest.mark.parametrize("paused", [1.4, 3.0])
def test_of_a_reply_that_goes_on_what_is_new_is_listened_to(paused: float) -> None:
    """What was made out in mid-call is not asked again with what follows, nor does it stand for that."""
    goes_on = at((1, paused), (paused + 0.3, 4.5))
    known = answer(to_s=paused)

    assert list(stretches(goes_on, (), derived=(known,))) == [
        Stretch("agent", 0, round((paused + 0.3) * S), round(4.5 * S))
    ]


def test_lines_tell_by_whom_and_when() -> None:
    """A line has its words' times, and the engine and model that made it, without their digest."""
    (line,) = recognised_lines(Snapshot(()), (answer(), answer(DerivedState.FAILED)))

    assert line == Line(
        "agent",
        "Hello.",
        S,
        2 * S,
        "recognition (whisper tiny.en)",
        0,
        words=(TimedWord("Hello.", 1_100_000, 1_900_000),),
    )


@pytest.mark.parametrize(("flushed_s", "cut"), [(1.95, True), (2.5, False)])
def test_a_flush_at_its_end_cuts_a_line(flushed_s: float, *, cut: bool) -> None:
    """Speech that ends where playback was flushed was broken off."""
    flushed = PlaybackFlushed(at_us=round(flushed_s * S), unplayed_us=S)
    (line,) = recognised_lines(Snapshot((flushed,)), (answer(),))

    assert line.cut is cut


def test_recognised_words_take_the_place_of_a_clip() -> None:
    """What was made out of a recording without text stands where its name stood."""
    spoke = CallerSpoke(
        at_us=S,
        turn=0,
        text=None,
        clip="a.wav",
        speech_start_us=S,
        speech_end_us=2 * S,
        origin=Origin.RECORDED,
    )
    view = Snapshot((spoke,))

    assert [line.text for line in transcript(view, None)] == ["[a.wav]"]
    assert [line.text for line in transcript(view, None, (answer(who="caller"),))] == ["Hello."]


def test_a_failure_in_a_turn_is_told() -> None:
    """One answer that failed says why not all words of a turn are known; the caller's does not."""
    failed = answer(DerivedState.FAILED)

    assert unrecognised((answer(), failed), 0) == "recognition (whisper tiny.en) failed: it took too long"
    assert unrecognised((answer(), failed), 1) == ""
    assert unrecognised((answer(), answer(DerivedState.FAILED, who="caller")), 0) == ""
