"""Literal calls for the checks: plans from written scenarios, events in milliseconds, tracks of tones."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

from turnspec.audio.samples import track_of
from turnspec.call import MULAW_8K, Capabilities, Capability, Identity, Snapshot, Track
from turnspec.call.events import (
    AgentAudio,
    AgentSaid,
    CallEnded,
    CallerHungUp,
    CallerSpoke,
    CallUp,
    Closer,
    Dialled,
    Event,
    FunctionCalled,
    FunctionReturned,
    Origin,
    ResponseStarted,
    Side,
    TurnBegan,
    TurnEnded,
)
from turnspec.checks import Context
from turnspec.dsl import NOWHERE, Expect, Matcher, Scenario
from turnspec.dsl.document import parse_document
from turnspec.dsl.reader import read_model
from turnspec.plan import Setting, TargetKind, compile_call
from turnspec.plan.model import CallPlan
from turnspec.results import Finding
from turnspec.speech.intents import Intent, Intents

GOLDEN = Path(__file__).parent / "golden" / "findings"
RATE_HZ = 8_000
FILE = "scenarios/bank.yaml"
INTENTS = Intents(
    {
        "card_blocked": Intent(
            "card_blocked", phrases=("your card is blocked",), keywords=("blocked",), not_=("not blocked",)
        )
    }
)
CONTEXT = Context(intents=INTENTS)


def scenario_of(written: str) -> Scenario:
    """A scenario as written, with its places."""
    document = parse_document(dedent(written).lstrip().encode(), FILE, Path())
    assert not document.problems, document.problems
    scenario, problems = read_model(Scenario, document.data, document.data.place)
    assert scenario is not None, problems
    return scenario


def plan_of(written: str, **changed: Any) -> CallPlan:
    """The plan of a scenario against a bridge with a backend, over Twilio."""
    capabilities = Capabilities(can=frozenset(Capability), caller_format=MULAW_8K)
    setting: dict[str, Any] = {
        "target": "bank",
        "protocol": "twilio",
        "kind": TargetKind.BACKEND,
        "capabilities": capabilities,
        "identity": Identity("seed"),
        "speaks": True,
    }
    compiled = compile_call(scenario_of(written), Setting(**{**setting, **changed}))
    assert compiled.plan is not None, compiled.problems
    return compiled.plan


def matcher_of(written: Any) -> Matcher:
    """A matcher from what YAML would give for it."""
    expect, problems = read_model(Expect, {"returned": {"it": written}}, NOWHERE)
    assert expect is not None, problems
    return expect.returned["it"]


def turns(*written: str) -> str:
    """A scenario of these turns, each a block of YAML."""
    items = "".join(f"  - {dedent(turn).strip().replace(chr(10), chr(10) + '    ')}\n" for turn in written)
    return f"scenario: Lost card\ntarget: bank\nturns:\n{items}"


def tones(*stretches: tuple[int, int], length_ms: int = 20_000) -> Track:
    """A track that sounds from and to these milliseconds, exactly."""
    samples = np.zeros(length_ms * RATE_HZ // 1_000, np.int16)
    for start, end in stretches:
        part = samples[start * RATE_HZ // 1_000 : end * RATE_HZ // 1_000]
        part[0::2], part[1::2] = 8_000, -8_000
    return track_of(samples, RATE_HZ)


def began(turn: int, at_ms: int) -> Event:
    """A turn began."""
    return TurnBegan(at_us=at_ms * 1_000, turn=turn)


def over(turn: int, at_ms: int, how: str = "replied") -> Event:
    """A turn ended."""
    return TurnEnded(at_us=at_ms * 1_000, turn=turn, how=how)


def spoke(
    turn: int, start_ms: int, end_ms: int, text: str = "hello", *, interrupts: bool = False
) -> CallerSpoke:
    """The caller spoke from and to these milliseconds; its clip began with its speech."""
    return CallerSpoke(
        at_us=start_ms * 1_000,
        turn=turn,
        text=text,
        origin=Origin.RECORDED,
        speech_start_us=start_ms * 1_000,
        speech_end_us=end_ms * 1_000,
        interrupts=interrupts,
    )


def responded(at_ms: int, response: str) -> Event:
    """The model began a response."""
    return ResponseStarted(at_us=at_ms * 1_000, side=Side.MODEL, response_id=response)


def said(
    text: str,
    began_ms: int,
    length_ms: int | None = None,
    *,
    response: str = "r1",
    item: str = "i1",
    side: Side = Side.MODEL,
) -> AgentSaid:
    """One item of the agent's words."""
    return AgentSaid(
        at_us=began_ms * 1_000 + 5_000,
        side=side,
        response_id=response,
        item_id=item,
        text=text,
        began_us=began_ms * 1_000,
        audio_us=None if length_ms is None else length_ms * 1_000,
    )


def audio(at_ms: int, length_ms: int, plays_ms: int | None = None, stream: str = "MZ1") -> AgentAudio:
    """Audio of the agent on the line."""
    return AgentAudio(
        at_us=at_ms * 1_000,
        format=MULAW_8K,
        size=MULAW_8K.size_of(length_ms * 1_000),
        stream=stream,
        plays_at_us=None if plays_ms is None else plays_ms * 1_000,
    )


def called(name: str, arguments: str, at_ms: int, call: str = "c1", side: Side = Side.MODEL) -> Event:
    """A function was called."""
    return FunctionCalled(at_us=at_ms * 1_000, side=side, call_id=call, name=name, arguments=arguments)


def returned(output: str, at_ms: int, call: str = "c1") -> Event:
    """A function gave back its output."""
    return FunctionReturned(at_us=at_ms * 1_000, side=Side.MODEL, call_id=call, output=output)


def ended(at_ms: int, reason: str = "finished") -> tuple[Event, ...]:
    """The caller ended the call."""
    at_us = at_ms * 1_000
    return CallerHungUp(at_us=at_us), CallEnded(at_us=at_us + 2_000, by=Closer.CALLER, reason=reason)


def call(*events: Event | tuple[Event, ...], agent: Track | None = None) -> Snapshot:
    """A call that was dialled at 0 and up at 50 ms, with these events and this agent as heard."""
    flat = [one for event in events for one in (event if isinstance(event, tuple) else (event,))]
    begin = (Dialled(at_us=0, url="ws://x", protocol="twilio"), CallUp(at_us=50_000))
    return Snapshot((*begin, *flat), caller=None, agent=agent)


@dataclass(frozen=True)
class Replied:
    """A call of one turn: the caller speaks until 1 s, the agent answers from 1.5 s on for a second."""

    text: str = "Your card is blocked, reference R-1042."
    calls: tuple[Event, ...] = field(default=())

    def view(self) -> Snapshot:
        """The evidence of it."""
        return call(
            began(0, 60),
            spoke(0, 100, 1_000),
            *self.calls,
            responded(1_200, "r1"),
            said(self.text, 1_300, None),
            over(0, 3_300),
            ended(4_000),
            agent=tones((1_500, 2_500)),
        )


def as_text(finding: Finding) -> str:
    """A finding as its golden file has it."""
    lines = [
        f"kind:     {finding.kind}",
        f"status:   {finding.status.value}",
        f"message:  {finding.message}",
        f"expected: {finding.expected}",
        f"actual:   {finding.actual}",
        f"turn:     {'-' if finding.turn is None else finding.turn}",
        f"at_us:    {'-' if finding.at_us is None else finding.at_us}",
        f"span:     {finding.span or '-'}",
    ]
    return "\n".join([*lines, *(f"  {detail}" for detail in finding.details)]) + "\n"


def golden(name: str, text: str) -> str:
    """The golden text of this name; with UPDATE_GOLDEN=1 it becomes `text`."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return path.read_text("utf-8")
