"""The caller's line of a call, as its scenario describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from turnspec.audio.files import load_clip
from turnspec.audio.line import Line, LineSettings, speech_level
from turnspec.audio.samples import EMPTY, samples_of
from turnspec.call import AudioFormat
from turnspec.call.events import CallerSpoke
from turnspec.dsl.line import Line as WrittenLine
from turnspec.plan.model import CallPlan
from turnspec.run.voice import Prepared


def line_of(plan: CallPlan, audio: AudioFormat, utterances: Sequence[Prepared]) -> Line | None:
    """What is between the caller and the agent; None where nothing is.

    Raises:
        AudioFileError: The noise cannot be read.
    """
    written = plan.scenario.caller.line
    if written is None:
        return None
    level = speech_level([each.samples for each in utterances], audio.rate_hz)
    return Line(_settings(written, audio, plan.again), audio, level)


def _settings(written: WrittenLine, audio: AudioFormat, again: str) -> LineSettings:
    """What is written; a repeated call has a line of the same kind that is never quite the same."""
    noise = written.noise
    return LineSettings(
        seed=f"line/{written.seed}/{again}" if again else f"line/{written.seed}",
        noise=samples_of(load_clip(noise.path, audio.rate_hz)) if noise else EMPTY,
        voice_to_noise=noise.snr.factor if noise else 1.0,
        latency_us=written.latency.us,
        jitter_us=written.jitter.us,
        loss=written.loss.fraction if written.loss else 0.0,
    )


def delayed(spoken: CallerSpoke, way: Line, started_us: int) -> CallerSpoke:
    """What is said, with its edges where they come out of the line; frames count from `started_us`."""
    return replace(
        spoken,
        speech_start_us=started_us + way.delayed_us(spoken.speech_start_us - started_us),
        speech_end_us=started_us + way.delayed_us(spoken.speech_end_us - started_us),
    )
