"""Calls that begin at a voice webhook: bots that answer with TwiML, and how their lines end."""

from __future__ import annotations

import pytest

from support_twilio import Notebook
from support_twilio_web import Bot, Line, Talk, held
from turnspec.adapters.base import LineError
from turnspec.adapters.http import HttpResponse
from turnspec.call.events import ProtocolFault

FRAME = b"\xff" * 160


def twiml(inside: str) -> bytes:
    """A document."""
    return f"<Response>{inside}</Response>".encode()


def connect(more: str = "", inside: str = "") -> str:
    """A stream both ways, as bots write it: wss, and their host without a port."""
    return f'<Connect><Stream url="wss://127.0.0.1/media-stream" {more}>{inside}</Stream></Connect>'


def bot(inside: str, *talks: Talk, **pages: bytes | HttpResponse) -> Bot:
    """A bot whose webhook answers a document."""
    return Bot({"/voice": twiml(inside), **{f"/{name}": page for name, page in pages.items()}}, list(talks))


async def close(line: Line) -> None:
    """Say nothing, and hang up on the socket."""
    await line.connection.close()


def refusal(of: Bot, **options: object) -> LineError:
    """How a call to a bot fails."""
    with pytest.raises(LineError) as refused:
        held(of, **options)  # type: ignore[arg-type]
    return refused.value


def rules(notebook: Notebook) -> list[str]:
    """The rules that were broken, in order."""
    return [fault.rule for fault in notebook.of(ProtocolFault)]


ACCOUNT, TOKEN = "AC" + "a" * 32, "secret"
