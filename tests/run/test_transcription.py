"""Recognition in a project: which engine it is, where its model is, its processes, and what is kept."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support_openai_stub import as_json, error, stub
from support_projects import turnspec
from support_recognised import GREETING, write_bot
from support_talk import CLIPS
from turnspec.audio.codecs import encode
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of, track_of
from turnspec.call import MULAW_8K, Track
from turnspec.dsl.load import load
from turnspec.dsl.problems import render_problem
from turnspec.run.answers_kept import KeptAnswers
from turnspec.run.asking import Api, Endpoint
from turnspec.run.options import RunOptions
from turnspec.run.transcription import PooledTranscriber, Recognizer, transcription_for
from turnspec.run.transcription.endpoint import EndpointTranscriber
from turnspec.run.transcription.models import find_model, how_to_get_one, why_none
from turnspec.run.transcription.pool import Pool, as_many_as_cores
from turnspec.run.transcription_worker import serve
from turnspec.speech import Transcript, TranscriptionError, Word
from turnspec.speech.secrets import SpokenSecrets
from turnspec.testing import ScriptedTranscriber

SOUND = track_of(np.arange(8_000, dtype=np.int16), 8_000)
WORKER = """
import json, sys, time, os, signal
while line := sys.stdin.buffer.readline():
    asked = json.loads(line)
    sys.stdin.buffer.read(asked["bytes"])
    match asked["engine"]["does"]:
        case "dies":
            print("no more of this", file=sys.stderr)
            sys.exit(3)
        case "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            time.sleep(60)
    answer = {"text": f"{os.getpid()} {asked['language']} {asked['rate_hz']}", "words": []}
    print(json.dumps(answer), flush=True)
"""


def pool(size: int = 1, within_s: float = 20.0) -> Pool:
    """Processes that answer with their id, the language and the rate, or do what they are told."""
    return Pool(size, command=(sys.executable, "-c", WORKER), within_s=within_s)


def asked(made: Pool, does: str = "answers") -> str:
    """What one of them says."""
    return str(made.ask({"does": does}, SOUND, "en")["text"])


def reason(made: Pool, does: str) -> str:
    """Why one of them has no answer."""
    with pytest.raises(TranscriptionError) as caught:
        asked(made, does)
    return caught.value.reason


def test_a_process_is_asked_again_and_again() -> None:
    """One process answers one question after the other: its model is loaded once."""
    made = pool()
    first, second = asked(made), asked(made)
    made.close()

    assert first == second
    assert first.endswith(" en 8000")


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("dies", "its process ended with 3: no more of this"),
        ("is killed", "its process was killed, perhaps for want of memory"),
    ],
)
def test_a_process_that_dies_costs_one_answer(does: str, why: str) -> None:
    """What ends in the middle of an answer has none, saying why; the next question starts another process."""
    made = pool()
    before, told, after = asked(made), reason(made, does), asked(made)
    made.close()

    assert told == why
    assert before != after


def test_a_process_that_hangs_is_ended() -> None:
    """Nobody waits for longer than a sound can take."""
    made = pool(within_s=0.3)
    with pytest.raises(TranscriptionError, match="took longer than 0 s and was ended"):
        made.ask({"does": "hangs"}, Track(8_000, b""), None)
    made.close()


def test_a_closed_pool_answers_nothing() -> None:
    """After the run there is nobody to ask."""
    made = pool()
    made.close()

    assert reason(made, "answers") == "the run was over before it was asked for"


def test_a_program_that_cannot_be_started() -> None:
    """A missing program is no traceback."""
    made = Pool(1, command=("/nowhere/python",))

    assert reason(made, "answers") == "its process could not be started: No such file or directory"


def test_as_many_processes_as_cores() -> None:
    """Where workers of the run have processes of their own, the cores are shared; there is always one."""
    assert as_many_as_cores(10_000) == 1
    assert 1 <= as_many_as_cores() <= 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process be kept to some cores")
def test_only_cores_that_may_be_used_count() -> None:
    """A process that is kept to one of them has one process listen."""
    told = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
    told += "from turnspec.run.transcription.pool import as_many_as_cores as n; print(n())"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout == "1\n"


def served(make: Any, *questions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a worker answers to these questions."""
    answers = io.BytesIO()
    lines = b"".join(json.dumps({**each, "bytes": 2}).encode() + b"\n\x00\x01" for each in questions)
    serve(io.BytesIO(lines), answers, make)
    return [json.loads(line) for line in answers.getvalue().splitlines()]


class Echo:
    """Says its own name and what it was given."""

    name, version, model = "echo", "1", ""

    def __init__(self, does: str) -> None:
        self.does = does

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        if self.does == "fails":
            raise ZeroDivisionError("by zero")
        if self.does == "refuses":
            raise TranscriptionError("not in this language", refused=True)
        return Transcript(
            f"{self.does} {language} {track.rate_hz}", (Word("one", 1, 2, 0.5), Word("two", 3, 4))
        )


def test_a_worker_answers_in_its_own_words() -> None:
    """Words come with their times; an engine that fails, or refuses, is an answer, and the next is asked."""
    made: list[str] = []

    def make(engine: Mapping[str, Any]) -> Echo:
        made.append(engine["does"])
        return Echo(engine["does"])

    question = {"rate_hz": 8_000, "language": "en"}
    engines = [{"does": each} for each in ("listens", "fails", "refuses", "listens")]
    answers = served(make, *({**question, "engine": engine} for engine in engines))

    assert made == ["listens", "fails", "refuses"]
    assert answers[0] == answers[3]
    assert answers[0] == {
        "text": "listens en 8000",
        "words": [
            {"text": "one", "from_us": 1, "to_us": 2, "probability": 0.5},
            {"text": "two", "from_us": 3, "to_us": 4},
        ],
    }
    assert answers[1] == {"error": "the engine failed: ZeroDivisionError: by zero", "refused": False}
    assert answers[2] == {"error": "not in this language", "refused": True}


def test_words_are_made_out_once(tmp_path: Path) -> None:
    """The same sound in the same language is asked for once, in another one again; a spoilt one is none."""
    told: list[str | None] = []

    class Counting(Echo):
        def transcribe(self, track: Track, language: str | None = None) -> Transcript:
            told.append(language)
            return super().transcribe(track, language)

    recognizer = Recognizer(Counting("listens"), KeptAnswers(tmp_path))
    first = recognizer.transcript(SOUND, "en")

    assert recognizer.transcript(SOUND, "en") == first
    assert recognizer.transcript(SOUND, "de") != first
    assert told == ["en", "de"]
    for path in tmp_path.rglob("*.json"):
        path.write_text('{"text": 5}', "utf-8")
    assert recognizer.transcript(SOUND, "en") == first
    assert told == ["en", "de", "en"]


def test_words_with_a_secret_are_not_kept(tmp_path: Path) -> None:
    """Secrets are masked in what is made out, and the next run makes it out again; all else is kept."""
    made = ScriptedTranscriber({"the pin is four eight two one": SOUND})
    secret = Recognizer(made, KeptAnswers(tmp_path), secrets=SpokenSecrets.of(["4821"]))

    assert [secret.transcript(SOUND).text for _ in range(2)] == ["the pin is ***"] * 2
    assert not list(tmp_path.rglob("*.json"))
    assert Recognizer(made, KeptAnswers(tmp_path)).transcript(SOUND).text == "the pin is four eight two one"
    assert len(list(tmp_path.rglob("*.json"))) == 1
    assert secret.transcript(SOUND).text == "the pin is ***"


def test_phrases_are_told_to_engines_that_need_them() -> None:
    """A grammar is another one for other phrases, and its answers are kept apart; Whisper needs none."""
    made = pool()
    grammar = Recognizer(
        PooledTranscriber(made, "grammar", "1", "en-us", {"engine": "grammar", "phrases": []})
    )
    whisper = Recognizer(PooledTranscriber(made, "whisper", "1", "tiny", {"engine": "whisper"}))

    assert grammar.with_phrases(("one",)).key(SOUND, "en") != grammar.with_phrases(("two",)).key(SOUND, "en")
    assert whisper.with_phrases(("one",)) is whisper


def endpoint(url: str) -> EndpointTranscriber:
    """An API that is asked without pausing."""
    return EndpointTranscriber(Api(Endpoint(url, "whisper-1", "key-of-twelve", 5.0), pause=lambda _: None))


def test_an_endpoint_is_sent_a_form_with_a_sound() -> None:
    """A WAV file, the model and the language, asking for the times of words; the answer has both."""
    word = {"word": "Hello", "start": 0.25, "end": 0.5}
    with stub(as_json({"text": " Hello  there ", "words": [word, {"word": "bad"}]})) as api:
        found = endpoint(api.url).transcribe(SOUND, "en")
        (request,) = api.requests

    assert found == Transcript("Hello there", (Word("Hello", 250_000, 500_000),))
    assert request.path.endswith("/audio/transcriptions")
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=turnspec-")
    for part in (
        b'name="model"\r\n\r\nwhisper-1\r\n',
        b'name="language"\r\n\r\nen\r\n',
        b"verbose_json",
        b"RIFF",
    ):
        assert part in request.body


def test_an_endpoint_without_times_is_asked_for_words_alone() -> None:
    """A server that takes no `verbose_json` is asked for less, and from then on at once."""
    with stub(error(400, "response_format is not known"), as_json({"text": "Hello"})) as api:
        engine = endpoint(api.url)
        found = [engine.transcribe(SOUND).text, engine.transcribe(SOUND).text]
        bodies = [request.body for request in api.requests]

    assert found == ["Hello", "Hello"]
    assert [b"verbose_json" in body for body in bodies] == [True, False, False]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (error(401, "no such key key-of-twelve"), "the endpoint answered 401: no such key ***"),
        (as_json({"data": []}), "the endpoint's answer has no text"),
    ],
)
def test_an_endpoint_that_gives_no_words(answer: Any, why: str) -> None:
    """What is no transcript is told with its reason, the key masked in it."""
    with stub(answer) as api, pytest.raises(TranscriptionError, match=r".") as caught:
        endpoint(api.url).transcribe(SOUND)

    assert why in caught.value.reason


def chosen(folder: Path, written: str, **options: Any) -> Any:
    """What makes out words in a project."""
    (folder / "turnspec.yaml").write_text(f"version: 1\nenvironment: [KEY]\n{written}\n", "utf-8")
    loaded = load((folder / "turnspec.yaml",))
    assert not loaded.problems
    return transcription_for(loaded, {"KEY": "a-secret-of-length"}, RunOptions(**options))


def with_model(folder: Path, name: str = "mine") -> Path:
    """A folder that looks like a model."""
    made = folder / name
    made.mkdir(parents=True)
    (made / "model.bin").write_bytes(b"weights")
    for part in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (made / part).touch()
    return made


def test_models_are_found_in_a_fixed_order(tmp_path: Path) -> None:
    """A folder by its path; a name in the hub's cache, the snapshot of `main` first; else there is none."""
    hub = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    with_model(tmp_path, "mine")
    base = "hub/models--Systran--faster-whisper-base"
    with_model(tmp_path, f"{base}/snapshots/aaa")
    newest = with_model(tmp_path, f"{base}/snapshots/bbb")
    (tmp_path / base / "refs").mkdir()
    (tmp_path / base / "refs" / "main").write_text("bbb", "utf-8")

    named = find_model("mine", tmp_path, None, hub)
    assert named is not None
    assert (named.folder, named.label) == (tmp_path / "mine", "mine@9a129038d9a0")
    by_name = find_model("base", tmp_path, None, hub)
    assert by_name is not None
    assert by_name.folder == newest
    assert find_model("small", tmp_path, None, hub) is None
    foreign = find_model(None, tmp_path, "de", hub)
    assert foreign is not None
    assert foreign.name == "base"


def test_what_was_asked_for_comes_before_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line before the environment, the environment before the project, an object before all."""
    written = "engines: {transcription: {engine: endpoint, url: 'https://a.example/v1', model: w}}"
    monkeypatch.setenv("TURNSPEC_TRANSCRIPTION", "none")
    own = ScriptedTranscriber({})

    assert chosen(tmp_path, written).recognizer is None
    assert chosen(tmp_path, written, transcription="endpoint").recognizer.transcriber.name == "endpoint"
    assert chosen(tmp_path, written, transcriber=own).recognizer.transcriber is own
    monkeypatch.delenv("TURNSPEC_TRANSCRIPTION")
    assert chosen(tmp_path, written).recognizer.transcriber.name == "endpoint"


def test_a_key_of_the_environment_is_a_secret(tmp_path: Path) -> None:
    """What lets us in is masked everywhere."""
    url = "url: 'https://a.example/v1', model: w, key: '{{ env.KEY }}'"
    made = chosen(
        tmp_path, f"engines: {{transcription: {{engine: endpoint, {url}}}}}", transcription="endpoint"
    )

    assert made.secrets == ("a-secret-of-length",)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("whispr", "there is no transcription engine 'whispr'", "did you mean 'whisper'?"),
        ("whisper", "the transcription engine 'whisper' is not installed", "pip install 'turnspec[stt]'"),
    ],
)
def test_engines_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str, hint: str
) -> None:
    """A misspelt engine is told with the nearest; one that is not installed with the line that brings it."""
    if name == "whisper":
        try:
            import faster_whisper  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("needs a Python without faster-whisper")
    monkeypatch.delenv("TURNSPEC_TRANSCRIPTION")
    (problem,) = chosen(tmp_path, f"engines: {{transcription: {name}}}").problems

    assert message in render_problem(problem)
    assert hint in render_problem(problem)


@pytest.mark.parametrize(
    ("written", "left_out", "golden"),
    [
        (
            "{engine: grammer}",
            (),
            """error[no-engine]: there is no transcription engine 'grammer'
  --> turnspec.yaml:3:35
  3 | engines: {transcription: {engine: grammer}}
    |                                   ^^^^^^^ did you mean 'grammar'?""",
        ),
        (
            "{engine: whisper, model: mine}",
            ("tokenizer.json", "vocabulary.txt"),
            f"""error[no-engine]: the Whisper model in 'mine' lacks tokenizer.json, vocabulary.txt
  --> turnspec.yaml:3:51
  3 | engines: {{transcription: {{engine: whisper, model: mine}}}}
    |                                                   ^^^^
    = {how_to_get_one(None)}""",
        ),
        (
            "{model: mine/model.bin}",
            (),
            f"""error[no-engine]: 'mine/model.bin' is a file, and a Whisper model is a folder
  --> turnspec.yaml:3:34
  3 | engines: {{transcription: {{model: mine/model.bin}}}}
    |                                  ^^^^^^^^^^^^^^
    = {how_to_get_one(None)}""",
        ),
        (
            "{model: models/base.en}",
            (),
            f"""error[no-engine]: there is no Whisper model 'models/base.en': no such folder, \
and none was fetched by this name
  --> turnspec.yaml:3:34
  3 | engines: {{transcription: {{model: models/base.en}}}}
    |                                  ^^^^^^^^^^^^^^
    = {how_to_get_one(None)}""",
        ),
    ],
    ids=["engine", "parts", "file", "nowhere"],
)
def test_what_is_wrong_with_an_engine_stands_where_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, left_out: tuple[str, ...], golden: str
) -> None:
    """A model that is not whole is none: a part that it lacks would be fetched from the network."""
    monkeypatch.delenv("TURNSPEC_TRANSCRIPTION")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "faster_whisper.py").touch()  # nothing is loaded of it before a call
    model = with_model(tmp_path)
    for part in left_out:
        (model / part).unlink()
    made = chosen(tmp_path, f"engines: {{transcription: {written}}}")

    assert [render_problem(problem) for problem in made.problems] == [golden]
    assert made.listens  # words are not said to be lacking besides


def test_a_model_that_is_taken_away_is_named_all_the_same(tmp_path: Path) -> None:
    """Weights that cannot be read break no call: the engine says so, and reports name the model."""
    folder = with_model(tmp_path)
    found = find_model("mine", tmp_path, None, {})
    assert found is not None
    (folder / "model.bin").unlink()

    assert found.label == "mine@unreadable"


def test_paths_that_nobody_can_look_at_hold_no_model(tmp_path: Path) -> None:
    """A name that is no path, and a hub's note that is no text, are no traceback."""
    notes = tmp_path / "models--Systran--faster-whisper-base" / "refs"
    notes.mkdir(parents=True)
    (notes / "main").write_bytes(b"\xff\xfe")
    hub = {"HF_HUB_CACHE": str(tmp_path)}

    assert find_model("base", tmp_path, None, hub) is None
    assert find_model("m" * 300, tmp_path, None, hub) is None
    assert "no such folder" in why_none("m" * 300, tmp_path)


def test_a_hub_that_has_half_a_model_has_none(tmp_path: Path) -> None:
    """A model whose fetching was broken off is passed over for the next one."""
    snapshots = "hub/models--Systran--faster-whisper-{}/snapshots/aaa"
    (with_model(tmp_path, snapshots.format("tiny.en")) / "tokenizer.json").unlink()
    with_model(tmp_path, snapshots.format("base.en"))
    found = find_model(None, tmp_path, "en", {"HF_HUB_CACHE": str(tmp_path / "hub")})

    assert found is not None
    assert found.name in ("base.en", "tiny.en")
    assert tmp_path not in found.folder.parents or found.name == "base.en"


SHOUTING = """
from turnspec.speech import Transcript


class Shouting:
    name, version, model = "shouting", "1", "loud"

    def __init__(self, model):
        self.said = model.upper()

    def transcribe(self, track, language=None):
        return Transcript(f"{self.said} IN {language}")
"""


def test_an_engine_of_somebody_elses(tmp_path: Path) -> None:
    """What a package installs as a transcription engine is named in the project, and told its model."""
    twilio = [[GREETING]]
    turns = "- {turn: Greeting, expect: {says: LOUD IN EN}}"
    write_bot(tmp_path, twilio, turns, project="engines: {transcription: {engine: shouting, model: loud}}")
    sound = samples_of(load_clip(CLIPS / "agent" / f"{GREETING}.flac", 8_000))
    (tmp_path / f"{GREETING}.ulaw").write_bytes(encode(sound, MULAW_8K))
    installed = tmp_path / "installed" / "shouting-2.dist-info"
    installed.mkdir(parents=True)
    (installed.parent / "shouting.py").write_text(SHOUTING, "utf-8")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 2\n", "utf-8")
    (installed / "entry_points.txt").write_text(
        "[turnspec.transcription_engines]\nshouting = shouting:Shouting\n", "utf-8"
    )
    environment = {"PYTHONPATH": str(installed.parent), "TURNSPEC_TRANSCRIPTION": ""}
    ran = turnspec(tmp_path, "run", "talk.yaml", environment=environment)
    (line,) = [line for turn in ran.call()["turns"] for line in turn["lines"]]

    assert ran.code == 0, ran.out + ran.err
    assert (line["text"], line["source"]) == ("LOUD IN en", "recognition (shouting loud)")
