"""An agent script served on a port, for a program's own code to connect to: as a model, or as a bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from turnspec.adapters.base import Witness
from turnspec.adapters.realtime.server import OPENAI
from turnspec.call import Evidence, Identity
from turnspec.call.events import Event, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot
from turnspec.doubles.realtime.serve import serve_realtime
from turnspec.doubles.twilio.serve import serve_twilio_bot
from turnspec.run.clock import MICROSECONDS, CallClock
from turnspec.run.scripts import Playable, playable

LOOPBACK = "127.0.0.1"
Utterances = Mapping[Path, str]


class ServedCall:
    """One connection to the server, from its first frame on."""

    def __init__(self) -> None:
        self._clock = CallClock(asyncio.get_running_loop())
        self._evidence = Evidence(None, {})

    @property
    def events(self) -> tuple[Event, ...]:
        """What the agent heard, chose, said and called; microseconds since it was connected to."""
        return self._evidence.events

    def now_us(self) -> int:
        """Microseconds since the connection was made."""
        return self._clock.now_us()

    def happened(self, event: Event) -> None:
        """Keep an event."""
        self._evidence.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Nothing: the wire log of a program's own connection is its own."""


class LocalServer:
    """A script that is played anew for each connection to `url`; `calls` are the connections so far."""

    def __init__(self, script: Playable, utterances: Utterances | None) -> None:
        self.url = ""
        self.calls: list[ServedCall] = []
        self._script, self._utterances = script, utterances

    def answer(self) -> tuple[LocalAgent, Witness, Identity]:
        """The agent of one more connection."""
        call = ServedCall()
        self.calls.append(call)
        identity = Identity(f"{self._script.script.path}/{len(self.calls)}")
        return self._script.agent(identity, self._utterances), call, identity


class LocalRealtimeServer(LocalServer):
    """A Realtime model; `url` is what a client takes as its base URL."""


class LocalTwilioBot(LocalServer):
    """A bot of Twilio's: `url` takes media streams, `voice_url` is its voice webhook."""

    voice_url = ""


class LocalAudioCodesBot(LocalServer):
    """A bot of AudioCodes' Bot API."""


@asynccontextmanager
async def local_realtime(
    script: Path | str,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    api_key: str | None = None,
    dialect: Literal["ga", "beta"] = "ga",
    max_age_s: float | None = None,
    utterances: Utterances | None = None,
) -> AsyncIterator[LocalRealtimeServer]:
    """Serve an agent script as a Realtime model for the length of a block; port 0 takes a free one.

    `api_key` is the one key that is let in, None: any is. `max_age_s` is how old a session may grow, an hour
    by default. `utterances` are recordings that the agent is to understand, with their words, beside those
    that the script lists under `heard:`.

    Raises:
        WrongScript: The script, or its project, has problems.
    """
    server = LocalRealtimeServer(playable(Path(script), "realtime"), utterances)
    lifetime_us = OPENAI.lifetime_us if max_age_s is None else round(max_age_s * MICROSECONDS)
    policy = replace(OPENAI, dialect=dialect, lifetime_us=lifetime_us)
    double = await serve_realtime(server.answer, host, port, api_key=api_key, policy=policy)
    async with aclosing(double):
        server.url = double.url
        yield server


@asynccontextmanager
async def local_twilio_bot(
    script: Path | str,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    auth_token: str | None = None,
    utterances: Utterances | None = None,
) -> AsyncIterator[LocalTwilioBot]:
    """Serve an agent script as a bot that Twilio calls, as `local_realtime` serves a model.

    With an `auth_token`, webhooks and upgrades must be signed with it.

    Raises:
        WrongScript: The script, or its project, has problems.
    """
    server = LocalTwilioBot(playable(Path(script), "twilio"), utterances)
    double = await serve_twilio_bot(server.answer, host, port, auth_token=auth_token)
    async with aclosing(double):
        server.url, server.voice_url = double.url, double.voice_url
        yield server


@asynccontextmanager
async def local_audiocodes_bot(
    script: Path | str,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    token: str | None = None,
    utterances: Utterances | None = None,
) -> AsyncIterator[LocalAudioCodesBot]:
    """Serve an agent script as a bot of AudioCodes' Bot API, as `local_realtime` serves a model.

    `token` is the one bearer token that is let in, None: any is.

    Raises:
        WrongScript: The script, or its project, has problems.
    """
    server = LocalAudioCodesBot(playable(Path(script), "audiocodes"), utterances)
    double = await serve_audiocodes_bot(server.answer, host, port, token=token)
    async with aclosing(double):
        server.url = double.url
        yield server
