"""Who may connect: what a live server accepts with 101 and then ends with an error and a close code.

The close reason is `<error.type>.<error.code>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from turnspec.adapters.realtime.server.policy import Policy
from turnspec.adapters.realtime.server.secrets import Keys, wrong_key
from turnspec.adapters.realtime.wire.effective import Session, default_session
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.adapters.realtime.wire.session import SessionPatch

PATHS: Final = ("/v1/realtime", "/openai/v1/realtime")  # the second is Azure's
SUBPROTOCOL: Final = "realtime"
_KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."
_BETA_SUBPROTOCOL: Final = "openai-beta.realtime-v1"
_BAD_KEY: Final = 3000
_BAD_REQUEST: Final = 4000


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client asks for when it connects; header names are looked up as they are given here."""

    target: str
    headers: Mapping[str, str] = field(repr=False)
    subprotocols: Sequence[str] = field(default=(), repr=False)

    @property
    def path_is_served(self) -> bool:
        """Whether sessions are held at this path."""
        return urlsplit(self.target).path.rstrip("/") in PATHS

    @property
    def key(self) -> str:
        """The key; browsers, which set no headers, offer it as a subprotocol, Azure has its own header."""
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key.strip():
            return key.strip()
        offered = [name for name in self.subprotocols if name.startswith(_KEY_SUBPROTOCOL)]
        if offered:
            return offered[0].removeprefix(_KEY_SUBPROTOCOL)
        return self.headers.get("api-key", "").strip()

    @property
    def speaks_beta(self) -> bool:
        """Whether it asks for the retired beta."""
        header = self.headers.get("OpenAI-Beta", "")
        return "realtime=v1" in header or _BETA_SUBPROTOCOL in self.subprotocols

    def asked(self, name: str) -> str | None:
        """One value of the query."""
        return next(iter(parse_qs(urlsplit(self.target).query).get(name, ())), None)


@dataclass(frozen=True, slots=True)
class Refused:
    """Say `error`, then close."""

    error: ClientError
    code: int

    @property
    def reason(self) -> str:
        """The close reason."""
        return f"{self.error.type}.{self.error.code}"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Hold a session with this model, which begins with these settings."""

    model: str
    settings: tuple[SessionPatch, ...] = ()


def key_refused(handshake: Handshake, keys: Keys, now_us: int) -> ClientError | None:
    """Why a key opens nothing; None: it opens a session."""
    known = keys.lasts(handshake.key) or keys.secret(handshake.key, now_us) is not None
    return None if known else wrong_key(handshake.key)


def admitted(handshake: Handshake, keys: Keys, policy: Policy, now_us: int) -> Admitted | Refused:
    """What a handshake leads to."""
    wrong = key_refused(handshake, keys, now_us)
    if wrong is not None:
        return Refused(wrong, _BAD_KEY)
    refused = _wrong_dialect(handshake, policy) or _not_served(handshake)
    if refused is not None:
        return Refused(refused, _BAD_REQUEST)
    secret = keys.secret(handshake.key, now_us)
    settings = () if secret is None else (secret.settings,)
    model = handshake.asked("model") or (secret.settings.model if secret else None)
    try:
        model = _supported(model, policy)
        Session.begun(default_session("", model, 0), *settings)  # a key may be made for another model
    except ClientError as error:
        return Refused(error, _BAD_REQUEST)
    return Admitted(model, settings)


def _wrong_dialect(handshake: Handshake, policy: Policy) -> ClientError | None:
    if handshake.speaks_beta and policy.dialect == "ga":
        message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
        return ClientError("beta_api_shape_disabled", message)
    if not handshake.speaks_beta and policy.dialect == "beta":
        message = "You must provide the header 'OpenAI-Beta: realtime=v1' to use the Realtime Beta API."
        return ClientError("missing_beta_header", message)
    return None


def _not_served(handshake: Handshake) -> ClientError | None:
    if handshake.asked("intent") == "transcription":
        message = "Transcription sessions are not served here: leave out 'intent' to hold a conversation."
        return ClientError("transcription_sessions_not_served", message, "intent")
    if handshake.asked("call_id") is not None:
        message = "There are no WebRTC or SIP calls here to attach to: connect with 'model' instead."
        return ClientError("call_not_found", message, "call_id")
    return None


def _supported(model: str | None, policy: Policy) -> str:
    if not model:
        message = "You must provide a model parameter, as in /v1/realtime?model=gpt-realtime."
        raise ClientError("missing_model", message, "model")
    if policy.models is not None and model not in policy.models:
        message = f"Model '{model}' is not supported in realtime mode."
        raise ClientError("invalid_model", message, "model")
    return model
