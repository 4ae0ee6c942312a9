"""Messages of the protocol as they came, for turns that ask about such."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

from pydantic import BaseModel

from turnspec.call import Messages
from turnspec.call.events import MessageArrived
from turnspec.dsl.models import Expect, Turn
from turnspec.plan.model import CallPlan

LONGEST: Final = 65_536  # characters, audio left out; of a longer message the name is kept


def messages_asked_for(plan: CallPlan) -> Messages | None:
    """How the messages of this call are told apart, where something in it asks for them; else None."""
    asked = any(_asks(expect) for turn in plan.turns for expect in expectations_in(turn))
    return plan.capabilities.messages if asked else None


def expectations_in(part: Any) -> Iterator[Expect]:
    """Everything that a part of the plan, and all in it, expects: of turns, and in conditions."""
    match part:
        case str() | int() | float() | None:
            return
        case Expect():
            yield part
        case Turn():  # what of it may hold any, since a scenario is mostly turns
            yield from (
                found for held in (part.expect, part.when, part.unless) for found in expectations_in(held)
            )
        case BaseModel():
            yield from (
                found for name in type(part).model_fields for found in expectations_in(getattr(part, name))
            )
        case tuple():
            yield from (found for item in part for found in expectations_in(item))
        case _ if is_dataclass(part):
            yield from (
                found for field in fields(part) for found in expectations_in(getattr(part, field.name))
            )


def _asks(expect: Expect) -> bool:
    return bool(expect.event or expect.nothing or expect.check)


def arrived(messages: Messages, text: str, at_us: int) -> MessageArrived | None:
    """The message in a frame; None for audio, and for what is no message."""
    cut = len(text) > LONGEST
    document = {} if cut else _document(text)
    if not document:
        document, cut = _named(messages.key, text), True
    name = document.get(messages.key)
    if not isinstance(name, str) or name in messages.audio:
        return None
    return MessageArrived(
        at_us=at_us, name=name, document=document, housekeeping=name in messages.housekeeping, cut=cut
    )


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _named(key: str, text: str) -> dict[str, Any]:
    """The name alone, of a message that the log has cut short."""
    found = re.match(rf'\s*\{{.{{0,1000}}?"{re.escape(key)}"\s*:\s*"([^"\\]*)"', text, re.DOTALL)
    return {key: found[1]} if found else {}
