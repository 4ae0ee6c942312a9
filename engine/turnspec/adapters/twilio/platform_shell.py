"""What a Twilio account has beside calls: its REST API, on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from turnspec.adapters.http_shell import HttpServer
from turnspec.adapters.twilio.rest import RestDesk

LOOPBACK: Final = "127.0.0.1"


class TwilioPlatform:
    """One account for the length of a run; calls register at `desk` while they are in progress."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self.desk = RestDesk(account_sid, auth_token)
        self._server = HttpServer(self.desk.answer)

    async def open(self, port: int = 0) -> None:
        """Serve the API; port 0 takes a free one."""
        await self._server.open(LOOPBACK, port)

    @property
    def api_url(self) -> str:
        """What stands in for `https://api.twilio.com`."""
        return self._server.url

    @property
    def variables(self) -> Mapping[str, str]:
        """What a target is told: where the API is, and its credentials."""
        return {
            "api_url": self.api_url,
            "account_sid": self.desk.account_sid,
            "auth_token": self.desk.auth_token,
        }

    @property
    def auth(self) -> Mapping[str, str]:
        """The token that signs calls of the account."""
        return {"auth_token": self.desk.auth_token}

    async def aclose(self) -> None:
        """Serve no more."""
        await self._server.aclose()
