"""What a Realtime server does where live servers differ from one another, or where nothing is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of a server; the defaults are OpenAI's, as far as they are known.

    `models` None takes every model. `lifetime_us` is how old a session may grow; `tells_expiry`: an error
    `session_expired` comes before the close. `unauthorized_as_http` refuses a bad key with status 401
    before the upgrade, as Azure does. `conversation_created` sends that event after `session.created`.
    `item_done_first`: `conversation.item.done` before `response.output_item.done`. `freezes_voice`: another
    voice is refused once the model has spoken. `resets_turn_detection`: an update that names some settings
    of a turn detection sets the others to their defaults. `forgets_truncated_transcript`: a truncated item
    has no transcript any more. `failed_usage`: a response that failed has a `usage`. The two codes are
    those of errors whose code is not published.
    """

    dialect: Literal["ga", "beta"] = "ga"
    models: frozenset[str] | None = None
    lifetime_us: int = 60 * MINUTE_US
    tells_expiry: bool = True
    unauthorized_as_http: bool = False
    conversation_created: bool = False
    item_done_first: bool = True
    freezes_voice: bool = True
    resets_turn_detection: bool = False
    forgets_truncated_transcript: bool = True
    failed_usage: bool = True
    unknown_place_code: str = "item_create_invalid_previous_item_id"
    unknown_call_code: str = "invalid_tool_call_id"


OPENAI: Final = Policy()
