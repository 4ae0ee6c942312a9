"""A frame that is written as one before is understood as it would be by itself."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.adapters.twilio.excerpts import elided
from turnspec.adapters.twilio.messages import BotMedia
from turnspec.adapters.twilio.spelling import Spelling
from turnspec.adapters.twilio.wire import decode_bot

STREAM = "MZ" + "0" * 32
FIRST = b"\x7e" * 160


def media(payload: bytes, *, spaces: bool = False, media_first: bool = False) -> str:
    """A media frame as some bot may write it."""
    body = {"event": "media", "streamSid": STREAM, "media": {"payload": b64encode(payload).decode()}}
    if media_first:
        body = dict(reversed(body.items()))
    return json.dumps(body, separators=None if spaces else (",", ":"))


def learned(frame: str, payload: bytes = FIRST) -> Spelling:
    """The spelling of a frame; it must have one."""
    spelling = Spelling.of(frame, payload)
    assert spelling is not None
    return spelling


@given(
    payload=st.binary(min_size=1, max_size=400).filter(
        lambda data: data[:4] not in (b"RIFF", b"OggS", b"fLaC")
    ),
    spaces=st.booleans(),
    media_first=st.booleans(),
)
def test_other_audio_in_the_same_spelling_is_understood(
    *, payload: bytes, spaces: bool, media_first: bool
) -> None:
    """Whatever the order of the keys and the spaces, the audio and its line in the log are the same."""
    spelling = learned(media(FIRST, spaces=spaces, media_first=media_first))
    frame = media(payload, spaces=spaces, media_first=media_first)

    assert spelling.payload(frame) == payload
    assert spelling.shown(frame) == elided(frame)
    assert decode_bot(frame, STREAM).message == BotMedia(STREAM, payload)


@given(frame=st.text(max_size=60).map(lambda text: media(FIRST)[:-60] + text) | st.text(max_size=400))
def test_what_is_understood_so_is_what_a_close_look_finds(frame: str) -> None:
    """Any text: either the spelling has nothing to say of it, or it says what the decoder says."""
    payload = learned(media(FIRST)).payload(frame)

    decoded = decode_bot(frame, STREAM)
    assert payload is None or (decoded.message == BotMedia(STREAM, payload) and not decoded.faults)


WRONG = {
    "no audio": "",
    "not base64": "/+é",
    "half of base64": "abc",
    "an escape": "\\u0041AAA",
    "another field": 'AAAA","more":"AAAA',
    "a line break": "AAAA\n",
    "a file": b64encode(b"RIFF" + b"\0" * 40).decode(),
    "an hour": "A" * 80_000,
}


@pytest.mark.parametrize("written", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_looked_at_closely(written: str) -> None:
    """Whatever a fault may be reported of is not understood in passing."""
    frame = media(FIRST).replace(b64encode(FIRST).decode(), written)

    assert learned(media(FIRST)).payload(frame) is None


def test_binary_frames_are_looked_at_closely() -> None:
    """Bytes are a fault, whatever is in them."""
    assert learned(media(FIRST)).payload(media(FIRST).encode()) is None


def test_nothing_is_learned_from_a_frame_that_may_mislead() -> None:
    """Audio too short to be told from a name, written twice, or written with escapes."""
    escaped = media(FIRST).replace("/", "\\/").replace("f", "\\u0066")

    assert Spelling.of(media(b"\x7e" * 30), b"\x7e" * 30) is None
    assert Spelling.of(media(FIRST) + media(FIRST), FIRST) is None
    assert Spelling.of(escaped, FIRST) is None
