"""Ids as Twilio gives them: two letters and 32 hexadecimal digits, each a function of the call's identity."""

from __future__ import annotations

from typing import Final

from turnspec.call import Identity

ACCOUNT_SID: Final = "AC" + Identity("turnspec").hex("twilio", "account")
"""The account that all calls belong to unless a target names its own."""


def call_sid(identity: Identity) -> str:
    """The id of a call."""
    return "CA" + identity.hex("twilio", "call")


def stream_sid(identity: Identity, number: int = 1) -> str:
    """The id of the stream that is opened as number `number` in a call."""
    parts = ("twilio", "stream") if number == 1 else ("twilio", "stream", number)
    return "MZ" + identity.hex(*parts)


def made_up_token() -> str:
    """An auth token for targets that name none: only they and turnspec ever see it."""
    return Identity("turnspec").hex("twilio", "auth token")
