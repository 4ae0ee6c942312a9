"""A local agent that answers calls as a bot of AudioCodes' Bot API does."""

from turnspec.doubles.audiocodes.bot import AudioCodesBot, Conversations, after_chunks_of

__all__ = ["AudioCodesBot", "Conversations", "after_chunks_of"]
