"""Opening a WebSocket as Twilio's own client does: `websockets` in its dress.

Headers of the upgrade are those of a live call that someone captured in May 2026: user agent
`Twilio.TmeWs/1.0`, no origin, no subprotocol, no extensions, so no compression.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from websockets.asyncio.client import connect

from turnspec.adapters.base import Dial, NothingListens
from turnspec.adapters.text_shell import TextClient
from turnspec.adapters.twilio.signature import Signing, signed_headers, upgrade_url
from turnspec.adapters.upgrade_shell import MICROSECONDS, still_open, upgrading

USER_AGENT: Final = "Twilio.TmeWs/1.0"
LARGEST_MESSAGE: Final = 16 * 1024 * 1024  # undocumented; beyond any sane reply, and finite
CLOSE_TIMEOUT_S: Final = 2.0


class _Twilio(connect):
    """A client that takes a redirect as a refusal: Twilio follows none (error 31920)."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def upgrade_headers(
    own: Mapping[str, str], signing: Signing, auth_token: str | None, signed_url: str
) -> dict[str, str]:
    """The headers of an upgrade, signed over `signed_url`, which is a `wss` address."""
    return {"Accept-Encoding": "gzip", **own, **signed_headers(signing, auth_token, upgrade_url(signed_url))}


def auth_token(request: Dial) -> str | None:
    """The token that signs the requests of a call.

    Raises:
        NothingListens: The target has credentials of another protocol.
    """
    if unknown := sorted(set(request.auth) - {"auth_token"}):
        raise NothingListens(f"auth: {', '.join(unknown)} is not Twilio's: write auth_token, which signs")
    return request.auth.get("auth_token")


async def upgraded(
    url: str, headers: Mapping[str, str], timeout_us: int, place: tuple[str, int] | None = None
) -> TextClient:
    """A WebSocket that is open; `place` is where to connect to, if not where `url` says.

    Raises:
        LineRefused: The agent's side answered and declined.
        NothingListens: No connection, or no answer within `timeout_us`.
    """
    elsewhere: dict[str, Any] = {} if place is None else {"host": place[0], "port": place[1]}
    if place is not None and url.startswith("wss:"):
        elsewhere["server_hostname"] = place[0]
    with upgrading(url, timeout_us):
        connection = await _Twilio(
            url,
            user_agent_header=USER_AGENT,
            additional_headers=dict(headers),
            compression=None,
            proxy=None,  # a proxy of the environment would catch calls to this very machine
            open_timeout=timeout_us / MICROSECONDS,
            ping_interval=None,  # not documented for Twilio; answering pings is the library's
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
            create_connection=TextClient,
            **elsewhere,
        )
    await still_open(connection)
    return cast(TextClient, connection)  # as asked for
