"""`X-Twilio-Signature`: proof that a request comes from the owner of an auth token.

Rules as in Twilio's own Python helper, `request_validator.py` (twilio 9.13.0).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signature(auth_token: str, url: str, parameters: Mapping[str, str] | None = None) -> str:
    """The header's value: HMAC-SHA1 over the URL, then every form parameter in order of name."""
    signed = url + "".join(name + value for name, value in sorted((parameters or {}).items()))
    # SHA-1 is what the platform uses; a test tool has no say in it.
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def upgrade_url(url: str) -> str:
    """The address that an upgrade's signature covers: Twilio opens streams by `wss` only."""
    return "wss://" + url.removeprefix("ws://") if url.startswith("ws://") else url
