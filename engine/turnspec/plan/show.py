"""A plan as text, as Mermaid and as JSON."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from turnspec.plan import graph
from turnspec.plan.graph import AnyStep, Condition, Edge
from turnspec.plan.model import CallPlan, TurnPlan


def as_text(plan: CallPlan) -> str:
    """The steps in order, each turn under its name, with what leads elsewhere."""
    lines = [f"{plan.name}", f"  {plan.file} on target '{plan.target}' over {plan.protocol} ({plan.kind})"]
    told = 0  # turns that have their heading
    for step in plan.graph.steps:
        if not isinstance(step, graph.Connect):
            until = len(plan.turns) if step.turn is None else step.turn + 1
            lines += [f"  {_heading(turn)}" for turn in plan.turns[told:until]]
            told = max(told, until)
        indent = "  " if step.turn is None else "     "
        lines.append(f"{indent}{describe(step, plan)}")
        lines += [f"{indent}  {edge}" for edge in _exits(plan, step)]
    return "\n".join(lines) + "\n"


def as_mermaid(plan: CallPlan) -> str:
    """A Mermaid flowchart."""
    names = {step.id: f"s{number}" for number, step in enumerate(plan.graph.steps)}
    lines = ["flowchart TD"]
    lines += [f"    %% {_heading(turn)}" for turn in plan.turns if turn.skipped]
    for turn, steps in groupby(plan.graph.steps, key=lambda step: step.turn):
        boxes = [f'    {names[step.id]}["{_escaped(describe(step, plan))}"]' for step in steps]
        lines += boxes if turn is None else _framed(plan.turns[turn], boxes)
    for edge in plan.graph.edges:
        label = "" if edge.condition == Condition.DONE else f'|"{_escaped(str(edge.condition))}"|'
        lines.append(f"    {names[edge.source]} -->{label} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def _framed(turn: TurnPlan, boxes: list[str]) -> list[str]:
    """The steps of one turn inside a frame with its name."""
    begin = f'    subgraph t{turn.index}["{_escaped(_heading(turn))}"]'
    return [begin, *(f"    {box}" for box in boxes), "    end"]


def as_document(plan: CallPlan) -> dict[str, Any]:
    """The graph as JSON data: steps in order, edges with their conditions."""
    return {
        "name": plan.name,
        "file": plan.file,
        "target": plan.target,
        "protocol": plan.protocol,
        "steps": [_step_document(step, plan) for step in plan.graph.steps],
        "edges": [
            {"from": edge.source, "to": edge.target, "when": str(edge.condition)} for edge in plan.graph.edges
        ],
        "skipped": [
            {"turn": turn.index, "name": turn.name, "why": turn.skipped}
            for turn in plan.turns
            if turn.skipped
        ],
    }


def describe(step: AnyStep, plan: CallPlan) -> str:
    """One step in a few words."""
    match step:
        case graph.Connect():
            return "connect, and ask the agent to begin" if step.greets else "connect"
        case graph.Speak():
            return f"say {_quoted(plan, step.utterance)}"
        case graph.Interrupt():
            return f"after {_seconds(step.after_us)} of its speech, say {_quoted(plan, step.utterance)}"
        case graph.SendText():
            return f"send {step.text!r}"
        case graph.SendDigits():
            return f"press {step.digits}{' as tones' if step.tones else ''}"
        case graph.SendMessage():
            return f"send {step.name} as it is written"
        case graph.Wait():
            return f"stay silent for {_seconds(step.duration_us)}"
        case graph.Microphone():
            return f"let a person speak {_how_long(step)}"
        case graph.HangUp():
            return "hang up"
        case graph.Listen():
            return _listening(step)
        case graph.HearOut():
            return "hear the reply out" if not step.until_heard else "go on hearing the reply"
        case graph.Watch():
            return f"watch the line for {_seconds(step.duration_us)}"
        case graph.Decide():
            return _DECIDES[step.question]
        case graph.Check():
            return f"check {', '.join(step.expectations) or 'that it replied'}"
        case graph.End():
            return "end of the call"


_DECIDES = {
    "choose": "choose the branch by this reply",
    "until": "decide whether to repeat",
    "condition": "decide whether this is run",
    "filler": "decide whether that was the reply",
}


def _how_long(step: graph.Microphone) -> str:
    if step.duration_us is not None:
        return f"for {_seconds(step.duration_us)}"
    return f"until {_seconds(step.until_silence_us or 0)} of silence"


def _heading(turn: TurnPlan) -> str:
    skipped = f": skipped, because {turn.skipped}" if turn.skipped else ""
    part = "" if turn.part == "body" else f", {turn.part}"
    branch = f" ({' > '.join(turn.branch)})" if turn.branch else ""
    return f"{turn.index + 1}. {turn.name}{branch}{part}{skipped}"


def _listening(step: graph.Listen) -> str:
    if step.until_heard:
        return f"listen until the reply begins, for at most {_seconds(step.patience_us)}"
    if step.afresh or step.onward:
        patience = _seconds(step.patience_us) if step.afresh else "what is left of that time"
        return f"listen on for the reply, for at most {patience}"
    ending = ", then for the agent to hang up" if step.awaits_hangup else ""
    return f"listen to the reply, for at most {_seconds(step.patience_us)}{ending}"


def _exits(plan: CallPlan, step: AnyStep) -> list[str]:
    """Where a step leads, but to the one that is told next."""
    steps = plan.graph.steps
    following = dict(zip((each.id for each in steps), steps[1:], strict=False)).get(step.id)
    return [
        _exit(edge, plan)
        for edge in plan.graph.edges
        if edge.source == step.id
        and not (edge.condition == Condition.DONE and following is not None and edge.target == following.id)
    ]


def _exit(edge: Edge, plan: CallPlan) -> str:
    target = plan.graph.step(edge.target)
    turn = "" if target.turn is None else f" ({plan.turns[target.turn].name})"
    word = "then" if edge.condition == Condition.DONE else f"if {edge.condition}"
    return f"{word}: {describe(target, plan)}{turn}"


def _step_document(step: AnyStep, plan: CallPlan) -> dict[str, Any]:
    place = {} if step.span is None else {"file": step.span.file, "line": step.span.line}
    kind = type(step).__name__.lower()
    return {"id": step.id, "kind": kind, "turn": step.turn, "does": describe(step, plan), **place}


def _quoted(plan: CallPlan, number: int) -> str:
    utterance = plan.utterances[number]
    return repr(utterance.text) if utterance.text else f"the recording {utterance.clip}"


def _seconds(duration_us: int) -> str:
    return f"{duration_us / 1_000_000:g} s"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
