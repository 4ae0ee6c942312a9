"""Lines that are made in the middle of a call, because their words were not known before it.

They are made beside the loop and begin when they are ready: in virtual time no time passes, on the wall clock
the caller is quiet for as long as it takes, which nobody is charged for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from turnspec.audio.line import Line
from turnspec.audio.samples import track_of
from turnspec.call import AudioFormat, Track, actions
from turnspec.plan.model import Utterance
from turnspec.run.errors import Unsaid
from turnspec.run.line import as_sent
from turnspec.run.voice import CannotBeSaid, Prepared, Speaker, prepare
from turnspec.run.voices import makers


class LateLines:
    """What the caller of one call says that had to wait; `learners` are told what each sounds like, first."""

    def __init__(
        self, planned: Sequence[Utterance], speaker: Speaker, line: AudioFormat, way: Line | None = None
    ) -> None:
        self._planned, self._speaker, self._line, self._way = planned, speaker, line, way
        self.trouble: Unsaid | None = None  # with the line that could not be made
        self._made: dict[int, Prepared] = {}
        self.learners: list[Callable[[str, Track], None]] = []

    def make(self, speak: actions.Speak, ready: Callable[[str], None]) -> None:
        """Make a line; `ready` is called on the loop when it can be said, with why not if it cannot."""
        text = " ".join(part for part in speak.parts if isinstance(part, str))
        planned = self._planned[speak.utterance]
        utterance = replace(planned, text=text, parts=speak.parts, waits=False)
        making = asyncio.get_running_loop().run_in_executor(makers(), self._prepared, utterance)
        making.add_done_callback(partial(self._done, speak.utterance, ready))

    def _prepared(self, utterance: Utterance) -> tuple[Prepared, ...]:
        prepared = prepare([utterance], self._line, self._speaker)
        return as_sent(prepared, self._way, self._line.rate_hz)

    def of(self, speak: actions.Speak) -> Prepared | None:
        """The line as it was made last; None: it did not have to wait."""
        return self._made.get(speak.utterance)

    def _done(
        self, number: int, ready: Callable[[str], None], making: asyncio.Future[tuple[Prepared, ...]]
    ) -> None:
        if making.cancelled():
            return
        try:
            (prepared,) = making.result()
        except CannotBeSaid as error:
            self.trouble = Unsaid.at(error.place, str(error))
            ready(self.trouble.what)
            return
        self._made[number] = prepared
        for learn in self.learners:
            learn(prepared.text or "", track_of(prepared.samples, self._line.rate_hz))
        ready("")
