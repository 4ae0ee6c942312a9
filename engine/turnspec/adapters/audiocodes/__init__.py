"""AudioCodes Bot API over a WebSocket, seen from VoiceAI Connect: the adapter `audiocodes`."""

from turnspec.adapters.audiocodes.adapter import ADAPTER, AudioCodesAdapter
from turnspec.adapters.audiocodes.options import AudioCodesOptions

__all__ = ["ADAPTER", "AudioCodesAdapter", "AudioCodesOptions"]
