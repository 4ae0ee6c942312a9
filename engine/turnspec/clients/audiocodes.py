"""AudioCodes VoiceAI Connect's end of a call, in a program's hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from turnspec.adapters.audiocodes import ADAPTER, AudioCodesOptions
from turnspec.clients.phone import LIMIT_S, PATIENCE_S, Phone


class MockAudioCodesClient(Phone):
    """Calls a bot as VoiceAI Connect does over a WebSocket, with the `token` that the bot wants.

    `options` are written as those of a target: `{"barge_in": False, "chunk": "20 ms"}`.

    Raises:
        ValidationError: There is no such option, or it cannot have this value.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        options: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        seed: str = "0",
        patience_s: float = PATIENCE_S,
        limit_s: float = LIMIT_S,
        folder: Path | None = None,
    ) -> None:
        super().__init__(
            url,
            ADAPTER,
            AudioCodesOptions.model_validate(dict(options or {})),
            seed=seed,
            headers=headers,
            auth=None if token is None else {"bearer": token},
            patience_s=patience_s,
            limit_s=limit_s,
            folder=folder,
        )
