"""Making the call of a case, on either clock, and turning it into its result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from turnspec.audio.files import AudioFileError
from turnspec.audio.line import Line
from turnspec.audio.playback import PlaybackClock
from turnspec.call import AudioFormat, Identity, Snapshot
from turnspec.call.events import CallEnded, CallUp, Closer, FunctionCalled, HarnessFailed, Side
from turnspec.checks.captures import captures
from turnspec.checks.decisions import Decision, decide
from turnspec.checks.judge import judge_turn
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.agent.functions import DeclaredFunctions
from turnspec.dsl.templates import TemplateError, render_value
from turnspec.plan.model import TargetKind
from turnspec.results import CallResult, Outcome
from turnspec.run.bridge import outside_call
from turnspec.run.case import DEFAULT_CALLEE, DEFAULT_CALLER, VIRTUAL, Case
from turnspec.run.case_record import CaseRecord
from turnspec.run.clock import CallClock
from turnspec.run.conversation import converse
from turnspec.run.derive import waiters
from turnspec.run.errors import AppEnded, HarnessError, NothingListens, Unsaid, own_fault
from turnspec.run.instances import Targets
from turnspec.run.interrupts import Interrupts
from turnspec.run.late import LateLines
from turnspec.run.line import as_sent, line_of, playback_of
from turnspec.run.live import LiveCall
from turnspec.run.loops import run_on
from turnspec.run.person import person_at
from turnspec.run.recording import Recording
from turnspec.run.sabotage import faults_by
from turnspec.run.stand import FarEnd, SidedWitness, local_agent
from turnspec.run.transcription.for_agents import AgentRecogniser
from turnspec.run.virtual import VirtualLoop
from turnspec.run.voice import CannotBeSaid, Prepared, prepare
from turnspec.run.voices import makers
from turnspec.run.voices.agents import SpokenAgent, voice_of
from turnspec.run.wheel import PacingWheel

ENGINES_PATIENCE_S: Final = 600.0
"""More than what makes out words, or speaks, is given for an answer."""

_Sounds: TypeAlias = tuple[tuple[Prepared, ...], Line | None, PlaybackClock | None]


class Interrupted(Exception):  # noqa: N818 - not an error: somebody wanted the run to stop
    """A run was stopped from outside; `result` is what its call left."""

    def __init__(self, result: CallResult) -> None:
        super().__init__("interrupted")
        self.result = result


def call_virtual(case: Case, output: Path, interrupts: Interrupts | None = None) -> CallResult:
    """Make a call in virtual time, on a loop of its own.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the record is complete up to that moment.
    """
    record, interrupts = CaseRecord(case, output), interrupts or Interrupts()
    with interrupts.telling(record.stop.now):
        return _made_virtual(record, interrupts)


def _made_virtual(record: CaseRecord, interrupts: Interrupts) -> CallResult:
    try:
        run_on(_loop_for(record.case), _hold_alone(record, interrupts))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _cut(record, "interrupted")
        raise Interrupted(record.result()) from None
    except SystemExit as left:
        record.broke(AppEnded.of(record.case.target.asgi or "", left))
    except HarnessError as error:
        record.broke(error)
    except Exception as error:  # noqa: BLE001 - one call's trouble must not lose the results of the others
        record.broke(own_fault(error))
    return record.result()


def _loop_for(case: Case) -> Callable[[], VirtualLoop]:
    """A loop that has the patience which the engines of a case have: each has a limit of its own."""
    if case.recognizer is None and case.agents_recognizer is None and case.synthesizer is None:
        return VirtualLoop
    return partial(VirtualLoop, job_patience_s=ENGINES_PATIENCE_S)


async def call_wall(case: Case, output: Path, wheel: PacingWheel, targets: Targets) -> CallResult:
    """Make a call on the wall clock, on the running loop."""
    return await call_recorded(CaseRecord(case, output), wheel, targets)


async def call_recorded(record: CaseRecord, wheel: PacingWheel, targets: Targets) -> CallResult:
    """The same, for whoever takes part in the call: the record has what it came to."""
    try:
        await _hold(record, wheel, targets)
    except HarnessError as error:
        record.process_output = record.process_output or error.output
        record.broke(error)
    except asyncio.CancelledError:
        _cut(record, "interrupted")
        raise Interrupted(record.result()) from None
    except Exception as error:  # noqa: BLE001 - one call's trouble must not lose the results of the others
        record.broke(own_fault(error))
    return await _judged(record)


async def _judged(record: CaseRecord) -> CallResult:
    """The result, made beside the loop: other calls are still up, and their frames must not wait."""
    judging = asyncio.ensure_future(_result(record))
    try:
        return await asyncio.shield(judging)
    except asyncio.CancelledError:
        record.stop.now()
        raise Interrupted(await judging) from None


async def _result(record: CaseRecord) -> CallResult:
    loop = asyncio.get_running_loop()
    if record.asks:
        # Not among the threads that judge: whoever is slow to answer keeps no other call from being judged.
        await loop.run_in_executor(waiters(), record.derive)
    return await loop.run_in_executor(None, record.result)


async def _hold_alone(record: CaseRecord, interrupts: Interrupts) -> None:
    with interrupts.cancelling():
        await _hold(record, PacingWheel.of(asyncio.get_running_loop()), Targets([record.case]))


async def _hold(record: CaseRecord, wheel: PacingWheel, targets: Targets) -> None:
    case = record.case
    if record.trouble is not None:
        raise record.trouble
    line = case.plan.capabilities.caller_format
    try:
        utterances, way, playback = await _prepared(case, line) if line else ((), None, None)
    except CannotBeSaid as error:
        raise Unsaid.at(error.place, str(error)) from error
    except AudioFileError as error:
        raise HarnessError(str(error)) from error
    clock = CallClock(asyncio.get_running_loop())
    closer = _Closer(record)
    live = LiveCall(case.plan, record.evidence, clock, utterances, closer, way, playback, case.ears)
    if line is not None and case.speaker is not None:
        live.late = LateLines(case.plan.utterances, case.speaker, line, way)
    record.live = live
    if line is not None:
        live.recording = record.recording = Recording(record.folder, live.recorder, record.evidence)
        if case.clock != VIRTUAL:
            live.recording.grow()
    if case.plan.kind is not TargetKind.BACKEND:
        live.on_function = _Answering(live, case).called
    try:
        person = person_at(case.plan, case.devices, case.ears)
        async with person as live.person, _far_end(record, live, targets) as far:
            if record.attend is not None:
                record.attend(live)
            clock.began = asyncio.get_running_loop().time()  # the call begins once the far end is up
            for _ in range(far.strays):
                live.happened(outside_call(0))
            record.seat = await converse(live, case.adapter, case.dial(far, live), wheel, far.died)
            record.trouble = _trouble(record, far)
    except asyncio.CancelledError:
        live.stop()
        raise


async def _prepared(case: Case, line: AudioFormat) -> _Sounds:
    """All that the caller says, and the line; beside the loop, unless it is quick and nobody waits."""
    if case.clock == VIRTUAL and all(each.path is not None for each in case.plan.utterances):
        return _sounds(case, line)
    return await asyncio.get_running_loop().run_in_executor(makers(), _sounds, case, line)


def _sounds(case: Case, line: AudioFormat) -> _Sounds:
    utterances = prepare(case.plan.utterances, line, case.speaker)
    way = line_of(case.plan, line, utterances)
    return as_sent(utterances, way, line.rate_hz), way, playback_of(case.plan)


def _trouble(record: CaseRecord, far: FarEnd) -> HarnessError | None:
    """What the harness failed with in a call that was held to its end."""
    failed = next(record.evidence.of(HarnessFailed), None)
    if failed is None:
        return None
    if far.died is not None and far.died.done():
        return far.died.result()
    unsaid = record.live.late.trouble if record.live is not None and record.live.late is not None else None
    if unsaid is not None:
        return unsaid
    return HarnessError(failed.reason) if any(record.evidence.of(CallUp)) else NothingListens(failed.reason)


def _cut(record: CaseRecord, reason: str) -> None:
    record.stop.now()
    at_us = record.live.now_us() if record.live else 0
    record.evidence.append(HarnessFailed(at_us=at_us, reason=reason))
    record.evidence.append(CallEnded(at_us=at_us, by=Closer.ENGINE, reason=reason))


@asynccontextmanager
async def _far_end(record: CaseRecord, live: LiveCall, targets: Targets) -> AsyncIterator[FarEnd]:
    case = record.case
    if case.plan.kind is TargetKind.AGENT:
        said = {name: getattr(case.options, name, None) for name in ("pace", "dialect")}
        session = (_brain(case, live, **said), SidedWitness(live, Side.AGENT), _agent_identity(case))
        async with local_agent(case.plan.protocol, session, case.options) as far:
            yield far
        return
    backend = None
    if case.script:
        backend = (_brain(case, live), SidedWitness(live, Side.MODEL), _agent_identity(case))
    async with targets.of(case) as instance:
        try:
            async with instance.call(backend) as far:
                yield far
        finally:
            record.process_output = instance.output


def _agent_identity(case: Case) -> Identity:
    return Identity(f"{case.plan.identity.seed}/agent")


def _brain(case: Case, live: LiveCall, **said: Any) -> LocalAgent:
    """The local agent of a case; `said` is what the options of its call tell it."""
    assert case.script is not None, "a local agent and a backend have a script"
    try:
        agent = LocalAgent(
            case.script,
            intents=case.intents,
            functions=case.plan.scenario.functions,
            utterances=dict(_known_utterances(case)),
            synthesised=live.synthesised,
            call={"from": case.plan.scenario.caller.from_ or DEFAULT_CALLER, "to": DEFAULT_CALLEE},
            variables={**case.variables, "env": case.environment},
            scenario_variables=case.plan.variables,
            faults=faults_by("agent", case.plan.scenario.faults),
            identity=_agent_identity(case),
            voice=_voice_of_agent(case),
            recogniser=_recogniser_of_agent(case),
            ears=case.ears,
            **said,
        )
    except AudioFileError as error:
        raise HarnessError(str(error)) from error
    if live.late is not None:
        live.late.learners.append(agent.learn)
    return agent


def _recogniser_of_agent(case: Case) -> AgentRecogniser | None:
    if case.agents_recognizer is None:
        return None
    return AgentRecogniser(case.agents_recognizer, waits=case.clock == VIRTUAL)


def _voice_of_agent(case: Case) -> SpokenAgent | None:
    if case.synthesizer is None or case.script is None:
        return None
    voice = voice_of(case.script, case.synthesizer, case.voice)
    return SpokenAgent(case.synthesizer, voice, waits=case.clock == VIRTUAL)


def _known_utterances(case: Case) -> Iterator[tuple[Path, str]]:
    """The scenario's recordings with their words; a text file beside one knows better than a turn."""
    for utterance in case.plan.utterances:
        if utterance.path is None:
            continue
        beside = utterance.path.with_suffix(".txt")
        if beside.is_file():
            yield utterance.path, " ".join(beside.read_text("utf-8-sig").split())
        elif utterance.text:
            yield utterance.path, utterance.text


class _Closer:
    """Closes turns while the call is up, by the same checks that judge it afterwards."""

    def __init__(self, record: CaseRecord) -> None:
        self._record = record

    def captures(self, turn: int) -> Mapping[str, Any]:
        """The variables that a turn binds."""
        record = self._record
        return captures(record.case.plan, turn, record.evidence, record.words.answers)

    def passes(self, turn: int) -> bool:
        """Whether a turn holds, as far as can be told now."""
        plan = self._record.case.plan
        return judge_turn(plan, turn, self._so_far(), self._record.context).outcome is not Outcome.FAILED

    def hearing(self, turn: int, question: str) -> Callable[[], None] | None:
        """What has to be listened to before something is decided about a turn."""
        return self._record.words.hearing(turn, question, self._so_far)

    def _so_far(self) -> Snapshot:
        """The call with its sound."""
        live = self._record.live
        assert live is not None
        caller, agent = live.recorder.tracks(live.now_us())
        return self._record.evidence.snapshot(caller, agent)

    def decide(self, turn: int, question: str) -> Decision:
        """Which way the call goes on; what is asked of a reply needs no sound."""
        snapshot = self._record.evidence.snapshot(None, None)
        return decide(self._record.case.plan, turn, question, snapshot, self._record.context)


class _Answering:
    """Runs the functions that a model calls where the engine offered them."""

    def __init__(self, live: LiveCall, case: Case) -> None:
        self._live = live
        self._functions = DeclaredFunctions(case.plan.functions)
        self._variables = case.plan.variables

    def called(self, event: FunctionCalled) -> None:
        """Answer a call that came over the line, after as long as the function takes."""
        if event.side is not Side.MODEL:
            return
        arguments = _arguments(event.arguments)
        variables = {**self._variables, "arguments": arguments}
        try:
            result = self._functions.run_text(
                event.name, event.arguments, lambda value: render_value(value, variables)
            )
        except TemplateError as error:
            reason = f"what {event.name} gives back cannot be worked out: {error}"
            self._live.happened(HarnessFailed(at_us=self._live.now_us(), reason=reason))
            return
        at_us = self._live.now_us() + result.takes_us
        self._live.clock.call_at(at_us, lambda: self._give(event.call_id, result.output))

    def _give(self, call_id: str, output: str) -> None:
        if self._live.call is not None and not self._live.over.is_set():
            self._live.call.return_function(call_id, output)


def _arguments(text: str) -> dict[str, Any]:
    """The arguments as sent; none if they are not a JSON object, which a check reports."""
    try:
        arguments = json.loads(text)
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}
