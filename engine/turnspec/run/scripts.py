"""An agent script by itself: read with its project, held to its protocol, ready to be played."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.call import Identity
from turnspec.doubles.agent import LocalAgent, script_problems
from turnspec.dsl.load import Loaded, load
from turnspec.dsl.models import AgentScript
from turnspec.dsl.problems import Problem, in_reading_order, render_problems
from turnspec.dsl.references import texts_of_script
from turnspec.run.engines import engines_of
from turnspec.run.faulty_ends import problems_of_script_faults
from turnspec.run.local_agents import agents_press_keys, endpointing_us
from turnspec.run.masking import masker
from turnspec.run.options import RunOptions
from turnspec.run.planning import audio_problem
from turnspec.run.transcription import Recognizer, transcription_for
from turnspec.run.transcription.for_agents import AgentRecogniser
from turnspec.run.unset import unset_in
from turnspec.run.virtual import VirtualLoop
from turnspec.run.voice_activity import finder_for, problems_of_finder
from turnspec.run.voices import EngineSpeech, Speech, speech_for
from turnspec.run.voices.agents import SpokenAgent, texts_of_agent, voice_of
from turnspec.speech.intents import Intents


class WrongScript(ValueError):  # noqa: N818 # named after the fact
    """An agent script that cannot be played; `problems` are all there are."""

    def __init__(self, problems: tuple[Problem, ...], message: str = "") -> None:
        super().__init__(message or render_problems(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Playable:
    """A script with all that its project gives it; `mask` blacks out the project's secrets."""

    script: AgentScript
    intents: Intents
    variables: Mapping[str, Any] = field(default_factory=dict)
    mask: Callable[[str], str] | None = None
    speech: Speech = field(default_factory=Speech)
    ears: Ears = EVERY_SOUND  # which tell speech from other sound
    recognizer: Recognizer | None = None  # who makes out words that no known recording has

    def agent(self, identity: Identity, utterances: Mapping[Path, str] | None = None) -> LocalAgent:
        """The agent of one more call, which `identity` tells from others.

        `utterances`: recordings that it is to understand, with their words.

        Raises:
            AudioFileError: A recording that it is to recognise cannot be read.
        """
        return LocalAgent(
            self.script,
            intents=self.intents,
            utterances=utterances,
            variables=dict(self.variables),
            identity=identity,
            voice=self._voice(),
            ears=self.ears,
            recogniser=self._recogniser(),
        )

    def make_ready(self) -> None:
        """Make what it says that is known before any call; what cannot be said is told in the call."""
        speech = self.speech.synthesizer
        if isinstance(speech, EngineSpeech):
            voice = voice_of(self.script, speech, self.speech.voice)
            speech.make_ready((text, voice) for text in texts_of_agent(self.script))

    def close(self) -> None:
        """End what makes out words."""
        if self.recognizer is not None:
            self.recognizer.close()

    def _recogniser(self) -> AgentRecogniser | None:
        if self.recognizer is None:
            return None
        return AgentRecogniser(self.recognizer, waits=isinstance(asyncio.get_running_loop(), VirtualLoop))

    def _voice(self) -> SpokenAgent | None:
        speech = self.speech.synthesizer
        if speech is None:
            return None
        voice = voice_of(self.script, speech, self.speech.voice)
        return SpokenAgent(speech, voice, waits=isinstance(asyncio.get_running_loop(), VirtualLoop))


def playable(path: Path, protocol: str, asked: RunOptions | None = None) -> Playable:
    """Read an agent script and its project, for a double of `protocol`; `asked` names other engines.

    Raises:
        WrongScript: The script, or its project, has problems.
    """
    asked = asked or RunOptions()
    loaded = load([path], check_audio=audio_problem)
    if loaded.problems:
        raise WrongScript(loaded.problems)
    script = next((each for name, each in loaded.agents.items() if (loaded.root / name).samefile(path)), None)
    if script is None:
        raise WrongScript((), f"{path} is not an agent script: such a file begins with `agent:`")
    environment = _environment(loaded)
    keys = agents_press_keys(protocol)
    engines = engines_of(loaded, environment)
    speech = speech_for(loaded, environment, asked)
    transcription = transcription_for(loaded, environment, asked)
    spec = loaded.project.engines.voice_activity
    problems = (
        *engines.problems,
        *problems_of_finder(spec, asked.voice_activity),
        *speech.problems,
        *transcription.problems,
        *script_problems(script, endpointing_us=endpointing_us(protocol), keys=keys),
        *problems_of_script_faults(script, protocol),
        *unset_in((*texts_of_script(script), *speech.texts, *transcription.texts), environment),
    )
    if problems:
        raise WrongScript(in_reading_order(problems))
    return Playable(
        script,
        engines.intents,
        {**loaded.project.variables, "env": environment},
        masker([*_secrets(loaded, environment), *engines.secrets, *speech.secrets, *transcription.secrets]),
        speech,
        finder_for(spec, asked.voice_activity).ears,
        transcription.recognizer_for_agents(),
    )


def _secrets(loaded: Loaded, environment: Mapping[str, str]) -> list[str]:
    return [environment.get(name, "") for name in loaded.project.secrets]


def _environment(loaded: Loaded) -> dict[str, str]:
    names = (*loaded.project.environment, *loaded.project.secrets)
    return {name: os.environ[name] for name in names if name in os.environ}
