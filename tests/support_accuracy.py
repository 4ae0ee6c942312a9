"""Calls whose every edge is known: people's speech, cut and spliced at known samples.

Nothing here asks the code under test where speech is. *Audible* is a sample with 5 ms around it of a level or
louder: -50 dBFS on a clean line, the level of the noise on a noisy one. A clip is cut to its first and its
last audible sample, so that nothing of the voice is left outside of what counts as the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from support_checks import began, call, ended, over, plan_of, turns
from support_sound import PROMPTS
from turnspec.audio import (
    EMPTY,
    RESOLUTION_US,
    Samples,
    decode,
    encode,
    load_clip,
    refined,
    samples_of,
    track_of,
    voiced_span,
)
from turnspec.audio.beds import RMS, bed
from turnspec.call import MULAW_8K, PCM_8K, AudioFormat, Snapshot
from turnspec.call.events import CallerSpoke, Origin, PlaybackFlushed
from turnspec.plan.model import CallPlan

RATE_HZ: Final = 8_000
SAMPLE_US: Final = 125
FULL: Final = 32_768.0
AUDIBLE: Final = FULL * 10 ** (-50 / 20)  # RMS
SMEARED: Final = 40  # samples of 5 ms
FRAME: Final = 160
PEOPLE: Final = "people"
NO_VOICES: Final = ("beep", "tone", "ring", "silence", "music", "screen", "monkeys", "weasels", "hello-world")

PLAN: Final[CallPlan] = plan_of(
    turns(
        "turn: Ask\ncaller: hello",
        "turn: Ask on\ncaller: and then",
        "turn: Talk over\ncaller: {say: stop, interrupt: {after: 1 s}}",
    )
)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the line does to both voices: `lost` is the share of the agent's frames that never arrive.

    `noise` is a built-in bed, or `people`: six of the recorded ones who read aloud behind the agent.
    """

    name: str
    to_noise_db: float | None = None
    format: AudioFormat = PCM_8K
    lost: float = 0.0
    noise: str = "pink"


CONDITIONS: Final = (
    Condition("clean"),
    Condition("G.711", format=MULAW_8K),
    Condition("1 % loss", lost=0.01),
    Condition("G.711, 1 % loss", format=MULAW_8K, lost=0.01),
    Condition("noise", to_noise_db=10),
    Condition("noise, G.711", to_noise_db=10, format=MULAW_8K),
    Condition("noise, G.711, 1 % loss", to_noise_db=10, format=MULAW_8K, lost=0.01),
)

LIVELY: Final = tuple(
    Condition(f"{name}, {db} dB", to_noise_db=db, noise=noise)
    for name, noise in (("babble", "babble"), ("café", "cafe"), ("six people reading", PEOPLE))
    for db in (15, 10)
)


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call's evidence, and what each measurement of each turn is in truth, in microseconds."""

    evidence: Snapshot
    truth: Mapping[tuple[int, str], int]


@cache
def voices() -> tuple[Samples, ...]:
    """What people say, each clip with all of its fades: half a second to three of it."""
    paths = [path for path in sorted(PROMPTS.glob("*.wav")) if not _is_sound(path)]
    clips = (cut(samples_of(load_clip(path, RATE_HZ)), AUDIBLE) for path in paths)
    return tuple(clip for clip in clips if 4_000 <= len(clip) <= 24_000 and not _pauses(clip))


def _is_sound(path: Path) -> bool:
    return any(word in path.stem for word in NO_VOICES)


def cut(clip: Samples, level: float) -> Samples:
    """A clip from its first to its last audible sample."""
    audible = np.flatnonzero(_loudness(clip) >= level)
    return clip[audible[0] : audible[-1] + 1] if len(audible) else EMPTY


def _loudness(clip: Samples) -> NDArray[np.float64]:
    """The RMS of the 5 ms around each sample."""
    squares = np.square(clip.astype(np.float64))
    return np.asarray(np.sqrt(np.convolve(squares, np.full(SMEARED, 1 / SMEARED), "same")))


def _pauses(clip: Samples) -> bool:
    """Whether the speaker pauses, for 300 ms or more, 20 dB below the loudest."""
    loudness = _loudness(clip)
    loud = np.flatnonzero(loudness >= loudness.max() / 10)
    return bool(np.diff(loud).max() >= 2_400)


def pink(count: int, seed: int) -> NDArray[np.float64]:
    """Noise with as much power in each octave from 20 Hz on, of RMS 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    shaped = np.fft.irfft(np.where(hz >= 20, spectrum / np.sqrt(np.maximum(hz, 20)), 0), count)
    return np.asarray(shaped / np.sqrt(np.mean(np.square(shaped))))


def people(count: int, seed: int) -> NDArray[np.float64]:
    """Six who read prompts aloud at once, each as loud and with pauses between, of RMS 1 on the whole."""
    draw, heard = np.random.default_rng(1_000 + seed), np.zeros(count)
    for _ in range(6):
        at = int(draw.integers(RATE_HZ // 2))
        while at < count:
            clip = voices()[int(draw.integers(len(voices())))].astype(np.float64)
            clip = clip[: count - at] / np.sqrt(np.mean(np.square(clip)))
            heard[at : at + len(clip)] += clip
            at += len(clip) + int(draw.integers(RATE_HZ // 10, RATE_HZ // 2))
    return np.asarray(heard / np.sqrt(np.mean(np.square(heard))))


def noise_of(name: str, count: int, seed: int) -> NDArray[np.float64]:
    """So much of a noise, of RMS 1 on the whole; a bed from some moment of it on."""
    if name == "pink":
        return pink(count, seed)
    if name == PEOPLE:
        return people(count, seed)
    sound = bed(name, RATE_HZ)
    start = int(np.random.default_rng(seed).integers(len(sound)))
    return np.asarray(np.take(sound, np.arange(start, start + count), mode="wrap") / RMS)


class Splicer:
    """Draws clips and moments from a seed, and keeps the two sides of one call as they are laid down."""

    def __init__(self, seed: int, condition: Condition) -> None:
        self._draw = np.random.default_rng(seed)
        self._seed = seed
        self._condition = condition
        self._clips = [voices()[int(at)] for at in self._draw.permutation(len(voices()))[:8]]
        talk = np.concatenate(self._clips).astype(np.float64)
        *self._clips, one, two = sorted(self._clips, key=len)
        self._draw.shuffle(self._clips)
        self._long = [one, two]
        self._noise = 0.0
        if condition.to_noise_db is not None:
            self._noise = float(np.sqrt(np.mean(np.square(talk)))) / 10 ** (condition.to_noise_db / 20)
        self._agent = np.zeros(60 * RATE_HZ, np.int16)
        self._caller = np.zeros(60 * RATE_HZ, np.int16)

    def moment(self, least_ms: int, most_ms: int) -> int:
        """A number of samples, between two lengths."""
        return int(self._draw.integers(least_ms * 8, most_ms * 8))

    def clip(self) -> Samples:
        """The next clip, cut to what is audible of it on this line."""
        return self.audible(self._clips.pop())

    def pieces(self) -> tuple[Samples, Samples]:
        """One of the two longest clips in two, cut at a random moment of its middle third."""
        clip = self._long.pop()
        middle = int(self._draw.integers(len(clip) // 3, 2 * len(clip) // 3))
        return self.audible(clip[:middle]), self.audible(clip[middle:])

    def audible(self, clip: Samples) -> Samples:
        """What is audible of a clip on this line."""
        return cut(clip, max(AUDIBLE, self._noise))

    def agent_says(self, at: int, clip: Samples) -> int:
        """The agent is heard with a clip from a sample on; the sample after its last."""
        self._agent[at : at + len(clip)] = clip
        return at + len(clip)

    def caller_says(self, turn: int, at: int, *, interrupts: bool = False) -> tuple[CallerSpoke, int, int]:
        """The caller says the next clip; with it its true first sample, and the one after its last."""
        lead = self.moment(10, 200)
        clip = cut(self._clips.pop(), AUDIBLE)
        file = np.concatenate([np.zeros(lead, np.int16), clip, np.zeros(self.moment(50, 400), np.int16)])
        sent = decode(encode(file, self._condition.format), self._condition.format)
        self._caller[at - lead : at - lead + len(sent)] = sent
        start_us, end_us = voiced_span(sent, RATE_HZ) or (0, 0)  # as the engine tells when it sends a clip
        origin_us = (at - lead) * SAMPLE_US
        spoke = CallerSpoke(
            at_us=origin_us,
            turn=turn,
            text="hello",
            origin=Origin.RECORDED,
            speech_start_us=origin_us + start_us,
            speech_end_us=origin_us + end_us,
            interrupts=interrupts,
        )
        return spoke, at, at + len(clip)

    def tracks(self, until: int) -> tuple[Samples, Samples]:
        """The caller as sent, and the agent as heard over this line, up to a sample."""
        heard = self._agent[:until].astype(np.float64)
        if self._noise:
            heard += self._noise * noise_of(self._condition.noise, until, self._seed)
        sent = np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16)
        line = self._condition.format
        received = decode(encode(sent, line), line).copy()
        frames = received[: until // FRAME * FRAME].reshape(-1, FRAME)
        frames[self._draw.random(len(frames)) < self._condition.lost] = 0
        return self._caller[:until], received


def known_call(seed: int, condition: Condition) -> KnownCall:
    """Three turns: a reply with a gap, one that comes early and is talked over, one more with a gap."""
    splicer = Splicer(seed, condition)
    first, first_from, asked = splicer.caller_says(0, splicer.moment(700, 1_500))
    reply = asked + splicer.moment(150, 1_800)
    one, two = splicer.pieces()
    paused = splicer.agent_says(reply, one)
    on = paused + splicer.moment(400, 750)
    replied = splicer.agent_says(on, two)

    again, _, asked_again = splicer.caller_says(1, replied + splicer.moment(900, 1_500))
    early = asked_again - splicer.moment(100, 400)
    long = np.concatenate([splicer.clip(), splicer.clip()])
    flushed = splicer.agent_says(early, splicer.audible(long[: -splicer.moment(100, 350)]))

    over_from = flushed - splicer.moment(150, 450)
    talked_over, over_from, over_until = splicer.caller_says(2, over_from, interrupts=True)
    answer = max(flushed, over_until) + splicer.moment(700, 1_500)
    three, four = splicer.pieces()
    broke = splicer.agent_says(answer, three)
    went_on = broke + splicer.moment(400, 750)
    finished = splicer.agent_says(went_on, four)
    caller, agent = splicer.tracks(finished + splicer.moment(900, 1_500))
    ms = 8
    evidence = call(
        began(0, first_from // ms - 500),
        first,
        over(0, replied // ms + 850),
        began(1, replied // ms + 860),
        again,
        over(1, over_from // ms - 1, "interrupted"),
        began(2, over_from // ms),
        talked_over,
        PlaybackFlushed(at_us=flushed * SAMPLE_US, unplayed_us=1_000_000),
        over(2, finished // ms + 850),
        ended(finished // ms + 890),
    )
    samples = {
        (0, "response"): reply - asked,
        (0, "gap"): on - paused,
        (1, "response"): early - asked_again,
        (1, "overlap"): asked_again - early,
        (2, "barge_in"): flushed - over_from,
        (2, "overlap"): min(flushed, over_until) - over_from,
        (2, "response"): answer - over_until,
        (2, "gap"): went_on - broke,
    }
    return KnownCall(
        Snapshot(evidence.events, track_of(caller, RATE_HZ), track_of(agent, RATE_HZ)),
        {key: count * SAMPLE_US for key, count in samples.items()},
    )


def known_calls(count: int, condition: Condition) -> Iterator[KnownCall]:
    """So many calls, always the same ones."""
    return (known_call(seed, condition) for seed in range(count))


@dataclass(frozen=True, slots=True)
class Fading:
    """How far off, in microseconds, the edges of a whole prompt are in noise.

    `onset_us` and `end_us` count from where it is as loud as the noise, `silent_us` from its last sample
    that would be audible on a clean line.
    """

    onset_us: int
    end_us: int
    silent_us: int
    onset_bar_us: int
    end_bar_us: int

    @property
    def beside_us(self) -> int:
        """How far its end is told outside of the time in which it sinks: from as loud as noise to silent."""
        return max(0, -self.end_us, self.silent_us)


def fading(seed: int) -> Fading | None:
    """A prompt with all of its fades, in pink noise 10 dB below it; None: no speech is found."""
    clip = voices()[seed]
    noise = float(np.sqrt(np.mean(np.square(clip.astype(np.float64))))) / 10**0.5
    sound = noise * pink(len(clip) + 3 * RATE_HZ, seed)
    sound[RATE_HZ : RATE_HZ + len(clip)] += clip
    samples = np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)
    found = refined(samples, RATE_HZ, None).segments
    if not found:
        return None
    loud = np.flatnonzero(_loudness(clip) >= noise)
    end_us = found[-1].end_us - RATE_HZ * SAMPLE_US
    return Fading(
        found[0].start_us - (RATE_HZ + int(loud[0])) * SAMPLE_US,
        end_us - (int(loud[-1]) + 1) * SAMPLE_US,
        end_us - len(clip) * SAMPLE_US,
        RESOLUTION_US + found[0].start_blur_us,
        RESOLUTION_US + found[-1].end_blur_us,
    )
