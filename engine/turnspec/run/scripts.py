"""An agent script by itself: read with its project, held to its protocol, ready to be played."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from turnspec.call import Identity
from turnspec.doubles.agent import LocalAgent, script_problems
from turnspec.dsl.load import Loaded, load
from turnspec.dsl.models import AgentScript
from turnspec.dsl.problems import Problem, in_reading_order, render_problems
from turnspec.dsl.references import texts_of_script
from turnspec.run.engines import engines_of
from turnspec.run.faulty_ends import problems_of_script_faults
from turnspec.run.masking import masker
from turnspec.run.planning import audio_problem
from turnspec.run.stand import agents_press_keys, endpointing_us
from turnspec.run.unset import unset_in
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
        )


def playable(path: Path, protocol: str) -> Playable:
    """Read an agent script and its project, for a double of `protocol`.

    Raises:
        WrongScript: The script, or its project, has problems.
    """
    loaded = load([path], check_audio=audio_problem)
    if loaded.problems:
        raise WrongScript(loaded.problems)
    script = next((each for name, each in loaded.agents.items() if (loaded.root / name).samefile(path)), None)
    if script is None:
        raise WrongScript((), f"{path} is not an agent script: such a file begins with `agent:`")
    environment = _environment(loaded)
    keys = agents_press_keys(protocol)
    engines = engines_of(loaded, environment)
    problems = (
        *engines.problems,
        *script_problems(script, endpointing_us=endpointing_us(protocol), keys=keys),
        *problems_of_script_faults(script, protocol),
        *unset_in(texts_of_script(script), environment),
    )
    if problems:
        raise WrongScript(in_reading_order(problems))
    return Playable(
        script,
        engines.intents,
        {**loaded.project.variables, "env": environment},
        masker([*(environment.get(name, "") for name in loaded.project.secrets), *engines.secrets]),
    )


def _environment(loaded: Loaded) -> dict[str, str]:
    names = (*loaded.project.environment, *loaded.project.secrets)
    return {name: os.environ[name] for name in names if name in os.environ}
