"""The adapter `realtime`: what calls to a Realtime model can do, and how to open one."""

from __future__ import annotations

from pydantic import BaseModel

from turnspec.adapters.base import Call, Dial
from turnspec.adapters.faults import Dialect
from turnspec.adapters.realtime.faults import DIALECT, MESSAGES
from turnspec.adapters.realtime.options import RealtimeOptions
from turnspec.call import Capabilities, Capability, ReplyEnd, Source


class RealtimeAdapter:
    """Calls a model as an application does that uses OpenAI's Realtime API (GA) over a WebSocket."""

    @property
    def name(self) -> str:
        """`realtime`."""
        return "realtime"

    @property
    def options_model(self) -> type[BaseModel]:
        """The model of `options:`."""
        return RealtimeOptions

    @property
    def dialect(self) -> Dialect:
        """The messages of the protocol, for those who spoil them."""
        return DIALECT

    def capabilities(self, options: BaseModel) -> Capabilities:
        """Text always, audio both ways if so set; the wire gives words and calls."""
        settings = RealtimeOptions.model_validate(options)
        can = {Capability.TEXT, Capability.FUNCTIONS, Capability.HANGUP_SEEN, Capability.ACTIVITIES_SEEN}
        can |= {Capability.EVENTS, Capability.EVENTS_SEEN}
        gives = {Source.WORDS, Source.CALLS}
        is_audio = settings.modality == "audio"
        if is_audio:
            can |= {Capability.AUDIO, Capability.INTERRUPT}
        if settings.transcription is not None:
            gives.add(Source.HEARD)
        return Capabilities(
            can=frozenset(can),
            gives=frozenset(gives),
            reply_end=ReplyEnd.RESPONSE_DONE,
            reply_ends_after_us=0,  # `response.done` says so
            caller_format=settings.audio_format if is_audio else None,
            greets=True,
            messages=MESSAGES,
        )

    async def dial(self, request: Dial) -> Call:
        """Open a session; it is up once the server said `session.created`.

        Raises:
            LineRefused: The server declined.
            NothingListens: No connection, or no session within `request.timeout_us`.
        """
        from turnspec.adapters.realtime.shell import dial  # the websockets library, only where a call is made

        return await dial(request)


ADAPTER = RealtimeAdapter()
