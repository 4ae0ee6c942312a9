"""Options of a Twilio target, and what its calls can do."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from turnspec.adapters.twilio import ADAPTER, TwilioOptions
from turnspec.call import MULAW_8K, Capability, ReplyEnd
from turnspec.dsl.durations import Duration


class TestOptions:
    """Only what Twilio has may be written."""

    def test_defaults(self) -> None:
        """A call starts at the socket, and its media time does not start at 0."""
        options = TwilioOptions()
        assert options.start_at == "socket"
        assert options.timestamp_offset.us > 0

    def test_written(self) -> None:
        """Durations have a unit, parameters are texts."""
        options = TwilioOptions.model_validate({"timestamp_offset": "40 ms", "parameters": {"tier": "gold"}})
        assert options.timestamp_offset == Duration(40_000)
        assert options.parameters == {"tier": "gold"}

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ({"start_at": "street"}, "Input should be 'socket' or 'webhook'"),
            ({"signature": "forged"}, "Input should be 'right', 'wrong' or 'none'"),
            ({"account_sid": "AC12"}, "String should match pattern"),
            ({"prompts": "hear"}, "Input should be 'skip' or 'spend'"),
            ({"timestamp_offset": 40}, "no unit"),
            ({"parameters": {"a": 5}}, "valid string"),
            ({"parameters": {"a": "b" * 499}}, "500 characters"),
            ({"offset": "40 ms"}, "Extra inputs are not permitted"),
        ],
    )
    def test_refused(self, written: dict[str, object], message: str) -> None:
        """Anything else is refused with its reason."""
        with pytest.raises(ValidationError, match=message):
            TwilioOptions.model_validate(written)


class TestCapabilities:
    """What the wire carries and what it does not."""

    def test_of_a_call(self) -> None:
        """Audio, keys, interruptions, hang-ups, and what TwiML tells; no words; silence ends a reply."""
        offered = ADAPTER.capabilities(TwilioOptions())
        assert offered.can == {
            Capability.AUDIO,
            Capability.DTMF,
            Capability.INTERRUPT,
            Capability.HANGUP_SEEN,
            Capability.TRANSFER_SEEN,
            Capability.ACTIVITIES_SEEN,
            Capability.EVENTS_SEEN,
        }
        assert offered.gives == frozenset()
        assert (offered.reply_end, offered.reply_ends_after_us) == (ReplyEnd.SILENCE, 800_000)
        assert offered.caller_format == MULAW_8K
