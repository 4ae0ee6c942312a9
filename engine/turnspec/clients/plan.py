"""The plan of a call that a program drives: the line comes up, and stays up until somebody ends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from turnspec.adapters.base import Adapter
from turnspec.call import Identity
from turnspec.dsl import Scenario, Turn
from turnspec.plan import CallPlan, Edge, StepGraph, TargetKind
from turnspec.plan.graph import Connect, End, Watch
from turnspec.run.closing import Decision

NAME: Final = "a program's call"


def open_plan(adapter: Adapter, options: BaseModel, identity: Identity, limit_us: int) -> CallPlan:
    """A plan without turns; the call is hung up after `limit_us`."""
    capabilities = adapter.capabilities(options)
    steps = (
        Connect(id="connect", greets=capabilities.greets),
        Watch(id="call", duration_us=2 * limit_us),  # the call's own limit comes first, and is named
        End(id="end"),
    )
    return CallPlan(
        name=NAME,
        scenario=Scenario(scenario=NAME, target=adapter.name, turns=(Turn(),)),
        file="",
        target=adapter.name,
        protocol=adapter.name,
        kind=TargetKind.BARE,
        capabilities=capabilities,
        graph=StepGraph(steps, (Edge("connect", "call"), Edge("call", "end"))),
        turns=(),
        utterances=(),
        identity=identity,
        words=None,
        calls=None,
        call_limit_us=limit_us,
    )


class NoTurns:
    """Nothing is captured or judged: there are no turns."""

    def captures(self, turn: int) -> Mapping[str, Any]:  # noqa: ARG002 # the signature is TurnCloser's
        """None."""
        return {}

    def passes(self, turn: int) -> bool:  # noqa: ARG002 # as above
        """Nothing can fail."""
        return True

    def hearing(self, turn: int, question: str) -> None:
        """Nothing has to be made out first."""

    def decide(self, turn: int, question: str) -> Decision:  # noqa: ARG002 # as above
        """Nothing is asked."""
        return Decision("run")
