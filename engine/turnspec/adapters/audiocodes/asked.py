"""What activities of the bot ask for, and what is wrong with how they ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from turnspec.adapters.audiocodes.messages import Activity
from turnspec.adapters.audiocodes.prompts import shown
from turnspec.adapters.excerpts import kind, short

_DIGITS: Final = re.compile(r"[0-9*#]{1,20}")  # AudioCodes: others are ignored


@dataclass(frozen=True, slots=True)
class Say:
    """Words to be spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is to end once what was sent has played."""

    reason: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """The call is to go to somebody else."""

    target: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlayUrl:
    """A prompt is to be played."""

    url: str
    media_format: str
    text: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Press:
    """Digits are to be sent to whoever is on the telephone."""

    digits: str


@dataclass(frozen=True, slots=True)
class AbortPrompts:
    """What is being played is to stop."""


@dataclass(frozen=True, slots=True)
class Other:
    """Something that nothing follows from here."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is ignored, because of this."""

    rule: str
    detail: str


Asked: TypeAlias = Say | HangUp | Transfer | PlayUrl | Press | AbortPrompts | Other | Wrong


def asked(activity: Activity) -> Asked:
    """What an activity of the bot asks for."""
    if activity.is_message:
        return Say(activity.text)
    match activity.name:
        case "hangup":
            reason = activity.params.get("hangupReason")
            return HangUp(reason if isinstance(reason, str) else "")
        case "transfer" | "handover":
            return _transfer(activity)
        case "playUrl":
            return _play_url(activity)
        case "sendDtmf":
            return _press(activity)
        case "abortPrompts":
            return AbortPrompts()
        case _:
            return Other()


def _transfer(activity: Activity) -> Asked:
    target = activity.params.get("transferTarget")
    if not isinstance(target, str):
        return _without(activity.name, "transferTarget", target)
    return Transfer(target, {key: value for key, value in activity.params.items() if key != "transferTarget"})


def _play_url(activity: Activity) -> Asked:
    url = activity.params.get("playUrlUrl")
    if not isinstance(url, str):
        return _without("playUrl", "playUrlUrl", url)
    media_format = activity.params.get("playUrlMediaFormat")
    text = activity.params.get("playUrlAltText")
    return PlayUrl(
        url,
        media_format if isinstance(media_format, str) else "",
        text if isinstance(text, str) else "",
        activity.params,
    )


def _press(activity: Activity) -> Asked:
    digits = activity.params.get("dtmfDigits")
    if not isinstance(digits, str):
        return _without("sendDtmf", "dtmfDigits", digits)
    if _DIGITS.fullmatch(digits) is None:
        return Wrong("bad-digits", f"sendDtmf has {short(digits)}; it takes up to 20 of 0-9, * and #")
    return Press(digits)


def _without(name: str, key: str, value: Any) -> Wrong:
    if value is None:
        return Wrong("missing-field", f"{name} has no activityParams.{key}")
    return Wrong("wrong-type", f"activityParams.{key} of {name} must be a text, not {kind(value)}")


def payload(activity: Activity) -> dict[str, Any]:
    """What an event carries, as it is recorded: prompts without their audio."""
    parts = {
        "activityParams": shown(activity.params),
        "sessionParams": dict(activity.session_params),
        "parameters": dict(activity.parameters),
        "value": activity.value,
    }
    return {key: part for key, part in parts.items() if part not in (None, {})}
