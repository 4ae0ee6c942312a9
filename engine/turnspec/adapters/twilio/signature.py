"""`X-Twilio-Signature`: proof that a request comes from the owner of an auth token.

Rules as in Twilio's own Python helper, `request_validator.py` (twilio 9.13.0).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

HEADER: Final = "X-Twilio-Signature"
Signing: TypeAlias = Literal["right", "wrong", "none"]
Parameters: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"


def signature(auth_token: str, url: str, parameters: Parameters = ()) -> str:
    """The header's value: HMAC-SHA1 over the URL, then every form parameter in order of name.

    Of a name that repeats, each distinct value counts once, in order.
    """
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    # SHA-1 is what the platform uses; a test tool has no say in it.
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def signed_headers(
    signing: Signing, auth_token: str | None, url: str, parameters: Parameters = ()
) -> dict[str, str]:
    """The header, or none: nothing can be signed without a token, and a wrong one takes another's."""
    match signing, auth_token:
        case ("none", _) | ("right", None):
            return {}
        case "wrong", _:
            return {HEADER: signature(f"not {auth_token}", url, parameters)}
        case _, token:
            return {HEADER: signature(token or "", url, parameters)}


def upgrade_url(url: str) -> str:
    """The address that an upgrade's signature covers: Twilio opens streams by `wss` only."""
    return "wss://" + url.removeprefix("ws://") if url.startswith("ws://") else url
