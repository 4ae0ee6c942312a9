"""How the server turns a connection away.

Apart from the other faults, because it needs the wire, and what only plans a call does without that.
"""

from __future__ import annotations

from typing import Final

from turnspec.adapters.realtime.faults import error_type
from turnspec.adapters.realtime.wire.errors import ClientError

_REFUSALS: Final = {
    3000: ("invalid_api_key", "Incorrect API key provided."),
    4000: ("missing_model", "You must provide a model parameter."),
}


def refusal_error(close_code: int) -> ClientError:
    """What the server says before it closes a connection that it will not have, with this code."""
    code, message = _REFUSALS.get(close_code, ("server_error", "The server cannot take this session."))
    return ClientError(code, message, type=error_type(code))
