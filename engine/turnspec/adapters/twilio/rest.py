"""Twilio's REST API for calls in progress, without I/O: how a bot hangs up or redirects.

Covered is the one resource that bots use: a call, read, ended (`Status=completed`) or given other TwiML
(`Twiml=`, `Url=`). A call that is over, or never was, is error 20404, as Pipecat's serializer expects it.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.twilio.webhook import API_VERSION, Party

NOT_FOUND: Final = 20404
NOT_AUTHENTICATED: Final = 20003
NOT_ALLOWED: Final = 20004
BAD_REQUEST: Final = 20001
ENDING: Final = frozenset({"completed", "canceled"})
MOST_FIELDS: Final = 100
_CALL: Final = re.compile(r"/2010-04-01/Accounts/([^/]{1,64})/Calls/([^/]{1,64})\.json", re.ASCII)
_KEY_SID: Final = re.compile(r"SK[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Completed:
    """The bot ended the call."""


@dataclass(frozen=True, slots=True)
class Redirected:
    """The bot gave the call other TwiML: the text itself, or where to ask for it."""

    twiml: str = ""
    url: str = ""
    method: str = "POST"


Update: TypeAlias = Completed | Redirected


@dataclass(frozen=True, slots=True)
class _Entry:
    party: Party
    take: Callable[[Update], None]


class RestDesk:
    """The calls of one account that are in progress, by their ids, and what may be asked about them."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self._calls: dict[str, _Entry] = {}

    def register(self, party: Party, take: Callable[[Update], None]) -> None:
        """A call is in progress; `take` is told what becomes of it."""
        self._calls[party.call_sid] = _Entry(party, take)

    def over(self, call_sid: str) -> None:
        """A call has ended, by whoever; harmless if it is not known."""
        self._calls.pop(call_sid, None)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """What the API says to a request, after its effect."""
        if not self._authenticated(request):
            return _error(HTTPStatus.UNAUTHORIZED, NOT_AUTHENTICATED, "Authenticate")
        found = _CALL.fullmatch(_path(request.target))
        entry = self._calls.get(found[2]) if found and found[1] == self.account_sid else None
        if entry is None:
            what = f"The requested resource {_path(request.target)} was not found"
            return _error(HTTPStatus.NOT_FOUND, NOT_FOUND, what)
        match request.method:
            case "GET":
                return _resource(entry.party, "in-progress")
            case "POST":
                return self._update(entry, _fields(request.body))
            case _:
                return _error(HTTPStatus.METHOD_NOT_ALLOWED, NOT_ALLOWED, "Method not allowed")

    def _authenticated(self, request: HttpRequest) -> bool:
        scheme, _, written = (request.header("Authorization") or "").partition(" ")
        try:
            user, _, secret = base64.b64decode(written.strip(), validate=True).decode().partition(":")
        except ValueError:
            return False
        right = hmac.compare_digest(secret.encode(), self.auth_token.encode())
        # An API key stands for its account, and its secret here is the account's token.
        known = user == self.account_sid or _KEY_SID.fullmatch(user) is not None
        return scheme.lower() == "basic" and known and right

    def _update(self, entry: _Entry, fields: dict[str, str] | None) -> HttpResponse:
        if fields is None:
            return _error(HTTPStatus.BAD_REQUEST, BAD_REQUEST, "The body is no form")
        if (status := fields.get("Status", "").lower()) in ENDING:
            self.over(entry.party.call_sid)
            entry.take(Completed())
            return _resource(entry.party, status)
        if twiml := fields.get("Twiml", ""):
            entry.take(Redirected(twiml=twiml))
            return _resource(entry.party, "in-progress")
        if url := fields.get("Url", ""):
            method = "GET" if fields.get("Method", "").upper() == "GET" else "POST"
            entry.take(Redirected(url=url, method=method))
            return _resource(entry.party, "in-progress")
        told = "Status=completed ends a call; Twiml or Url redirects it. Nothing else can be changed here"
        return _error(HTTPStatus.BAD_REQUEST, BAD_REQUEST, told)


def _path(target: str) -> str:
    try:
        return urlsplit(target).path
    except ValueError:
        return target


def _fields(body: bytes) -> dict[str, str] | None:
    """The form; None: it is none."""
    try:
        return dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        )
    except ValueError:
        return None


def _resource(party: Party, status: str) -> HttpResponse:
    uri = f"/{API_VERSION}/Accounts/{party.account_sid}/Calls/{party.call_sid}.json"
    return _json(
        HTTPStatus.OK,
        {
            "sid": party.call_sid,
            "account_sid": party.account_sid,
            "api_version": API_VERSION,
            "from": party.caller,
            "to": party.callee,
            "direction": "inbound",
            "status": status,
            "uri": uri,
        },
    )


def _error(status: HTTPStatus, code: int, message: str) -> HttpResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return _json(status, {"code": code, "message": message, "more_info": more, "status": status.value})


def _json(status: HTTPStatus, document: dict[str, Any]) -> HttpResponse:
    body = json.dumps(document).encode()
    return HttpResponse(status.value, (("Content-Type", "application/json"),), body)
