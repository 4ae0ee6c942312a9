"""An engine of voice activity while calls are up: set on their lines without holding anybody up.

To load a neural network takes a tenth of a second. In virtual time the clock stands still meanwhile; on the
wall clock it is loaded beside the loop, and the sound for which there was none yet is told by its energy.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

from turnspec.audio.foreground import SpeechStream
from turnspec.audio.samples import Samples
from turnspec.run.voices.speaking import makers
from turnspec.speech.activity import VoiceActivity


class LiveEngine:
    """Sets an engine on live lines; one that fails says no more, and everything is speech to it."""

    def __init__(self, engine: VoiceActivity) -> None:
        self._engine = engine
        self._spare: defaultdict[int, list[SpeechStream]] = defaultdict(list)
        self._making: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, rate_hz: int) -> SpeechStream | None:
        """The engine on a line of this rate; None: not yet."""
        if not _on_the_wall():
            return _Guarded(self._engine, rate_hz)
        with self._lock:
            spare = self._spare[rate_hz].pop() if self._spare[rate_hz] else None
            if rate_hz not in self._making:
                self._making.add(rate_hz)
                makers().submit(self._make, rate_hz)
        return spare

    def _make(self, rate_hz: int) -> None:
        made = _Guarded(self._engine, rate_hz)
        with self._lock:
            self._spare[rate_hz].append(made)
            self._making.discard(rate_hz)


class _Guarded:
    """A stream of an engine that may be anybody's: whatever it fails with, the call goes on without it."""

    def __init__(self, engine: VoiceActivity, rate_hz: int) -> None:
        try:
            self._stream: SpeechStream | None = engine.stream(rate_hz)
        except Exception:  # noqa: BLE001 - after the call it is asked again, and its failure is kept
            self._stream = None

    def feed(self, samples: Samples) -> Sequence[bool]:
        """What the engine says of the next audio."""
        if self._stream is None:
            return (True,)
        try:
            return self._stream.feed(samples)
        except Exception:  # noqa: BLE001 - as above
            self._stream = None
            return (True,)


def _on_the_wall() -> bool:
    """Whether this is a loop that somebody's frames wait for."""
    import asyncio

    from turnspec.run.virtual import VirtualLoop

    try:
        return not isinstance(asyncio.get_running_loop(), VirtualLoop)
    except RuntimeError:
        return False
