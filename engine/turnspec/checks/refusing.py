"""The expectation that the call is refused, before it is up or as soon as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from turnspec.call.events import AgentAudio, AgentHungUp, CallRefused, LineBroke
from turnspec.checks import shown
from turnspec.checks.matching import MISSING, match_value, written
from turnspec.checks.scene import Scene
from turnspec.dsl import RefusedExpectation
from turnspec.results import Finding, Status


@dataclass(frozen=True, slots=True)
class Refusal:
    """When the call was refused, with which code where one came, and why."""

    at_us: int
    code: int | None
    reason: str


def expects_refusal(scene: Scene) -> RefusedExpectation | None:
    """What the call's only turn expects of its refusal; None: that it is taken."""
    only = scene.plan.turns[0]
    return None if only.skipped or only.turn.expect is None else only.turn.expect.refused


def refusal_of(scene: Scene) -> Refusal | None:
    """How the call was refused; None: it was taken.

    Some take a call only to close it: that counts where not a sound of the agent came before.
    """
    for event in scene.view.of(CallRefused):
        return Refusal(event.at_us, event.code, event.reason)
    if any(scene.view.of(AgentAudio)):
        return None
    window = scene.window(0)
    ends: list[LineBroke | AgentHungUp] = [*scene.view.of(LineBroke), *scene.view.of(AgentHungUp)]
    for closed in ends:
        if window is not None and window.has(closed.at_us):
            code = closed.code if isinstance(closed, LineBroke) else None
            return Refusal(closed.at_us, code, closed.reason)
    return None


def refused(scene: Scene) -> Iterator[Finding]:
    """Whether the call was refused as expected; nothing where none was."""
    expected = expects_refusal(scene)
    if expected is None:
        return
    code = "" if expected.code is None else f" with code {written(expected.code)}"
    found = refusal_of(scene)
    status, message = _judged(expected, found)
    yield Finding(
        kind="refused",
        status=status,
        message=message,
        expected=f"the call is refused{code}",
        actual="the call was taken" if found is None else f"refused{_code(found)}",
        turn=0,
        at_us=None if found is None else found.at_us,
        span=expected.span,
    )


def _judged(expected: RefusedExpectation, found: Refusal | None) -> tuple[Status, str]:
    if found is None:
        return Status.FAILED, "The call was taken, though it was to be refused."
    told = f"The call was refused{_code(found)}: {shown.short(found.reason) or 'no reason was given'}"
    if expected.code is None:
        return Status.PASSED, f"{told}."
    match = match_value(MISSING if found.code is None else found.code, expected.code)
    if match.holds:
        return Status.PASSED, f"{told}."
    why = "; ".join(str(mismatch) for mismatch in match.mismatches)
    return Status.FAILED, f"{told}, but with another code: {why}."


def _code(found: Refusal) -> str:
    return "" if found.code is None else f" (code {found.code})"
