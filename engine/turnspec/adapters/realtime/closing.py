"""What the close codes and errors of a Realtime server mean, as OpenAI uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HUNG_UP: Final = 1000
NO_CLOSE_FRAME: Final = 1006
# Codes below 3000 are RFC 6455's and IANA's; 3000 and 4000 as they were seen at OpenAI, whose reason is then
# `<error type>.<error code>`. 1001 ends a session whose time is up, after 60 minutes.
MEANINGS: Final = {
    1001: "the server went away, or the session had lasted as long as one may (60 minutes at OpenAI)",
    1002: "the server found a protocol error in what it was sent",
    1003: "the server does not take the kind of data that it was sent",
    1005: "the server gave no reason",
    NO_CLOSE_FRAME: "the connection went without a closing frame",
    1007: "the server was sent text that is none",
    1008: "what was sent is against the server's policy",
    1009: "a message was too large for the server",
    1011: "the server failed",
    1012: "the server restarts",
    1013: "the server is too busy, or has no call in progress",
    3000: "the key was not accepted",
    4000: "the request was not accepted: its model, or the retired header OpenAI-Beta",
}
# Errors that a session does not outlive.
FATAL: Final = frozenset(
    {
        "account_deactivated",
        "beta_api_shape_disabled",
        "billing_hard_limit_reached",
        "insufficient_quota",
        "invalid_api_key",
        "invalid_model",
        "missing_model",
        "session_expired",
    }
)

ALREADY_ACTIVE: Final = "conversation_already_has_active_response"
# Errors that a client meets without fault of anybody, because its event crossed one of the server's.
RACES: Final = frozenset({"response_cancel_not_active", ALREADY_ACTIVE})


def why_failed(error: Mapping[str, Any]) -> tuple[str, str]:
    """The code of the error that a response failed with, if it has one, and a sentence."""
    code = error.get("code")
    detail = f"a response failed: {error.get('message') or code or 'no reason was given'}"
    return code if isinstance(code, str) else "", detail


def explained(code: int, reason: str) -> str:
    """The reason that was given, with what the code means."""
    meaning = MEANINGS.get(code, "")
    return "; ".join(part for part in (reason, meaning) if part) or "no reason was given"
