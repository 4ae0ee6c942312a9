"""The entries of an `activities` message: their JSON form and back."""

from __future__ import annotations

from typing import Any, Final

from turnspec.adapters.audiocodes.messages import Activities, Activity, Decoded
from turnspec.adapters.audiocodes.shapes import ACTIVITY, fitting, misfits, present
from turnspec.adapters.excerpts import kind, short
from turnspec.adapters.frames import Fault

# What a bot may call its events, as the vendor's SDK lists them; other names are let pass.
EVENTS_OF_BOTS: Final = (
    "abortPrompts",
    "config",
    "expectAnotherBotMessage",
    "handover",
    "hangup",
    "pauseCallRecording",
    "playUrl",
    "resumeCallRecording",
    "sendDtmf",
    "sendMetaData",
    "startCallRecording",
    "startRecognition",
    "stopCallRecording",
    "stopRecognition",
    "transfer",
)
_BY_SMALL_LETTERS: Final = {name.casefold(): name for name in EVENTS_OF_BOTS}


def activity_document(activity: Activity) -> dict[str, Any]:
    """The JSON form of an activity; what is absent is left out."""
    return dict(activity.more) | present(
        type=activity.type,
        name=activity.name or None,
        text=activity.text if activity.is_message else None,
        value=activity.value,
        activityParams=dict(activity.params) or None,
        sessionParams=dict(activity.session_params) or None,
        parameters=dict(activity.parameters) or None,
        id=activity.id or None,
        timestamp=activity.timestamp or None,
        language=activity.language or None,
    )


def decoded_activities(found: dict[str, Any], *, canonical: bool) -> Decoded:
    """The entries that can be made out; `canonical`: a bot's names, whatever the case they are written in."""
    activities, faults = [], []
    for place, entry in enumerate(found["activities"]):
        activity, wrong = _activity(entry, f"activities[{place}]", canonical=canonical)
        faults += wrong
        if activity is not None:
            activities.append(activity)
    return Decoded(Activities(tuple(activities), found.get("conversationId", "")), tuple(faults))


def _activity(entry: Any, path: str, *, canonical: bool) -> tuple[Activity | None, list[Fault]]:
    if not isinstance(entry, dict):
        return None, [Fault("wrong-type", f"{path} must be an object, not {kind(entry)}")]
    wrong = list(misfits(entry, ACTIVITY, f"{path}."))
    faults = [Fault(misfit.rule, misfit.detail) for misfit in wrong]
    if any(misfit.fatal for misfit in wrong):
        return None, faults
    type_ = entry["type"].casefold()
    if type_ != entry["type"] and type_ in {"event", "message"}:
        faults.append(Fault("odd-case", f"{path}.type is {short(entry['type'])}; it is written {type_!r}"))
    key = {"event": "name", "message": "text"}.get(type_)
    if key is None:
        faults.append(Fault("wrong-type", f"{path}.type must be event or message, not {kind(entry['type'])}"))
        return None, faults
    said = entry.get(key)
    if not isinstance(said, str):
        rule, how = ("missing-field", "missing") if said is None else ("wrong-type", f"{kind(said)}, no text")
        return None, [*faults, Fault(rule, f"{path}.{key} is {how}")]
    name = _BY_SMALL_LETTERS.get(said.casefold(), said) if canonical and key == "name" else said
    if name != said:
        faults.append(Fault("odd-case", f"{path}.name is {short(said)}; it is written {name!r}"))
    return _built(type_, {**fitting(entry, ACTIVITY), key: name}), faults


def _built(type_: str, found: dict[str, Any]) -> Activity:
    return Activity(
        type=type_,
        name=found.get("name", ""),
        text=found.get("text", ""),
        value=found.get("value"),
        params=found.get("activityParams", {}),
        session_params=found.get("sessionParams", {}),
        parameters=found.get("parameters", {}),
        id=found.get("id", ""),
        timestamp=found.get("timestamp", ""),
        language=found.get("language", ""),
    )
