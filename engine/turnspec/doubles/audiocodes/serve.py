"""The AudioCodes bot on a port."""

from __future__ import annotations

from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from typing import Final

from websockets.http11 import Request

from turnspec.adapters.audiocodes.faults import DIALECT
from turnspec.adapters.audiocodes.upgrade_shell import LARGEST_MESSAGE
from turnspec.adapters.excerpts import elided
from turnspec.doubles.audiocodes.bot import AudioCodesBot, Conversations
from turnspec.doubles.bot_shell import BotServer, Platform, Refusal
from turnspec.doubles.sessions import Sessions
from turnspec.doubles.watcher import Watcher

AUDIO_KEY: Final = "audioChunk"


async def serve_audiocodes_bot(
    sessions: Sessions,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    token: str | None = None,
    plays: str | None = None,
    watcher: Watcher | None = None,
) -> BotServer:
    """Serve a local agent as a bot of the Bot API on the running loop, whichever clock that has.

    `sessions` is asked at each upgrade; None refuses it with status 503. With a `token` each upgrade must
    bear it, else it gets status 401. `plays` is the media format of what the bot plays, None: the one it
    accepted. A `watcher` is told how each call ended, and with one the witness gets the frames.
    """
    lost = Conversations()
    platform = Platform(
        DIALECT,
        LARGEST_MESSAGE,
        make_bot=lambda agent, happened: AudioCodesBot(agent, happened, lost, plays=plays),
        refusal=partial(_refusal, token),
        elided=partial(elided, key=AUDIO_KEY),
    )
    server = BotServer(platform, sessions, watcher)
    await server.open(host, port)
    return server


def _refusal(token: str | None, request: Request) -> Refusal | None:
    if token is None or _bears(request, token):
        return None
    return HTTPStatus.UNAUTHORIZED, "wrong token"


def _bears(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.casefold() == "bearer" and compare_digest(given.strip().encode(), token.encode())
