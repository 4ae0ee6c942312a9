"""One engine in a process of its own: sounds come in on standard input, words go out on standard output.

Run as `python -m turnspec.run.transcription_worker`. A question is a line of JSON, and behind it as many
bytes of samples as it says. The process ends with its input: with whoever started it.
It stands by itself, so that a process needs nothing else of what makes calls.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from math import isfinite
from operator import index
from typing import IO, Any, Final

from turnspec.call.evidence import Track
from turnspec.speech.transcription import Transcriber, Transcript, TranscriptionError, Word

Make = Callable[[Mapping[str, Any]], Transcriber]

PIECE: Final = 65_536
UNCLEAR: Final = "the engine's answer cannot be understood"


def main() -> None:
    """Answer until there are no more questions."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides when it ends
    # Libraries print what they like: it must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(ending_with(sys.stdin.fileno()), answers, engine_of)


def ending_with(source: int) -> IO[bytes]:
    """What comes in; the process ends as soon as that does, whatever its engine is at."""
    reading, writing = os.pipe()

    def pass_on() -> None:
        while some := os.read(source, PIECE):
            os.write(writing, some)
        os._exit(0)  # whoever asked is gone: nobody waits for the answer

    threading.Thread(target=pass_on, name="questions", daemon=True).start()
    return os.fdopen(reading, "rb")


def serve(questions: IO[bytes], answers: IO[bytes], make: Make) -> None:
    """Answer each question with a line, engines made once for each way in which they are asked for."""
    made: dict[str, Transcriber] = {}
    while line := questions.readline():
        asked = json.loads(line)
        track = Track(asked["rate_hz"], questions.read(asked["bytes"]))
        answer = _answered(made, asked["engine"], track, asked["language"], make)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answered(
    made: dict[str, Transcriber],
    engine: Mapping[str, Any],
    track: Track,
    language: str | None,
    make: Make,
) -> dict[str, Any]:
    key = json.dumps(engine, sort_keys=True)
    try:
        if key not in made:
            made[key] = make(engine)
        return as_answer(made[key].transcribe(track, language))
    except TranscriptionError as error:
        return {"error": error.reason, "refused": error.refused}
    except Exception as error:  # noqa: BLE001 - whatever an engine fails with is the answer to this question only
        return {"error": f"the engine failed: {type(error).__name__}: {error}", "refused": False}


def engine_of(written: Mapping[str, Any]) -> Transcriber:
    """The engine that a question names, with what it is made of."""
    match written["engine"]:
        case "whisper":
            from turnspec.speech.transcribers.whisper import Whisper

            return Whisper(written["folder"], written["model"], written["beam"])
        case "grammar":
            from turnspec.speech.transcribers.grammar import Grammar

            return Grammar(written["phrases"], written["folder"])
        case other:
            from turnspec.run.transcription.installed import plug_in

            return plug_in(other)(written["model"])


def as_answer(transcript: Transcript) -> dict[str, Any]:
    """A transcript as plain data, whoever made it.

    Raises:
        TranscriptionError: It is none, or its words have no times in whole microseconds.
    """
    try:
        answer = {"text": transcript.text, "words": [_word(word) for word in transcript.words]}
    except (AttributeError, TypeError, ValueError) as error:
        raise TranscriptionError(UNCLEAR) from error
    if not is_answer(answer):
        raise TranscriptionError(UNCLEAR)
    return answer


def _word(word: Word) -> dict[str, Any]:
    """A word; numbers may be those of another library."""
    told = {"text": word.text, "from_us": index(word.from_us), "to_us": index(word.to_us)}
    if word.probability is None or not isfinite(word.probability):
        return told
    return {**told, "probability": float(word.probability)}


def is_answer(answer: Any) -> bool:
    """Whether plain data is a transcript."""
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        return False
    words = answer.get("words", [])
    return isinstance(words, list) and all(map(_is_word, words))


def _is_word(word: Any) -> bool:
    match word:
        case {"text": str(), "from_us": int() as from_us, "to_us": int() as to_us}:
            whole = not isinstance(from_us, bool) and not isinstance(to_us, bool)
            return whole and isinstance(word.get("probability", 0.0), int | float)
        case _:
            return False


if __name__ == "__main__":
    main()
