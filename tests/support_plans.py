"""Plans made from YAML text, for tests of what comes after the compiler."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from turnspec.call import MULAW_8K, Capabilities, Capability, Identity, ReplyEnd, Source
from turnspec.dsl.load import load
from turnspec.dsl.models import Scenario
from turnspec.dsl.problems import render_problems
from turnspec.plan import CallPlan, Compiled, Setting, TargetKind, compile_call

TELEPHONE = Capabilities(
    can=frozenset({Capability.AUDIO, Capability.DTMF, Capability.INTERRUPT, Capability.HANGUP_SEEN}),
    caller_format=MULAW_8K,
)
TEXT = Capabilities(
    can=frozenset({Capability.TEXT, Capability.FUNCTIONS}),
    gives=frozenset({Source.WORDS, Source.CALLS}),
    reply_end=ReplyEnd.RESPONSE_DONE,
    reply_ends_after_us=0,
    greets=True,
)
AGENT = "agent: Somebody\notherwise: {say: Yes.}\n"


def scenario_of(folder: Path, turns: str, head: str = "") -> Scenario:
    """A scenario with these turns, on a target `desk` whose agent is never run."""
    (folder / "agent.yaml").write_text(AGENT)
    (folder / "clip.wav").write_bytes(b"")  # nothing here reads it
    text = "scenario: Talk\ntarget: {agent: agent.yaml, protocol: twilio}\n"
    text += dedent(head) + "turns:\n" + indent(dedent(turns), "  ")
    (folder / "talk.yaml").write_text(text)
    loaded = load([folder / "talk.yaml"])
    assert not loaded.problems, render_problems(loaded.problems)
    return loaded.scenarios[0]


def setting(
    capabilities: Capabilities = TELEPHONE, kind: TargetKind = TargetKind.AGENT, protocol: str = "twilio"
) -> Setting:
    """A setting on target `desk`."""
    return Setting("desk", protocol, kind, capabilities, Identity("test"))


def compiled(folder: Path, turns: str, where: Setting | None = None, head: str = "") -> Compiled:
    """The compiler's answer."""
    return compile_call(scenario_of(folder, turns, head), where or setting())


def plan_of(folder: Path, turns: str, where: Setting | None = None, head: str = "") -> CallPlan:
    """The plan; there must be one."""
    made = compiled(folder, turns, where, head)
    assert made.plan is not None, render_problems(made.problems)
    return made.plan


class Plans(tuple[CallPlan, ...]):
    """Plans that a property test chooses among, with a name short enough to be told with every example."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} plans>"
