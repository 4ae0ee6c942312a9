"""Twilio Media Streams frames to typed messages and back, in both directions.

Facts: Twilio docs, "Media Streams - WebSocket Messages". Numbers in the envelope travel as JSON
strings, numbers in `mediaFormat` as JSON numbers. Decoding never raises: what is wrong comes back
as faults with a stable rule name, beside the message where one could still be made of the frame.
"""

from __future__ import annotations

import json
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

from turnspec.adapters.frames import JSON, Fault, parsed
from turnspec.adapters.twilio.excerpts import excerpt, kind, short
from turnspec.adapters.twilio.messages import (
    BotClear,
    BotMark,
    BotMedia,
    Connected,
    Decoded,
    Dtmf,
    Mark,
    Media,
    Message,
    Start,
    Stop,
)

LARGE_MESSAGE: Final = 64 * 1024  # nothing is documented; the OpenAI Agents example accepts no more
MOST_EXTRA: Final = 5
FILE_HEADERS: Final = {b"RIFF": "a WAV", b"OggS": "an Ogg", b"fLaC": "a FLAC"}


def media_frame(  # one parameter a field of the message, which need not be made for it
    sequence: int, stream_sid: str, chunk: int, timestamp_ms: int, payload: bytes, track: str = "inbound"
) -> str:
    """The `media` frame of the platform."""
    begin, end = around_media(sequence, stream_sid, chunk, timestamp_ms, track)
    return f"{begin}{base64(payload)}{end}"


def around_media(
    sequence: int, stream_sid: str, chunk: int, timestamp_ms: int, track: str = "inbound"
) -> tuple[str, str]:
    """What stands before and after the audio; a template, because 50 of them leave every second."""
    begin = (
        f'{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"{track}",'
        f'"chunk":"{chunk}","timestamp":"{timestamp_ms}","payload":"'
    )
    return begin, f'"}},"streamSid":"{stream_sid}"}}'


def encode_bot_media(message: BotMedia) -> str:
    """The `media` frame of a bot."""
    payload = base64(message.payload)
    return f'{{"event":"media","streamSid":"{message.stream_sid}","media":{{"payload":"{payload}"}}}}'


def base64(payload: bytes) -> str:
    """Audio as it stands in a frame."""
    return b2a_base64(payload, newline=False).decode("ascii")


def encode(message: Message) -> str:
    """The text frame of any message."""
    match message:
        case Media(sequence, stream_sid, chunk, timestamp_ms, payload, track):
            return media_frame(sequence, stream_sid, chunk, timestamp_ms, payload, track)
        case BotMedia():
            return encode_bot_media(message)
        case _:
            return json.dumps(_document(message), separators=(",", ":"))


def _document(message: Connected | Start | Dtmf | Mark | Stop | BotMark | BotClear) -> dict[str, Any]:
    match message:
        case Connected(protocol, version):
            return {"event": "connected", "protocol": protocol, "version": version}
        case Start():
            return _envelope("start", message, "start", _start_body(message))
        case Dtmf(_, _, digit, track):
            return _envelope("dtmf", message, "dtmf", {"track": track, "digit": digit})
        case Mark(_, _, name):
            return _envelope("mark", message, "mark", {"name": name})
        case Stop(_, _, account, call):
            return _envelope("stop", message, "stop", {"accountSid": account, "callSid": call})
        case BotMark(stream, name):
            return {"event": "mark", "streamSid": stream, "mark": {"name": name}}
        case BotClear(stream):
            return {"event": "clear", "streamSid": stream}


def _envelope(
    event: str, message: Start | Dtmf | Mark | Stop, key: str, body: dict[str, Any]
) -> dict[str, Any]:
    return {
        "event": event,
        "sequenceNumber": str(message.sequence),
        key: body,
        "streamSid": message.stream_sid,
    }


def _start_body(message: Start) -> dict[str, Any]:
    return {
        "accountSid": message.account_sid,
        "streamSid": message.stream_sid,
        "callSid": message.call_sid,
        "tracks": list(message.tracks),
        "mediaFormat": {
            "encoding": message.encoding,
            "sampleRate": message.rate_hz,
            "channels": message.channels,
        },
        "customParameters": dict(message.parameters),
    }


# A shape is what must stand under a key: a mapping of further shapes, or a check that answers with
# what was expected instead, or None where the value is right.
Check: TypeAlias = Callable[[Any], "str | None"]
Shape: TypeAlias = "dict[str, Shape] | Check"


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "a text"
    return None if _is_unicode(value) else "a text without halves of characters"


def _number_text(value: Any) -> str | None:
    right = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18
    return None if right else "a number written as a text"


def _whole(value: Any) -> str | None:
    return None if type(value) is int else "a whole number"


def _texts(value: Any) -> str | None:
    right = isinstance(value, list) and all(_text(item) is None for item in value)
    return None if right else "a list of texts"


def _text_map(value: Any) -> str | None:
    right = isinstance(value, dict) and all(_text(v) is None and _text(k) is None for k, v in value.items())
    return None if right else "an object of texts"


def _is_unicode(text: str) -> bool:
    # JSON can spell half of a surrogate pair, which no file and no report can hold.
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


_HEAD: Final[dict[str, Shape]] = {"event": _text, "sequenceNumber": _number_text, "streamSid": _text}
_BOT_HEAD: Final[dict[str, Shape]] = {"event": _text, "streamSid": _text}
_FORMAT: Final[dict[str, Shape]] = {"encoding": _text, "sampleRate": _whole, "channels": _whole}
_START: Final[dict[str, Shape]] = {
    "streamSid": _text,
    "accountSid": _text,
    "callSid": _text,
    "tracks": _texts,
    "customParameters": _text_map,
    "mediaFormat": _FORMAT,
}
_MEDIA: Final[dict[str, Shape]] = {
    "track": _text,
    "chunk": _number_text,
    "timestamp": _number_text,
    "payload": _text,
}
_FROM_PLATFORM: Final[dict[str, dict[str, Shape]]] = {
    "connected": {"event": _text, "protocol": _text, "version": _text},
    "start": {**_HEAD, "start": _START},
    "media": {**_HEAD, "media": _MEDIA},
    "dtmf": {**_HEAD, "dtmf": {"track": _text, "digit": _text}},
    "mark": {**_HEAD, "mark": {"name": _text}},
    "stop": {**_HEAD, "stop": {"accountSid": _text, "callSid": _text}},
}
_FROM_BOT: Final[dict[str, dict[str, Shape]]] = {
    "media": {**_BOT_HEAD, "media": {"payload": _text}},
    "mark": {**_BOT_HEAD, "mark": {"name": _text}},
    "clear": _BOT_HEAD,
}


def decode_bot(frame: str | bytes, stream_sid: str) -> Decoded:
    """What a bot's frame says to the platform of the stream `stream_sid`."""
    return _usual_bot_media(frame, stream_sid) or _decode(frame, _FROM_BOT, _bot_message, stream_sid)


def decode_platform(frame: str | bytes, stream_sid: str | None) -> Decoded:
    """What the platform's frame says to a bot; `stream_sid` None: not told yet."""
    return _usual_media(frame, stream_sid) or _decode(frame, _FROM_PLATFORM, _platform_message, stream_sid)


def _decode(
    frame: str | bytes,
    shapes: Mapping[str, Mapping[str, Shape]],
    build: Callable[[dict[str, Any]], Decoded],
    stream_sid: str | None,
) -> Decoded:
    if not isinstance(frame, str):
        return _refused("binary-frame", f"a binary frame of {len(frame)} bytes; only text is allowed", frame)
    large = _too_large(frame)
    document, fault = parsed(frame, JSON)
    if fault is not None:
        return Decoded(None, (*large, fault))
    event = document.get("event")
    shape = shapes.get(event) if isinstance(event, str) else None
    if shape is None:
        return Decoded(None, (*large, _no_event(event, shapes, frame)))
    wrong = [Fault(rule, detail, excerpt(frame)) for rule, detail in _misfits(document, shape, "")]
    if any(fault.rule != "extra-field" for fault in wrong):
        return Decoded(None, (*large, *wrong))
    if stream_sid is not None and document.get("streamSid", stream_sid) != stream_sid:
        detail = f"streamSid is {short(document['streamSid'])}; this stream is {stream_sid}"
        return Decoded(None, (*large, *wrong, Fault("wrong-stream-sid", detail, excerpt(frame))))
    built = build(document)
    if not (large or wrong or built.faults):
        return built
    own = tuple(Fault(fault.rule, fault.detail, excerpt(frame)) for fault in built.faults)
    return Decoded(built.message, (*large, *wrong, *own))


# Nearly every frame of a stream is this one, written as Twilio writes it; any other takes the long way.
_USUAL_MEDIA: Final = re.compile(
    r'{"event":"media","sequenceNumber":"(\d{1,18})","media":{"track":"(\w{1,20})","chunk":"(\d{1,18})",'
    r'"timestamp":"(\d{1,18})","payload":"([A-Za-z0-9+/=]{1,60000})"},"streamSid":"(\w{1,100})"}',
    re.ASCII,
)


def _usual_media(frame: str | bytes, stream_sid: str | None) -> Decoded | None:
    """The audio of a frame with nothing unusual in it; None: it wants to be looked at closely."""
    found = _USUAL_MEDIA.fullmatch(frame) if isinstance(frame, str) else None
    if found is None:
        return None
    sequence, track, chunk, timestamp, written, stream = found.groups()
    payload, faults = _payload(written)
    if payload is None or faults or stream_sid not in (None, stream):
        return None
    return Decoded(Media(int(sequence), stream, int(chunk), int(timestamp), payload, track))


_USUAL_BOT_MEDIA: Final = re.compile(
    r'{"event": ?"media", ?"streamSid": ?"(\w{1,100})", ?"media": ?'
    r'{"payload": ?"([A-Za-z0-9+/=]{1,60000})"}}',
    re.ASCII,
)


def _usual_bot_media(frame: str | bytes, stream_sid: str) -> Decoded | None:
    """As `_usual_media`, of a bot."""
    found = _USUAL_BOT_MEDIA.fullmatch(frame) if isinstance(frame, str) else None
    if found is None or found[1] != stream_sid:
        return None
    payload, faults = _payload(found[2])
    return None if payload is None or faults else Decoded(BotMedia(found[1], payload))


def _too_large(frame: str) -> tuple[Fault, ...]:
    if len(frame) <= LARGE_MESSAGE:
        return ()
    detail = f"a message of {len(frame):,} characters; above {LARGE_MESSAGE:,} other platforms give up"
    return (Fault("large-message", detail, excerpt(frame)),)


def _no_event(event: Any, shapes: Mapping[str, Any], frame: str) -> Fault:
    known = ", ".join(shapes)
    if event is None:
        return Fault("missing-field", f"event is missing; it is one of {known}", excerpt(frame))
    return Fault("unknown-event", f"event is {kind(event)}; it must be one of {known}", excerpt(frame))


def _misfits(document: dict[str, Any], shape: Mapping[str, Shape], path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if not document.keys() <= shape.keys():
        extra = islice((key for key in document if key not in shape), MOST_EXTRA)
        found = [("extra-field", f"{path}{short(key, quote=False)} does not belong here") for key in extra]
    for key, wanted in shape.items():
        value = document.get(key)
        if key not in document:
            found.append(("missing-field", f"{path}{key} is missing"))
        elif not isinstance(wanted, dict):
            if (expected := wanted(value)) is not None:
                found.append(("wrong-type", f"{path}{key} must be {expected}, not {kind(value)}"))
        elif isinstance(value, dict):
            found += _misfits(value, wanted, f"{path}{key}.")
        else:
            found.append(("wrong-type", f"{path}{key} must be an object, not {kind(value)}"))
    return found


def _bot_message(document: dict[str, Any]) -> Decoded:
    stream: str = document["streamSid"]
    match document["event"]:
        case "mark":
            return Decoded(BotMark(stream, document["mark"]["name"]))
        case "clear":
            return Decoded(BotClear(stream))
    payload, faults = _payload(document["media"]["payload"])
    return Decoded(None if payload is None else BotMedia(stream, payload), faults)


def _platform_message(document: dict[str, Any]) -> Decoded:
    if document["event"] == "connected":
        return Decoded(Connected(document["protocol"], document["version"]))
    stream: str = document["streamSid"]
    sequence = int(document["sequenceNumber"])
    match document["event"]:
        case "start":
            return Decoded(_start(document["start"], sequence, stream))
        case "dtmf":
            return Decoded(Dtmf(sequence, stream, document["dtmf"]["digit"], document["dtmf"]["track"]))
        case "mark":
            return Decoded(Mark(sequence, stream, document["mark"]["name"]))
        case "stop":
            return Decoded(
                Stop(sequence, stream, document["stop"]["accountSid"], document["stop"]["callSid"])
            )
    media = document["media"]
    payload, faults = _payload(media["payload"])
    if payload is None:
        return Decoded(None, faults)
    numbers = int(media["chunk"]), int(media["timestamp"])
    return Decoded(Media(sequence, stream, *numbers, payload, media["track"]), faults)


def _start(body: dict[str, Any], sequence: int, stream: str) -> Start:
    form = body["mediaFormat"]
    return Start(
        sequence,
        stream,
        body["accountSid"],
        body["callSid"],
        tuple(body["tracks"]),
        body["customParameters"],
        form["encoding"],
        form["sampleRate"],
        form["channels"],
    )


def _payload(written: str) -> tuple[bytes | None, tuple[Fault, ...]]:
    try:
        payload = a2b_base64(written, strict_mode=True)
    except (Base64Error, ValueError) as error:
        return None, (Fault("bad-base64", f"media.payload is not base64: {error}"),)
    if not payload:
        return None, (Fault("empty-payload", "media.payload is empty"),)
    file = FILE_HEADERS.get(payload[:4])
    if file is None:
        return payload, ()
    detail = f"media.payload begins with {file} file's header, which plays as noise: send bare mu-law"
    return payload, (Fault("file-header", detail),)


def _refused(rule: str, detail: str, frame: str | bytes) -> Decoded:
    return Decoded(None, (Fault(rule, detail, excerpt(frame)),))
