"""Engines that break, babble or hang, processes that are killed, and answers on disk that are spoilt."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support_recognised import GREETING, SAVED, failing, twilio_call
from turnspec.audio.samples import track_of
from turnspec.call import Track
from turnspec.call.derived import read_derived
from turnspec.run.answers_kept import KeptAnswers
from turnspec.run.transcription import Recognizer
from turnspec.run.transcription.pool import Pool
from turnspec.run.transcription_worker import serve
from turnspec.speech import Transcript, TranscriptionError, Word

SOUND = track_of(np.arange(8_000, dtype=np.int16), 8_000)
WORKER = """
import json, os, sys, time
while line := sys.stdin.buffer.readline():
    asked = json.loads(line)
    sys.stdin.buffer.read(asked["bytes"])
    match asked["engine"]["does"]:
        case "closes":
            os.close(1)
            time.sleep(60)
        case "hangs":
            print("listening", file=sys.stderr, flush=True)
            time.sleep(60)
        case "answers":
            print(json.dumps({"text": str(os.getpid()), "words": []}), flush=True)
        case told:
            print(told, flush=True)
"""
UNCLEAR = "the engine's answer cannot be understood"


def pool(within_s: float = 20.0) -> Pool:
    """One process that does what it is asked to."""
    return Pool(1, command=(sys.executable, "-c", WORKER), within_s=within_s)


def asked(made: Pool, does: str = "answers") -> str:
    """What it says; an empty sound leaves no more time than `within_s`."""
    return str(made.ask({"does": does}, Track(8_000, b""), "en")["text"])


@pytest.mark.parametrize("babble", ["not json", "[1, 2]", '"text"', "{", "NaN", '{"error": 5}'])
def test_a_process_that_babbles_has_no_answer(babble: str) -> None:
    """It is ended, because whatever it says next belongs to nothing; the next question has an answer."""
    made = pool()
    before = asked(made)
    with pytest.raises(TranscriptionError, match=UNCLEAR):
        asked(made, babble)
    after = asked(made)
    made.close()

    assert before != after


def test_a_process_that_closes_its_output_and_stays_is_ended() -> None:
    """Nobody waits for the end of what has nothing more to say."""
    made = pool()
    with pytest.raises(TranscriptionError, match="its process closed its output"):
        asked(made, "closes")
    made.close()


def test_a_process_that_was_killed_while_idle_costs_no_answer() -> None:
    """It is noticed before the next question, which another process answers."""
    made = pool()
    before = asked(made)
    os.kill(int(before), signal.SIGKILL)
    os.waitid(os.P_PID, int(before), os.WEXITED | os.WNOWAIT)
    after = asked(made)
    made.close()

    assert before != after


def test_a_pool_that_is_closed_answers_whoever_waits() -> None:
    """A run that is interrupted ends its processes: that is the reason, and no error of a pipe."""
    made = pool()
    reasons: list[str] = []

    def wait() -> None:
        try:
            asked(made, "hangs")
        except TranscriptionError as error:
            reasons.append(error.reason)

    asked(made)
    waiting = threading.Thread(target=wait)
    waiting.start()
    made.close()
    waiting.join(10)

    assert reasons == ["the run was over before it was answered"] or reasons == [
        "the run was over before it was asked for"
    ]


BUSY = """
import sys, time
from turnspec.run.transcription_worker import ending_with
questions = ending_with(0)
print(questions.readline().decode(), flush=True)
time.sleep(60)
"""


def test_a_process_ends_with_whoever_started_it() -> None:
    """Its engine may be in the middle of an hour of sound: where nobody waits for that, it ends at once."""
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as busy:
        assert busy.stdin is not None
        assert busy.stdout is not None
        busy.stdin.write(b"listen\n")
        busy.stdin.flush()
        told = busy.stdout.readline()
        busy.stdin.close()

        assert told == b"listen\n"
        assert busy.wait(20) == 0


class Says:
    """An engine that answers with whatever it is given."""

    name, version, model = "says", "1", ""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def transcribe(self, track: Track, language: str | None = None) -> Any:
        del track, language
        return self.answer


GARBAGE = {
    "nothing": None,
    "a text alone": "hello",
    "no text": Transcript(None),  # type: ignore[arg-type] # what engines of other people do
    "a number": Transcript(5),  # type: ignore[arg-type]
    "a word without times": Transcript("one", (Word("one", None, None),)),  # type: ignore[arg-type]
    "times in seconds": Transcript("one", (Word("one", 0.5, 1.5),)),  # type: ignore[arg-type]
    "a word that is none": Transcript("one", ("one",)),  # type: ignore[arg-type]
    "no list of words": Transcript("one", 5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=list(GARBAGE))
def test_an_answer_that_is_no_transcript(tmp_path: Path, answer: Any) -> None:
    """It is refused where it is given, and never kept."""
    with pytest.raises(TranscriptionError, match=UNCLEAR):
        Recognizer(Says(answer), KeptAnswers(tmp_path)).transcript(SOUND)

    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=list(GARBAGE))
def test_a_worker_outlives_an_answer_that_is_no_transcript(answer: Any) -> None:
    """That question has an error for an answer, and the next one is asked."""
    given: dict[str, Any] = {"bad": answer, "good": Transcript("fine")}

    def make(engine: Mapping[str, Any]) -> Says:
        return Says(given[engine["does"]])

    answers = io.BytesIO()
    question = {"rate_hz": 8_000, "language": None, "bytes": 0}
    lines = [json.dumps({**question, "engine": {"does": does}}) for does in ("bad", "good")]
    serve(io.BytesIO("\n".join([*lines, ""]).encode()), answers, make)
    bad, good = map(json.loads, answers.getvalue().splitlines())

    assert bad == {"error": UNCLEAR, "refused": False}
    assert good["text"] == "fine"


def test_numbers_of_other_libraries_are_numbers(tmp_path: Path) -> None:
    """What numpy calls an integer is one; a probability that is none is left out."""
    words = (
        Word("one", np.int64(5), np.int32(9), np.float32(0.5)),  # type: ignore[arg-type]
        Word("two", 9, 12, float("nan")),
    )
    kept = KeptAnswers(tmp_path)
    first = Recognizer(Says(Transcript("one two", words)), kept).transcript(SOUND)
    (file,) = tmp_path.rglob("*.json")

    assert first == Transcript("one two", (Word("one", 5, 9, 0.5), Word("two", 9, 12)))
    assert "NaN" not in file.read_text("utf-8")
    assert Recognizer(Says(None), kept).transcript(SOUND) == first


SPOILT = [
    b"",
    b"{",
    b"\x00" * 100,
    b"[]",
    b'{"text": "one", "words": [{"text": 1, "from_us": 0, "to_us": 1}]}',
    b'{"text": "one", "words": [{"text": "one", "from_us": "0", "to_us": null}]}',
    b'{"text": "one", "words": [{"text": "one", "from_us": 0.5, "to_us": true}]}',
    b'{"text": "one", "words": [{"text": "one", "from_us": 0, "to_us": 1, "probability": "high"}]}',
    b'{"text": "one", "words": {"text": "one"}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("spoilt", SPOILT, ids=range(len(SPOILT)))
def test_a_kept_answer_that_is_spoilt_is_made_anew(tmp_path: Path, spoilt: bytes) -> None:
    """Half-written, of another making, or by hand: it is no answer, and the right one takes its place."""
    recognizer = Recognizer(Says(Transcript("fine", (Word("fine", 0, 1),))), KeptAnswers(tmp_path))
    first = recognizer.transcript(SOUND)
    (file,) = tmp_path.rglob("*.json")
    whole = file.read_bytes()
    file.write_bytes(spoilt)

    assert recognizer.transcript(SOUND) == first
    assert file.read_bytes() == whole


def a_file(folder: Path) -> None:
    """A file where the folder should be."""
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")


def a_loop(folder: Path) -> None:
    """A link that leads to itself."""
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder)


@pytest.mark.parametrize("spoil", [a_file, a_loop])
def test_where_nothing_can_be_kept_words_are_made_out_all_the_same(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """A cache that cannot be read or written is none."""
    folder = tmp_path / ".turnspec" / "cache"
    spoil(folder)
    recognizer = Recognizer(Says(Transcript("fine")), KeptAnswers(folder / "answers"))

    assert recognizer.transcript(SOUND).text == "fine"
    assert recognizer.transcript(SOUND).text == "fine"


def test_an_answer_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path) -> None:
    """Where the file of an answer cannot be replaced, no half of it stays beside it."""
    kept = KeptAnswers(tmp_path)
    (tmp_path / "ab" / "abc.json" / "in the way").mkdir(parents=True)
    kept.keep("abc", {"text": "one"})

    assert [path.name for path in (tmp_path / "ab").iterdir()] == ["abc.json"]


def test_two_runs_keep_the_same_answers_at_once(tmp_path: Path) -> None:
    """Whoever reads while others write finds all of an answer, or none."""
    long = Transcript("word " * 20_000)
    runs = [Recognizer(Says(long), KeptAnswers(tmp_path)) for _ in range(4)]
    found: list[str] = []

    def listen(recognizer: Recognizer) -> None:
        for _ in range(10):
            found.append(recognizer.transcript(SOUND).text)
            for file in tmp_path.rglob("*.json"):
                json.loads(file.read_bytes())

    threads = [threading.Thread(target=listen, args=(each,)) for each in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(found) == {long.text}
    assert len(found) == 40
    assert len(list(tmp_path.rglob("*.json"))) == 1


TURNS = """
- turn: Greeting
  expect: {says: recorded}
- turn: Answer
  caller: {audio: audio/caller/five-five.flac}
"""


@pytest.mark.parametrize("answer", [None, GARBAGE["a word without times"]], ids=["nothing", "no times"])
def test_a_call_outlives_its_engine(tmp_path: Path, answer: Any) -> None:
    """Expectations about words are not exercised, with the reason; all else of the call is as ever."""
    result = twilio_call(tmp_path, [[GREETING], [SAVED]], TURNS, transcriber=Says(answer))
    (folder,) = (tmp_path / "out" / "calls").iterdir()
    states = {each.state.value for each in read_derived(folder) if each.kind == "transcript"}

    assert failing(result) == [("says", "not exercised")]
    assert not result.error
    assert states == {"failed"}
