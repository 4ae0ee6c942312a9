"""What the event `start` tells a bot of the call."""

from __future__ import annotations

from typing import Any, Final

from turnspec.adapters.audiocodes.options import AudioCodesOptions

HOST: Final = "127.0.0.1"


def start_parameters(
    options: AudioCodesOptions, conversation_id: str, caller: str, callee: str
) -> dict[str, Any]:
    """Who calls whom, and what the target's options add to it."""
    return {
        "vaigConversationId": conversation_id,
        "caller": caller,
        "callee": callee,
        "callerHost": HOST,
        "calleeHost": HOST,
        "locale": options.language,
        **options.parameters,
    }
