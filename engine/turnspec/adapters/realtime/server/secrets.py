"""Which keys open a session: the one that lasts, and ephemeral ones that are made with it over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.realtime.server.identify import Ids
from turnspec.adapters.realtime.server.policy import OPENAI, Policy
from turnspec.adapters.realtime.wire.beta import DEFAULT_TEMPERATURE, beta_session, ga_session
from turnspec.adapters.realtime.wire.effective import Session, default_session
from turnspec.adapters.realtime.wire.errors import ClientError, refusal
from turnspec.adapters.realtime.wire.json_text import value_of
from turnspec.adapters.realtime.wire.secret_shapes import BetaSecretRequest, SecretRequest
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.call import Identity

PREFIX: Final = "ek_"
DEFAULT_MODEL: Final = "gpt-realtime"
SECOND_US: Final = 1_000_000
SECRETS: Final = "/client_secrets"
BETA_SESSIONS: Final = "/sessions"
JSON: Final = (("Content-Type", "application/json"),)
_KIND: Final = re.compile(
    r"sk-(?:proj-|svcacct-|admin-)?|ek_"
)  # what kind of key it is, all that is told of it


@dataclass(frozen=True, slots=True)
class Secret:
    """An ephemeral key: until when sessions may begin with it, and what they begin with."""

    value: str
    expires_us: int
    settings: SessionPatch


class Keys:
    """The keys of one server; `lasting` None takes every key that does not look like an ephemeral one."""

    def __init__(self, lasting: str | None, began_at: int, policy: Policy = OPENAI) -> None:
        self._lasting, self._began_at, self._policy = lasting, began_at, policy
        self._secrets: dict[str, Secret] = {}
        self._identity = Identity("client-secrets")
        self._ids = Ids(self._identity)

    def lasts(self, key: str) -> bool:
        """Whether it is no ephemeral key, and a right one."""
        return bool(key) and not key.startswith(PREFIX) and self._lasting in (None, key)

    def secret(self, key: str, now_us: int) -> Secret | None:
        """The ephemeral key of this name, unless it is over."""
        found = self._secrets.get(key)
        return found if found is not None and now_us < found.expires_us else None

    # --- over HTTP ----------------------------------------------------------------------------

    def answer(self, request: HttpRequest, now_us: int) -> HttpResponse:
        """The answer to a plain HTTP request at the server's port."""
        try:
            return self._answer(request, now_us)
        except ClientError as error:
            bad_key = error.code == "invalid_api_key"
            return _refused(error, HTTPStatus.UNAUTHORIZED if bad_key else HTTPStatus.BAD_REQUEST)

    def _answer(self, request: HttpRequest, now_us: int) -> HttpResponse:
        path = urlsplit(request.target).path.rstrip("/")
        served = BETA_SESSIONS if self._policy.dialect == "beta" else SECRETS
        if not path.endswith(f"/v1/realtime{served}"):
            message = f"Invalid URL ({request.method} {path}). Only POST /v1/realtime{served} is served here."
            return _refused(ClientError("unknown_url", message), HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            message = f"Not allowed to {request.method} on {path}. (HINT: Perhaps you meant to use POST?)"
            return _refused(ClientError("method_not_supported", message), HTTPStatus.METHOD_NOT_ALLOWED)
        _, _, key = (request.header("Authorization") or "").partition(" ")
        if not self.lasts((request.header("api-key") or key).strip()):
            raise wrong_key(key.strip())
        made = (
            self._beta(request.body, now_us) if served == BETA_SESSIONS else self._made(request.body, now_us)
        )
        return HttpResponse(HTTPStatus.OK, JSON, json.dumps(made, ensure_ascii=False).encode())

    def _made(self, body: bytes, now_us: int) -> dict[str, Any]:
        document = _parsed(body)
        try:
            said = SecretRequest.model_validate(document)
        except ValidationError as error:
            raise refusal(error, document) from error
        secret, session = self._keep(said.session or SessionPatch(type="realtime"), said.lifetime_s, now_us)
        return {"value": secret.value, "expires_at": self._unix(secret.expires_us), "session": session}

    def _beta(self, body: bytes, now_us: int) -> dict[str, Any]:
        document = _parsed(body)
        try:
            said = BetaSecretRequest.model_validate(document)
        except ValidationError as error:
            raise refusal(error, document) from error
        patch = SessionPatch.model_validate(ga_session(said.model_dump(exclude_unset=True)))
        secret, session = self._keep(patch, said.lifetime_s, now_us)
        temperature = DEFAULT_TEMPERATURE if said.temperature is None else said.temperature
        shown = {"value": secret.value, "expires_at": self._unix(secret.expires_us)}
        return {**beta_session(session, temperature), "client_secret": shown}

    def _keep(self, settings: SessionPatch, lifetime_s: int, now_us: int) -> tuple[Secret, Mapping[str, Any]]:
        number = len(self._secrets) + 1
        value = PREFIX + self._identity.hex("secret", number)
        model = settings.model or DEFAULT_MODEL
        # Live servers give a session that has not begun no time to expire at.
        session = Session.begun(default_session(self._ids.next("sess"), model, 0), settings)
        secret = Secret(value, now_us + lifetime_s * SECOND_US, settings)
        self._secrets[value] = secret
        return secret, session.document

    def _unix(self, at_us: int) -> int:
        return self._began_at + at_us // SECOND_US


def wrong_key(key: str) -> ClientError:
    """The error of a key that opens nothing, without giving it away."""
    kind = _KIND.match(key)
    shown = f"{kind[0] if kind else ''}***" if key else "none"
    message = f"Incorrect API key provided: {shown}. Send 'Authorization: Bearer <key>'."
    return ClientError("invalid_api_key", message)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = value_of((body or b"{}").decode())
    except ValueError as error:
        message = f"We could not parse the JSON body of your request: {error}"
        raise ClientError("invalid_json", message) from error
    if not isinstance(document, dict):
        raise ClientError("invalid_json", "We could not parse the JSON body of your request: no object.")
    return document


def _refused(error: ClientError, status: HTTPStatus) -> HttpResponse:
    shown = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return HttpResponse(status, JSON, json.dumps({"error": shown}).encode())
