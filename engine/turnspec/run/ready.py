"""When a target is ready, and asking until it is.

A line of output is an event. A port that opens is not: it is asked for again and again, with short pauses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import regex

from turnspec.run.errors import HarnessError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.05
_ONE_TRY_S = 2.0
# A pattern that needs longer for one line backtracks without end.
_ONE_LINE_S = 0.5
_LONGEST_ANSWER = 65_536
_STATUS = regex.compile(rb"HTTP/1\.[01] (\d{3})\b")

Watch = Callable[[Callable[[str], None]], None]


@dataclass(frozen=True, slots=True)
class HttpReady:
    """Ready when GET of this http:// URL answers 2xx."""

    url: str


@dataclass(frozen=True, slots=True)
class PortReady:
    """Ready when this port of `host` accepts a connection."""

    port: int
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LineReady:
    """Ready when a line of the output (as masked) contains this regular expression."""

    pattern: str


Ready = HttpReady | PortReady | LineReady


@dataclass(slots=True)
class Attempt:
    """What was tried last, for the error that says so."""

    doing: str = "nothing was tried"
    result: str = ""
    tries: int = 0

    def told(self) -> str:
        """Say it, with the number of tries."""
        count = f" ({self.tries} tries)" if self.tries else ""
        return f"{self.doing}{': ' if self.result else ''}{self.result}{count}"


async def until_ready(ready: Ready, attempt: Attempt, watch: Watch) -> None:
    """Return when `ready` holds; `watch` calls its callable with each line of output, past and to come."""
    match ready:
        case LineReady(pattern):
            await _see_line(pattern, attempt, watch)
        case PortReady(port, host):
            await _until(lambda: _port_failure(host, port), f"connecting to {host}:{port}", attempt)
        case HttpReady(url):
            target = _plain_http(url)
            await _until(lambda: _http_failure(target), f"GET {url}", attempt)


async def _see_line(pattern: str, attempt: Attempt, watch: Watch) -> None:
    attempt.doing = f"waiting for a line that matches {pattern!r}"
    seen = asyncio.get_running_loop().create_future()
    wanted = _compiled(pattern)

    def look(line: str) -> None:
        try:
            if not seen.done() and wanted.search(line, timeout=_ONE_LINE_S):
                seen.set_result(None)
        except TimeoutError:
            seen.set_exception(
                HarnessError(f"`ready: {{line: {pattern}}}` takes too long to match: {line!r}")
            )

    watch(look)
    await seen


def _plain_http(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise HarnessError(f"`ready: {{http: {url}}}` is no URL: {error}") from error
    if not usable:
        raise HarnessError(
            f"`ready: {{http: {url}}}` is no http:// URL; TLS and other schemes cannot be asked"
        )
    return parts


def _compiled(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise HarnessError(f"`ready: {{line: {pattern}}}` is no regular expression: {error}") from error


async def _until(failure: Callable[[], Awaitable[str]], doing: str, attempt: Attempt) -> None:
    attempt.doing = doing
    pause_s = _FIRST_PAUSE_S
    while True:
        attempt.tries += 1
        attempt.result = await _tried(failure)
        if not attempt.result:
            return
        await asyncio.sleep(pause_s)
        pause_s = min(1.5 * pause_s, _LONGEST_PAUSE_S)


async def _tried(failure: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(_ONE_TRY_S):
            return await failure()
    except TimeoutError:
        return f"no answer within {_ONE_TRY_S:g} s"
    except ConnectionRefusedError:
        return "connection refused"
    except OSError as error:
        return str(error)


async def _port_failure(host: str, port: int) -> str:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    return ""


async def _http_failure(url: SplitResult) -> str:
    reader, writer = await asyncio.open_connection(url.hostname, url.port or 80, limit=_LONGEST_ANSWER)
    try:
        writer.write(_request(url))
        status = _STATUS.match(await reader.readline())
    except ValueError:
        status = None  # a first line longer than any status line
    finally:
        writer.close()
    if status is None:
        return "the answer was not HTTP"
    return "" if status[1].startswith(b"2") else f"the answer was {status[1].decode()}"


def _request(url: SplitResult) -> bytes:
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    host = url.netloc.rpartition("@")[2]
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: */*", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()
