"""The adapter `audiocodes`: what calls over the Bot API can do, and how to open one."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from turnspec.adapters.audiocodes.faults import DIALECT, MESSAGES
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.audiocodes.talk import line_format
from turnspec.adapters.base import Call, Dial
from turnspec.adapters.faults import Dialect
from turnspec.call import Capabilities, Capability, ReplyEnd, Source
from turnspec.call.events import Side

REPLY_ENDS_AFTER_US: Final = 300_000  # after `playStream.stop`, unless another stream begins


class AudioCodesAdapter:
    """Calls a bot as VoiceAI Connect does in its WebSocket mode."""

    @property
    def name(self) -> str:
        """`audiocodes`."""
        return "audiocodes"

    @property
    def options_model(self) -> type[BaseModel]:
        """The model of `options:`."""
        return AudioCodesOptions

    @property
    def dialect(self) -> Dialect:
        """The messages of the protocol, for those who spoil them."""
        return DIALECT

    def capabilities(self, options: BaseModel) -> Capabilities:
        """Audio or text as `direct_stt` has it; nobody talks over a bot that must not or cannot be heard."""
        settings = AudioCodesOptions.model_validate(options)
        if settings.start_at == "validate":
            seen = frozenset({Capability.HANGUP_SEEN, Capability.ACTIVITIES_SEEN, Capability.EVENTS_SEEN})
            return Capabilities(
                can=seen, told_by=Side.LINE, reply_end=ReplyEnd.STREAM_STOP, messages=MESSAGES
            )
        can = {Capability.HANGUP_SEEN, Capability.AUDIO if settings.direct_stt else Capability.TEXT}
        can |= {Capability.TRANSFER_SEEN, Capability.KEYS_SEEN, Capability.ACTIVITIES_SEEN}
        can |= {Capability.ACTIVITIES, Capability.EVENTS_SEEN}
        gives = {Source.WORDS}
        if settings.direct_stt:
            gives.add(Source.HEARD)
        if settings.dtmf != "off":
            can.add(Capability.DTMF)
        if settings.barge_in and settings.direct_stt and settings.direct_tts:
            can.add(Capability.INTERRUPT)
        return Capabilities(
            can=frozenset(can),
            gives=frozenset(gives),
            told_by=Side.LINE,
            reply_end=ReplyEnd.STREAM_STOP,
            reply_ends_after_us=REPLY_ENDS_AFTER_US,
            caller_format=line_format(settings) if settings.direct_stt else None,
            messages=MESSAGES,
        )

    async def dial(self, request: Dial) -> Call:
        """Open a call; it is up once the bot said `session.accepted`.

        Raises:
            LineRefused: The bot declined, or did not answer `session.initiate`.
            NothingListens: No connection, or no answer within `request.timeout_us`.
        """
        from turnspec.adapters.audiocodes.shell import dial  # websockets, only where a call is made

        return await dial(request)


ADAPTER = AudioCodesAdapter()
