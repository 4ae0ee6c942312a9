"""Processes that make out words: as many at once as there are cores for, each with its model loaded once.

A process that dies, or takes too long and is ended, costs one answer: the next question starts another.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from turnspec.call.evidence import Track
from turnspec.run.transcription_worker import UNCLEAR, is_answer
from turnspec.speech.transcription import TranscriptionError

COMMAND: Final = (sys.executable, "-m", "turnspec.run.transcription_worker")
MOST: Final = 4
"""More processes than that take more memory than they save time: a third of a gigabyte each."""

WITHIN_S: Final = 60.0
A_SECOND_OF_SOUND_S: Final = 4.0
ENDS_WITHIN_S: Final = 1.0
"""How long a process that closed its output may take to end."""


def as_many_as_cores(shared_by: int = 1) -> int:
    """How many processes to have, where `shared_by` others have as many."""
    return max(1, min(MOST, _cores() // max(1, shared_by)))


def _cores() -> int:
    """Those that this process may use: a container has fewer than its machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Workers that are started when they are first needed."""

    def __init__(self, size: int, *, command: Sequence[str] = COMMAND, within_s: float = WITHIN_S) -> None:
        self._command = tuple(command)
        self._within_s = within_s
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False

    def ask(self, engine: Mapping[str, Any], track: Track, language: str | None) -> dict[str, Any]:
        """What a worker answers; waits until one is free.

        Raises:
            TranscriptionError: It has no answer, or there is no worker any more.
        """
        with self._places:
            worker = self._taken()
            try:
                answer = worker.ask(engine, track, language, self._limit_s(track))
            except TranscriptionError as error:
                self._ended(worker)
                if self._closed:
                    raise TranscriptionError("the run was over before it was answered") from error
                raise
            with self._lock:
                self._idle.append(worker)
        if "error" in answer:
            raise TranscriptionError(answer["error"], refused=answer["refused"])
        return answer

    def close(self) -> None:
        """End all workers, whatever they are at; from now on there are no answers."""
        with self._lock:
            self._closed = True
            workers = tuple(self._all)
        for worker in workers:
            self._ended(worker)

    def _limit_s(self, track: Track) -> float:
        return self._within_s + A_SECOND_OF_SOUND_S * track.duration_us / 1_000_000

    def _taken(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise TranscriptionError("the run was over before it was asked for")
            while self._idle:
                worker = self._idle.pop()
                if worker.process.poll() is None:
                    return worker
                self._all.discard(worker)  # somebody ended it meanwhile
                worker.end()
            worker = _Worker.started(self._command)
            self._all.add(worker)
            return worker

    def _ended(self, worker: _Worker) -> None:
        with self._lock:
            self._all.discard(worker)
            if worker in self._idle:
                self._idle.remove(worker)
        worker.end()


@dataclass(eq=False, slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    told: IO[bytes]  # what it writes to standard error
    overdue: bool = False

    @classmethod
    def started(cls, command: Sequence[str]) -> _Worker:
        # It lives as long as its process: `end` closes it.
        told = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module, by our own Python
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told
            )
        except OSError as error:
            told.close()
            raise TranscriptionError(f"its process could not be started: {error.strerror}") from error
        return cls(process, told)

    def ask(
        self, engine: Mapping[str, Any], track: Track, language: str | None, within_s: float
    ) -> dict[str, Any]:
        watch = threading.Timer(within_s, self._too_late)
        watch.daemon = True
        watch.start()
        try:
            line = self._answered(engine, track, language)
        finally:
            watch.cancel()
        if self.overdue:
            raise TranscriptionError(f"it took longer than {within_s:.0f} s and was ended")
        if not line.endswith(b"\n"):
            raise TranscriptionError(self._why())
        return _understood(line)

    def _answered(self, engine: Mapping[str, Any], track: Track, language: str | None) -> bytes:
        asked = {"engine": engine, "language": language, "rate_hz": track.rate_hz, "bytes": len(track.pcm)}
        assert self.process.stdin is not None, "a pipe was asked for"
        assert self.process.stdout is not None, "a pipe was asked for"
        with contextlib.suppress(OSError, ValueError):  # it is gone: why is said below
            self.process.stdin.write(json.dumps(asked).encode() + b"\n" + track.pcm)
            self.process.stdin.flush()
            return self.process.stdout.readline()
        return b""

    def _too_late(self) -> None:
        self.overdue = True
        self.process.kill()

    def _why(self) -> str:
        try:
            code = self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            return "its process closed its output, and was ended"
        said = self._said()
        last = f": {said[-1]}" if said else ""
        if code == -9:
            return f"its process was killed, perhaps for want of memory{last}"
        return f"its process ended with {code}{last}"

    def _said(self) -> list[str]:
        with contextlib.suppress(OSError, ValueError):  # closed: the run is over, and nobody reads it
            self.told.seek(0)
            return self.told.read()[-2_000:].decode("utf-8", "replace").strip().splitlines()
        return []

    def end(self) -> None:
        """End the process and let go of its pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.told):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written to it
                    pipe.close()


def _understood(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TranscriptionError(UNCLEAR) from error
    match answer:
        case {"error": str(), "refused": bool()}:
            return dict(answer)
        case _ if is_answer(answer):
            return dict(answer)
        case _:
            raise TranscriptionError(UNCLEAR)
