"""The adapter `twilio`: what calls over a media stream can do, and how to open one."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from turnspec.adapters.base import Call, Dial, Platform
from turnspec.adapters.faults import Dialect
from turnspec.adapters.twilio.faults import DIALECT, MESSAGES
from turnspec.adapters.twilio.ids import ACCOUNT_SID, made_up_token
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

    @property
    def dialect(self) -> Dialect:
        """The messages of the protocol, for those who spoil them."""
        return DIALECT

    def capabilities(self, options: BaseModel) -> Capabilities:  # noqa: ARG002 # none of them changes it yet
        """Audio both ways, keys and interruptions; the wire gives no words and no function calls."""
        can = {Capability.AUDIO, Capability.DTMF, Capability.INTERRUPT, Capability.HANGUP_SEEN}
        # By TwiML: what a webhook answers, and what the REST API is asked for.
        can |= {Capability.TRANSFER_SEEN, Capability.ACTIVITIES_SEEN, Capability.EVENTS_SEEN}
        return Capabilities(
            can=frozenset(can),
            reply_end=ReplyEnd.SILENCE,
            reply_ends_after_us=REPLY_ENDS_AFTER_US,
            caller_format=MULAW_8K,
            messages=MESSAGES,
        )

    async def dial(self, request: Dial) -> Call:
        """Open the call; it is up once the `start` of a stream was sent.

        Raises:
            LineRefused: The agent's side declined.
            NothingListens: No connection, or no answer within `request.timeout_us`.
        """
        options = TwilioOptions.model_validate(request.options)
        # The websockets library, only where a call is made.
        if options.start_at == "webhook" or request.platform is not None:
            from turnspec.adapters.twilio import twiml_shell

            return await twiml_shell.dial(request, options)
        from turnspec.adapters.twilio.shell import dial

        return await dial(request)

    async def open_platform(self, options: BaseModel, auth: Mapping[str, str]) -> Platform:
        """The REST API of the account that all calls of a target belong to."""
        from turnspec.adapters.twilio.platform_shell import TwilioPlatform

        account = TwilioOptions.model_validate(options).account_sid or ACCOUNT_SID
        platform = TwilioPlatform(account, auth.get("auth_token") or made_up_token())
        await platform.open()
        return platform


ADAPTER = TwilioAdapter()
