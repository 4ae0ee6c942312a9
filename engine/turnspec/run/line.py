"""The line of a call, in both directions, as its scenario describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from turnspec.audio.beds import bed
from turnspec.audio.conditions import Conditions, Draws, speech_level
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import load_clip
from turnspec.audio.line import FRAME_US, EchoSettings, Line, LineSettings
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import EMPTY, Samples, samples_of
from turnspec.audio.way_back import HeardPlayback
from turnspec.call import AudioFormat, Encoding
from turnspec.call.events import CallerSpoke
from turnspec.dsl.line import Conditions as WrittenConditions
from turnspec.dsl.line import Line as WrittenLine
from turnspec.dsl.line import Noise
from turnspec.plan.model import CallPlan
from turnspec.run.voice import Prepared

CODECS = {"g711u": Encoding.MULAW, "g711a": Encoding.ALAW}


def line_of(plan: CallPlan, audio: AudioFormat, utterances: Sequence[Prepared]) -> Line | None:
    """What is between the caller and the agent; None where nothing is.

    Raises:
        AudioFileError: The noise cannot be read.
    """
    written = plan.scenario.caller.line
    if written is None or not _carries(written):
        return None
    seed = _seed(written, plan)
    conditions = _conditions(written, audio, seed)
    settings = LineSettings(
        seed=seed,
        conditions=conditions,
        echo=EchoSettings(written.echo.delay.us, written.echo.level.factor) if written.echo else None,
        latency_us=written.latency.us,
        jitter_us=written.jitter.us,
    )
    level = speech_level([each.samples for each in utterances], audio.rate_hz, conditions)
    return Line(settings, audio, level)


def playback_of(plan: CallPlan) -> PlaybackClock | None:
    """A playback clock with the line on the agent's way back; None where there is none.

    Raises:
        AudioFileError: The noise cannot be read.
    """
    written, audio = plan.scenario.caller.line, plan.capabilities.caller_format
    if written is None or written.heard is None or audio is None:
        return None
    seed = f"{_seed(written, plan)}/heard"
    heard = written.heard
    return HeardPlayback(audio, _conditions(heard, audio, seed), seed, heard.latency.us)


def _carries(written: WrittenLine) -> bool:
    """Whether anything is done to the caller's own voice."""
    return bool(written.model_fields_set - {"seed", "heard"})


def _seed(written: WrittenLine, plan: CallPlan) -> str:
    """A repeated call has a line of the same kind that is never quite the same."""
    return f"line/{written.seed}/{plan.again}" if plan.again else f"line/{written.seed}"


def _conditions(written: WrittenConditions, audio: AudioFormat, seed: str) -> Conditions:
    noise, loss = written.noise, written.loss
    made = Conditions(
        gain=written.gain.factor if written.gain else 1.0,
        clip=written.clip.amplitude if written.clip else None,
        narrow=written.band == "narrow",
        codecs=tuple(CODECS[name] for name in written.codecs),
        drift_ppm=written.drift.millionths if written.drift else 0,
        loss=loss.rate.fraction if loss else 0.0,
        burst=loss.burst if loss else None,
    )
    if noise is None:
        return made
    behind = partial(replace, made, voice_to_noise=noise.snr.factor)
    if noise.bed is None:
        return behind(noise=_recorded(noise, audio.rate_hz))
    sound = bed(noise.bed, audio.rate_hz)
    return behind(noise=sound, noise_from=Draws(seed).of("bed", 0) % len(sound))


def _recorded(noise: Noise, rate_hz: int) -> Samples:
    return EMPTY if noise.path is None else samples_of(load_clip(noise.path, rate_hz))


def echo_of(playback: PlaybackClock, way: Line, from_us: int) -> Samples | None:
    """What of the agent is in the caller's microphone in the 20 ms from a moment on."""
    if way.echo_delay_us is None:
        return None
    heard_us = from_us - way.echo_delay_us
    return None if heard_us < 0 else playback.heard(heard_us, heard_us + FRAME_US)


def as_sent(utterances: Sequence[Prepared], way: Line | None, rate_hz: int) -> tuple[Prepared, ...]:
    """Utterances with their edges as the line leaves them: of an s nothing is left on a narrow one."""
    return tuple(utterances) if way is None else tuple(_as_sent(each, way, rate_hz) for each in utterances)


def _as_sent(prepared: Prepared, way: Line, rate_hz: int) -> Prepared:
    voice = way.voice(prepared.samples)
    span = None if voice is prepared.samples else voiced_span(voice, rate_hz)
    if span is None:
        return prepared
    return replace(prepared, speech_start_us=span[0], speech_end_us=span[1])


def delayed(spoken: CallerSpoke, way: Line, started_us: int) -> CallerSpoke:
    """What is said, with its edges where they come out of the line; frames count from `started_us`."""
    return replace(
        spoken,
        speech_start_us=late_us(way, spoken.speech_start_us, started_us),
        speech_end_us=late_us(way, spoken.speech_end_us, started_us),
    )


def late_us(way: Line, at_us: int, started_us: int) -> int:
    """When a moment of what the caller sends comes out of the line."""
    return started_us + way.delayed_us(at_us - started_us)
