"""The Twilio bot on a port: media streams, and the voice webhook beside them."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Final

from websockets.http11 import Request

from turnspec.adapters.twilio.excerpts import elided
from turnspec.adapters.twilio.faults import DIALECT
from turnspec.adapters.twilio.signature import HEADER
from turnspec.doubles.bot_shell import BotServer, Platform, Refusal
from turnspec.doubles.front_shell import FrontDoor
from turnspec.doubles.sessions import Sessions
from turnspec.doubles.twilio.bot import TwilioBot
from turnspec.doubles.twilio.voice import NOT_SIGNED, VoiceWebhook
from turnspec.doubles.watcher import Watcher

LARGEST_MESSAGE: Final = 1024 * 1024


class TwilioBotServer(BotServer):
    """A bot that answers calls at `url`, and the voice webhook at `voice_url`, until it is closed."""

    @property
    def voice_url(self) -> str:
        """Where the voice webhook is, once it listens."""
        return f"http{self.url.removeprefix('ws')}voice" if self.url else ""


async def serve_twilio_bot(
    sessions: Sessions,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    watcher: Watcher | None = None,
    auth_token: str | None = None,
) -> TwilioBotServer:
    """Serve a local agent as a Twilio bot on the running loop, whichever clock that has.

    `sessions` is asked at each upgrade; None refuses it with status 503. A `watcher` is told how
    each call ended, and with one the witness gets the frames: in a run, the caller's end keeps them.
    With an `auth_token`, what it did not sign is refused with status 403.
    """
    voice = VoiceWebhook(auth_token)
    platform = Platform(
        DIALECT,
        LARGEST_MESSAGE,
        make_bot=TwilioBot,
        refusal=partial(_refusal, voice),
        elided=elided,
        door=FrontDoor(voice.answer),
    )
    server = TwilioBotServer(platform, sessions, watcher)
    await server.open(host, port)
    return server


def _refusal(voice: VoiceWebhook, request: Request) -> Refusal | None:
    host = ",".join(request.headers.get_all("Host"))
    given = ",".join(request.headers.get_all(HEADER))
    signed = voice.admits(("wss", "ws"), host, request.path, (), given)
    return None if signed else (HTTPStatus.FORBIDDEN, NOT_SIGNED)
