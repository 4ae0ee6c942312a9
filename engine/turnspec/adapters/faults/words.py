"""Faults in words: what an end of the call did."""

from __future__ import annotations

from typing import Final

from turnspec.dsl.faults import DelayedEvent, Fault, ReplyFault

_SPOILT: Final = {
    "not_json": "a copy of {} that is not JSON",
    "truncated": "a copy of {} that is cut in half",
    "binary": "a copy of {} as a binary message",
    "bad_base64": "a copy of {} whose audio is not base64",
    "unknown_event": "a copy of {} under a name that the protocol does not have",
}


def told(fault: ReplyFault, event: str = "") -> str:
    """What was done, in the past tense; `event` names the message that it was done to."""
    at = f", {fault.at}" if isinstance(fault, Fault) and fault.at is not None else ""
    return f"{_deed(fault, event)}{at}"


def _deed(fault: ReplyFault, event: str) -> str:
    value = fault.value
    match fault.word:
        case "drop":
            return "dropped the line without a word"
        case "close":
            return f"closed the line with code {value}"
        case "half_close":
            return "sent nothing more, and went on reading"
        case "stall":
            return f"read nothing for {value}"
        case "error":
            return f"reported the error {value}"
        case "malformed":
            return "sent " + _SPOILT[value].format(event or "a message without a name")
        case "refuse":
            return f"refused the call{'' if value is True else f' with {value}'}"
        case "answer_late":
            return f"took {value} to answer"
        case "wrong_auth":
            return "showed a wrong key"
        case _:
            return _of_message(fault)


def _of_message(fault: ReplyFault) -> str:
    match fault.word, fault.value:
        case "delay", DelayedEvent(event=event, by=by):
            return f"held {event} back for {by}"
        case "duplicate", event:
            return f"sent {event} twice"
        case "reorder", event:
            return f"sent {event} behind the message that follows it"
        case "lose", event:
            return f"did not send {event}"
        case "truncate_audio", length:
            return f"cut a reply's audio after {length}"
        case "slow_first_audio", length:
            return f"began a reply {length} late"
        case _:
            raise AssertionError(f"{fault.word} has no words")
