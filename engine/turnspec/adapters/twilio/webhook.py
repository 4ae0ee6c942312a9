"""What Twilio asks a bot's web server, and where the addresses in its answers lead: without I/O.

Facts: Twilio docs, "Twilio's request to your application" (parameters), "TwiML Voice: Stream" (status
callbacks), error pages 11200, 12300, 12100. Whatever host a bot writes into its TwiML is the one it has in
public; here it runs elsewhere, so requests go to where its webhook is, under the name that it wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from turnspec.adapters.frames import Fault
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.twilio.excerpts import short
from turnspec.adapters.twilio.signature import Signing, signed_headers
from turnspec.adapters.twilio.twiml import Stream, TwimlError

Method: TypeAlias = Literal["GET", "POST"]
Routing: TypeAlias = Literal["webhook", "written"]

API_VERSION: Final = "2010-04-01"
PROXY_AGENT: Final = "TwilioProxy/1.1"
TWIML_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html"})
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When calls begin by their own clock: what a bot is told may not depend on the day of the test."""


class NotAWebhook(Exception):  # noqa: N818 - named after the fact
    """An address that no webhook can have."""


@dataclass(frozen=True, slots=True)
class Party:
    """One call as all its requests describe it."""

    account_sid: str
    call_sid: str
    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests, rightly, wrongly or not at all."""

    signing: Signing = "right"
    auth_token: str | None = None

    def headers(self, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """The signature of a request."""
        return signed_headers(self.signing, self.auth_token, url, parameters)


def call_parameters(party: Party, status: str, more: Mapping[str, str]) -> dict[str, str]:
    """The form of a voice webhook; `more` adds to it, or replaces what is there."""
    return {
        "CallSid": party.call_sid,
        "AccountSid": party.account_sid,
        "From": party.caller,
        "To": party.callee,
        "Caller": party.caller,
        "Called": party.callee,
        "CallStatus": status,
        "Direction": "inbound",
        "ApiVersion": API_VERSION,
        **more,
    }


def stream_parameters(
    party: Party, stream_sid: str, stream: Stream, event: str, at_us: int, error: str = ""
) -> dict[str, str]:
    """The form of a status callback; a stream without a name goes by its id."""
    told = {
        "AccountSid": party.account_sid,
        "CallSid": party.call_sid,
        "StreamSid": stream_sid,
        "StreamName": stream.name or stream_sid,
        "StreamEvent": event,
        "Timestamp": (EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="milliseconds"),
    }
    return told | ({"StreamError": error} if error else {})


def signed_request(
    url: str,
    method: str,
    parameters: Mapping[str, str],
    signer: Signer,
    headers: Mapping[str, str],
    *,
    signed_url: str | None = None,
) -> tuple[str, HttpRequest]:
    """A request as Twilio makes it, and the address to send it to: a GET carries the form in its query.

    `signed_url` is the address that the signature covers, where it is not `url`.
    """
    form = urlencode(parameters)
    own = [("User-Agent", PROXY_AGENT), ("Accept", "*/*")]
    if method == "GET":
        url, signed_url = _with_query(url, form), _with_query(signed_url or url, form)
        signature = signer.headers(signed_url, {})
        body = b""
    else:
        own.append(("Content-Type", "application/x-www-form-urlencoded"))
        signature = signer.headers(signed_url or url, parameters)
        body = form.encode()
    whole = (*own, *signature.items(), *headers.items())
    return url, HttpRequest(method, _target(url), whole, body)


def _with_query(url: str, form: str) -> str:
    if not form:
        return url
    return f"{url}&{form}" if urlsplit(url).query else f"{url}?{form}"


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def webhook_base(url: str) -> SplitResult:
    """The parts of a webhook's address.

    Raises:
        NotAWebhook: It is no address of the web.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        advice = "write http:// or https://, or start_at: socket for the address of a WebSocket"
        raise NotAWebhook(f"{short(url, quote=False)!r} is not the address of a webhook: {advice}")
    return parts


def twiml_in(response: HttpResponse) -> bytes:
    """The TwiML that a webhook answered.

    Raises:
        TwimlError: It answered something else; the reason names Twilio's error.
    """
    if not 200 <= response.status < 300:
        also = " (redirects are not followed)" if 300 <= response.status < 400 else ""
        raise TwimlError(f"HTTP {response.status}{also}, which is Twilio's error 11200")
    kind = (response.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind not in TWIML_TYPES:
        named = f"content type {short(kind)}" if kind else "no content type"
        raise TwimlError(f"{named}, which is Twilio's error 12300: TwiML is text/xml")
    return response.body


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a stream is: `url` as its host is told it, and the host and port to connect to, if others."""

    url: str
    place: tuple[str, int] | None = None


def stream_address(
    written: str, webhook: SplitResult, routing: Routing
) -> tuple[StreamAddress, tuple[Fault, ...]]:
    """Where `<Stream url>` leads, and what Twilio would not like about it.

    Raises:
        TwimlError: It leads nowhere, or away from here.
    """
    whole, scheme = _joined(webhook, written), _scheme(written)
    if whole is None or not whole.hostname or scheme not in ("", "ws", "wss"):
        raise TwimlError(f"the url of its Stream, {short(written)}, is not the address of a wss WebSocket")
    faults = tuple(_stream_faults(written, whole, scheme))
    secure = webhook.scheme == "https"
    netloc = whole.netloc.rpartition("@")[2]
    if routing == "written" and scheme:
        secure = scheme == "wss"
        if not _on_this_machine(whole.hostname) and whole.hostname != webhook.hostname:
            raise TwimlError(
                f"its Stream is at {whole.hostname}, and streams go nowhere but to the webhook's host"
            )
        place = whole
    else:
        place = webhook
    host = place.hostname or ""
    port = place.port or (443 if secure else 80)
    url = f"{'wss' if secure else 'ws'}://{netloc}{whole.path or '/'}"
    return StreamAddress(url, (host, port)), faults


def _stream_faults(written: str, whole: SplitResult, scheme: str) -> list[Fault]:
    found = []
    if whole.query or "?" in written:
        detail = "the url of a Stream has no query string: Twilio drops it, so send values as <Parameter>"
        found.append(Fault("stream-url-query", detail, short(written, quote=False)))
    if scheme == "ws" and not _on_this_machine(whole.hostname or ""):
        detail = "the url of a Stream is ws; Twilio opens wss only (its error 31922)"
        found.append(Fault("stream-url-scheme", detail, short(written, quote=False)))
    return found


def callback_url(written: str, webhook: SplitResult) -> str:
    """Where a callback, or the TwiML of a redirect, is asked for: on the webhook's host.

    Raises:
        TwimlError: It is no address of the web.
    """
    whole = _joined(webhook, written)
    if whole is None or whole.scheme not in ("http", "https"):
        raise TwimlError(f"{short(written)} is not an address of the web")
    return whole._replace(scheme=webhook.scheme, netloc=webhook.netloc, fragment="").geturl()


def _joined(webhook: SplitResult, written: str) -> SplitResult | None:
    try:
        return _split(urljoin(webhook.geturl(), written))
    except ValueError:
        return None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 # read only to learn whether it is one
    except ValueError:
        return None
    readable = parts.geturl().isascii() and parts.geturl().isprintable() and " " not in parts.geturl()
    return parts if readable else None


def _scheme(written: str) -> str:
    try:
        return urlsplit(written).scheme
    except ValueError:
        return "?"


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name, such as 127.example.org, may lead anywhere
        return False
