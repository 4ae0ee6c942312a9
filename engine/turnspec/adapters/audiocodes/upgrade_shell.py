"""Opening a WebSocket as VoiceAI Connect does: a bearer token, no subprotocol, no compression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

from turnspec.adapters.base import Dial, NothingListens
from turnspec.adapters.upgrade_shell import MICROSECONDS, still_open, upgrading

USER_AGENT: Final = "turnspec"  # nobody has written down what the platform calls itself
LARGEST_MESSAGE: Final = 64 * 1024 * 1024  # bots send whole prompts in one chunk; finite all the same
CLOSE_TIMEOUT_S: Final = 2.0


def upgrade_headers(request: Dial, conversation_id: str | None) -> dict[str, str]:
    """The headers of an upgrade; `conversation_id` None: the platform's own headers are left out.

    Raises:
        NothingListens: The target has credentials of another protocol.
    """
    if unknown := sorted(set(request.auth) - {"bearer"}):
        raise NothingListens(f"auth: {', '.join(unknown)} is not AudioCodes's: write bearer")
    headers = {}
    if "bearer" in request.auth:
        headers["Authorization"] = f"Bearer {request.auth['bearer']}"
    if conversation_id is not None:
        headers["AC-Conversation-Id"] = conversation_id
        headers["AC-Caller-Number"] = request.caller_number
    return {**headers, **request.headers}


async def upgraded(url: str, headers: Mapping[str, str], timeout_us: int) -> ClientConnection:
    """A WebSocket that is open.

    Raises:
        LineRefused: The bot's side answered and declined.
        NothingListens: No connection, or no answer within `timeout_us`.
    """
    with upgrading(url, timeout_us):
        connection = await connect(
            url,
            user_agent_header=USER_AGENT,
            additional_headers=dict(headers),
            compression=None,
            proxy=None,  # a proxy of the environment would catch calls to this very machine
            open_timeout=timeout_us / MICROSECONDS,
            ping_interval=None,  # not documented; answering pings is the library's
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
        )
    await still_open(connection)
    return connection
