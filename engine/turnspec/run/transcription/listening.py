"""The words of one call, made out of its sound where nobody tells them: after it, or in it where need be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from turnspec.audio.samples import position_at, samples_of, track_of
from turnspec.call import EvidenceView, Track
from turnspec.call.derived import Derived, DerivedState
from turnspec.checks.captures import needs_words
from turnspec.checks.language import language_of
from turnspec.checks.recognised import AGENT, CALLER, TRANSCRIPT, Stretch
from turnspec.checks.scene import Scene
from turnspec.plan.model import CallPlan, TurnPlan
from turnspec.run.derive import Stop, in_threads, waiters
from turnspec.run.transcription.recognizer import Recognizer
from turnspec.run.transcription_worker import as_answer
from turnspec.speech.transcription import Transcript, TranscriptionError

AROUND_US: Final = 200_000
"""What is listened to before and after speech: its edges are where it is loud, and words begin softly."""

_INTERRUPTED: Final = "the run was interrupted"


class CallWords:
    """What was made out in one call so far; without a `recognizer` nothing ever is."""

    def __init__(self, plan: CallPlan, recognizer: Recognizer | None, stop: Stop) -> None:
        self._plan = plan
        self._recognizer = recognizer
        self._stop = stop
        self.answers: tuple[Derived, ...] = ()

    @property
    def listens(self) -> bool:
        """Whether anybody makes out words here."""
        return self._recognizer is not None

    def hear_all(self, view: EvidenceView, derived: tuple[Derived, ...] = ()) -> tuple[Derived, ...]:
        """Make out what is not known yet of a call that is over; `derived` says where in it speech is."""
        self._hear(view, (*self._unknown(view, derived), *self._unverified(view, derived)))
        return self.answers

    def hearing(
        self, index: int, question: str, tracks: Callable[[], EvidenceView]
    ) -> Callable[[], None] | None:
        """What has to be done, beside the loop, before something is decided about a turn; None: nothing.

        `question` is what the conductor asks, empty if the turn is over; `tracks` gives the call with sound.
        """
        if not self.listens or not _about_words(self._plan.turns[index], question):
            return None
        view = tracks()
        unknown = [stretch for stretch in self._unknown(view) if stretch.who == AGENT]
        return (lambda: self._hear(view, unknown)) if unknown else None

    def _unknown(self, view: EvidenceView, derived: tuple[Derived, ...] = ()) -> tuple[Stretch, ...]:
        if not self.listens:
            return ()
        return Scene(self._plan, view, (*derived, *self.answers)).unknown_words

    def _unverified(self, view: EvidenceView, derived: tuple[Derived, ...]) -> tuple[Stretch, ...]:
        if not self.listens:
            return ()
        return Scene(self._plan, view, (*derived, *self.answers)).unverified_words

    def _hear(self, view: EvidenceView, unknown: Sequence[Stretch]) -> None:
        found = in_threads([self._asking(view, stretch) for stretch in unknown], self._stop)
        made = [each or self._failed(one, "", _INTERRUPTED) for one, each in zip(unknown, found, strict=True)]
        self.answers = tuple(sorted((*self.answers, *made), key=_place))

    def _asking(self, view: EvidenceView, stretch: Stretch) -> Callable[[], Derived]:
        track = view.caller if stretch.who == CALLER else view.agent
        assert track is not None, "speech was heard on it"
        from_us, sound = _cut_out(track, stretch)
        return lambda: self._asked(stretch, from_us, sound)

    def _asked(self, stretch: Stretch, from_us: int, sound: Track) -> Derived:
        assert self._recognizer is not None, "somebody listens"
        language = language_of(self._plan)
        key = self._recognizer.key(sound, language)
        try:
            transcript = self._recognizer.transcript(sound, language)
        except TranscriptionError as error:
            return self._failed(stretch, key, error.reason, refused=error.refused)
        except Exception as error:  # noqa: BLE001 - an engine of somebody's own, whatever it fails with
            return self._failed(stretch, key, f"{type(error).__name__}: {error}")
        return self._derived(stretch, key, DerivedState.OK, answer=_in_the_call(transcript, from_us))

    def _failed(self, stretch: Stretch, key: str, reason: str, *, refused: bool = False) -> Derived:
        state = DerivedState.REFUSED if refused else DerivedState.FAILED
        return self._derived(stretch, key, state, reason=reason)

    def _derived(self, stretch: Stretch, key: str, state: DerivedState, **more: Any) -> Derived:
        assert self._recognizer is not None, "somebody listens"
        engine = self._recognizer.transcriber
        return Derived(
            kind=TRANSCRIPT,
            turn=stretch.turn,
            text=stretch.who,
            engine=engine.name,
            model=engine.model,
            key=key,
            state=state,
            given=stretch.given,
            **more,
        )


def beside_the_loop(job: Callable[[], None], then: Callable[[], None]) -> asyncio.Future[None]:
    """Do `job` in a thread, and `then` on the loop; in virtual time no time passes meanwhile."""
    done = asyncio.get_running_loop().run_in_executor(waiters(), job)
    done.add_done_callback(lambda future: None if future.cancelled() else _then(future, then))
    return done


def _then(future: asyncio.Future[None], then: Callable[[], None]) -> None:
    future.result()
    then()


def _about_words(turn: TurnPlan, question: str) -> bool:
    """Whether the agent's words decide what is asked about a turn, or what it binds."""
    match question:
        case "filler" | "judge":
            return True
        case "":
            return needs_words(turn)
        case _:
            conditions = (*turn.conditions, *turn.unless, *turn.branch_conditions)
            return any(condition.reply is not None for condition in conditions)


def _cut_out(track: Track, stretch: Stretch) -> tuple[int, Track]:
    """The sound of a stretch with a little around it, and when that begins."""
    from_us = max(0, stretch.from_us - AROUND_US)
    start, end = (position_at(at_us, track.rate_hz) for at_us in (from_us, stretch.to_us + AROUND_US))
    return from_us, track_of(samples_of(track)[start:end], track.rate_hz)


def _in_the_call(transcript: Transcript, from_us: int) -> dict[str, Any]:
    """The answer with its times in the call instead of in the stretch."""
    answer = as_answer(transcript)
    for word in answer["words"]:
        word["from_us"] += from_us
        word["to_us"] += from_us
    return answer


def _place(each: Derived) -> tuple[int, bool]:
    return each.given["from_us"], each.text == CALLER
