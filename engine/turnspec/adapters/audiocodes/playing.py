"""What the bot plays to the caller: its play streams, each in its own format, and its prompts.

The playback clock is not here: whoever owns it says when all that arrived has been heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.adapters.audiocodes.formats import audio_format, has_header
from turnspec.adapters.audiocodes.messages import PlayStreamChunk, PlayStreamStart
from turnspec.adapters.audiocodes.prompts import Prompt
from turnspec.adapters.audiocodes.wav import WavError, read_header
from turnspec.adapters.excerpts import short
from turnspec.call import AudioFormat
from turnspec.call.events import (
    AgentAudio,
    AgentMessaged,
    Event,
    FlushAsked,
    ProtocolFault,
    StreamBegan,
    StreamEnded,
)

_FILES: Final = {b"RIFF": "a WAV", b"OggS": "an Ogg", b"fLaC": "a FLAC", b"ID3\x03": "an MP3"}


class _Stream:
    """One play stream: `name` is its id, made unique within the call."""

    def __init__(self, name: str, media_format: str) -> None:
        self.name = name
        self.format = audio_format(media_format)  # None: not known, and nothing of it can be heard
        self.awaits_header = has_header(media_format)
        self.header = b""
        self.fresh = True  # nothing of it has arrived
        self.dropped = False  # it was interrupted: the rest of it is not heard

    def audio(self, payload: bytes) -> bytes:
        """What of a chunk is audio: a WAV header at the stream's beginning is read, and gives the format.

        Raises:
            WavError: The header is of a file that cannot be played.
        """
        if not self.awaits_header:
            return payload
        self.header += payload
        if self.header[:4] != b"RIFF"[: len(self.header)]:  # none was sent
            return self._past_header(0)
        header = read_header(self.header)
        if header is None:
            return b""
        self.format = header.format
        return self._past_header(header.size)

    def _past_header(self, size: int) -> bytes:
        rest, self.header, self.awaits_header = self.header[size:], b"", False
        return rest


class Playing:
    """The streams that are open, and whether anything of them is still to be heard."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        self.unplayed = False
        self._offered = frozenset(offered)
        self._open: dict[str, _Stream] = {}
        self._uses: dict[str, int] = {}

    @property
    def busy(self) -> bool:
        """Whether a stream is open that was not interrupted, or something is still to be heard."""
        return self.unplayed or bool(self._going_on)

    def start(self, message: PlayStreamStart, at_us: int) -> Iterator[Event]:
        """A stream is opened."""
        if others := " and ".join(short(name) for name in self._going_on):
            detail = f"stream {short(message.stream_id)} was opened while {others} was open"
            yield _fault("second-stream", detail, at_us)
        if message.media_format not in self._offered:
            detail = f"stream {short(message.stream_id)} is {short(message.media_format)}; {self._offer}"
            yield _fault("format-not-offered", detail, at_us)
        if replaced := self._open.get(message.stream_id):
            yield StreamEnded(at_us=at_us, stream=replaced.name)
        stream = _Stream(self._named(message.stream_id), message.media_format)
        self._open[message.stream_id] = stream
        yield StreamBegan(at_us=at_us, stream=stream.name)
        if message.alt_text:
            yield AgentMessaged(at_us=at_us, text=message.alt_text, stream=stream.name)

    def chunk(self, message: PlayStreamChunk, at_us: int) -> Iterator[Event]:
        """Audio of a stream."""
        stream = self._open.get(message.stream_id)
        if stream is None:
            yield self._unknown("playStream.chunk", message.stream_id, at_us)
        elif not stream.dropped:
            yield from self._heard(stream, message.payload, at_us)

    def stop(self, stream_id: str, at_us: int) -> Iterator[Event]:
        """A stream is at its end; what arrived of it is played out."""
        stream = self._open.pop(stream_id, None)
        if stream is None:
            yield self._unknown("playStream.stop", stream_id, at_us)
        else:
            yield StreamEnded(at_us=at_us, stream=stream.name)

    def prompt(self, prompt: Prompt, text: str, at_us: int) -> Iterator[Event]:
        """A prompt is played, all of it at once."""
        name = self._named("playUrl")
        yield StreamBegan(at_us=at_us, stream=name)
        if text:
            yield AgentMessaged(at_us=at_us, text=text, stream=name)
        yield self._audio(name, prompt.format, prompt.audio, at_us)
        yield StreamEnded(at_us=at_us, stream=name)

    def flush(self, at_us: int) -> Iterator[Event]:
        """Stop playing, and drop what is queued and what is still to come of open streams."""
        if self.busy:
            yield FlushAsked(at_us=at_us)
        for stream in self._open.values():
            stream.dropped = True
        self.unplayed = False

    def lost(self, at_us: int) -> Iterator[Event]:
        """The connection is gone, and every stream of it."""
        for stream in self._open.values():
            yield StreamEnded(at_us=at_us, stream=stream.name)
        self._open.clear()

    @property
    def _going_on(self) -> list[str]:
        # Stopping a stream that was interrupted is usual, and not required.
        return [stream_id for stream_id, stream in self._open.items() if not stream.dropped]

    def _named(self, stream_id: str) -> str:
        uses = self._uses[stream_id] = self._uses.get(stream_id, 0) + 1
        return stream_id if uses == 1 else f"{stream_id}#{uses}"

    @property
    def _offer(self) -> str:
        return f"offered were {', '.join(sorted(self._offered))}"

    def _heard(self, stream: _Stream, payload: bytes, at_us: int) -> Iterator[Event]:
        file = _FILES.get(payload[:4]) if stream.fresh and not stream.awaits_header else None
        if file is not None:
            detail = f"stream {short(stream.name)} begins with {file} file's header, which plays as noise"
            yield _fault("file-header", detail, at_us)
        stream.fresh = False
        try:
            audio = stream.audio(payload)
        except WavError as error:
            stream.format, stream.awaits_header = None, False
            yield _fault("bad-wav", f"stream {short(stream.name)} cannot be played: {error}", at_us)
            return
        if stream.format is None:
            return
        half = len(audio) % stream.format.sample_bytes
        if half:
            detail = f"a chunk of {len(audio)} bytes ends in half a 16-bit sample"
            yield _fault("odd-length", detail, at_us)
        if len(audio) > half:
            yield self._audio(stream.name, stream.format, audio[: len(audio) - half], at_us)

    def _audio(self, name: str, format_: AudioFormat, audio: bytes, at_us: int) -> AgentAudio:
        self.unplayed = True
        return AgentAudio(at_us=at_us, format=format_, size=len(audio), data=audio, stream=name)

    def _unknown(self, said: str, stream_id: str, at_us: int) -> ProtocolFault:
        if not self._uses and said == "playStream.chunk":
            return _fault("chunk-before-start", f"{said} came before any playStream.start", at_us)
        how = "was stopped already" if stream_id in self._uses else "was never started"
        return _fault("unknown-stream", f"{said} for stream {short(stream_id)}, which {how}", at_us)


def _fault(rule: str, detail: str, at_us: int) -> ProtocolFault:
    return ProtocolFault(at_us=at_us, rule=rule, detail=detail)
