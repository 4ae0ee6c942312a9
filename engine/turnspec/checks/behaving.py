"""Expectations about when the agent speaks, stops and hangs up."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.audio.edges import Segment
from turnspec.call.events import AgentHungUp, CallerHungUp
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.measure_readings import error_bar
from turnspec.checks.scene import Scene
from turnspec.checks.stopping import Keeping, Stopping, keeping, stopping
from turnspec.checks.turns import Window
from turnspec.dsl import Expect
from turnspec.results import Finding, Line, Status

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED


def silent(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent says nothing for so long from the end of the caller's action."""
    if expect.silent is None:
        return
    since, length = stage.turn.quiet_from_us, expect.silent.us
    expected, span = f"no speech for {expect.silent}", expect.span_of("silent")
    broken = _spoken_in(stage, since, since + length)
    if broken is not None:
        begun = max(broken.start_us, since)
        words = f"; it said {shown.quoted_last(stage.turn.text)}" if stage.turn.text else "."
        message = (
            f"The agent was to be silent for {expect.silent}, but was heard {shown.clock(begun)}, "
            f"{shown.ms(begun - since)} after the caller's end{words}"
        )
        actual = f"speech after {shown.ms(begun - since)}"
        yield stage.found("silent", FAILED, message, expected=expected, actual=actual, span=span, at_us=begun)
        return
    watched = (stage.scene.ended_us or stage.scene.last_us) - since
    if watched < length:
        seen = shown.ms(max(0, watched))
        message = f"The call ended {seen} into the {expect.silent} of silence that were expected."
        yield stage.found("silent", NOT_EXERCISED, message, expected=expected, span=span)
        return
    message = f"The agent was silent for {expect.silent}."
    yield stage.found("silent", PASSED, message, expected=expected, actual="no speech", span=span)


def stops(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent falls silent soon after the caller talks over it, though it had more to say."""
    if expect.stops is None:
        return
    span = expect.span_of("stops")
    stop = stopping(stage.scene, stage.turn)
    if stop is None:
        message = (
            "Whether the agent stops could not be seen: it was not speaking when the caller talked over it."
        )
        yield stage.found("stops", NOT_EXERCISED, message, expected=_expected_stop(expect.stops), span=span)
        return
    status, message = _stopped(stop, expect.stops, error_bar(stage.context.lateness_us, stop.blur_us))
    yield stage.found(
        "stops",
        status,
        message,
        expected=f"{_expected_stop(expect.stops)} within {shown.ms(stop.limit_us)}",
        actual=f"silent after {shown.ms(stop.after_us)}",
        span=span,
        at_us=stop.stopped_us,
        details=(f"there was more to say: {stop.evidence}",) if stop.evidence else (),
    )


def keeps_speaking(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent goes on over a sound of the caller that must not stop it."""
    if expect.keeps_speaking is None:
        return
    span, expected = expect.span_of("keeps_speaking"), _expected_stop(not expect.keeps_speaking)
    kept = keeping(stage.scene, stage.turn)
    if kept is None or kept.finished:
        why = "it was not speaking when the caller made a sound"
        if kept is not None:
            why = f"it had said all {shown.clock(kept.ended_us)}, before the caller's sound was over"
        message = f"Whether the agent goes on could not be seen: {why}."
        yield stage.found("keeps_speaking", NOT_EXERCISED, message, expected=expected, span=span)
        return
    holds = (kept.stopped_us is None) is expect.keeps_speaking
    after, how = (kept.ended_us, "through") if kept.stopped_us is None else (kept.stopped_us, "silent")
    yield stage.found(
        "keeps_speaking",
        PASSED if holds else FAILED,
        _kept(kept, error_bar(stage.context.lateness_us, kept.blur_us)),
        expected=expected,
        actual=f"{how} after {shown.ms(after - kept.from_us)}",
        span=span,
        at_us=after,
        details=(f"there was more to say: {kept.evidence}",) if kept.evidence else (),
    )


def _kept(kept: Keeping, error_us: int) -> str:
    if kept.stopped_us is None:
        return f"The agent went on over the caller's sound, and spoke until {shown.seconds(kept.ended_us)}."
    after = f"{shown.ms(kept.stopped_us - kept.from_us)} ± {shown.ms(error_us)}"
    sentence = f"The agent fell silent {after} after the caller began to make a sound"
    if kept.pause is not None:
        return f"{sentence}, and went on {shown.ms(kept.pause.duration_us)} later."
    return f"{sentence}, though it had more to say."


def hangup(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent's side ends the call in this turn, or does not."""
    if expect.hangup is None:
        return
    span = expect.span_of("hangup")
    event = agent_hangup(stage.scene, stage.turn.window)
    expected = "the agent hangs up" if expect.hangup else "the agent stays on the line"
    if event is not None:
        holds, message = (
            expect.hangup,
            f"The agent hung up {shown.clock(event.at_us)}{_because(event.reason)}.",
        )
    else:
        until = shown.seconds(stage.turn.window.ended_us or stage.turn.end_us)
        holds, message = not expect.hangup, f"The agent did not hang up in this turn, which ended at {until}."
    yield stage.found(
        "hangup",
        PASSED if holds else FAILED,
        message if holds or event is None else f"{message[:-1]}, which it must not do in this turn.",
        expected=expected,
        actual="hung up" if event else "stayed on the line",
        span=span,
        at_us=event.at_us if event else None,
    )


def agent_hangup(scene: Scene, window: Window | None) -> AgentHungUp | None:
    """The agent's own hang-up, in a turn if one is given; one that answers the caller's is none."""
    caller = min((event.at_us for event in scene.view.of(CallerHungUp)), default=None)
    for event in scene.view.of(AgentHungUp):
        own = caller is None or event.at_us < caller
        if own and (window is None or scene.owner_of(event) == window.index):
            return event
    return None


def _because(reason: str) -> str:
    return f" ({shown.short(reason)})" if reason else ""


def _spoken_in(stage: Stage, since_us: int, until_us: int) -> Segment | None:
    for segment in stage.scene.speech:
        if segment.end_us > since_us and segment.start_us < until_us:
            return segment
    # Words without a sound are said all the same: a message, or a reply that has no recording.
    lines = [line.began_us for line in stage.turn.agent_lines if line.text and not _sounds(stage, line)]
    begun = [at_us for at_us in (*stage.turn.texts, *lines) if since_us <= at_us < until_us]
    return Segment(min(begun), min(begun)) if begun else None


def _sounds(stage: Stage, line: Line) -> bool:
    began, ended = line.began_us, line.ended_us or line.began_us
    return any(part.start_us < ended and part.end_us > began for part in stage.scene.speech)


def _expected_stop(stops_expected: bool) -> str:  # noqa: FBT001 # the value of the key `stops`
    return "the agent stops" if stops_expected else "the agent goes on"


def _stopped(stop: Stopping, wanted: bool, error_us: int) -> tuple[Status, str]:  # noqa: FBT001 # as written
    after = f"{shown.ms(stop.after_us)} ± {shown.ms(error_us)} after the caller began to talk over it"
    limit = shown.ms(stop.limit_us)
    if not stop.in_time(error_us):
        sentence = f"The agent went on speaking until {after}; it was to stop within {limit}."
        return (FAILED, sentence) if wanted else (PASSED, f"The agent went on speaking until {after}.")
    if stop.call_ended:
        return (
            NOT_EXERCISED,
            f"The agent fell silent {after}, but the call ended before it was clear that it stopped.",
        )
    if not stop.evidence:
        return NOT_EXERCISED, (
            f"The agent fell silent {after}, but it merely finished: nothing shows that it had more to say."
        )
    return (PASSED if wanted else FAILED), f"The agent stopped {after}."
