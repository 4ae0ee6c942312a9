"""Fetching the prompts of `playUrl`."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from turnspec.adapters.base import LineError
from turnspec.adapters.excerpts import excerpt
from turnspec.adapters.http import HttpError, HttpRequest, HttpResponse
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.reasons import system_reason

OK: Final = range(200, 300)
ELSEWHERE: Final = frozenset({301, 302, 303, 307, 308})
MOST_HOPS: Final = 5
LARGEST_PROMPT: Final = 64 * 1024 * 1024  # as much as one message may carry


async def fetched(url: str, timeout_s: float) -> bytes:
    """The bytes of a prompt, wherever its address leads to.

    Raises:
        LineError: They cannot be had, and why.
    """
    for _ in range(MOST_HOPS):
        response = await _asked(url, timeout_s)
        if response.status in OK:
            return response.body
        place = response.header("Location") if response.status in ELSEWHERE else None
        if place is None:
            raise LineError(f"{excerpt(url)} was answered with HTTP {response.status}", response.status)
        url = _joined(url, place)
    raise LineError(f"it was sent on {MOST_HOPS} times, last to {excerpt(url)}")


async def _asked(url: str, timeout_s: float) -> HttpResponse:
    target = _target(url)
    if target is None:
        raise LineError(f"{excerpt(url)} is no http:, https: or data: URL")
    try:
        return await fetch(url, HttpRequest("GET", target), timeout_s, LARGEST_PROMPT)
    except TimeoutError as error:
        raise LineError(f"{excerpt(url)} did not answer within {timeout_s:g} s") from error
    except OSError as error:
        raise LineError(f"{excerpt(url)} is not to be had: {system_reason(error)}") from error
    except (HttpError, ValueError) as error:  # a name that no host can have is a UnicodeError
        raise LineError(f"{excerpt(url)} is not to be had: {error}") from error


def _joined(url: str, place: str) -> str:
    try:
        return urljoin(url, place)
    except ValueError:
        return place  # an address that is none, as it will be told


def _target(url: str) -> str | None:
    """What is asked of the host of an address; None: it is none that can be fetched."""
    try:
        parts = urlsplit(url)
        fetchable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return urlunsplit(("", "", parts.path or "/", parts.query, "")) if fetchable else None
