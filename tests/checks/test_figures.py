"""Numbers about a whole call, by their definitions."""

from __future__ import annotations

import re
from dataclasses import replace

from support_checks import (
    CONTEXT,
    as_text,
    audio,
    began,
    call,
    ended,
    golden,
    over,
    plan_of,
    responded,
    said,
    spoke,
    tones,
    turns,
)
from support_docs import REPOSITORY
from support_results import PASSED_RUN
from turnspec.call import Snapshot
from turnspec.call.events import CallerTexted, Event, PlaybackFlushed
from turnspec.checks import judge_call
from turnspec.checks.figures import figures_of_run
from turnspec.checks.lateness import late_engine
from turnspec.dsl.repeating import LEAST_SAMPLES
from turnspec.reports.figures import LABELS
from turnspec.results import Figure, Outcome, Unit

SPEAKS = turns("caller: I lost my card\nexpect: {says: blocked}")


def figures(view: Snapshot) -> dict[str, Figure]:
    """The figures of a call of one turn, by name."""
    return {one.name: one for one in judge_call(plan_of(SPEAKS), view, CONTEXT).figures}


def value(view: Snapshot, name: str) -> int | None:
    """One of them."""
    return figures(view)[name].value


def sent(*pieces: Event) -> Snapshot:
    """A call in which the agent sent these pieces of audio."""
    return call(began(0, 60), spoke(0, 100, 1_000), *pieces, over(0, 9_000), ended(9_900))


class TestDelivery:
    """How audio came over the line."""

    def test_real_time_is_whole(self) -> None:
        """Pieces of 100 ms, one every 100 ms, come as fast as they play; 100 ms are left at the end."""
        view = sent(*(audio(1_000 + 100 * n, 100, 1_000 + 100 * n) for n in range(10)))

        assert figures(view)["delivery_ratio"] == Figure("delivery_ratio", Unit.SHARE, 1_000_000, samples=1)
        assert figures(view)["playback_tail"] == Figure(
            "playback_tail", Unit.TIME, 100_000, samples=1, at_us=1_900_000
        )
        assert figures(view)["stalls"] == Figure("stalls", Unit.COUNT, 0, samples=9)

    def test_burst_leaves_a_tail(self) -> None:
        """Four seconds that come in 100 ms are sent forty times as fast, and are still played for 3.9 s."""
        view = sent(audio(1_000, 2_000, 1_000), audio(1_000, 1_900, 3_000), audio(1_000, 100, 4_900))

        assert value(view, "delivery_ratio") == 40_000_000
        assert value(view, "playback_tail") == 4_000_000

    def test_stall_that_is_heard(self) -> None:
        """Half a second without audio, when the phone had nothing left to play."""
        view = sent(audio(1_000, 1_000, 1_000), audio(2_500, 500, 2_500), audio(3_000, 100, 3_000))

        assert figures(view)["stalls"] == Figure(
            "stalls", Unit.COUNT, 1, "the longest of 500 ms, 1 of them heard", 2, 2_500_000
        )

    def test_stall_that_is_not_heard(self) -> None:
        """A second without audio, while the phone still had enough to play."""
        view = sent(audio(1_000, 2_000, 1_000), audio(1_000, 20, 3_000), audio(2_020, 100, 3_020))

        assert figures(view)["stalls"] == Figure(
            "stalls", Unit.COUNT, 1, "the longest of 1,000 ms, none of them heard", 2, 2_020_000
        )

    def test_next_reply_is_no_stall(self) -> None:
        """Where the phone was silent for 800 ms, what comes is another reply."""
        view = sent(audio(1_000, 500, 1_000), audio(2_300, 500, 2_300))

        assert value(view, "stalls") == 0
        assert figures(view)["delivery_ratio"].samples == 2

    def test_flush_ends_a_stretch(self) -> None:
        """What follows a flush was sent for something else."""
        flushed = PlaybackFlushed(at_us=1_500_000, unplayed_us=500_000)
        view = sent(audio(1_000, 1_000, 1_000), flushed, audio(1_800, 500, 1_800))

        assert figures(view)["delivery_ratio"].samples == 2

    def test_text_has_no_figures(self) -> None:
        """A call without any sound has none."""
        texted = CallerTexted(at_us=100_000, turn=0, text="hello")

        assert figures(call(began(0, 60), texted, over(0, 900), ended(1_000))) == {}


class TestTalk:
    """Who spoke how much."""

    CALL = call(
        began(0, 60),
        spoke(0, 100, 1_100),
        responded(1_200, "r1"),
        said("Your card is blocked now.", 1_300, None),
        over(0, 6_000),
        ended(9_000),
        agent=tones((2_100, 3_100), (5_100, 6_100)),
    )

    def test_share_of_speech(self) -> None:
        """Two seconds of the agent and one of the caller: two thirds."""
        assert value(self.CALL, "talk_ratio") == 666_666

    def test_dead_air(self) -> None:
        """The longest silence of both, and where it was; what is before and after all words is none."""
        assert figures(self.CALL)["dead_air"] == Figure(
            "dead_air", Unit.TIME, 2_000_000, samples=2, at_us=3_100_000
        )

    def test_words_a_minute(self) -> None:
        """Five words in two seconds of speech."""
        assert figures(self.CALL)["words_per_minute"] == Figure("words_per_minute", Unit.RATE, 150, samples=5)

    def test_too_little_to_say_how_fast(self) -> None:
        """Of less than a second of speech the speed is not told."""
        view = call(
            began(0, 60),
            spoke(0, 100, 1_000),
            responded(1_200, "r1"),
            said("No.", 1_300, None),
            over(0, 3_000),
            ended(4_000),
            agent=tones((1_500, 1_900)),
        )

        assert figures(view)["words_per_minute"] == Figure(
            "words_per_minute", Unit.RATE, None, "too little was said", 1
        )

    def test_interruptions_each_way(self) -> None:
        """Who begins over the other, and has the word in the end, interrupts; less is a remark."""
        view = call(
            began(0, 60),
            spoke(0, 100, 2_000),
            spoke(0, 4_000, 5_000, interrupts=True),
            spoke(0, 7_000, 7_500),
            over(0, 9_000),
            ended(9_900),
            agent=tones((1_500, 4_600), (6_000, 8_000)),
        )

        assert value(view, "agent_interruptions") == 1
        assert figures(view)["agent_interruptions"].at_us == 1_500_000
        assert value(view, "caller_interruptions") == 1
        assert figures(view)["caller_interruptions"].at_us == 4_000_000


def test_percentiles_need_samples() -> None:
    """One response has no median; two have one, and nothing beyond it."""
    one = figures(TestTalk.CALL)

    assert not [name for name in one if name.startswith("response")]

    two = plan_of(turns("caller: hello\nexpect: {says: any}", "caller: hello\nexpect: {says: any}"))
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 3_000),
        began(1, 3_010),
        spoke(1, 3_100, 4_000),
        over(1, 6_000),
        ended(6_500),
        agent=tones((1_500, 2_500), (4_800, 5_500)),
    )
    found = {each.name: each for each in judge_call(two, view, CONTEXT).figures if "response" in each.name}

    assert found == {"response_p50": Figure("response_p50", Unit.TIME, 500_000, samples=2)}


class TestLateness:
    """Whether the engine itself was in time."""

    def test_late_engine_is_a_note(self) -> None:
        """A call that was made too late is told of, and judged all the same."""
        view = TestTalk.CALL
        verdict = judge_call(plan_of(SPEAKS), view, replace(CONTEXT, lateness_us=61_000))
        (note,) = [each for each in verdict.findings if each.kind == "late-engine"]
        text = as_text(note)

        assert text == golden("late-engine", text)
        assert verdict.outcome is judge_call(plan_of(SPEAKS), view, CONTEXT).outcome

    def test_in_time(self) -> None:
        """Fifty milliseconds are within what is trusted."""
        assert list(late_engine(50_000)) == []


def test_every_figure_is_explained_and_labelled() -> None:
    """The reference and the reports know every figure, and no others."""
    page = (REPOSITORY / "docs" / "reference" / "figures.md").read_text("utf-8")
    told = set(re.findall(r"(?m)^\| `(\w+)` \|", page))

    assert told == {*LABELS, *(f"response_p{each}" for each in LEAST_SAMPLES)}
    assert set(figures(TestTalk.CALL)) | {"delivery_ratio", "playback_tail", "stalls"} <= told


def test_percentiles_of_a_run() -> None:
    """The times of all calls count together; those of calls that could not be judged do not."""
    (call,) = PASSED_RUN.calls
    broken = replace(call, outcome=Outcome.ERROR)

    assert figures_of_run([call, broken]) == ()
    assert figures_of_run([call, call, broken]) == (Figure("response_p50", Unit.TIME, 812_000, samples=2),)
