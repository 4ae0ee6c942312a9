"""Times that count from what the caller did to what the agent does about it."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.call.events import AgentAudio, Side
from turnspec.checks.measure_readings import (
    Reading,
    at_least,
    between,
    cut_to,
    error_bar,
    not_applicable,
    unheard,
    unseen,
)
from turnspec.checks.scene import Scene, TurnScene
from turnspec.plan.model import TargetKind


def nothing_to_time(turn: TurnScene) -> Reading | None:
    """Why a reply's times do not exist in this turn, if so."""
    if not turn.plan.takes_reply:
        return not_applicable("the turn takes no reply")
    if turn.act is None:
        return not_applicable("the caller did nothing that the reply answers")
    return None


def response(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """From the end of what the caller did to the reply as heard; of a reply in text, to its first piece."""
    if (missing := nothing_to_time(turn)) or turn.act is None:
        yield missing or unseen("")
        return
    text_us = turn.first_text_us
    if turn.reply and (text_us is None or turn.reply[0].start_us <= text_us):
        first = turn.reply[0]
        yield between(turn.act.end_us, first.start_us, error_bar(lateness_us, first.start_blur_us))
    elif text_us is not None:
        yield between(turn.act.end_us, text_us, 0)
    else:
        yield unanswered(scene, turn, turn.act.end_us, lateness_us)


def first_response(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """The same to the first words of any kind, a filler or the reply."""
    if not turn.plan.fillers and "first_response" not in turn.plan.limits:
        return  # it would say the same as `response`
    if (missing := nothing_to_time(turn)) or turn.act is None:
        yield missing or unseen("")
        return
    found = [(each.start_us, error_bar(lateness_us, each.start_blur_us)) for each in turn.answer[:1]]
    found += [(at_us, 0) for at_us in turn.answer_texts[:1]]
    if found:
        first_us, error_us = min(found)
        yield between(turn.act.end_us, first_us, error_us)
    else:
        yield unanswered(scene, turn, turn.act.end_us, lateness_us)


def unanswered(scene: Scene, turn: TurnScene, since_us: int, lateness_us: int) -> Reading:
    """What is known of an answer that was waited for since a moment, and not seen."""
    if turn.window.how in {"replied", "interrupted"}:
        # The likely reason, where the agent is ours: words without a recording take their time in silence.
        own = scene.plan.kind is TargetKind.AGENT
        hint = ", and a local agent is silent without `audio` in its script" if own else ""
        return unseen(f"no speech was heard in the agent's audio{hint}")
    until = turn.window.ended_us if turn.window.ended_us is not None else scene.last_us
    return at_least(since_us, until, error_bar(lateness_us), "no reply was heard")


def first_audio(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """The same to the reply's first audio, sounding or not."""
    if (missing := nothing_to_time(turn)) or turn.act is None:
        yield missing or unseen("")
        return
    for event in scene.view.of(AgentAudio, Side.LINE):
        plays = event.at_us if event.plays_at_us is None else event.plays_at_us
        # What arrived before a flush was dropped unheard, whenever it was to be played.
        since = max(turn.act.start_us, turn.reply_from_us)
        if turn.reply_from_us <= event.at_us and since <= plays and scene.owner(event.at_us) == turn.index:
            yield between(turn.act.end_us, plays, error_bar(lateness_us))
            return
    yield (
        not_applicable("the agent answered in text")
        if turn.texts
        else unseen("no audio of the agent arrived")
    )


def function_call(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """The same to each function call that is complete with its arguments."""
    act = turn.act
    if scene.plan.calls is None:
        yield not_applicable("this target does not show its function calls")
    elif act is None:
        yield not_applicable("the caller did nothing that the call answers")
    elif not turn.functions:
        yield unseen("no function was called")
    else:
        error = error_bar(lateness_us) if act.spoken else 0
        yield from (between(act.end_us, use.called_us, error, use.name) for use in turn.functions)


def function_return(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """From each function call to its output."""
    del lateness_us  # both ends are messages
    if scene.plan.calls is None:
        yield not_applicable("this target does not show its function calls")
    elif not turn.functions:
        yield unseen("no function was called")
    for use in turn.functions:
        if use.returned_us is None:
            yield at_least(use.called_us, scene.last_us, 0, f"{use.name} gave nothing back")
        else:
            yield between(use.called_us, use.returned_us, 0, use.name)


def turn_length(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """From the end of what the caller did to the end of the agent's speech as heard."""
    del scene  # the turn says it all
    if (missing := nothing_to_time(turn)) or turn.act is None:
        yield missing or unseen("")
    elif not turn.reply:
        yield unheard(turn)
    else:
        last = turn.reply[-1]
        yield cut_to(between(turn.act.end_us, last.end_us, error_bar(lateness_us, last.end_blur_us)), turn)
