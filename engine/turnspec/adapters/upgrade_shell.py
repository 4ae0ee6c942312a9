"""What comes of opening a WebSocket, in the engine's words, whoever it is opened to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.protocol import State

from turnspec.adapters.base import LineRefused, NothingListens
from turnspec.adapters.reasons import system_reason

MICROSECONDS: Final = 1_000_000


@contextmanager
def upgrading(url: str, timeout_us: int | None = None) -> Iterator[None]:
    """Tell what opening a WebSocket fails with; `timeout_us` None: a timeout is for who set it to tell.

    Raises:
        LineRefused: Somebody answered and declined.
        NothingListens: No connection, or no answer within `timeout_us`.
    """
    try:
        yield
    except InvalidStatus as error:
        status = error.response.status_code
        raise LineRefused(f"the upgrade was answered with HTTP {status}", status) from error
    except (InvalidURI, ValueError) as error:  # the latter: a name that no host can have
        raise NothingListens(f"{url!r} is not the address of a WebSocket") from error
    except (InvalidHandshake, ConnectionClosed) as error:
        raise LineRefused(f"no WebSocket answered: {error}") from error
    except TimeoutError as error:
        if timeout_us is None:
            raise
        waited = timeout_us / MICROSECONDS
        raise NothingListens(f"no answer from {url} within {waited:g} s") from error
    except ssl.SSLError as error:
        raise LineRefused(f"its certificate or TLS is not accepted: {error.reason or error}") from error
    except OSError as error:
        raise NothingListens(f"nothing listens at {url}: {system_reason(error)}") from error


async def still_open(connection: Connection) -> None:
    """Look whether a WebSocket that was just opened is open.

    Raises:
        LineRefused: The other side closed it at once.
    """
    if connection.state is not State.OPEN:
        await connection.wait_closed()
        raise LineRefused(f"closed at once: {connection.close_reason or 'no reason'}", connection.close_code)
