"""What a request for an ephemeral key may say.

Facts: the official SDK's `client_secret_create_params`, and its beta's `session_create_params`.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from turnspec.adapters.realtime.wire.beta_shapes import BetaSession
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.adapters.realtime.wire.shape import Shape

USUAL_S: Final = 600
BETA_S: Final = 60


class SecretLife(Shape):
    """How long sessions may be begun with a key."""

    anchor: Literal["created_at"] | None = None
    seconds: int | None = Field(None, ge=10, le=7200)


class SecretRequest(Shape):
    """The body of `POST /v1/realtime/client_secrets`."""

    expires_after: SecretLife | None = None
    session: SessionPatch | None = None

    @property
    def lifetime_s(self) -> int:
        """How long the key lives."""
        said = self.expires_after.seconds if self.expires_after else None
        return USUAL_S if said is None else said


class BetaSecretRequest(BetaSession):
    """The body of the beta's `POST /v1/realtime/sessions`: a session, whose key ends after a minute."""

    @property
    def lifetime_s(self) -> int:
        """How long the key lives."""
        said = self.client_secret.expires_after if self.client_secret else None
        return BETA_S if said is None or said.seconds is None else said.seconds
