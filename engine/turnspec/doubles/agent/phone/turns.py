"""The caller's turns on a telephone line: what was said or pressed, and when it was over.

100 ms of silence after speech may end a turn: if what came so far is a known recording to its end, the turn
is over; if some of its end is lacking, that long is waited for it; else the turn is over after 600 ms. If the
caller goes on before, so does the turn. Keys are one turn once 0.8 s passed without another, or at `#`, which
is not part of the text (unless it is all of it): phones pause less between keys, and people wait for an
answer after the last.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from turnspec.audio.activity import Activity, SpeechBegan
from turnspec.call import AudioFormat
from turnspec.call.evidence import Track
from turnspec.doubles.agent.phone.agenda import Agenda
from turnspec.doubles.agent.phone.line import CallerLine
from turnspec.doubles.agent.reply import Heard

UNKNOWN_ENDPOINTING_US: Final = 600_000
SLACK_US: Final = 50_000  # by so much may two measures of one recording differ
KEYS_END_US: Final = 800_000
KNOWN: Final = "known clip"
PROTOCOL: Final = "protocol"
TONES: Final = "tones"


class Listener(Protocol):
    """Who is told of the caller's turns."""

    def began(self, at_us: int, *, by_voice: bool) -> None:
        """The caller began to speak, went on after a pause, or pressed a key."""
        ...

    def paused(self, heard: Heard, at_us: int) -> None:
        """So much was heard before a pause."""
        ...

    def finished(self, heard: Heard, ended_us: int, at_us: int) -> None:
        """A turn is over; it truly ended at `ended_us`."""
        ...


class CallerTurns:
    """Turns out of audio and keys. Both the audio's own time and `at_us` are needed to say when one ended."""

    def __init__(
        self,
        format: AudioFormat,  # noqa: A002 - the word every caller uses
        hear: Callable[[Track], Heard],
        agenda: Agenda,
        listener: Listener,
    ) -> None:
        self._line = CallerLine(format)
        self._hear = hear
        self._agenda = agenda
        self._listener = listener
        self._speech_us: tuple[int, int | None] | None = None  # of the turn: begin, end if paused
        self._digits = ""
        self._pressed = 0
        self._source = PROTOCOL  # of the keys so far

    @property
    def going_on(self) -> bool:
        """Whether the caller is in the middle of a turn."""
        return self._speech_us is not None or bool(self._digits)

    def listen(self, payload: bytes, at_us: int) -> None:
        """Take the caller's next audio."""
        self._notice(self._line.hear(payload, at_us), at_us)
        self._take_tones(at_us)

    def break_off(self, at_us: int) -> None:
        """No more audio comes for a while: who was speaking is taken to pause."""
        self._notice(self._line.rest(), at_us)

    def press(self, digit: str, at_us: int) -> None:
        """Take one key."""
        self._press(digit, at_us, at_us)

    def _take_tones(self, at_us: int) -> None:
        for key in self._line.taken_keys():
            self._source = TONES
            self._press(key.digit, min(at_us, self._line.call_us(key.end_us)), at_us)

    def _press(self, digit: str, pressed_us: int, at_us: int) -> None:
        self._listener.began(at_us, by_voice=False)
        self._pressed += 1
        if digit == "#":
            self._keyed(self._digits or digit, pressed_us, at_us)
        else:
            self._digits += digit
            self._agenda.at(pressed_us + KEYS_END_US, partial(self._no_more_keys, self._pressed, pressed_us))

    def press_all(self, digits: str, at_us: int) -> None:
        """Take keys that the line has collected: they are all of a turn."""
        self._listener.began(at_us, by_voice=False)
        self._pressed += 1
        collected = self._digits + digits
        self._keyed(collected.removesuffix("#") or collected, at_us, at_us)

    def forget(self) -> None:
        """Take what was begun as never said; the agenda is the caller's to clear."""
        self._speech_us = None
        self._digits = ""
        self._line.rest()

    def _notice(self, noticed: list[Activity], at_us: int) -> None:
        for activity in noticed:
            if isinstance(activity, SpeechBegan):
                begin_us = self._speech_us[0] if self._speech_us else activity.began_us
                self._speech_us = (begin_us, None)
                self._listener.began(at_us, by_voice=True)
            elif self._speech_us is not None:
                self._pause(self._speech_us[0], activity.ended_us, at_us)

    def _pause(self, begin_us: int, end_us: int, at_us: int) -> None:
        self._speech_us = (begin_us, end_us)
        said = self._line.utterance(begin_us, end_us)
        heard = self._hear(said.track)
        wait_us = UNKNOWN_ENDPOINTING_US
        if heard.source == KNOWN:
            # The recording itself says how soon the rest of it would have come.
            wait_us = min(wait_us, heard.missing_us + SLACK_US)
        due_us = max(at_us, self._line.call_us(end_us) + wait_us + self._line.late_us)
        ended_us = self._line.call_us(said.ended_us)
        self._agenda.at(due_us, partial(self._still_silent, heard, end_us, ended_us))
        self._listener.paused(heard, at_us)

    def _still_silent(self, heard: Heard, end_us: int, ended_us: int, at_us: int) -> None:
        if self._speech_us is not None and self._speech_us[1] == end_us:
            self._speech_us = None
            self._line.turn_over(end_us)
            self._listener.finished(heard, ended_us, at_us)

    def _no_more_keys(self, pressed: int, pressed_us: int, at_us: int) -> None:
        if pressed == self._pressed:
            self._keyed(self._digits, pressed_us, at_us)

    def _keyed(self, digits: str, pressed_us: int, at_us: int) -> None:
        self._digits = ""
        source, self._source = self._source, PROTOCOL
        self._listener.finished(Heard(digits, source, "dtmf"), pressed_us, at_us)
