"""The caller's audio on its way to the bot: gathered into chunks, in the format that the bot accepted."""

from __future__ import annotations

import json
from typing import Final

from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.adapters.audiocodes.wire import user_chunk_frame
from turnspec.audio.codecs import decode, encode
from turnspec.audio.resample import StreamResampler
from turnspec.call import AudioFormat

OFF: Final = "off"
ASKED: Final = "asked"  # `userStream.start` was sent, and not answered yet
ON: Final = "on"


class Converter:
    """Audio of one format in another, stretch by stretch; soxr holds some 20-70 ms back."""

    def __init__(self, source: AudioFormat, goal: AudioFormat) -> None:
        self._source, self._goal = source, goal
        self._resampler = StreamResampler(source.rate_hz, goal.rate_hz)

    def feed(self, audio: bytes) -> bytes:
        """The next stretch."""
        if self._source == self._goal:
            return audio
        return encode(self._resampler.feed(decode(audio, self._source)), self._goal)


class UserStream:
    """Whether the caller is being streamed, and what of it is not yet a whole chunk."""

    def __init__(self, conversation_id: str, line: AudioFormat, chunk_us: int) -> None:
        self.state = OFF
        self._quoted = json.dumps(conversation_id)
        self._line = line
        self._chunk_us = chunk_us
        self._held = bytearray()
        self._opened = False  # the header of a file has been sent
        self.accept(line, header=False)

    def accept(self, media: AudioFormat, *, header: bool) -> None:
        """The bot takes this format; `header`: as a WAV file that has no end."""
        self._header = streamed_header(media) if header else b""
        self._media = media
        self._converter = Converter(self._line, media)
        self._chunk_size = media.size_of(self._chunk_us)

    def ask(self) -> None:
        """`userStream.start` is sent."""
        self.state = ASKED

    def started(self) -> None:
        """The bot takes the audio from now on."""
        if self.state == ASKED:
            self.state = ON

    def stop(self) -> None:
        """`userStream.stop` is sent; what is not a chunk yet is not sent any more."""
        self.state = OFF
        self._held.clear()
        self._converter = Converter(self._line, self._media)  # the old one holds some of it back
        self._opened = False

    def feed(self, frame: bytes) -> list[str]:
        """The caller's next 20 ms; answers with the chunks that are complete, none while off."""
        if self.state != ON:
            return []
        self._held += self._converter.feed(frame)
        chunks = []
        while len(self._held) >= self._chunk_size:
            chunks.append(self._chunk(bytes(self._held[: self._chunk_size])))
            del self._held[: self._chunk_size]
        return chunks

    def _chunk(self, audio: bytes) -> str:
        if self._header and not self._opened:
            self._opened = True
            audio = self._header + audio
        return user_chunk_frame(self._quoted, audio)
