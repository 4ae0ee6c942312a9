"""Who may connect: what a live server accepts with 101 and then ends with an error and a close code.

The close reason is `<error.type>.<error.code>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from turnspec.adapters.realtime.wire.errors import ClientError

PATH: Final = "/v1/realtime"
SUBPROTOCOL: Final = "realtime"
_KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."
_BAD_KEY: Final = 3000
_BAD_REQUEST: Final = 4000


@dataclass(frozen=True, slots=True)
class Refused:
    """Say `error`, then close."""

    error: ClientError
    code: int

    @property
    def reason(self) -> str:
        """The close reason."""
        return f"{self.error.type}.{self.error.code}"


def admitted(
    target: str, headers: Mapping[str, str], subprotocols: Sequence[str], api_key: str | None
) -> str | Refused:
    """The model that a handshake asks for, or its refusal; `api_key` None: any key will do."""
    key = bearer(headers, subprotocols)
    if not key or api_key not in (None, key):
        shown = f"{key[:4]}..." if key else "none"
        message = f"Incorrect API key provided: {shown}. Send 'Authorization: Bearer <key>'."
        return Refused(ClientError("invalid_api_key", message), _BAD_KEY)
    if "realtime=v1" in headers.get("OpenAI-Beta", "") or "openai-beta.realtime-v1" in subprotocols:
        message = "The Realtime Beta API is no longer supported: remove 'OpenAI-Beta' to use the GA API."
        return Refused(ClientError("beta_api_shape_disabled", message), _BAD_REQUEST)
    models = parse_qs(urlsplit(target).query).get("model", [])
    if not models:
        message = "You must provide a model parameter, as in /v1/realtime?model=gpt-realtime."
        return Refused(ClientError("missing_model", message), _BAD_REQUEST)
    return models[0]


def bearer(headers: Mapping[str, str], subprotocols: Sequence[str]) -> str:
    """The key of a handshake; browsers, which cannot set headers, offer it as a subprotocol."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    offered = [name for name in subprotocols if name.startswith(_KEY_SUBPROTOCOL)]
    return offered[0].removeprefix(_KEY_SUBPROTOCOL) if offered else ""
