"""What is wrong in an agent script for the protocol that it will speak."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.doubles.agent.drawing import soonest
from turnspec.doubles.agent.selection import chain
from turnspec.dsl import AgentScript, Reply
from turnspec.dsl.problems import Problem, problem_at


def script_problems(script: AgentScript, *, endpointing_us: int, keys: bool) -> tuple[Problem, ...]:
    """Replies that begin before the agent can know that the caller has finished, or that it cannot make.

    `endpointing_us` is how long after the caller's speech a double notices its end; `keys`: whether its
    protocol lets an agent press keys and give the call away.
    """
    early = (_too_early(reply, endpointing_us) for reply in _answers(script))
    mute = (_no_keys(reply) for reply in _all(script) if not keys)
    stuck = (_no_transfer(reply) for reply in _all(script) if not keys)
    return tuple(problem for problem in (*early, *mute, *stuck) if problem is not None)


def _too_early(reply: Reply, endpointing_us: int) -> Problem | None:
    first_audio = soonest(reply.timing.first_audio)
    if first_audio is None or first_audio.us >= endpointing_us:
        return None
    least = f"{endpointing_us // 1000} ms"
    return problem_at(
        reply.timing.place.child("first_audio"),
        "too-early",
        f"after {first_audio} the agent cannot know yet that the caller has finished",
        hint=f"write {least} or more: so long it listens for the caller to go on",
    )


def _no_keys(reply: Reply) -> Problem | None:
    if reply.dtmf is None or reply.dtmf.in_band is not None:
        return None
    hint = f'send them as tones: dtmf: {{digits: "{reply.dtmf.digits}", in_band: true}}'
    return problem_at(
        reply.place.child("dtmf"), "cannot-press", "an agent cannot press keys over this protocol", hint=hint
    )


def _no_transfer(reply: Reply) -> Problem | None:
    if reply.transfer is None:
        return None
    message = "an agent cannot give the call to somebody else over this protocol"
    hint = "remove it, or call over another protocol"
    return problem_at(reply.place.child("transfer"), "cannot-transfer", message, hint=hint)


def _answers(script: AgentScript) -> Iterator[Reply]:
    # A greeting's time counts from the call's beginning: there is nothing to wait for.
    for reply in (*script.responses.values(), script.otherwise):
        yield from chain(reply)


def _all(script: AgentScript) -> Iterator[Reply]:
    if script.greeting is not None:
        yield from chain(script.greeting)
    yield from _answers(script)
