"""Speech from an OpenAI-compatible API: somebody else's voices, asked for over HTTP."""

from __future__ import annotations

from typing import Final

from turnspec.audio.files import NotAudio, decoded
from turnspec.call import Track
from turnspec.run.asking import Api
from turnspec.run.voices.base import CannotSay
from turnspec.speech.answers import ApiAnswer, NoAnswer, told
from turnspec.speech.voices import Voice

PATH: Final = "/audio/speech"
PCM_RATE_HZ: Final = 24_000  # of bare samples, as the API defines them
_OK: Final = 200


class EndpointVoices:
    """The voices of one model behind an API; it does not tell which it has."""

    name = "endpoint"

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def version(self) -> str:
        """Where it is, and which model speaks there."""
        return f"{self._api.endpoint.url} {self._api.endpoint.model}"

    def voices(self) -> tuple[Voice, ...]:
        """Nobody knows: whichever is wanted is asked for."""
        return ()

    def speak(self, text: str, voice: Voice) -> Track:
        """The speech of a text."""
        model = self._api.endpoint.model
        body = {"model": model, "input": text, "voice": voice.name, "response_format": "wav"}
        try:
            answer = self._api.post(PATH, body)
        except NoAnswer as none:
            raise CannotSay(none.reason) from none
        return _sound(answer)


def _sound(answer: ApiAnswer) -> Track:
    if answer.status != _OK:
        raise CannotSay(f"the endpoint answered {answer.status}{told(answer)}")
    if not answer.body:
        raise CannotSay("the endpoint answered with nothing")
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind in ("audio/pcm", "audio/l16", "application/octet-stream") and not answer.body.startswith(b"RIFF"):
        return Track(PCM_RATE_HZ, answer.body[: len(answer.body) // 2 * 2])
    if kind.startswith(("text/", "application/json")):
        raise CannotSay(f"the endpoint answered with {kind} in place of sound{told(answer)}")
    try:
        return decoded(answer.body)
    except NotAudio as error:
        raise CannotSay(f"what the endpoint answered is no sound that can be read ({error})") from error
