"""AudioCodes Bot API frames to typed messages and back, in both directions.

Facts: README.md beside this file. Decoding never raises: what is wrong comes back as faults with a
stable rule name, beside the message where one could still be made of the frame. Absent and null
optional fields are the same, and keys that nobody knows are let pass.
"""

from __future__ import annotations

import json
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from turnspec.adapters.audiocodes.activities import activity_document, decoded_activities
from turnspec.adapters.audiocodes.messages import (
    Activities,
    Alternative,
    ConnectionValidate,
    ConnectionValidated,
    Decoded,
    Message,
    NewerMessage,
    PlayStreamChunk,
    PlayStreamStart,
    PlayStreamStop,
    SessionAccepted,
    SessionEnd,
    SessionError,
    SessionInitiate,
    SessionResume,
    SpeechCommitted,
    SpeechHypothesis,
    SpeechRecognition,
    SpeechStarted,
    SpeechStopped,
    UserStreamChunk,
    UserStreamStart,
    UserStreamStarted,
    UserStreamStop,
    UserStreamStopped,
)
from turnspec.adapters.audiocodes.shapes import (
    FROM_BOT,
    FROM_PLATFORM,
    Shape,
    fitting,
    misfits,
    number,
    present,
    unfit,
)
from turnspec.adapters.excerpts import excerpt, kind, short
from turnspec.adapters.frames import FINITE_JSON, Fault, parsed


def user_chunk_frame(quoted_conversation: str, payload: bytes) -> str:
    """The `userStream.chunk` of a plain call; a template, because so many of them leave.

    `quoted_conversation` is the conversation's id as JSON writes it, with its quotes.
    """
    chunk = _base64(payload)
    return f'{{"type":"userStream.chunk","conversationId":{quoted_conversation},"audioChunk":"{chunk}"}}'


def play_chunk_frame(quoted_stream: str, payload: bytes) -> str:
    """The `playStream.chunk` of a stream, whose id is given as JSON writes it."""
    return f'{{"type":"playStream.chunk","streamId":{quoted_stream},"audioChunk":"{_base64(payload)}"}}'


def _base64(payload: bytes) -> str:
    return b2a_base64(payload, newline=False).decode("ascii")


def encode(message: Message) -> str:
    """The text frame of any message; what is absent is left out."""
    match message:
        case PlayStreamChunk(stream_id, payload):
            return play_chunk_frame(json.dumps(stream_id), payload)
        case UserStreamChunk(conversation_id, payload, None):
            return user_chunk_frame(json.dumps(conversation_id), payload)
        case _:
            return json.dumps(_document(message), separators=(",", ":"))


def _document(message: Message) -> dict[str, Any]:
    match message:
        case SessionInitiate():
            return {
                "type": "session.initiate",
                "conversationId": message.conversation_id,
                "botName": message.bot_name,
                "caller": message.caller,
                "expectAudioMessages": message.expect_audio,
                "supportedMediaFormats": list(message.formats),
            }
        case SessionResume(conversation):
            return {"type": "session.resume", "conversationId": conversation}
        case SessionEnd(conversation, code, reason):
            return present(
                type="session.end", conversationId=conversation or None, reasonCode=code, reason=reason
            )
        case SessionAccepted(media_format):
            return present(type="session.accepted", mediaFormat=media_format)
        case SessionError(reason):
            return {"type": "session.error", "reason": reason}
        case ConnectionValidate():
            return {"type": "connection.validate"}
        case ConnectionValidated(success):
            return {"type": "connection.validated", "success": success}
        case Activities(activities, conversation):
            listed = [activity_document(activity) for activity in activities]
            return present(type="activities", conversationId=conversation or None, activities=listed)
        case NewerMessage(type_, fields):
            return {**fields, "type": type_}
        case _:
            return _stream_document(message)


def _stream_document(message: Any) -> dict[str, Any]:
    match message:
        case UserStreamChunk(conversation, payload, participant):
            chunk = _base64(payload)
            return present(
                type="userStream.chunk",
                conversationId=conversation,
                audioChunk=chunk,
                participant=participant,
            )
        case UserStreamStart(conversation, participant) | UserStreamStop(conversation, participant):
            return present(type=_TYPES[type(message)], conversationId=conversation, participant=participant)
        case SpeechHypothesis(texts, participant):
            readings = [{"text": text} for text in texts]
            return present(type=_TYPES[type(message)], alternatives=readings, participant=participant)
        case SpeechRecognition(alternatives, participant):
            readings = [present(text=one.text, confidence=one.confidence) for one in alternatives]
            return present(type=_TYPES[type(message)], alternatives=readings, participant=participant)
        case PlayStreamStart():
            return present(
                type="playStream.start",
                streamId=message.stream_id,
                mediaFormat=message.media_format,
                altText=message.alt_text,
                activityParams=dict(message.params) or None,
                participant=message.participant,
            )
        case PlayStreamStop(stream):
            return {"type": "playStream.stop", "streamId": stream}
        case _:
            return present(type=_TYPES[type(message)], participant=message.participant)


_TYPES: Final[Mapping[type[Any], str]] = {
    UserStreamStart: "userStream.start",
    UserStreamStop: "userStream.stop",
    UserStreamStarted: "userStream.started",
    UserStreamStopped: "userStream.stopped",
    SpeechStarted: "userStream.speech.started",
    SpeechStopped: "userStream.speech.stopped",
    SpeechCommitted: "userStream.speech.committed",
    SpeechHypothesis: "userStream.speech.hypothesis",
    SpeechRecognition: "userStream.speech.recognition",
}


def decode_bot(frame: str | bytes) -> Decoded:
    """What a bot's frame says to the platform."""
    return _decoded(frame, FROM_BOT, _of_bot)


def decode_platform(frame: str | bytes) -> Decoded:
    """What a frame of the platform says to a bot."""
    return _decoded(frame, FROM_PLATFORM, _of_platform)


Build = Callable[[str, dict[str, Any], dict[str, Any]], Decoded]  # type, what fits, the whole document


def _decoded(frame: str | bytes, shapes: Mapping[str, Shape], build: Build) -> Decoded:
    if isinstance(frame, str):
        return _decoded_text(frame, shapes, build)
    fault = Fault("binary-frame", "a binary message; the protocol is JSON in text messages", excerpt(frame))
    try:
        found = _decoded_text(frame.decode(), shapes, build)
    except UnicodeDecodeError:
        return Decoded(None, (fault,))
    return Decoded(found.message, (fault, *found.faults))


def _decoded_text(frame: str, shapes: Mapping[str, Shape], build: Build) -> Decoded:
    document, broken = parsed(frame, FINITE_JSON)
    name = document.get("type")
    if name == "playStream.chunk" and shapes is FROM_BOT and (usual := _usual_chunk(frame, document)):
        return usual
    if wrong_as_a_whole := broken or unfit(frame, document):
        return Decoded(None, (wrong_as_a_whole,))
    shape = shapes.get(name) if isinstance(name, str) else None
    if shape is None or not isinstance(name, str):
        return Decoded(None, (_no_type(name, frame),))
    wrong = tuple(misfits(document, shape))
    if any(misfit.fatal for misfit in wrong):
        built = Decoded()
    else:
        built = build(name, fitting(document, shape), document)
    if not (wrong or built.faults):
        return built
    found = (*((misfit.rule, misfit.detail) for misfit in wrong), *((f.rule, f.detail) for f in built.faults))
    return Decoded(built.message, tuple(Fault(*fault, excerpt(frame)) for fault in found))


def _usual_chunk(frame: str, document: dict[str, Any]) -> Decoded | None:
    """A bot's audio, of which there is much; None: it wants to be looked at closely."""
    stream, written = document.get("streamId"), document.get("audioChunk")
    if not (isinstance(stream, str) and isinstance(written, str) and frame.isascii()) or "\\" in frame:
        return None
    payload, faults = _payload(written)
    return None if payload is None or faults else Decoded(PlayStreamChunk(stream, payload))


def _no_type(name: Any, frame: str) -> Fault:
    if name is None:
        return Fault("missing-field", "type is missing", excerpt(frame))
    if not isinstance(name, str):
        return Fault("wrong-type", f"type must be a text, not {kind(name)}", excerpt(frame))
    return Fault("unknown-type", f"nothing of type {short(name)} is known from this side", excerpt(frame))


def _of_bot(name: str, found: dict[str, Any], document: dict[str, Any]) -> Decoded:
    participant = found.get("participant")
    match name:
        case "playStream.chunk":
            payload, faults = _payload(found["audioChunk"])
            return Decoded(None if payload is None else PlayStreamChunk(found["streamId"], payload), faults)
        case "playStream.stop":
            return Decoded(PlayStreamStop(found["streamId"]))
        case "playStream.start":
            return Decoded(_play_start(found))
        case "userStream.speech.hypothesis":
            alternatives, faults = _alternatives(found)
            return Decoded(SpeechHypothesis(tuple(one.text for one in alternatives), participant), faults)
        case "userStream.speech.recognition":
            alternatives, faults = _alternatives(found)
            return Decoded(SpeechRecognition(alternatives, participant), faults)
        case "activities":
            return decoded_activities(found, canonical=True)
        case _ if name in _OF_PARTICIPANT:
            return Decoded(_OF_PARTICIPANT[name](participant))
        case _:
            return Decoded(_of_session(name, found, document))


_OF_PARTICIPANT: Final[Mapping[str, Callable[[str | None], Message]]] = {
    "userStream.started": UserStreamStarted,
    "userStream.stopped": UserStreamStopped,
    "userStream.speech.started": SpeechStarted,
    "userStream.speech.stopped": SpeechStopped,
    "userStream.speech.committed": SpeechCommitted,
}


def _of_session(name: str, found: dict[str, Any], document: dict[str, Any]) -> Message:
    match name:
        case "session.accepted":
            return SessionAccepted(found.get("mediaFormat"))
        case "session.error":
            return SessionError(found.get("reason", ""))
        case "session.end":
            ended = found.get("conversationId", ""), found.get("reasonCode", ""), found.get("reason", "")
            return SessionEnd(*ended)
        case "connection.validated":
            return ConnectionValidated(found["success"])
        case _:
            return NewerMessage(name, {key: value for key, value in document.items() if key != "type"})


def _of_platform(name: str, found: dict[str, Any], document: dict[str, Any]) -> Decoded:
    conversation, participant = found.get("conversationId", ""), found.get("participant")
    match name:
        case "userStream.chunk":
            payload, faults = _payload(found["audioChunk"])
            chunk = None if payload is None else UserStreamChunk(conversation, payload, participant)
            return Decoded(chunk, faults)
        case "userStream.start":
            return Decoded(UserStreamStart(conversation, participant))
        case "userStream.stop":
            return Decoded(UserStreamStop(conversation, participant))
        case "session.initiate":
            return Decoded(_initiate(found))
        case "session.resume":
            return Decoded(SessionResume(conversation))
        case "connection.validate":
            return Decoded(ConnectionValidate())
        case "activities":
            return decoded_activities(found, canonical=False)
        case _:
            return Decoded(_of_session(name, found, document))


def _initiate(found: dict[str, Any]) -> SessionInitiate:
    return SessionInitiate(
        found["conversationId"],
        found.get("botName", ""),
        found.get("caller", ""),
        found.get("expectAudioMessages", True),
        tuple(found.get("supportedMediaFormats", ())),
    )


def _play_start(found: dict[str, Any]) -> PlayStreamStart:
    return PlayStreamStart(
        found["streamId"],
        found["mediaFormat"],
        found.get("altText"),
        found.get("activityParams", {}),
        found.get("participant"),
    )


def _payload(written: str) -> tuple[bytes | None, tuple[Fault, ...]]:
    try:
        return a2b_base64(written, strict_mode=True), ()
    except (Base64Error, ValueError) as error:
        return None, (Fault("bad-base64", f"audioChunk is not base64: {error}"),)


def _alternatives(found: dict[str, Any]) -> tuple[tuple[Alternative, ...], tuple[Fault, ...]]:
    listed = found.get("alternatives")
    if not isinstance(listed, list) or not listed:
        wrong = "missing" if listed is None else "empty" if listed == [] else f"{kind(listed)}, not a list"
        return (), (Fault("missing-alternatives", f"alternatives is {wrong}"),)
    alternatives, faults = [], []
    for place, one in enumerate(listed):
        if isinstance(one, dict) and isinstance(one.get("text"), str):
            confidence = one.get("confidence")
            alternatives.append(Alternative(one["text"], confidence if number(confidence) is None else None))
        else:
            faults.append(Fault("missing-alternatives", f"alternatives[{place}] is no object with a text"))
    return tuple(alternatives), tuple(faults)
