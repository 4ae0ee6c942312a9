"""Calls to a local agent that is served as a bot, whatever platform calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel

from support_twilio import AUDIO, Notebook, local_agent
from turnspec.adapters import audiocodes, twilio
from turnspec.adapters.base import Adapter, Call, Dial
from turnspec.audio.codecs import decode, encode, silence_byte
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K, PCM_16K, AudioFormat, Identity
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot
from turnspec.doubles.bot_shell import BotServer
from turnspec.doubles.sessions import Session
from turnspec.doubles.twilio.serve import serve_twilio_bot

FRAME_US = 20_000
CLIPS = {AUDIO / "caller" / "ten-of-clubs.flac": "ten of clubs"}


@dataclass(frozen=True)
class Platform:
    """How one platform's bots are served, and called."""

    name: str
    serve: Callable[..., Awaitable[BotServer]]
    adapter: Adapter
    options: BaseModel
    format: AudioFormat

    def dial(self, url: str, witness: Notebook, **auth: str) -> Dial:
        """A call to a bot, with nothing special about it."""
        return Dial(url=url, options=self.options, identity=Identity("test"), witness=witness, auth=auth)

    @asynccontextmanager
    async def call(self, script: str, notebook: Notebook) -> AsyncIterator[Call]:
        """A call to a local agent that is up and listened to; both ends write in one notebook."""
        bot = await self.serve(lambda: session(script, notebook))
        connected = await self.adapter.dial(self.dial(bot.url, notebook))
        listening = asyncio.ensure_future(connected.listen())
        try:
            yield connected
            await connected.hang_up()
            await listening
        finally:
            await bot.aclose()

    async def paced(self, call: Call, data: bytes, frames: int) -> float:
        """Audio, then silence, 20 ms at a time on absolute deadlines; when its first sample was spoken."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        size = self.format.size_of(FRAME_US)
        silence = bytes([silence_byte(self.format)])
        for number in range(frames):
            over = asyncio.Event()
            loop.call_at(begin + (number + 1) * FRAME_US / 1_000_000, over.set)
            await over.wait()
            frame = data[number * size : (number + 1) * size]
            call.send_audio(frame + silence * (size - len(frame)))
        return begin

    def caller_audio(self, name: str) -> bytes:
        """A recording of the example project as it goes over the line."""
        clip = load_clip(AUDIO / "caller" / f"{name}.flac", self.format.rate_hz)
        return encode(samples_of(clip), self.format)

    def true_end_us(self, data: bytes) -> int:
        """Where speech ends in audio as it goes over the line."""
        span = voiced_span(decode(data, self.format), self.format.rate_hz)
        assert span is not None
        return span[1]


TWILIO = Platform("twilio", serve_twilio_bot, twilio.ADAPTER, twilio.TwilioOptions(), MULAW_8K)
AUDIOCODES = Platform(
    "audiocodes", serve_audiocodes_bot, audiocodes.ADAPTER, audiocodes.AudioCodesOptions(), PCM_16K
)


def session(script: str, witness: Notebook) -> Session:
    """A local agent of this script, who answers."""
    return local_agent(script, CLIPS), witness, Identity("bot")
