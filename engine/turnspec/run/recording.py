"""The recordings of a call in its folder: growing while it is up, whole once it is over.

While a wall-clock call is up, what is certain of both sides is appended to WAV files about once a second, in
a thread that no frame waits for. Once it is over, FLAC files take their place, written from memory. So where
there is a WAV file the FLAC beside it is not whole, if it is there at all. A virtual call, which is over in
no time and can be made again, has no WAV.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from turnspec.audio.files import write_flac
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.recorder import Recorder
from turnspec.audio.samples import Samples, track_of
from turnspec.audio.wav import GrowingWav
from turnspec.call import Evidence, Track
from turnspec.call.derived import DERIVED_FILE
from turnspec.call.events import AgentAudio, Event, PlaybackFlushed, StreamEnded
from turnspec.call.evidence import GROWING_FILES, RECEIVED_FILE, RECORDING_FILE
from turnspec.run.arrivals import Arrivals

EVERY_US: Final = 1_000_000


class Received:
    """All that came of the agent, in the order in which it came: as a phone plays it that drops nothing."""

    def __init__(self, rate_hz: int) -> None:
        self._playback = PlaybackClock(rate_hz)
        self._arrivals = Arrivals(self._playback)

    def take(self, events: list[Event]) -> None:
        """Add what came."""
        for event in events:
            if isinstance(event, AgentAudio):
                self._arrivals.place(event)
            elif isinstance(event, StreamEnded):
                self._arrivals.finish(event.stream, event.at_us)

    @property
    def end_us(self) -> int:
        """When all of it would have been played."""
        return self._playback.drained_at_us

    def read(self, from_us: int, to_us: int) -> Samples:
        """The sound of a stretch."""
        return self._playback.heard(from_us, to_us)


class Recording:
    """What is kept of the sound of one call."""

    def __init__(self, folder: Path, recorder: Recorder, evidence: Evidence) -> None:
        self._folder = folder
        self._recorder = recorder
        self._evidence = evidence
        self._growing: _Growing | None = None
        self._full = ""
        self.trouble = ""
        self.received: str | None = None  # the file of the agent as received, once there is one

    def grow(self) -> None:
        """Write WAV files from now on, whenever `keep` is called."""
        self._growing = _Growing(self._folder, self._recorder, self._evidence)

    def keep(self, until_us: int) -> None:
        """Write what is certain up to a moment, if a second has passed since; nobody waits for it."""
        if self._growing is not None and until_us >= self._growing.due_us:
            self._growing.write(until_us)

    def keep_all(self, until_us: int) -> None:
        """Write what is certain up to a moment: the call is over, and its end may take long."""
        if self._growing is not None:
            self._growing.write(until_us)

    def finish(self, end_us: int) -> tuple[Track, Track, str | None]:
        """Write the whole recording; its tracks, and the name of its file if there is one."""
        caller, agent = self._recorder.tracks(end_us)
        if self._growing is not None:
            self._full = self._growing.close(end_us)
            self._growing = None
        name = self._finished(RECORDING_FILE, caller, agent)
        if self._differs(end_us):
            received = Received(agent.rate_hz)
            received.take(self._evidence.since(0))
            samples = received.read(0, max(received.end_us, end_us))
            self.received = self._finished(RECEIVED_FILE, track_of(samples, agent.rate_hz))
        else:
            (self._folder / GROWING_FILES[RECEIVED_FILE]).unlink(missing_ok=True)
        return caller, agent, name

    def _differs(self, end_us: int) -> bool:
        """Whether something came that was not heard."""
        return self._recorder.unheard(end_us) or any(self._evidence.of(PlaybackFlushed))

    def _finished(self, name: str, left: Track, right: Track | None = None) -> str | None:
        """The name of the file that holds a recording now: what grew stays where no other can be written."""
        whole, growing = self._folder / name, self._folder / GROWING_FILES[name]
        if reason := _unwritten(whole, left, right):
            self.trouble = self._full or reason
            with suppress(OSError):
                whole.unlink(missing_ok=True)
            return growing.name if growing.is_file() else None
        with suppress(OSError):  # what cannot be deleted is still the same sound
            growing.unlink(missing_ok=True)
        return name


class _Growing:
    """Two WAV files that grow together."""

    def __init__(self, folder: Path, recorder: Recorder, evidence: Evidence) -> None:
        self._folder = folder
        self._recorder = recorder
        self._evidence = evidence
        self._received = Received(recorder.rate_hz)
        self._seen = 0  # events
        self._kept_us = 0
        self._received_us = 0
        self._files: dict[str, GrowingWav] = {}
        self._writing: Future[None] | None = None
        self._full = ""  # why no more is written, which matters only if nothing takes the place of this
        self.due_us = 0

    def write(self, until_us: int) -> None:
        """Hand what is new to the thread that writes; while that is busy, it waits for the next time."""
        self.due_us = until_us + EVERY_US
        self._evidence.write_out()
        if self._writing is None or self._writing.done():
            self._hand_over(until_us)

    def _hand_over(self, until_us: int) -> None:
        if self._full:
            return
        events = self._evidence.since(self._seen)
        self._seen += len(events)
        self._received.take(events)
        received = self._received.read(self._received_us, self._received.end_us)
        heard = self._recorder.between(self._kept_us, max(self._kept_us, until_us))
        self._kept_us, self._received_us = until_us, self._received.end_us
        self._writing = writer().submit(self._append, heard, received)

    def _append(self, heard: tuple[Samples, Samples], received: Samples) -> None:
        try:
            self._file(RECORDING_FILE, 2).append(*heard)
            self._file(RECEIVED_FILE, 1).append(received)
        except OSError as error:
            self._full = error.strerror or str(error)

    def _file(self, name: str, channels: int) -> GrowingWav:
        if name not in self._files:
            path = self._folder / GROWING_FILES[name]
            self._files[name] = GrowingWav(path, self._recorder.rate_hz, channels)
        return self._files[name]

    def close(self, end_us: int) -> str:
        """Write the rest and close the files; why they are not whole, if they are not."""
        for _ in range(2):  # what is being written, and what is not yet
            if self._writing is not None:
                self._writing.result()
                self._hand_over(end_us)
        for file in self._files.values():
            file.close()
        return self._full


def _unwritten(path: Path, left: Track, right: Track | None) -> str:
    """Write a FLAC file; why that could not be done, if it could not."""
    try:
        write_flac(path, left, right)
    except OSError as error:
        return error.strerror or str(error)
    except RuntimeError:  # libsndfile's own, which tells no reason of the system's
        return f"{path.name} could not be written whole"
    return ""


@cache
def writer() -> ThreadPoolExecutor:
    """The one thread that writes the recordings of all calls that are up."""
    return ThreadPoolExecutor(1, thread_name_prefix="turnspec-record")


def forget(folder: Path) -> None:
    """Delete what an earlier call left in a folder and this one may not write anew."""
    for name in (*GROWING_FILES, *GROWING_FILES.values(), DERIVED_FILE):
        (folder / name).unlink(missing_ok=True)
