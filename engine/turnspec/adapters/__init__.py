"""The protocols that turnspec speaks as the caller: one folder each, found by name."""

from turnspec.adapters.base import (
    Adapter,
    Call,
    Dial,
    Function,
    LineError,
    LineRefused,
    NothingListens,
    Witness,
)
from turnspec.adapters.registry import AdapterError, adapter, adapter_names

__all__ = [
    "Adapter",
    "AdapterError",
    "Call",
    "Dial",
    "Function",
    "LineError",
    "LineRefused",
    "NothingListens",
    "Witness",
    "adapter",
    "adapter_names",
]
