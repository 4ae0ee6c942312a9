"""A clip is one sentence, whole: what has a word more, less or instead is not taken for it, in noise too."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np
import pytest

from support_sound import pink, real_prompts
from turnspec.audio import (
    ClipIndex,
    Samples,
    decode,
    encode,
    load_clip,
    position_at,
    samples_of,
    track_of,
    voiced_span,
)
from turnspec.audio.beds import bed
from turnspec.call import ALAW_8K, MULAW_8K, AudioFormat
from turnspec.call.evidence import Track

RATE_HZ = 8_000
SENTENCES = (
    *("agent-pass", "conf-invalid", "vm-goodbye", "vm-passchanged", "one-moment-please", "dir-welcome"),
    *("vm-savemessage", "number-not-answering", "privacy-incorrect", "spy-console", "vm-tomakecall"),
    *("confbridge-has-left", "do-not-disturb", "de-activated"),
)
DIGITS = tuple(f"digits/{digit}" for digit in range(10))
PAUSES = (0, 60_000, 150_000, 400_000)
TRIES = 2

Said = Callable[[Random], tuple[Samples, Samples]]
"""What is said, and what is known instead of it."""


@lru_cache(maxsize=1)
def sounds() -> dict[str, Samples]:
    """All of them, from the first to the last sound."""
    return {name: voiced(samples) for name, samples in real_prompts(*SENTENCES, *DIGITS).items()}


def voiced(samples: Samples) -> Samples:
    """From the first to the last sound."""
    start_us, end_us = voiced_span(samples, RATE_HZ) or (0, 0)
    return samples[position_at(start_us, RATE_HZ) : position_at(end_us, RATE_HZ)]


def after_another(random: Random, *names: str) -> Samples:
    """One after the other, with the same pause in between."""
    pause = np.zeros(position_at(random.choice(PAUSES), RATE_HZ), np.int16)
    parts = [part for name in names for part in (sounds()[name], pause)]
    return np.concatenate(parts[:-1])


def over(line: str, samples: Samples, seed: int) -> Samples:
    """What a line makes of it: its codec alone, noise at 10 dB, or that and all else at once."""
    voice = np.pad(samples.astype(np.float64), 2_400)
    level = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    coding: AudioFormat = MULAW_8K
    noise = np.zeros(len(voice))
    if line == "babble":
        noise = np.resize(np.roll(bed("babble", RATE_HZ), seed * 4_000), len(voice)) / 3_000
    elif line != "clean":
        noise = pink(len(voice), seed)
    sound = voice + noise * level * 10 ** (-10 / 20)
    if line == "faint":
        sound, coding = sound / 10, ALAW_8K
    return decode(encode(np.clip(sound, -32_768, 32_767).astype(np.int16), coding), coding)


def two_of_three(random: Random) -> tuple[Samples, Samples]:
    """Three sentences; the clip is the first two of them."""
    one, two, three = random.sample(SENTENCES, 3)
    pause = random.getrandbits(32)
    return after_another(Random(pause), one, two, three), after_another(Random(pause), one, two)


def last_of_three(random: Random) -> tuple[Samples, Samples]:
    """Three sentences; the clip is the last two of them."""
    one, two, three = random.sample(SENTENCES, 3)
    pause = random.getrandbits(32)
    return after_another(Random(pause), one, two, three), after_another(Random(pause), two, three)


def a_digit_more(random: Random) -> tuple[Samples, Samples]:
    """Five digits; the clip has but four."""
    digits, pause = random.sample(DIGITS, 5), random.getrandbits(32)
    return after_another(Random(pause), *digits), after_another(Random(pause), *digits[:4])


def a_digit_before(random: Random) -> tuple[Samples, Samples]:
    """A digit and a sentence; the clip is the sentence."""
    digit, sentence = random.choice(DIGITS), random.choice(SENTENCES)
    return after_another(random, digit, sentence), sounds()[sentence]


def a_digit_after(random: Random) -> tuple[Samples, Samples]:
    """A sentence and a digit; the clip is the sentence."""
    digit, sentence = random.choice(DIGITS), random.choice(SENTENCES)
    return after_another(random, sentence, digit), sounds()[sentence]


def another_digit(random: Random) -> tuple[Samples, Samples]:
    """Five digits; in the clip the third is another."""
    digits, pause = random.sample(DIGITS, 6), random.getrandbits(32)
    other = [*digits[:2], digits[5], *digits[3:5]]
    return after_another(Random(pause), *digits[:5]), after_another(Random(pause), *other)


def another_last_digit(random: Random) -> tuple[Samples, Samples]:
    """A sentence and a digit; the clip ends in another."""
    (one, other), pause = random.sample(DIGITS, 2), random.getrandbits(32)
    sentence = random.choice(SENTENCES)
    return after_another(Random(pause), sentence, one), after_another(Random(pause), sentence, other)


KINDS: list[Said] = [
    *(two_of_three, last_of_three, a_digit_more, a_digit_before, a_digit_after),
    *(another_digit, another_last_digit),
]


@pytest.mark.parametrize("line", ["clean", "pink", "babble", "faint"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_not_all_of_a_clip_and_nothing_else_is_not_that_clip(kind: Said, line: str) -> None:
    """Neither way round; and each is known for what it is where that is known."""
    wrong = []
    for seed in range(TRIES):
        one, other = kind(Random(seed))
        for said, known in ((one, other), (other, one)):
            heard = over(line, said, seed)
            itself, another = track_of(said, RATE_HZ), track_of(known, RATE_HZ)
            found = ClipIndex.from_tracks({"other": another}).best(heard, RATE_HZ)
            wrong += [] if found is None else [(seed, "wrong")]
            found = ClipIndex.from_tracks({"itself": itself, "other": another}).best(heard, RATE_HZ)
            wrong += [(seed, "missed")] if found is None or found.key != "itself" else []

    assert wrong == []


ALIKE = (
    "I would like to cancel my order",
    "I would like to cancel my other order",
    "I would like to cancel my card",
    "I would like to cancel my old card",
    "I would like to change my order",
    "I would like to cancel my order please",
    "My number is four eight two one",
    "My number is four eight two seven",
    "My number is four three two one",
    "My number is four eight two one five",
)
VOICES = {
    "flite": ["flite", "-voice", "slt"],
    "espeak-ng": ["espeak-ng", "-v", "en"],
}


def spoken(voice: str, folder: Path) -> Iterator[Track]:
    """The sentences in a synthetic voice."""
    for number, words in enumerate(ALIKE):
        path = folder / f"{voice}-{number}.wav"
        options = ["-w", str(path), words] if voice == "espeak-ng" else ["-t", words, "-o", str(path)]
        subprocess.run([*VOICES[voice], *options], check=True, timeout=60)
        yield load_clip(path, RATE_HZ)


@pytest.mark.parametrize("voice", VOICES)
def test_sentences_of_a_synthetic_voice_that_begin_alike_are_told_apart(tmp_path: Path, voice: str) -> None:
    """Nobody says the same words as much alike as an engine does; each is itself, and no other is it."""
    if shutil.which(VOICES[voice][0]) is None:
        pytest.skip(f"no {VOICES[voice][0]}: apt-get install {VOICES[voice][0]}")
    clips = dict(zip(ALIKE, spoken(voice, tmp_path), strict=True))
    index = ClipIndex.from_tracks(clips)
    for seed, (words, clip) in enumerate(clips.items()):
        others = ClipIndex.from_tracks({other: each for other, each in clips.items() if other != words})
        heard = over("pink", samples_of(clip), seed)
        found = index.best(heard, RATE_HZ)

        assert found is not None, words
        assert found.key == words
        assert others.best(heard, RATE_HZ) is None, words
