"""OpenAI's Realtime API (GA), from both ends: the adapter `realtime`, and the server of the double."""

from turnspec.adapters.realtime.adapter import ADAPTER, RealtimeAdapter
from turnspec.adapters.realtime.options import RealtimeOptions

__all__ = ["ADAPTER", "RealtimeAdapter", "RealtimeOptions"]
