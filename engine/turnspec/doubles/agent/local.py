"""The local agent: a script of what to say and call, played by what is heard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import JsonValue

from turnspec.adapters.faults import CallFaults
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.files import AudioFileError
from turnspec.call import Identity
from turnspec.call.evidence import Track
from turnspec.doubles.agent.drawing import Draws
from turnspec.doubles.agent.functions import DeclaredFunctions
from turnspec.doubles.agent.hearing import KnownClips
from turnspec.doubles.agent.recognising import Recogniser, Recognition
from turnspec.doubles.agent.reply import FunctionCall, FunctionResult, Heard, Reply, Transfer
from turnspec.doubles.agent.selection import OTHERWISE, Choice, Moment, choose
from turnspec.doubles.agent.session import SessionWishes
from turnspec.doubles.agent.spoiling import spoilt
from turnspec.doubles.agent.tones import keys_heard, with_tones
from turnspec.doubles.agent.voicing import AgentVoice, Making, Sound, sound_of
from turnspec.dsl import AgentScript, Fault, FunctionSpec, ReplyFault
from turnspec.dsl import Reply as Written
from turnspec.dsl.agent import Keys, percent_of
from turnspec.dsl.caller import are_digits
from turnspec.dsl.templates import TemplateError, render_value
from turnspec.speech.intents import Intents
from turnspec.speech.synthesis import SynthesisError
from turnspec.speech.transcription import TranscriptionError

REAL_TIME: Final = 100  # percent
UNSEEDED: Final = Identity("agent")


class AgentScriptError(Exception):
    """A script that cannot go on in the middle of a call: where, and why."""


@dataclass(frozen=True, slots=True)
class _Thread:
    """Where a reply stands in its chain, and what its templates may use."""

    written: Written
    variables: Mapping[str, Any]


class LocalAgent:
    """The brain of one call: no socket, no clock, no protocol.

    `functions` are the scenario's, which override the script's own; `utterances` the recordings of the
    running scenario with their words, `synthesised` what is spoken in it that no recording has; `call` what
    `{{ call.from }}` and the like stand for; `variables` are the project's, and `env`; `scenario_variables`
    are for its functions alone; `faults` come beside the script's own. Where the script does not say, it
    speaks at `pace` and in `dialect`. The audio of its replies has the rate of its recordings. What its
    script leaves to chance is drawn from `identity`. `voice` says what has no recording; without it that is
    silence; `recogniser` makes out what no recording has. `ears` tell the caller's speech from other sound.

    Raises:
        AudioFileError: A recording that it is to recognise cannot be read.
    """

    def __init__(
        self,
        script: AgentScript,
        *,
        intents: Intents,
        functions: Mapping[str, FunctionSpec] | None = None,
        utterances: Mapping[Path, str] | None = None,
        synthesised: Sequence[tuple[str, Track]] = (),
        call: Mapping[str, str] | None = None,
        variables: Mapping[str, Any] | None = None,
        scenario_variables: Mapping[str, Any] | None = None,
        faults: Sequence[Fault] = (),
        pace: str | None = None,
        dialect: Literal["ga", "beta"] | None = None,
        identity: Identity = UNSEEDED,
        voice: AgentVoice | None = None,
        ears: Ears = EVERY_SOUND,
        recogniser: Recogniser | None = None,
    ) -> None:
        self._script = script
        self.ears = ears
        self._pace, self._dialect = pace, dialect
        self._voice = voice
        self._recogniser = recogniser
        self._intents = intents
        self._draws = Draws(identity)
        self._known = KnownClips.of(script, (utterances or {}).items(), synthesised)
        self._functions = DeclaredFunctions({**script.functions, **(functions or {})})
        self._variables = {**(variables or {}), "results": {}, "call": dict(call or {})}
        self._scenario_variables = dict(scenario_variables or {})
        self._turns = 0
        declared = (*script.faults, *faults)
        self.faults = CallFaults(declared) if declared else None

    @property
    def own_functions(self) -> frozenset[str]:
        """What it can run itself, where no bridge does."""
        return self._functions.names

    @property
    def session(self) -> SessionWishes:
        """How its Realtime session is to be."""
        said = self._script.session
        return SessionWishes(
            voice=said.voice,
            instructions=said.instructions,
            dialect=said.dialect or self._dialect,
            lifetime_us=said.expires_after.us if said.expires_after else None,
            lost_turns=said.transcription_fails,
        )

    def greet(self) -> Reply | None:
        """What it says when the call is up; None: it waits."""
        if self.faults is not None:
            self.faults.came_up()
        greeting = self._script.greeting
        return None if greeting is None else self._reply("greeting", _Thread(greeting, self._context()))

    def learn(self, words: str, speech: Track) -> None:
        """Know one more utterance of the running scenario by its sound."""
        self._known.learn(words, speech)

    def hear_audio(self, speech: Track) -> Heard:
        """The words of the known recording that one utterance is; keys, where those are all it is."""
        heard = self._known.hear(speech)
        return heard if heard.text is not None else keys_heard(speech) or heard

    def recognise(self, speech: Track) -> Recognition | None:
        """The words of an utterance that it knows no recording of; None: nobody makes them out."""
        if self._recogniser is None:
            return None
        recognition = self._recogniser.recognition(speech)

        def recognised() -> Heard | None:
            try:
                return recognition()
            except TranscriptionError as error:
                raise AgentScriptError(f"{self._script.path}: what the caller said: {error}") from error

        return recognised

    def answer(self, heard: Heard, functions: frozenset[str]) -> Reply:
        """The reply that scores highest; counts one caller turn."""
        self._turns += 1
        if self.faults is not None:
            self.faults.turn_over(self._turns)
        choice = choose(self._script.responses, self._moment(heard, functions))
        responses: Mapping[str, Written] = self._script.responses
        written = self._script.otherwise if choice.name == OTHERWISE else responses[choice.name]
        variables = {**self._context(), **choice.captured, "heard": {"text": heard.text or ""}}
        return self._reply(choice.name, _Thread(written, variables), choice)

    def follow(self, reply: Reply, results: Mapping[str, str]) -> Reply | None:
        """What follows the results (function name to JSON text) of a reply's calls."""
        thread = reply.token
        if not isinstance(thread, _Thread) or thread.written.then is None:
            return None
        so_far = thread.variables["results"]
        now = {name: _parsed(output) for name, output in results.items()}
        variables = {**thread.variables, "results": {**so_far, **now}}
        return self._reply(reply.name, _Thread(thread.written.then, variables))

    def run_function(self, call: FunctionCall) -> FunctionResult:
        """Run a declared function in the agent's place; its texts may use `{{ arguments.name }}`."""
        variables = {**self._context(), **self._scenario_variables, "arguments": dict(call.arguments)}
        return self._functions.run(call, lambda value: self._rendered(value, variables, call.name))

    def idle(self, silent_us: int, times: int) -> Reply | None:
        """What it says unprompted after so much silence, having said so `times` times; None: nothing."""
        idle = self._script.idle
        if idle is None or silent_us < idle.after.us or times >= idle.times:
            return None
        said = Written(say=idle.say, audio=None if idle.audio is None else str(idle.file(idle.audio)))
        return self._reply("idle", _Thread(said, self._context()))

    def idle_after_us(self) -> int | None:
        """How much silence makes it speak unprompted; None: never."""
        return None if self._script.idle is None else self._script.idle.after.us

    def _context(self) -> dict[str, Any]:
        return dict(self._variables)

    def _moment(self, heard: Heard, functions: frozenset[str]) -> Moment:
        held = frozenset[str]() if heard.text is None else self._intents.at_once(heard.text).held
        unlucky = frozenset(self._unlucky())
        return Moment(heard.text, heard.modality, self._turns, functions, held, unlucky)

    def _unlucky(self) -> Iterator[str]:
        """The responses whose chance does not come up in this turn."""
        for name, response in self._script.responses.items():
            chance = response.when.chance
            if chance is not None and not self._draws.comes_up(chance):
                yield name

    def _reply(self, name: str, thread: _Thread, choice: Choice | None = None) -> Reply:
        written = thread.written
        text = None if written.say is None else str(self._rendered(written.say, thread.variables, name))
        timing = written.timing
        percent = percent_of(timing.pace or self._pace)
        wrong, keys = self._wrong(written), self._keys(written, thread.variables, name)
        sound = self._sound(written, text, name).changed(lambda said: with_tones(said, keys))
        reply = Reply(
            name=name,
            text=text,
            audio=sound.audio,
            making=sound.making,
            origin=sound.origin,
            calls=tuple(
                FunctionCall(call.function, self._arguments(call.arguments, thread.variables, name))
                for call in written.call
            ),
            digits="" if keys is None or keys.in_band else keys.digits,
            transfer=self._transfer(written, thread.variables, name),
            hang_up=written.hangup,
            interruptible=written.interruptible,
            first_audio_us=self._draws.delay_us(timing.first_audio),
            fast=percent != REAL_TIME,
            pace_percent=percent,
            has_more=written.then is not None,
            scores=choice.scores if choice else {},
            token=thread,
        )
        return spoilt(reply, wrong) if wrong else reply

    def _wrong(self, written: Written) -> list[ReplyFault]:
        """What goes wrong with a reply: its own faults, and the call's."""
        return [*written.faults, *(self.faults.reply() if self.faults is not None else ())]

    def _keys(self, written: Written, variables: Mapping[str, Any], name: str) -> Keys | None:
        if written.dtmf is None:
            return None
        digits = str(self._rendered(written.dtmf.digits, variables, name))
        if not are_digits(digits):
            raise AgentScriptError(f"{self._script.path}: {name}: '{digits}' are no digits of a telephone")
        return written.dtmf.model_copy(update={"digits": digits})

    def _transfer(self, written: Written, variables: Mapping[str, Any], name: str) -> Transfer | None:
        given = written.transfer
        if given is None:
            return None
        target, reason = (
            str(self._rendered(text, variables, name)) for text in (given.target, given.reason or "")
        )
        headers = {key: str(self._rendered(text, variables, name)) for key, text in given.headers.items()}
        return Transfer(target, reason, headers)

    def _arguments(
        self, written: dict[str, JsonValue], variables: Mapping[str, Any], name: str
    ) -> dict[str, JsonValue]:
        return {key: self._rendered(value, variables, name) for key, value in written.items()}

    def _sound(self, written: Written, text: str | None, name: str) -> Sound:
        try:
            sound = sound_of(written, text, self._voice)
        except AudioFileError as error:
            raise AgentScriptError(f"{self._script.path}: {name}: {error}") from error
        return sound if sound.making is None else replace(sound, making=self._told(sound.making, name))

    def _told(self, making: Making, name: str) -> Making:
        """What is being made; where it cannot be said, the reply is named that was to say it."""

        def made() -> Track | None:
            try:
                return making()
            except SynthesisError as error:
                raise AgentScriptError(f"{self._script.path}: {name}: {error}") from error

        return made

    def _rendered(self, value: JsonValue, variables: Mapping[str, Any], name: str) -> JsonValue:
        try:
            return render_value(value, variables)
        except TemplateError as error:
            raise AgentScriptError(f"{self._script.path}: {name}: {error}") from error


def _parsed(output: str) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return output
