"""The caller's voice: utterances made ready before the call, sent a 20 ms frame at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from turnspec.audio.codecs import decode, encode
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import AudioFileError, load_clip
from turnspec.audio.resample import resample
from turnspec.audio.samples import EMPTY, Samples, joined, position_at, samples_of, silence
from turnspec.call import AudioFormat
from turnspec.call.events import CallerSpoke, Origin
from turnspec.dsl.spans import Place
from turnspec.plan.model import Utterance
from turnspec.speech.synthesis import DEFAULT_VOICE, SynthesisError, Synthesizer

FRAME_US = 20_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """An utterance at the line's rate, encoded for the wire, with its true voiced part."""

    text: str | None
    clip: str | None
    origin: Origin
    samples: Samples
    wire: bytes
    speech_start_us: int
    speech_end_us: int

    def spoken(self, at_us: int, turn: int, *, interrupts: bool) -> CallerSpoke:
        """What happens when the caller begins to say it."""
        return CallerSpoke(
            at_us=at_us,
            turn=turn,
            text=self.text,
            origin=self.origin,
            clip=self.clip,
            speech_start_us=at_us + self.speech_start_us,
            speech_end_us=at_us + self.speech_end_us,
            interrupts=interrupts,
        )


class CannotBeSaid(SynthesisError):  # noqa: N818 - named after the fact
    """A line of the caller that no speech can be made of, with the place where it is written."""

    def __init__(self, reason: str, place: Place) -> None:
        super().__init__(reason)
        self.place = place


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says what no recording has: an engine, and its voice."""

    synthesizer: Synthesizer
    voice: str = DEFAULT_VOICE

    def say(self, parts: Sequence[str | int], rate_hz: int) -> Samples:
        """Texts and pauses (in microseconds) as one utterance, at a rate.

        A pause is as long as written, from the last sound before it to the first one after it.

        Raises:
            SynthesisError: Speech cannot be made of one of the texts.
        """
        return joined([self._sound(part, rate_hz) for part in parts])

    def _sound(self, part: str | int, rate_hz: int) -> Samples:
        if isinstance(part, int):
            return silence(part, rate_hz)
        track = self.synthesizer.synthesize(part, self.voice)
        samples = resample(samples_of(track), track.rate_hz, rate_hz)
        span = voiced_span(samples, rate_hz)
        if span is None:
            raise SynthesisError(f"{self.synthesizer.name} made no sound of {part!r}")
        return samples[position_at(span[0], rate_hz) : position_at(span[1], rate_hz)]


def prepare(
    utterances: Sequence[Utterance], line: AudioFormat, speaker: Speaker | None = None
) -> tuple[Prepared, ...]:
    """Decode or synthesise, resample and encode all that the caller will say; what `waits` is nothing yet.

    Raises:
        AudioFileError: A recording cannot be read, or holds no sound.
        CannotBeSaid: Speech cannot be made of a text.
    """
    return tuple(_prepare(utterance, line, speaker) for utterance in utterances)


def _prepare(utterance: Utterance, line: AudioFormat, speaker: Speaker | None) -> Prepared:
    if utterance.waits:
        return Prepared(utterance.text, None, Origin.SYNTHESISED, EMPTY, b"", 0, 0)
    if utterance.path is not None:
        samples, origin = samples_of(load_clip(utterance.path, line.rate_hz)), Origin.RECORDED
    else:
        assert speaker is not None, "the compiler refuses texts that nothing can speak"
        samples, origin = _said(utterance, line, speaker), Origin.SYNTHESISED
    wire = encode(samples, line)
    # As sent: a codec lifts or drops the faintest sounds, and with them an edge by tens of milliseconds.
    span = voiced_span(decode(wire, line), line.rate_hz)
    if span is None:
        raise _unheard(utterance)
    return Prepared(
        utterance.text,
        utterance.clip,
        origin,
        samples,
        wire,
        speech_start_us=span[0],
        speech_end_us=span[1],
    )


def _said(utterance: Utterance, line: AudioFormat, speaker: Speaker) -> Samples:
    try:
        return speaker.say(utterance.parts, line.rate_hz)
    except SynthesisError as error:
        raise CannotBeSaid(str(error), utterance.place) from error


def _unheard(utterance: Utterance) -> ValueError:
    if utterance.path is None:
        reason = f"nothing is heard of {utterance.text!r} once it is on the line"
        return CannotBeSaid(reason, utterance.place)
    return AudioFileError(utterance.path, "it holds no speech", "record it louder, or name another file")


class CallerVoice:
    """What is being said: yields one wire frame per tick, silence where nothing is said."""

    def __init__(self, line: AudioFormat) -> None:
        self._size = line.size_of(FRAME_US)
        self._silence = encode(_quiet(self._size // line.sample_bytes), line)
        self._wire = b""
        self._position = 0

    @property
    def talking(self) -> bool:
        """Whether some of an utterance is still to be sent."""
        return self._position < len(self._wire)

    def say(self, prepared: Prepared) -> None:
        """Begin an utterance with the next frame."""
        self._wire, self._position = prepared.wire, 0

    def frame(self) -> bytes:
        """The next 20 ms."""
        start = self._position
        if start >= len(self._wire):
            return self._silence
        self._position = end = start + self._size
        frame = self._wire[start:end]
        return frame if end <= len(self._wire) else frame + self._silence[len(frame) :]


def _quiet(count: int) -> Samples:
    import numpy as np

    return np.zeros(count, np.int16)
