"""Recordings that begin alike: the short one is not answered while the long one may go on."""

from __future__ import annotations

import numpy as np
import pytest

from support_talk import CLIPS
from turnspec.audio.codecs import encode
from turnspec.audio.files import load_clip
from turnspec.audio.samples import Samples, samples_of, silence, track_of
from turnspec.call import MULAW_8K
from turnspec.call.evidence import Track
from turnspec.doubles.agent.hearing import KnownClips
from turnspec.doubles.agent.phone.agenda import Agenda
from turnspec.doubles.agent.phone.turns import CallerTurns
from turnspec.doubles.agent.reply import Heard

RATE_HZ = 8_000


def clip(name: str) -> Samples:
    """A recording of the examples."""
    return samples_of(load_clip(CLIPS / "known" / f"{name}.flac", RATE_HZ))


SHORT = clip("account")
LONG = np.concatenate((SHORT, silence(400_000, RATE_HZ), clip("vague")))
KNOWN: list[tuple[str, Track]] = [("short", track_of(SHORT, RATE_HZ)), ("long", track_of(LONG, RATE_HZ))]


class Told:
    """A listener who keeps the words of each turn."""

    def __init__(self) -> None:
        self.words: list[str | None] = []

    def began(self, at_us: int, *, by_voice: bool) -> None:
        """Nothing is made of that."""

    def paused(self, heard: Heard, at_us: int) -> None:
        """Nor of that."""

    def finished(self, heard: Heard, ended_us: int, at_us: int) -> None:
        """A turn is over."""
        assert ended_us < at_us
        self.words.append(heard.text)


@pytest.mark.parametrize(("said", "words"), [(SHORT, "short"), (LONG, "long")], ids=["short", "long"])
@pytest.mark.parametrize("known", [KNOWN, KNOWN[::-1]], ids=["short first", "long first"])
def test_each_is_one_turn_and_heard_as_what_it_is(
    known: list[tuple[str, Track]], said: Samples, words: str
) -> None:
    """Whichever is listed first."""
    told, agenda = Told(), Agenda()
    turns = CallerTurns(MULAW_8K, KnownClips(known).hear, agenda, told)
    line = encode(np.concatenate((said, silence(2_000_000, RATE_HZ))), MULAW_8K)
    for number in range(len(line) // 160):
        at_us = (number + 1) * 20_000
        for action in agenda.due(at_us):
            action(at_us)
        turns.listen(line[160 * number : 160 * (number + 1)], at_us)

    assert told.words == [words]
