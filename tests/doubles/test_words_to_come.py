"""Words that are still being made out: who waits for them, and what the caller may do meanwhile."""

from __future__ import annotations

import numpy as np

from support_sound import tone
from turnspec.adapters.realtime.server.awaiting import Awaiting
from turnspec.audio.codecs import encode
from turnspec.audio.samples import silence
from turnspec.call import MULAW_8K
from turnspec.call.evidence import Track
from turnspec.doubles.agent.phone.agenda import Agenda
from turnspec.doubles.agent.phone.turns import CallerTurns
from turnspec.doubles.agent.recognising import Recognition
from turnspec.doubles.agent.reply import Heard

FRAME_US = 20_000


class Slow:
    """A recogniser whose words are there from a moment on, and a listener who keeps what is told."""

    def __init__(self, ready_us: int) -> None:
        self.now_us, self.ready_us = 0, ready_us
        self.asked: list[int] = []
        self.told: list[tuple[str | None, int, int]] = []  # words, how long they were waited for, when

    def recognition(self, heard: Heard, speech: Track) -> Recognition | None:
        """The words of whatever was said: how long it is."""

        def made() -> Heard | None:
            self.asked.append(self.now_us)
            if self.now_us < self.ready_us:
                return None
            return Heard(f"{round(speech.duration_us / 1e6)} s", "transcriber", engine="slow")

        return None if heard.text else made

    def began(self, at_us: int, *, by_voice: bool) -> None:
        """Nothing is made of that."""

    def paused(self, heard: Heard, at_us: int) -> None:
        """Nor of that."""

    def finished(self, heard: Heard, ended_us: int, at_us: int) -> None:
        """A turn is over."""
        assert ended_us < at_us
        self.told.append((heard.text, heard.waited_us, at_us))


def spoken(slow: Slow, *parts_ms: int) -> Slow:
    """Sound and silence by turns, for so many milliseconds each, on a line whose agent knows no recording."""
    agenda = Agenda()
    turns = CallerTurns(MULAW_8K, lambda _: Heard(None, "none"), agenda, slow, recognition=slow.recognition)
    sounds = [
        silence(ms * 1_000, 8_000) if number % 2 else tone(ms * 1_000) for number, ms in enumerate(parts_ms)
    ]
    line = encode(np.concatenate(sounds), MULAW_8K)
    for number in range(len(line) // 160):
        slow.now_us = (number + 1) * FRAME_US
        for action in agenda.due(slow.now_us):
            action(slow.now_us)
        turns.listen(line[160 * number : 160 * (number + 1)], slow.now_us)
    return slow


def test_recognition_begins_before_the_turn_is_over() -> None:
    """Where it is quick enough, nobody waits for it."""
    slow = spoken(Slow(ready_us=0), 1_000, 2_000)

    assert [(words, waited) for words, waited, _ in slow.told] == [("1 s", 0)]
    assert slow.told[0][2] - slow.asked[0] >= 280_000


def test_an_answer_waits_for_words_that_are_not_there() -> None:
    """The turn is told when they are, and how long that took after it was over."""
    slow = spoken(Slow(ready_us=2_400_000), 1_000, 3_000)

    ((words, waited_us, at_us),) = slow.told
    assert words == "1 s"
    assert 2_400_000 <= at_us <= 2_440_000
    assert at_us - waited_us == 1_600_000


def test_a_caller_who_goes_on_meanwhile_says_one_turn() -> None:
    """What was said before and after are made out together, and told once."""
    slow = spoken(Slow(ready_us=3_000_000), 1_000, 1_000, 1_000, 2_500)

    assert [words for words, *_ in slow.told] == ["3 s"]


def test_what_is_asked_meanwhile_is_done_after_it() -> None:
    """In the order in which it came, and at once where nothing is waited for."""
    done: list[str] = []
    ready: set[str] = set()
    awaiting = Awaiting()

    def found(name: str) -> bool:
        if name in ready:
            done.append(name)
        return name in ready

    awaiting.then(lambda: done.append("before"))
    awaiting.look(lambda: found("first"), 0)
    awaiting.then(lambda: done.append("asked"))
    awaiting.look(lambda: found("second"), 5_000)
    assert (done, awaiting.busy, awaiting.due_us) == (["before"], True, 20_000)

    ready.add("second")
    awaiting.advance(20_000)
    assert done == ["before"]

    ready.add("first")
    awaiting.advance(30_000)
    assert done == ["before"]
    awaiting.advance(40_000)
    assert (done, awaiting.busy, awaiting.due_us) == (["before", "first", "asked", "second"], False, None)
