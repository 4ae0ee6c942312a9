"""Forty prompts of one voice, each looked for in what a noisy line made of every other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from support_sound import pink, real_prompts
from turnspec.audio.codecs import decode, encode
from turnspec.audio.edges import voiced_span
from turnspec.audio.passage import Listening, Passage, Recording
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, position_at
from turnspec.call import MULAW_8K

RATE_HZ = 8_000
PROMPTS = [
    "conf-full",
    "conf-invalid",
    "dir-first",
    "dir-firstlast",
    "dir-welcome",
    "extension",
    "spy-mobile",
    "vm-forward",
    "vm-intro",
    "vm-mismatch",
    "vm-msgsaved",
    "vm-savedto",
    "vm-savefolder",
    "vm-tomakecall",
    "conf-onlyone",
    "confbridge-begin-glorious-c",
    "confbridge-conf-begin",
    "confbridge-has-joined",
    "confbridge-there-are",
    "de-activated",
    "demo-enterkeywords",
    "one-moment-please",
    "privacy-incorrect",
    "spy-console",
    "spy-misdn",
    "vm-repeat",
    "conf-unlockednow",
    "confbridge-dec-list-vol-in",
    "confbridge-rest-talk-vol-in",
    "dir-instr",
    "do-not-disturb",
    "enter-num-blacklist",
    "number-not-answering",
    "privacy-unident",
    "queue-quantity2",
    "vm-dialout",
    "vm-from-phonenumber",
    "vm-incorrect-mailbox",
    "vm-savemessage",
    "confbridge-leave-in",
]
WHOLE = 0.9
TEN_DB = 10 ** (-10 / 20)
AROUND_US = 300_000  # noise alone, before and after a prompt

Wave = NDArray[np.float64]


@lru_cache(maxsize=1)
def prompts() -> dict[str, Samples]:
    """The forty."""
    assert len(PROMPTS) == 40
    return real_prompts(*PROMPTS)


@lru_cache(maxsize=1)
def recordings() -> dict[str, Recording]:
    """The forty, to be looked for."""
    return {name: Recording(samples, RATE_HZ) for name, samples in prompts().items()}


def voiced(name: str) -> Samples:
    """A prompt from its first to its last sound."""
    samples = prompts()[name]
    start_us, end_us = voiced_span(samples, RATE_HZ) or (0, 0)
    return samples[position_at(start_us, RATE_HZ) : position_at(end_us, RATE_HZ)]


def noisy(name: str, sound: NDArray[np.generic], seed: int, ratio: float = TEN_DB) -> Wave:
    """A sound with a little before and after it, all in noise under the prompt's own level."""
    level = float(np.sqrt(np.mean(voiced(name).astype(np.float64) ** 2)))
    padded = np.pad(sound.astype(np.float64), position_at(AROUND_US, RATE_HZ))
    return np.asarray(padded + pink(len(padded), seed) * level * ratio)


def on_the_wire(sound: Wave) -> Samples:
    """What a telephone makes of it: clipped, and as mu-law."""
    return decode(encode(np.clip(sound, -32_768, 32_767).astype(np.int16), MULAW_8K), MULAW_8K)


def heard(name: str, track: Samples) -> Passage | None:
    """Where a prompt is heard."""
    return Listening(track, RATE_HZ).find(recordings()[name])


def test_each_of_forty_is_found_in_its_own_sound_and_in_no_other() -> None:
    """1,600 comparisons at 10 dB through mu-law: no miss, no false match, begun where it began to 10 ms."""
    wrong = []
    for seed, name in enumerate(PROMPTS):
        listening = Listening(on_the_wire(noisy(name, voiced(name), seed)), RATE_HZ)
        found = {each: listening.find(recordings()[each]) for each in PROMPTS}
        own = found.pop(name)
        if own is None or own.share < WHOLE or abs(own.from_us - AROUND_US) > 10_000:
            wrong.append(f"{name}: {own}")
        wrong += [f"{name} heard as {other}: {passage}" for other, passage in found.items() if passage]

    assert wrong == []


@pytest.mark.parametrize("ratio", [0.0, TEN_DB], ids=["clean", "10 dB"])
def test_a_prompt_cut_at_sixty_percent_is_heard_for_sixty(ratio: float) -> None:
    """Its share is between 55 and 65 %, for each of the forty."""
    wrong = []
    for seed, name in enumerate(PROMPTS):
        cut = voiced(name)[: len(voiced(name)) * 6 // 10]
        passage = heard(name, on_the_wire(noisy(name, cut, 100 + seed, ratio)))
        if passage is None or not 0.55 <= passage.share <= 0.65:
            wrong.append(f"{name}: {passage}")

    assert wrong == []


def lossy(sound: Wave, seed: int) -> Wave:
    """Three of a hundred frames of 20 ms are silence."""
    kept = np.random.default_rng(seed).random(len(sound) // 160 + 1) >= 0.03
    return np.asarray(sound * np.repeat(kept, 160)[: len(sound)])


def stretched(sound: Wave) -> Wave:
    """The sender's clock is 100 ppm fast."""
    at = np.arange(int(len(sound) / 1.0001)) * 1.0001
    return np.asarray(np.interp(at, np.arange(len(sound)), sound))


def detoured(sound: Wave) -> Wave:
    """Up to 24 kHz by one filter and down again by taking every third sample, from the second on."""
    wide = np.interp(np.arange(3 * len(sound)) / 3, np.arange(len(sound)), sound)
    return np.asarray(wide[1::3])


def detoured_well(sound: Wave) -> Wave:
    """Up to 24 kHz and down again by the filters that turnspec has."""
    there = resample(np.clip(sound, -32_768, 32_767).astype(np.int16), RATE_HZ, 24_000)
    return resample(there, 24_000, RATE_HZ).astype(np.float64)


def beside(sound: Wave) -> Wave:
    """Another recording before it, and one after it."""
    before, after = (prompts()[name].astype(np.float64) for name in ("vm-intro", "dir-instr"))
    return np.concatenate((before, sound, after))


def under(sound: Wave) -> Wave:
    """Another voice all the while, as loud."""
    other = prompts()["dir-instr"].astype(np.float64)
    return np.asarray(sound + np.resize(other, len(sound)))


ROUTES: dict[str, Callable[[Wave, int], Wave]] = {
    "12 dB down": lambda sound, _: sound * 0.25,
    "6 dB up": lambda sound, _: sound * 2,
    "18 dB up, clipped": lambda sound, _: sound * 8,
    "3 % lost": lossy,
    "a fast clock": lambda sound, _: stretched(sound),
    "over 24 kHz, badly": lambda sound, _: detoured(sound),
    "over 24 kHz, well": lambda sound, _: detoured_well(sound),
    "others beside it": lambda sound, _: beside(sound),
    "another under it": lambda sound, _: under(sound),
}
SOME = ("conf-full", "vm-forward", "vm-mismatch", "spy-misdn", "one-moment-please", "privacy-unident")


@pytest.mark.parametrize("route", ROUTES)
def test_a_prompt_stays_what_it_is_over_a_bad_line(route: str) -> None:
    """All of it is heard at 10 dB, whatever else the line does to it."""
    for seed, name in enumerate(SOME):
        track = on_the_wire(ROUTES[route](noisy(name, voiced(name), seed), seed))
        passage = heard(name, track)

        assert passage is not None, name
        assert passage.share >= WHOLE, (name, passage)


def test_music_that_comes_round_again_is_heard_once_and_whole() -> None:
    """Of several times that it plays the first is told, also where the first of all was half over."""
    loop = np.concatenate([voiced(name) for name in SOME[:3]])
    track = np.concatenate((loop[len(loop) // 2 :], loop, loop, loop[: len(loop) // 3]))
    level = float(np.sqrt(np.mean(loop.astype(np.float64) ** 2)))
    passage = Listening(
        on_the_wire(track.astype(np.float64) + pink(len(track), 3) * level * TEN_DB), RATE_HZ
    ).find(Recording(loop, RATE_HZ))

    assert passage is not None
    assert passage.share >= WHOLE
    assert abs(passage.from_us - (len(loop) - len(loop) // 2) * 125) <= 10_000


def test_a_long_recording_over_a_clock_that_drifts_is_followed_to_its_end() -> None:
    """A minute on a clock that is 100 ppm fast comes 48 samples early at its end, and is heard to there."""
    music = np.concatenate(list(_a_minute()))
    level = float(np.sqrt(np.mean(music.astype(np.float64) ** 2)))
    track = stretched(np.pad(music.astype(np.float64), RATE_HZ))
    passage = Listening(on_the_wire(track + pink(len(track), 4) * level * TEN_DB), RATE_HZ).find(
        Recording(music, RATE_HZ)
    )

    assert passage is not None
    assert passage.share >= WHOLE
    assert abs(passage.to_us - 1_000_000 - len(music) * 125) <= 30_000


def _a_minute() -> Iterator[Samples]:
    length = 0
    for name in PROMPTS:
        if length < 60 * RATE_HZ:
            length += len(voiced(name))
            yield voiced(name)
