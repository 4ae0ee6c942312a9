"""Whether and when the agent stopped once the caller talked over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from turnspec.audio.edges import Segment
from turnspec.call.events import AgentSaid, AgentTruncated, PlaybackFlushed, ResponseEnded, ResponseStarted
from turnspec.checks.acts import Act
from turnspec.checks.scene import STOP_US, Scene, TurnScene

DEFAULT_LIMIT_US: Final = 1_500_000
HELD_BACK_US: Final = 250_000
"""More than the silence that may follow the last word of an item."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The agent as heard fell silent at `stopped_us`, counted from the caller's speech at `from_us`.

    `had_more`: a flush, cancel or truncation shows that there was more to say; `evidence` names it.
    `call_ended`: the call was over before the silence had lasted long enough to tell. `blur_us` is how far
    off `stopped_us` may be beyond what any edge may.
    """

    from_us: int
    stopped_us: int
    limit_us: int
    evidence: str = ""
    call_ended: bool = False
    blur_us: int = 0

    @property
    def after_us(self) -> int:
        """How long it took."""
        return self.stopped_us - self.from_us

    def in_time(self, error_us: int) -> bool:
        """Whether it was silent within the limit, give or take the error."""
        return self.after_us - error_us <= self.limit_us

    def finished(self, error_us: int) -> bool:
        """Whether it was silent in time only because it had nothing more to say."""
        return self.in_time(error_us) and not self.evidence


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the agent went on once the caller made a sound at `from_us`, until `ended_us`.

    `pause` is the first silence of 600 ms before all of what it had to say was heard. `evidence` names what
    shows that it was stopped.
    """

    from_us: int
    clip_end_us: int
    ended_us: int
    pause: Segment | None = None
    evidence: str = ""
    blur_us: int = 0

    @property
    def stopped_us(self) -> int | None:
        """When it fell silent before it had said all; None if it went on."""
        if self.pause is not None:
            return self.pause.start_us
        return self.ended_us if self.evidence else None

    @property
    def finished(self) -> bool:
        """Whether it was through before the caller was, so that nothing could be seen."""
        return self.stopped_us is None and self.ended_us <= self.clip_end_us


def keeping(scene: Scene, turn: TurnScene) -> Keeping | None:
    """How the agent went on in a turn that talks over it; None if it was not speaking then."""
    act = scene.interruption(turn.index)
    if act is None or (stopped := _silent_from(scene, act)) is None:
        return None
    over = next((each.start_us for each in scene.acts if each.interrupts and each.turn > turn.index), stopped)
    if over < stopped:  # what it does from there on is what the next turn is about
        return Keeping(act.start_us, min(act.end_us, over), over)
    evidence = _more_to_say(scene, act, stopped + STOP_US)
    goes_on = (
        [] if evidence else [s for s in scene.speech if s.start_us > stopped and _is_old(scene, turn, s)]
    )
    pause = Segment(stopped, goes_on[0].start_us) if goes_on else None
    return Keeping(act.start_us, act.end_us, stopped, pause, evidence, _blur_us(scene, stopped))


def _is_old(scene: Scene, turn: TurnScene, segment: Segment) -> bool:
    """Whether this speech still is of the reply that was going on when the caller made the sound."""
    if turn.plan.hears_on:
        over_us = turn.window.ended_us
        return over_us is None or segment.start_us < over_us
    act = scene.interruption(turn.index)
    assert act is not None, "a turn that talks over the agent"
    # Nothing was left to play in between: what comes then may as well be the answer.
    return not any(act.start_us <= spell.end_us <= segment.start_us for spell in scene.dry_spells)


def stopping(scene: Scene, turn: TurnScene) -> Stopping | None:
    """How the agent stopped in a turn that talks over it; None if it was not speaking then."""
    act = scene.interruption(turn.index)
    if act is None:
        return None
    stopped = _silent_from(scene, act)
    if stopped is None:
        return None
    limit = turn.plan.limits.get("barge_in")
    evidence = _more_to_say(scene, act, stopped + STOP_US)
    return Stopping(
        from_us=act.start_us,
        stopped_us=stopped,
        limit_us=limit.us if limit else DEFAULT_LIMIT_US,
        evidence=evidence,
        call_ended=not evidence and scene.ended_us is not None and scene.ended_us - stopped < STOP_US,
        blur_us=_blur_us(scene, stopped),
    )


def _blur_us(scene: Scene, stopped_us: int) -> int:
    """How far off the end of the speech that stopped there may be, beyond what any may."""
    return next((each.end_blur_us for each in scene.speech if each.end_us == stopped_us), 0)


def _silent_from(scene: Scene, act: Act) -> int | None:
    """The end of the speech that was talked over, with all that goes on of it after short pauses."""
    stopped: int | None = None
    for segment in scene.speech:
        if segment.start_us <= act.start_us:
            stopped = segment.end_us
        elif stopped is not None and segment.start_us - max(stopped, act.start_us) < STOP_US:
            if _is_new_reply(scene, act, segment):
                break
            stopped = segment.end_us
        else:
            break
    if stopped is None or act.start_us - stopped >= STOP_US:
        return None
    return max(stopped, act.start_us)


def _is_new_reply(scene: Scene, act: Act, segment: Segment) -> bool:
    """Speech after a flush and after the caller's clip answers that clip: it does not go on."""
    flushed = [event.at_us for event in scene.view.of(PlaybackFlushed) if event.at_us >= act.start_us]
    return segment.start_us >= act.end_us and bool(flushed) and flushed[0] <= segment.start_us


def _more_to_say(scene: Scene, act: Act, until_us: int) -> str:
    """What shows that the agent had not finished; empty if nothing does."""
    view = scene.view
    flushes = [flush for flush in view.of(PlaybackFlushed) if act.start_us <= flush.at_us <= until_us]
    if any(flush.unplayed_us > 0 and not flush.silent for flush in flushes):
        return "playback was flushed"
    begun = {event.response_id: event.at_us for event in view.of(ResponseStarted)}
    for ended in view.of(ResponseEnded):
        old = begun.get(ended.response_id, 0) <= act.start_us
        if old and ended.status == "cancelled" and act.start_us <= ended.at_us <= until_us:
            return "its response was cancelled"
    dropped_us = sum(flush.unplayed_us for flush in flushes)
    for truncated in view.of(AgentTruncated):
        if act.start_us <= truncated.at_us <= until_us and _held_back(scene, truncated, dropped_us):
            return "its words were truncated"
    return ""


def _held_back(scene: Scene, truncated: AgentTruncated, dropped_us: int) -> bool:
    """Whether words were cut that never came to be played: a bridge may send no faster than it plays.

    A client that dropped nothing but the silence after the last word truncates the item all the same.
    """
    if not dropped_us:
        return True
    lengths = (said.audio_us for said in scene.view.of(AgentSaid) if said.item_id == truncated.item_id)
    whole_us = next((length for length in lengths if length is not None), 0)
    return whole_us - truncated.heard_us - dropped_us > HELD_BACK_US
