"""Twilio's end of a call, in a program's hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from turnspec.adapters.twilio import ADAPTER, TwilioOptions
from turnspec.clients.phone import LIMIT_S, PATIENCE_S, Phone


class MockTwilioClient(Phone):
    """Calls a bot as Twilio Media Streams does; `parameters` arrive as `start.customParameters`.

    With `auth_token` the upgrade is signed as Twilio signs it.
    """

    def __init__(
        self,
        url: str,
        *,
        parameters: Mapping[str, str] | None = None,
        auth_token: str | None = None,
        headers: Mapping[str, str] | None = None,
        seed: str = "0",
        patience_s: float = PATIENCE_S,
        limit_s: float = LIMIT_S,
        folder: Path | None = None,
    ) -> None:
        super().__init__(
            url,
            ADAPTER,
            TwilioOptions(parameters=dict(parameters or {})),
            seed=seed,
            headers=headers,
            auth=None if auth_token is None else {"auth_token": auth_token},
            patience_s=patience_s,
            limit_s=limit_s,
            folder=folder,
        )
