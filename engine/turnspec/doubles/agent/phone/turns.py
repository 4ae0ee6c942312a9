"""The caller's turns on a telephone line: what was said or pressed, and when it was over.

100 ms of silence after speech may end a turn: if what came so far is a known recording to its end, the turn
is over; if it is one that goes on, or the beginning of one, its next sound is waited for; else the turn is
over after 600 ms. If the caller goes on before, so does the turn; noise may hide that, so what was not known
is heard once more with all that came. Keys are one turn once 0.8 s passed without
another, or at `#`, which is not part of the text (unless it is all of it): phones pause less between keys,
and people wait for an answer after the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from turnspec.audio.activity import Activity, SpeechBegan
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.call import AudioFormat
from turnspec.call.evidence import Track
from turnspec.doubles.agent.phone.agenda import Agenda
from turnspec.doubles.agent.phone.line import CallerLine, Utterance
from turnspec.doubles.agent.recognising import LOOK_AGAIN_US, Recognition
from turnspec.doubles.agent.reply import Heard

UNKNOWN_ENDPOINTING_US: Final = 600_000
SLACK_US: Final = 50_000  # by so much may two measures of one recording differ
NOTICED_US: Final = 400_000  # after which speech over noise is noticed for certain
AHEAD_US: Final = 300_000  # before a turn is over its words begin to be made out
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


def no_recognition(heard: Heard, speech: Track) -> None:
    """Nobody makes out words that no recording has."""
    del heard, speech


@dataclass(frozen=True, slots=True)
class _Over:
    """A turn that is over at `due_us` unless it goes on; on the line's clock it paused at `end_us`.

    `complete`: what was heard takes in all that came until then.
    """

    heard: Heard
    recognition: Recognition | None
    begin_us: int
    end_us: int
    ended_us: int
    due_us: int
    complete: bool = False

    def heard_by(self, at_us: int) -> Heard | None:
        """What was heard, None: that is not known yet."""
        if self.recognition is None:
            return self.heard
        found = self.recognition()
        return None if found is None else replace(found, waited_us=at_us - self.due_us)


class CallerTurns:
    """Turns out of audio and keys. Both the audio's own time and `at_us` are needed to say when one ended."""

    def __init__(
        self,
        format: AudioFormat,  # noqa: A002 - the word every caller uses
        hear: Callable[[Track], Heard],
        agenda: Agenda,
        listener: Listener,
        *,
        recognition: Callable[[Heard, Track], Recognition | None] = no_recognition,
        ears: Ears = EVERY_SOUND,
    ) -> None:
        self._line = CallerLine(format, ears)
        self._hear = hear
        self._recognition = recognition
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
        heard, said = self._heard(begin_us, end_us)
        due_us = max(at_us, self._line.call_us(_over_by(heard, said, end_us)) + self._line.late_us)
        ended_us = self._line.call_us(said.ended_us)
        recognition = self._recognition(heard, said.track)
        if recognition is not None and due_us - AHEAD_US > at_us:
            self._agenda.at(due_us - AHEAD_US, partial(self._listen_closely, recognition, end_us))
        over = _Over(heard, recognition, begin_us, end_us, ended_us, due_us)
        self._agenda.at(due_us, partial(self._still_silent, over))
        self._listener.paused(heard, at_us)

    def _heard(self, begin_us: int, end_us: int) -> tuple[Heard, Utterance]:
        """What was heard between two times of the line, and the utterance with its true end."""
        said = self._line.utterance(begin_us, end_us)
        heard = self._hear(said.track)
        truly_us = said.began_us + heard.truly_ended_us(said.ended_us - said.began_us)
        return heard, replace(said, ended_us=truly_us)

    def _silent_since(self, end_us: int) -> bool:
        return self._speech_us is not None and self._speech_us[1] == end_us

    def _listen_closely(self, recognition: Recognition, end_us: int, at_us: int) -> None:
        """Begin to make out the words while the turn may still go on."""
        del at_us
        if self._silent_since(end_us):
            recognition()

    def _still_silent(self, over: _Over, at_us: int) -> None:
        if not self._silent_since(over.end_us):
            return
        over = self._completed(over)
        if over.due_us > at_us:  # noise hid that a known recording goes on
            self._agenda.at(over.due_us, partial(self._still_silent, over))
            return
        heard = over.heard_by(at_us)
        if heard is None:  # the caller may go on meanwhile, and all of it is one turn then
            self._agenda.at(at_us + LOOK_AGAIN_US, partial(self._still_silent, over))
            return
        self._speech_us = None
        self._line.turn_over(over.end_us)
        self._listener.finished(heard, over.ended_us, at_us)

    def _completed(self, over: _Over) -> _Over:
        """The same, with what noise may have hidden after the pause: the rest of a known recording."""
        if over.complete or over.heard.text is not None:
            return over
        heard, said = self._heard(over.begin_us, self._line.now_us)
        if heard.goes_on_us is not None:
            due_us = self._line.call_us(_over_by(heard, said, over.end_us)) + self._line.late_us
            return replace(over, due_us=due_us)
        if heard.text is None:
            return replace(over, complete=True)
        ended_us = self._line.call_us(said.ended_us)
        return replace(over, heard=heard, recognition=None, ended_us=ended_us, complete=True)

    def _no_more_keys(self, pressed: int, pressed_us: int, at_us: int) -> None:
        if pressed == self._pressed:
            self._keyed(self._digits, pressed_us, at_us)

    def _keyed(self, digits: str, pressed_us: int, at_us: int) -> None:
        self._digits = ""
        source, self._source = self._source, PROTOCOL
        self._listener.finished(Heard(digits, source, "dtmf"), pressed_us, at_us)


def _over_by(heard: Heard, said: Utterance, end_us: int) -> int:
    """When on the line's clock a turn that paused at `end_us` is over, if nothing more is heard."""
    if heard.goes_on_us is not None:
        # The recording itself says how soon the rest of it would have come.
        return said.began_us + said.track.duration_us + heard.goes_on_us + NOTICED_US
    if heard.source == KNOWN:
        return max(end_us, said.ended_us, said.began_us + (heard.ended_us or 0)) + SLACK_US
    return end_us + UNKNOWN_ENDPOINTING_US
