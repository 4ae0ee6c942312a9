"""What a local agent hears beyond known recordings: an engine that is asked beside the loop of the call."""

from __future__ import annotations

from concurrent.futures import Future

from turnspec.call import Track
from turnspec.doubles.agent.recognising import TRANSCRIBER, Recognition
from turnspec.doubles.agent.reply import Heard
from turnspec.run.derive import waiters
from turnspec.run.transcription.recognizer import Recognizer


class AgentRecogniser:
    """Implements `Recogniser`. `waits`: time stands still until words are made out, as in virtual time."""

    def __init__(self, recognizer: Recognizer, *, waits: bool) -> None:
        self._recognizer, self._waits = recognizer, waits

    def recognition(self, speech: Track) -> Recognition:
        """The words of an utterance, made out as soon as they are asked for.

        Raises:
            TranscriptionError: They cannot be made out.
        """
        begun: list[Future[Heard]] = []

        def made() -> Heard | None:
            if not begun:
                begun.append(waiters().submit(self._heard, speech))
            return begun[0].result() if self._waits or begun[0].done() else None

        return made

    def _heard(self, speech: Track) -> Heard:
        transcriber = self._recognizer.transcriber
        text = " ".join(self._recognizer.transcript(speech).text.split())
        engine = " ".join(filter(None, (transcriber.name, transcriber.version, transcriber.model)))
        return Heard(text or None, TRANSCRIBER, engine=engine)
