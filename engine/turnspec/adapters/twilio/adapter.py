"""The adapter `twilio`: what calls over a media stream can do, and how to open one."""

from __future__ import annotations

from pydantic import BaseModel

from turnspec.adapters.base import Call, Dial
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.call import MULAW_8K, Capabilities, Capability, ReplyEnd

REPLY_ENDS_AFTER_US = 800_000  # the wire says nothing of replies: agent silence as heard ends one


class TwilioAdapter:
    """Calls a bot as Twilio does: a bidirectional `<Connect><Stream>`."""

    @property
    def name(self) -> str:
        """`twilio`."""
        return "twilio"

    @property
    def options_model(self) -> type[BaseModel]:
        """The model of `options:`."""
        return TwilioOptions

    def capabilities(self, options: BaseModel) -> Capabilities:  # noqa: ARG002 # none of them changes it yet
        """Audio both ways, keys and interruptions; the wire gives no words and no function calls."""
        return Capabilities(
            can=frozenset({Capability.AUDIO, Capability.DTMF, Capability.INTERRUPT, Capability.HANGUP_SEEN}),
            reply_end=ReplyEnd.SILENCE,
            reply_ends_after_us=REPLY_ENDS_AFTER_US,
            caller_format=MULAW_8K,
        )

    async def dial(self, request: Dial) -> Call:
        """Open the stream; it is up once `start` was sent.

        Raises:
            LineRefused: The agent's side declined.
            NothingListens: No connection, or no answer within `request.timeout_us`.
        """
        from turnspec.adapters.twilio.shell import dial  # the websockets library, only where a call is made

        return await dial(request)


ADAPTER = TwilioAdapter()
