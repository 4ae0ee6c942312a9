"""The Realtime API's events (GA): client events decoded strictly, server events built exactly."""

from turnspec.adapters.realtime.wire.client_events import ClientEvent, decode
from turnspec.adapters.realtime.wire.elide import elided
from turnspec.adapters.realtime.wire.errors import ClientError

__all__ = ["ClientError", "ClientEvent", "decode", "elided"]
