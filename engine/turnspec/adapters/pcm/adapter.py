"""The adapter `pcm`: what calls over plain PCM can do, and how to open one."""

from __future__ import annotations

from pydantic import BaseModel

from turnspec.adapters.base import Call, Dial
from turnspec.adapters.pcm.options import PcmOptions
from turnspec.call import PCM_8K, PCM_16K, PCM_24K, Capabilities, Capability, ReplyEnd

FORMATS = {8000: PCM_8K, 16000: PCM_16K, 24000: PCM_24K}


class PcmAdapter:
    """Calls an agent that takes and gives bare samples."""

    @property
    def name(self) -> str:
        """`pcm`."""
        return "pcm"

    @property
    def options_model(self) -> type[BaseModel]:
        """The model of `options:`."""
        return PcmOptions

    def capabilities(self, options: BaseModel) -> Capabilities:
        """Audio both ways, keys and interruptions; the wire gives no words and no function calls."""
        rate = PcmOptions.model_validate(options).rate
        return Capabilities(
            can=frozenset({Capability.AUDIO, Capability.DTMF, Capability.INTERRUPT, Capability.HANGUP_SEEN}),
            reply_end=ReplyEnd.SILENCE,
            reply_ends_after_us=800_000,  # nothing on the wire ends a reply: silence as heard does
            caller_format=FORMATS[rate],
        )

    async def dial(self, request: Dial) -> Call:
        """Open the line; the call is up once `start` was sent.

        Raises:
            LineRefused: The agent's side declined.
            NothingListens: No connection, or no answer within `request.timeout_us`.
        """
        from turnspec.adapters.pcm.shell import dial  # the websockets library, only where a call is made

        options = PcmOptions.model_validate(request.options)
        return await dial(request, FORMATS[options.rate])


ADAPTER = PcmAdapter()
