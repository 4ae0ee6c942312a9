"""Whole calls in virtual time with a scripted far end: the engine's own runner, nothing in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from support_twilio import AUDIO
from turnspec.adapters.base import Dial
from turnspec.call import Evidence
from turnspec.plan import CallPlan
from turnspec.plan.model import Utterance
from turnspec.run.clock import CallClock
from turnspec.run.closing import Decision, TurnCloser
from turnspec.run.conversation import converse
from turnspec.run.live import LiveCall
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop
from turnspec.run.voice import prepare
from turnspec.run.wheel import PacingWheel
from turnspec.testing import ScriptedAdapter
from turnspec.testing.scripted import NoOptions

CLIP = AUDIO / "caller" / "account.flac"


class NothingToClose:
    """Turns without captures, that all hold."""

    def captures(self, turn: int) -> Mapping[str, Any]:
        """None."""
        del turn
        return {}

    def passes(self, turn: int) -> bool:
        """They do."""
        del turn
        return True

    def hearing(self, turn: int, question: str) -> Callable[[], None] | None:
        """Nobody has to listen."""
        del turn, question
        return None

    def decide(self, turn: int, question: str) -> Decision:
        """Every turn is run; every branch is the first one."""
        del turn
        return Decision({"choose": "1", "until": "done", "condition": "run"}.get(question, "reply"))


def hold(
    plan: CallPlan,
    adapter: ScriptedAdapter,
    evidence: Evidence | None = None,
    closer: TurnCloser | None = None,
) -> LiveCall:
    """Hold a call in virtual time; every utterance of its plan is the same recording."""

    async def call() -> LiveCall:
        loop = asyncio.get_running_loop()
        line = plan.capabilities.caller_format
        spoken = [Utterance(utterance.text, CLIP, "clip.wav") for utterance in plan.utterances]
        voice = prepare(spoken, line) if line else ()
        record = evidence or Evidence(None, {})
        live = LiveCall(plan, record, CallClock(loop), voice, closer or NothingToClose())
        dial = Dial("ws://scripted/", NoOptions(), plan.identity, live)
        await converse(live, adapter, dial, PacingWheel.of(loop), None)
        return live

    return run_on(VirtualLoop, call())
