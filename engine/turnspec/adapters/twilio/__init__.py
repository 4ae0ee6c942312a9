"""Twilio Media Streams, seen from Twilio: the adapter `twilio`."""

from turnspec.adapters.twilio.adapter import ADAPTER, TwilioAdapter
from turnspec.adapters.twilio.options import TwilioOptions

__all__ = ["ADAPTER", "TwilioAdapter", "TwilioOptions"]
