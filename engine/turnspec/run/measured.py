"""A conversation that was recorded somewhere, measured: a stereo file, two files, or the folder of a call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from turnspec.audio.crosstalk import are_one, shared
from turnspec.audio.edges import IDLE_PEAK, Speech
from turnspec.audio.files import AudioFileError
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of, track_of
from turnspec.audio.tones import Key, KeyDetector
from turnspec.audio.tracks import FULL_SCALE, read_tracks
from turnspec.call import Track
from turnspec.call.evidence import EVENTS_FILE
from turnspec.checks.conversation import Conversation
from turnspec.checks.dialogue import Speaker
from turnspec.checks.voicing import voicing_of
from turnspec.run.saved_call import recording_of
from turnspec.run.voice_activity import SpeechFinder, asked_for
from turnspec.speech.activity import NoActivityEngine, activity_engine

MOST_FILES = 2
LEAST_HZ: Final = 4_000
LOUD_PEAK: Final = 30_000  # nearly all of full scale: where faint sounds are audible depends on the loud
FAINT_PEAK: Final = 48  # -57 dB of full scale: this may still be speech
LEAKS: Final = 0.05
"""From this share of the sound on, it is told that it is on both channels."""


class MeasureError(ValueError):
    """There is nothing here that can be measured: what, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, by which engine. `notes` are what has to be told about the files."""

    files: tuple[Path, ...]
    rate_hz: int
    engine: str
    conversation: Conversation
    keys: Mapping[Speaker, tuple[Key, ...]]
    notes: tuple[str, ...] = ()


def measure(
    paths: Sequence[Path],
    *,
    caller: str = "left",
    option: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Measured:
    """Measure a stereo file, the caller's file and the agent's, or the recording in a call's folder.

    Raises:
        MeasureError: The files cannot be read or are not two sides, or there is no such engine.
    """
    finder = _finder(option, environment)
    files, tracks, notes = _sides(paths, caller)
    length_us = max(track.duration_us for track in tracks)
    heard = {who: _speech(finder, who, track) for who, track in zip(_ORDER, tracks, strict=True)}
    if not any(speech.segments for speech in heard.values()):
        notes = (*notes, "nobody speaks in it")
    return Measured(
        files=files,
        rate_hz=tracks[0].rate_hz,
        engine=f"{finder.engine.name} {finder.engine.version}".strip(),
        conversation=Conversation(length_us, heard[Speaker.CALLER], heard[Speaker.AGENT]),
        keys={who: _keys(track) for who, track in zip(_ORDER, tracks, strict=True)},
        notes=notes,
    )


_ORDER = (Speaker.CALLER, Speaker.AGENT)


def _finder(option: str | None, environment: Mapping[str, str]) -> SpeechFinder:
    asked = asked_for(option, environment) or "auto"
    try:
        return SpeechFinder(activity_engine("energy" if asked == "none" else asked))
    except NoActivityEngine as error:
        raise MeasureError("\n  help: ".join(filter(None, (str(error), error.hint)))) from error


def _speech(finder: SpeechFinder, who: Speaker, track: Track) -> Speech:
    found = finder.in_track(who.value, track)
    return voicing_of([found], who.value).speech(track)


def _keys(track: Track) -> tuple[Key, ...]:
    """The keys that are heard, by the minute: windows over hours would not fit into memory."""
    samples, minute, detector = samples_of(track), 60 * track.rate_hz, KeyDetector(track.rate_hz)
    found = [detector.feed(samples[at : at + minute]) for at in range(0, len(samples), minute)]
    return tuple(key for keys in (*found, detector.finish()) for key in keys)


def _sides(
    paths: Sequence[Path], caller: str
) -> tuple[tuple[Path, ...], tuple[Track, Track], tuple[str, ...]]:
    """The files that were read, the caller and the agent, and what has to be told."""
    if len(paths) > MOST_FILES:
        raise MeasureError(
            f"{len(paths)} files were named: name one of both sides, or the caller's and the agent's"
        )
    files = tuple(_recording(path) for path in paths)
    try:
        recorded = [read_tracks(path) for path in files]
    except AudioFileError as error:
        raise MeasureError(str(error)) from error
    notes = tuple(
        f"{path} is cut off: it was measured up to there"
        for path, each in zip(files, recorded, strict=True)
        if each.cut
    )
    tracks = [track for each in recorded for track in each.tracks]
    if len(tracks) != len(_ORDER):
        raise MeasureError(_not_two(files, [len(each.tracks) for each in recorded]))
    if any(track.rate_hz < LEAST_HZ for track in tracks):
        raise MeasureError(
            f"speech cannot be measured at less than {LEAST_HZ:,} Hz: export it at its own rate"
        )
    if caller == "right":
        tracks.reverse()
    sides = _raised(*map(_centred, _alike(tracks[0], tracks[1])))
    return files, sides, (*notes, *_crosstalk(*sides))


def _crosstalk(caller: Track, agent: Track) -> Iterator[str]:
    """What has to be told of sides that are heard on each other's channel.

    Raises:
        MeasureError: Both channels hold the same.
    """
    one, other = samples_of(caller), samples_of(agent)
    if are_one(one, other):
        raise MeasureError(f"both channels hold the same sound: who speaks cannot be told\n  help: {_EXPORT}")
    if shared(one, other, caller.rate_hz) >= LEAKS:
        yield "one side is heard on the other's channel, too: what leaks may count as speech there"


_EXPORT: Final = (
    "export the caller and the agent apart; a file that was mixed to one channel cannot be measured"
)


def _not_two(files: Sequence[Path], channels: Sequence[int]) -> str:
    if len(files) == 1:
        return (
            f"{files[0]} has one channel: who speaks cannot be told\n"
            "  help: name a stereo file with a side on each channel, or the caller's file and the agent's"
        )
    stereo = files[channels.index(2)]
    return f"{stereo} has two channels already\n  help: name it alone, or two files of one channel"


def _recording(path: Path) -> Path:
    """A file as it is named, or the recording of a call's folder."""
    if not path.is_dir():
        return path
    found = recording_of(path)
    if found is not None:
        return found
    if (path / EVENTS_FILE).is_file():
        raise MeasureError(f"{path} has no recording: this call carried no sound, or was never up")
    calls = sorted((path / "calls").glob("*")) if (path / "calls").is_dir() else []
    hint = (
        f"name the folder of one call, such as {calls[0]}"
        if calls
        else "name a recording, or a call's folder"
    )
    raise MeasureError(f"{path} is not the folder of a call: it has no call.flac\n  help: {hint}")


def _centred(track: Track) -> Track:
    """Without a constant, which is no sound."""
    samples = samples_of(track)
    constant = int(np.median(samples)) if len(samples) else 0
    if abs(constant) <= IDLE_PEAK:
        return track
    return track_of(np.clip(samples.astype(np.int32) - constant, -FULL_SCALE, FULL_SCALE - 1), track.rate_hz)


def _raised(*tracks: Track) -> tuple[Track, Track]:
    """Both sides by as much as lifts the louder one to where speech is looked for."""
    peak = max(int(np.abs(samples_of(track).astype(np.int32)).max(initial=0)) for track in tracks)
    gain = LOUD_PEAK // peak if peak >= FAINT_PEAK else 1
    caller, agent = (track_of(samples_of(each) * gain, each.rate_hz) if gain > 1 else each for each in tracks)
    return caller, agent


def _alike(caller: Track, agent: Track) -> tuple[Track, Track]:
    """Both at the lower of two rates."""
    rate_hz = min(caller.rate_hz, agent.rate_hz)
    brought = [
        track
        if track.rate_hz == rate_hz
        else track_of(resample(samples_of(track), track.rate_hz, rate_hz), rate_hz)
        for track in (caller, agent)
    ]
    return brought[0], brought[1]
