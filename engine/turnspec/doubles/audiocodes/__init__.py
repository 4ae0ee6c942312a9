"""A local agent that answers calls as a bot of AudioCodes' Bot API does."""

from turnspec.doubles.audiocodes.bot import AudioCodesBot, Conversations, endpointing_us

__all__ = ["AudioCodesBot", "Conversations", "endpointing_us"]
