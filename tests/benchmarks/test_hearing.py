"""What finding and recognising recordings costs, as ratios to bare transforms of the same sound."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from support_bench import in_turns, report
from support_sound import pink
from turnspec.audio.match import ClipIndex
from turnspec.audio.passage import find_passage
from turnspec.audio.samples import Samples

RATE_HZ = 8_000
MINUTE = 60 * RATE_HZ


def voice(seed: int, seconds: float) -> Samples:
    """Noise that comes and goes like syllables."""
    length = int(seconds * RATE_HZ)
    envelope = np.repeat(np.random.default_rng(seed).uniform(0.02, 1.0, length // 800 + 1), 800)[:length]
    return np.asarray(pink(length, seed) * envelope * 4_000, np.int16)


def cpu_of(act: Callable[[], object]) -> Callable[[], float]:
    """CPU seconds of something, as a side of a comparison."""

    def taken() -> float:
        began = time.process_time()
        act()
        return time.process_time() - began

    return taken


def correlated(track: Samples, clip: Samples) -> object:
    """The correlation of a clip with a track by one bare transform of both: no scale, no judgement."""
    size = 1 << (len(track) + len(clip)).bit_length()
    spectrum = np.fft.rfft(track.astype(np.float64), size) * np.conj(
        np.fft.rfft(clip.astype(np.float64), size)
    )
    return np.fft.irfft(spectrum, size)


def test_a_prompt_in_a_minute_costs_a_few_transforms() -> None:
    """8 s are looked for in a call-minute in at most 4 bare correlations, and 0.2 s of CPU, heard or not."""
    track = np.concatenate([voice(seed, 10) for seed in range(6)])
    assert len(track) == MINUTE
    for clip in (voice(3, 10)[RATE_HZ : 9 * RATE_HZ], voice(77, 8)):
        found, bare = in_turns(
            cpu_of(lambda clip=clip: find_passage(track, clip, RATE_HZ)),  # type: ignore[misc] # bound now
            cpu_of(lambda clip=clip: correlated(track, clip)),  # type: ignore[misc] # bound now
        )
        report("find_passage of 8 s in 60 s / one FFT correlation", found / bare, 4)
        report("find_passage of 8 s in 60 s, CPU seconds", found, 0.2, " s")
        assert found <= 4 * bare
        assert found <= 0.2


def test_an_utterance_among_hundreds_of_clips_is_told_at_once() -> None:
    """Recognising 3 s among 300 clips takes at most as long as 300 bare correlations of them, and 0.3 s."""
    clips = {f"{seed}": voice(seed, 2 + seed % 20 / 10) for seed in range(300)}
    index, spoken = ClipIndex(clips), voice(10, 3)
    told, bare = in_turns(
        cpu_of(lambda: index.best(spoken, RATE_HZ)),
        cpu_of(lambda: [correlated(spoken, clip) for clip in clips.values()]),
    )
    match = index.best(spoken, RATE_HZ)

    report("ClipIndex.best of 3 s among 300 clips / 300 FFT correlations", told / bare, 1)
    report("ClipIndex.best of 3 s among 300 clips, CPU seconds", told, 0.3, " s")
    assert match is not None
    assert match.key == "10"
    assert told <= bare
    assert told <= 0.3
