"""Requests to a bot's web server: the voice webhook, and what is told of streams."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, urlsplit

from turnspec.adapters.base import LineError, LineRefused, NothingListens, Witness
from turnspec.adapters.frames import Fault
from turnspec.adapters.http import HttpError, HttpRequest, HttpResponse
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.reasons import system_reason
from turnspec.adapters.twilio.excerpts import short
from turnspec.adapters.twilio.twiml import Stream, Twiml, TwimlError, read_twiml
from turnspec.adapters.twilio.webhook import (
    NotAWebhook,
    Party,
    Signer,
    call_parameters,
    callback_url,
    signed_request,
    stream_parameters,
    twiml_in,
    webhook_base,
)
from turnspec.call.events import ProtocolFault, Side

CALLBACK_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Web:
    """A bot's web server as one call asks it; `own` are the target's headers."""

    party: Party
    signer: Signer
    own: Mapping[str, str]
    witness: Witness
    timeout_us: int

    async def twiml(
        self,
        url: str,
        method: str,
        status: str,
        more: Mapping[str, str] | None = None,
        signed_url: str | None = None,
    ) -> Twiml:
        """What the webhook at `url` wants done with the call.

        Raises:
            LineRefused: It answered, but not with TwiML.
            NothingListens: It did not answer.
        """
        parameters = call_parameters(self.party, status, more or {})
        response = await self._asked(url, method, parameters, signed_url)
        try:
            return read_twiml(twiml_in(response))
        except TwimlError as error:
            refused = not 200 <= response.status < 300
            reason = f"the webhook answered with {error}" if refused else f"the webhook's answer: {error}"
            raise LineRefused(reason, response.status if refused else None) from error

    async def _asked(
        self, url: str, method: str, parameters: Mapping[str, str], signed_url: str | None
    ) -> HttpResponse:
        timeout_s = self.timeout_us / 1_000_000
        try:
            return await self.exchange(url, method, parameters, timeout_s, signed_url)
        except TimeoutError as error:
            raise NothingListens(f"no answer from {url} within {timeout_s:g} s") from error
        except ssl.SSLError as error:
            raise LineRefused(f"its certificate or TLS is not accepted: {error.reason or error}") from error
        except OSError as error:
            raise NothingListens(f"nothing listens at {url}: {system_reason(error)}") from error
        except HttpError as error:
            wrong = "too large" if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "no HTTP"
            raise LineRefused(f"the webhook's answer is {wrong}: {error}") from error

    async def exchange(
        self,
        url: str,
        method: str,
        parameters: Mapping[str, str],
        timeout_s: float,
        signed_url: str | None = None,
    ) -> HttpResponse:
        """Make one signed request; both ways go into the wire log."""
        url, request = signed_request(url, method, parameters, self.signer, self.own, signed_url=signed_url)
        self.witness.frame(Side.LINE, "out", shown_request(url, request))
        response = await fetch(url, request, timeout_s)
        self.witness.frame(
            Side.LINE, "in", f"HTTP {response.status} {response.body.decode(errors='replace')}"
        )
        return response


def shown_request(url: str, request: HttpRequest) -> str:
    """A request for the wire log: its line and its form."""
    return f"{request.method} {url} {request.body.decode()}".rstrip()


class StatusCallbacks:
    """Tells a bot what becomes of its streams, where its TwiML asks for that."""

    def __init__(self, web: Web, webhook: SplitResult) -> None:
        self._web = web
        self._webhook = webhook
        self._last: asyncio.Task[None] | None = None

    def tell(self, stream: Stream, stream_sid: str, event: str, error: str = "") -> None:
        """Send a callback after those before it, without waiting."""
        if not stream.status_callback:
            return
        now_us = self._web.witness.now_us()
        parameters = stream_parameters(self._web.party, stream_sid, stream, event, now_us, error)
        sending = self._send(stream, event, parameters, self._last)
        self._last = asyncio.get_running_loop().create_task(sending, name="tell of a stream")

    async def told(self) -> None:
        """Wait until all of them were answered or given up."""
        if self._last is not None:
            await self._last

    async def _send(
        self, stream: Stream, event: str, parameters: Mapping[str, str], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await before
        if wrong := await self._failure(stream, parameters):
            detail = f"its statusCallback did not take {event}: {wrong}"
            report(self._web.witness, Fault("status-callback", detail, stream.status_callback))

    async def _failure(self, stream: Stream, parameters: Mapping[str, str]) -> str:
        try:
            url = callback_url(stream.status_callback, self._webhook)
            response = await self._web.exchange(url, stream.status_method, parameters, CALLBACK_TIMEOUT_S)
        except (TwimlError, HttpError) as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {CALLBACK_TIMEOUT_S:g} s"
        except OSError as error:
            return system_reason(error)
        return "" if 200 <= response.status < 300 else f"it answered with HTTP {response.status}"


def report(witness: Witness, *faults: Fault) -> None:
    """Tell a witness what is wrong."""
    for fault in faults:
        witness.happened(
            ProtocolFault(at_us=witness.now_us(), rule=fault.rule, detail=fault.detail, frame=fault.frame)
        )


def web_base(url: str, *, webhook: bool) -> SplitResult:
    """Where the bot's web server is: the webhook, or the host of the socket.

    Raises:
        NothingListens: It is nowhere.
    """
    try:
        if webhook:
            return webhook_base(url)
        parts = urlsplit(url)
    except (NotAWebhook, ValueError) as error:
        raise NothingListens(str(error)) from error
    return parts._replace(scheme="https" if parts.scheme == "wss" else "http", path="/", query="")


def stream_refused(stream: Stream, error: LineError | TwimlError) -> LineError:
    """Why the first stream of a call, and so the call, did not come up."""
    reason = f"the Stream at {short(stream.url, quote=False)}: {error}"
    if isinstance(error, NothingListens):
        return NothingListens(reason)
    return LineRefused(reason, error.code if isinstance(error, LineError) else None)
