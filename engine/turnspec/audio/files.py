"""Audio files: reading clips of any common kind, writing recordings."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, samples_of, track_of
from turnspec.call.evidence import Track

FULL_SCALE: Final = 32_768
AUDIBLE_PEAK: Final = 16  # below -66 dBFS a telephone's own noise is louder
MOST_BYTES: Final = 256 << 20
MOST_SECONDS: Final = 3_600
MOST_KEPT: Final = 128 << 20  # bytes of clips in memory: two hours at 8 kHz
READS: Final = "WAV, FLAC, Ogg or MP3"
WRITES: Final = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
"""The kinds of files that sound is written as, by how their names end."""


class AudioFileError(ValueError):
    """An audio file that cannot be used: which, why, and what to do about it."""

    def __init__(self, path: Path, reason: str, fix: str) -> None:
        super().__init__(f"{path}: {reason}; {fix}")
        self.path = path
        self.reason = reason
        self.fix = fix


def read_audio(path: Path) -> Track:
    """A file's sound at the file's own rate, channels mixed down to one.

    Raises:
        AudioFileError: No such file, not audio, empty, too long, or nothing but silence.
    """
    data = _contents(path)
    sound, rate_hz = _sound(path, data)
    mixed = _mixed(path, sound)
    return track_of(mixed, rate_hz)


class NotAudio(ValueError):  # noqa: N818 # named after the fact
    """Bytes that are no sound; the message says why."""


class TooLong(NotAudio):
    """Sound that goes on for longer than anything that is said."""


def decoded(data: bytes) -> Track:
    """The sound of a whole file that somebody gave us, at its own rate; it may be silent.

    Raises:
        NotAudio: It cannot be read, or is too long.
    """
    sound, rate_hz = _floats(data)
    if not len(sound):
        raise NotAudio("it has a header but no samples")
    return track_of(_integers(np.nan_to_num(sound).mean(axis=1, dtype=np.float32)), rate_hz)


def load_clip(path: Path, rate_hz: int) -> Track:
    """A file's sound at `rate_hz`; read again only when the file has changed.

    Raises:
        AudioFileError: As `read_audio`.
    """
    if not path.is_file():
        raise _missing(path)
    about = path.stat()  # of what a link leads to
    # The inode and the time of its last change tell a file put in place of another of the same size and time.
    written = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return _clips.of((str(path), rate_hz, written), lambda: _read_at(path, rate_hz))


def write_flac(path: Path, left: Track, right: Track | None = None) -> None:
    """Write one or two tracks of one rate losslessly; the shorter is padded with silence."""
    with path.open("wb") as file:
        # By its descriptor: libsndfile writes by itself, and does not come back into Python for each block.
        _write(file.fileno(), "FLAC", left, right)


def mp3_bytes(left: Track, right: Track | None = None) -> bytes:
    """One or two tracks as an MP3 file, which every browser plays."""
    file = io.BytesIO()
    _write(file, "MP3", left, right)
    return file.getvalue()


def file_bytes(suffix: str, left: Track, right: Track | None = None) -> bytes:
    """One or two tracks as a file of one of the kinds of `WRITES`.

    Raises:
        NotAudio: The kind has no such rate.
    """
    import soundfile

    file = io.BytesIO()
    try:
        _write(file, WRITES[suffix], left, right)
    except soundfile.SoundFileError as error:
        raise NotAudio(f"{WRITES[suffix]} has no {left.rate_hz} Hz") from error
    return file.getvalue()


def _read_at(path: Path, rate_hz: int) -> Track:
    track = read_audio(path)
    return track_of(resample(samples_of(track), track.rate_hz, rate_hz), rate_hz)


class _Clips:
    """Clips as they were read, the least lately used of which go once all are too many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Any, Track] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Any, read: Callable[[], Track]) -> Track:
        """The clip that is kept under a key, or as it is read now."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        track = read()
        with self._lock:
            if key not in self._kept and len(track.pcm) <= self._most:
                self._kept[key] = track
                self._bytes += len(track.pcm)
            while self._bytes > self._most:
                self._bytes -= len(self._kept.popitem(last=False)[1].pcm)
        return track


_clips = _Clips(MOST_KEPT)


def _contents(path: Path) -> bytes:
    if not path.is_file():
        raise _missing(path)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise AudioFileError(path, f"is {size >> 20} MB", f"cut it to less than {MOST_BYTES >> 20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise AudioFileError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    if not data:
        raise AudioFileError(path, "is empty (0 bytes)", "record or export it again")
    return data


def _missing(path: Path) -> AudioFileError:
    no_file = "is a folder" if path.is_dir() else "is no file"
    reason = no_file if path.exists() else "does not exist"
    folder = path.parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    near = get_close_matches(path.name, names, 1)
    fix = f"did you mean {near[0]}?" if near else "record it, or correct the path"
    return AudioFileError(path, reason, fix)


def _sound(path: Path, data: bytes) -> tuple[NDArray[np.float32], int]:
    try:
        return _floats(data)
    except TooLong as error:
        raise AudioFileError(path, str(error), "cut it to the words that are said") from error
    except NotAudio as error:
        fix = f"convert it to {READS}, such as `ffmpeg -i in -ar 8000 -ac 1 out.wav`"
        raise AudioFileError(path, f"is not audio that can be read ({error})", fix) from error


def _floats(data: bytes) -> tuple[NDArray[np.float32], int]:
    import soundfile  # imported where used: it costs a tenth of a second

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.frames > MOST_SECONDS * file.samplerate:
                raise TooLong("is longer than an hour")
            # Floats, because libsndfile does not scale float files that are read as integers.
            # Some, such as GSM 06.10, cannot be sought in, and are read from their beginning.
            count = -1 if file.seekable() else file.frames
            return file.read(count, dtype="float32", always_2d=True), file.samplerate
    except soundfile.SoundFileError as error:
        raise NotAudio(_first_line(error)) from error


def _mixed(path: Path, sound: NDArray[np.float32]) -> Samples:
    if not len(sound):
        raise AudioFileError(path, "has a header but no samples", "record or export it again")
    if not np.isfinite(sound).all():
        raise AudioFileError(path, "holds samples that are not numbers", "export it again as 16-bit WAV")
    mixed = _integers(sound.mean(axis=1, dtype=np.float32))
    if np.abs(mixed.astype(np.int32)).max() < AUDIBLE_PEAK:
        raise _silent(path, sound)
    return mixed


def _silent(path: Path, sound: NDArray[np.float32]) -> AudioFileError:
    if sound.shape[1] > 1 and np.abs(sound).max() * FULL_SCALE >= AUDIBLE_PEAK:
        return AudioFileError(path, "is silent once mixed to mono: its channels cancel", "export one of them")
    return AudioFileError(path, "holds nothing but silence", "record it again and check the microphone")


def _integers(sound: NDArray[np.float32]) -> Samples:
    return np.clip(np.rint(sound * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _first_line(error: Exception) -> str:
    # The library's whole text begins with an object that was read from, and its address in memory.
    told = getattr(error, "error_string", str(error))
    return str(told).strip().splitlines()[0].rstrip(".")


def _write(file: IO[bytes] | int, kind: str, left: Track, right: Track | None) -> None:
    import soundfile

    if right is not None and right.rate_hz != left.rate_hz:
        raise ValueError(f"tracks of {left.rate_hz} and {right.rate_hz} Hz do not fit into one file")
    settings: dict[str, Any] = {"samplerate": left.rate_hz, "channels": 1 if right is None else 2}
    if kind == "FLAC":
        # The least effort: half the time for a hundredth more bytes.
        settings |= {"subtype": "PCM_16", "compression_level": 0.0}
    with soundfile.SoundFile(file, "w", format=kind, closefd=False, **settings) as out:
        for second in _seconds(left, right):
            out.write(second)


def _seconds(left: Track, right: Track | None) -> Iterator[Samples]:
    """One second at a time: libsndfile's lossy encoders have crashed on minutes in one call."""
    channels = [samples_of(track) for track in (left, right) if track is not None]
    # libsndfile cannot read back a FLAC file without samples, so a recording has at least one.
    length = max(1, *(len(samples) for samples in channels))
    frames = np.zeros((length, len(channels)), np.int16)
    for column, samples in enumerate(channels):
        frames[: len(samples), column] = samples
    for start in range(0, length, left.rate_hz):
        yield frames[start : start + left.rate_hz]
