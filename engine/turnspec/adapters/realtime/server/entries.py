"""Items of the client as entries of the conversation, and what an entry says."""

from __future__ import annotations

from turnspec.adapters.realtime.server.conversation import Entry
from turnspec.adapters.realtime.server.mind import Said
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire.client_events import audio_bytes
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.audio.codecs import decode
from turnspec.audio.samples import track_of
from turnspec.call import AudioFormat, Track


def entry_of(item: items.Item, item_id: str, input_format: AudioFormat) -> Entry:
    """The entry of an item, its audio decoded.

    Raises:
        ClientError: The audio is not base64, or not a whole number of samples.
    """
    audio = bytearray()
    for index, part in enumerate(getattr(item, "content", ())):
        if isinstance(part, items.InputAudio) and part.audio:
            audio += audio_bytes(part.audio, f"item.content[{index}].audio")
    if len(audio) % input_format.sample_bytes:
        message = f"Invalid 'audio'. {len(audio)} bytes do not hold a whole number of samples."
        raise ClientError("invalid_value", message, "item.content")
    return Entry(items.echoed(item, item_id), audio, input_format if audio else None)


def said_of(entry: Entry, ended_us: int) -> Said:
    """What a user's item says: its texts, else its audio."""
    parts = entry.document.get("content", ())
    texts = [part.get("text") or part.get("transcript") for part in parts]
    known = [text for text in texts if text]
    return Said(ended_us, " ".join(known) if known else None, _track_of(entry))


def _track_of(entry: Entry) -> Track | None:
    if not entry.audio or entry.format is None:
        return None
    return track_of(decode(bytes(entry.audio), entry.format), entry.format.rate_hz)
