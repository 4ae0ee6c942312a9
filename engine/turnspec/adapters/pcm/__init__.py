"""Plain PCM over a WebSocket, as many home-made voice agents speak: the worked example of an adapter."""

from turnspec.adapters.pcm.adapter import ADAPTER
from turnspec.adapters.pcm.options import PcmOptions

__all__ = ["ADAPTER", "PcmOptions"]
