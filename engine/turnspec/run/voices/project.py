"""What speaks in a project: the engine that its files, the environment or the command line name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from turnspec.dsl.engine_parts import texts_of_engine
from turnspec.dsl.load import Loaded
from turnspec.dsl.models import AgentScript, SpeechEngine
from turnspec.dsl.names import Text
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import TemplateError, render
from turnspec.plan.model import CallPlan
from turnspec.run.asking import SHORTEST_KEY, Endpoint
from turnspec.run.options import RunOptions
from turnspec.run.voices.agents import texts_of_agent, voice_of
from turnspec.run.voices.finding import (
    AUTO,
    BRINGS,
    ENDPOINT,
    NAMES,
    NONE,
    PIPER,
    Means,
    asked_for,
    best_installed,
    engine_named,
    wrong_name,
)
from turnspec.run.voices.kept import KeptTracks, folder_of
from turnspec.run.voices.speaking import EngineSpeech
from turnspec.speech.synthesis import BRINGS_A_VOICE, DEFAULT_VOICE, SynthesisError, Synthesizer
from turnspec.speech.voices import NoSuchVoice

HOW_TO_HAVE_ONE = f"or have it spoken: {BRINGS_A_VOICE}"


@dataclass(frozen=True, slots=True)
class Speech:
    """What speaks in a project, and in whose voice where nobody says; `why_none` is what to do without it."""

    synthesizer: Synthesizer | None = None
    voice: str = DEFAULT_VOICE
    why_none: str = HOW_TO_HAVE_ONE
    problems: tuple[Problem, ...] = ()
    texts: tuple[Text, ...] = ()  # what it needs of the environment
    secrets: tuple[str, ...] = ()
    place: Place | None = None  # where the voice is written

    @property
    def speaks(self) -> bool:
        """Whether something speaks, once the engine has what it needs and its problems are mended."""
        return self.synthesizer is not None or bool(self.texts or self.problems)

    def texts_for(self, plan: CallPlan) -> tuple[Text, ...]:
        """What has to be set for a call in which something is spoken."""
        return self.texts if _speaks(plan) else ()

    def problems_for(self, plan: CallPlan, script: AgentScript | None = None) -> Iterator[Problem]:
        """The problems of voices that there are not, the caller's and the agent's, where each is written."""
        speech = self.synthesizer
        if not isinstance(speech, EngineSpeech):
            return
        caller = plan.scenario.caller
        if _speaks(plan):
            place = caller.place.child("voice") if caller.voice is not None else self.place
            yield from _problems_of_voice(speech, caller.voice or self.voice, place or plan.scenario.place)
        if self.place is not None and script is not None and self._is_needed_by(script, plan, speech):
            yield from _problems_of_voice(speech, self.voice, self.place)

    def _is_needed_by(self, script: AgentScript, plan: CallPlan, speech: EngineSpeech) -> bool:
        """Whether a local agent with no voice of its own has lines to say, over a line that carries sound."""
        sounds = plan.capabilities.caller_format is not None and any(texts_of_agent(script))
        return sounds and voice_of(script, speech, self.voice) == self.voice


def speech_for(loaded: Loaded, environment: Mapping[str, str], options: RunOptions) -> Speech:
    """What speaks in a project; an object of the caller's own wins, then what was asked for by name."""
    spec = loaded.project.engines.speech
    voice = spec.voice or DEFAULT_VOICE
    if options.synthesizer is not None:
        return Speech(options.synthesizer, voice)
    asked = asked_for(options.speech)
    name = asked or spec.engine
    if name == NONE:
        return Speech(why_none=_turned_off(by_file=asked is None))
    found = best_installed() if name == AUTO else name
    if found is None:
        return Speech()
    if wrong := _problem(found, spec, asked=asked is not None):
        return Speech(problems=(wrong,))
    means = _means(found, loaded, spec, environment)
    if means is None:
        return Speech(texts=tuple(texts_of_engine(spec)), why_none="")
    kept = KeptTracks(folder_of(loaded.root) if options.cache else None)
    return Speech(
        EngineSpeech(engine_named(found, means), kept, otherwise=voice if found == ENDPOINT else ""),
        voice,
        texts=tuple(texts_of_engine(spec)) if found in (ENDPOINT, PIPER) else (),
        secrets=_secrets(spec, environment),
        place=spec.place.child("voice") if spec.voice is not None else None,
    )


def _problems_of_voice(speech: EngineSpeech, voice: str, place: Place) -> Iterator[Problem]:
    try:
        speech.voice(voice)
    except NoSuchVoice as error:
        yield problem_at(place, "unknown-voice", str(error), hint=error.hint)
    except SynthesisError as error:
        yield problem_at(place, "no-engine", str(error), hint="try it: turnspec voices")


def _speaks(plan: CallPlan) -> bool:
    return any(utterance.path is None for utterance in plan.utterances)


def _turned_off(*, by_file: bool) -> str:
    where = "engines: {speech: none} in turnspec.yaml" if by_file else "--speech or TURNSPEC_SPEECH: none"
    return f"or take out what turns speech off ({where})"


def _problem(name: str, spec: SpeechEngine, *, asked: bool) -> Problem | None:
    """What stands against an engine, at its place in the file, or at that of all its settings."""
    place = spec.place.child("engine") if "engine" in spec.model_fields_set and not asked else spec.place
    if name not in BRINGS:
        near = nearest(name, NAMES)
        hint = "" if near else f"known are: {', '.join(NAMES)}"
        message = f"there is no speech engine '{name}'"
        return problem_at(place, "no-engine", message, hint=hint, suggestion=near)
    if wrong_name(name):
        message = f"the speech engine '{name}' is not installed"
        return problem_at(place, "no-engine", message, hint=BRINGS[name])
    lacking = [key for key in _NEEDS.get(name, ()) if getattr(spec, key) is None]
    if lacking:
        message = f"the engine '{name}' needs the key '{lacking[0]}'"
        hint = f"write engines: {{speech: {{engine: {name}, {lacking[0]}: ...}}}} in turnspec.yaml"
        return problem_at(place, "missing-key", message, hint=hint)
    return None


_NEEDS = {PIPER: ("model",), ENDPOINT: ("url", "model", "voice")}


def _means(name: str, loaded: Loaded, spec: SpeechEngine, environment: Mapping[str, str]) -> Means | None:
    """What an engine needs beside its name; None while something of the environment is lacking."""
    model, url, key = (_rendered(text, environment) for text in (spec.model, spec.url, spec.key))
    if name == PIPER:
        return None if not model else Means(model=loaded.root / model)
    if name != ENDPOINT:
        return Means()
    if not url or not model or (spec.key is not None and key is None):
        return None
    return Means(endpoint=Endpoint(url, model, key, spec.timeout.seconds))


def _secrets(spec: SpeechEngine, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The key of an endpoint, a secret wherever it comes from; but not `none`, as local servers take it."""
    key = _rendered(spec.key, environment)
    return (key,) if key and (key != spec.key or len(key) >= SHORTEST_KEY) else ()


def _rendered(text: str | None, environment: Mapping[str, str]) -> str | None:
    if text is None:
        return None
    try:
        return str(render(text, {"env": environment}))
    except TemplateError:
        return None
