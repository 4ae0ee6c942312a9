"""Somebody else's recognition: an OpenAI-compatible API is sent the sound, and answers with the words."""

from __future__ import annotations

import io
import wave

from turnspec.call.evidence import Track
from turnspec.run.asking import Api
from turnspec.speech.answers import ApiAnswer, NoAnswer
from turnspec.speech.transcribers import api as wire
from turnspec.speech.transcription import Transcript, TranscriptionError


class EndpointTranscriber:
    """One model behind an API; it is asked for the times of words as long as it takes such requests."""

    name = "endpoint"

    def __init__(self, api: Api) -> None:
        self._api = api
        self._words = True

    @property
    def version(self) -> str:
        """Where it is."""
        return self._api.endpoint.url

    @property
    def model(self) -> str:
        """Which model is asked."""
        return self._api.endpoint.model

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """What the endpoint makes of a sound.

        Raises:
            TranscriptionError: It does not answer, or nothing that could be understood.
        """
        sound = _wav(track)
        try:
            answer = self._posted(sound, language)
            if self._words and wire.wants_less(answer):
                self._words = False
                answer = self._posted(sound, language)
            return wire.transcript(answer)
        except NoAnswer as none:
            raise TranscriptionError(none.reason, refused=none.refused) from none

    def _posted(self, sound: bytes, language: str | None) -> ApiAnswer:
        kind, body = wire.multipart(wire.form(self.model, language, words=self._words), sound)
        return self._api.send(wire.PATH, kind, body)


def _wav(track: Track) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(track.rate_hz)
        written.writeframes(track.pcm)
    return file.getvalue()
