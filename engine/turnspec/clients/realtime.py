"""An agent script served as an OpenAI Realtime model, for a program's own code to connect to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from turnspec.adapters.base import Witness
from turnspec.call import Evidence, Identity
from turnspec.call.events import Event, Side
from turnspec.doubles.agent import LocalAgent, script_problems
from turnspec.doubles.realtime.serve import serving
from turnspec.dsl.load import load
from turnspec.dsl.models import AgentScript
from turnspec.dsl.problems import Problem, render_problems
from turnspec.run.clock import CallClock
from turnspec.run.planning import audio_problem, intents_of
from turnspec.run.stand import endpointing_us
from turnspec.speech.intents import Intents


class WrongScript(ValueError):  # noqa: N818 # named after the fact
    """An agent script that cannot be played; `problems` are all there are."""

    def __init__(self, problems: tuple[Problem, ...], message: str = "") -> None:
        super().__init__(message or render_problems(problems))
        self.problems = problems


class ServedCall:
    """One connection to the server, from its first frame on."""

    def __init__(self) -> None:
        self._clock = CallClock(asyncio.get_running_loop())
        self._evidence = Evidence(None, {})

    @property
    def events(self) -> tuple[Event, ...]:
        """What the model heard, chose, said and called; microseconds since it was connected to."""
        return self._evidence.events

    def now_us(self) -> int:
        """Microseconds since the connection was made."""
        return self._clock.now_us()

    def happened(self, event: Event) -> None:
        """Keep an event."""
        self._evidence.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Nothing: the wire log of a program's own connection is its own."""


class LocalRealtimeServer:
    """A Realtime model that plays a script, anew for each connection.

    `url` is what a client takes as its base URL; `calls` are the connections so far.
    """

    def __init__(self, script: AgentScript, intents: Intents, utterances: Mapping[Path, str]) -> None:
        self.url = ""
        self.calls: list[ServedCall] = []
        self._script, self._intents, self._utterances = script, intents, utterances

    def answer(self) -> tuple[LocalAgent, Witness, Identity]:
        """The agent of one more connection."""
        call = ServedCall()
        self.calls.append(call)
        agent = LocalAgent(self._script, intents=self._intents, utterances=self._utterances)
        return agent, call, Identity(f"{self._script.path}/{len(self.calls)}")


@asynccontextmanager
async def local_realtime(
    script: Path | str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    utterances: Mapping[Path, str] | None = None,
) -> AsyncIterator[LocalRealtimeServer]:
    """Serve an agent script at `url` for the length of a block; port 0 takes a free one.

    `utterances` are recordings that the agent is to understand, with their words, beside those that
    the script lists under `heard:`.

    Raises:
        WrongScript: The script, or its project, has problems.
    """
    server = _server(Path(script), utterances or {})
    async with serving(server.answer, host, port) as double:
        server.url = double.url
        yield server


def _server(path: Path, utterances: Mapping[Path, str]) -> LocalRealtimeServer:
    loaded = load([path], check_audio=audio_problem)
    if loaded.problems:
        raise WrongScript(loaded.problems)
    found = [script for name, script in loaded.agents.items() if (loaded.root / name).samefile(path)]
    if not found:
        raise WrongScript((), f"{path} is not an agent script: such a file begins with `agent:`")
    problems = script_problems(found[0], endpointing_us=endpointing_us("realtime"), keys=False)
    if problems:
        raise WrongScript(problems)
    return LocalRealtimeServer(found[0], intents_of(loaded), utterances)
