"""A local agent that answers calls as a bot on Twilio Media Streams does."""

from turnspec.doubles.twilio.bot import ENDPOINTING_US, TwilioBot

__all__ = ["ENDPOINTING_US", "TwilioBot"]
