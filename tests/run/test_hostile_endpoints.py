"""Endpoints that mean harm, or are broken: no traceback, no key told or kept, no waiting for ever."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support_openai_stub import Reply, Request, as_json, chat, embedded, error, judged, stub
from turnspec.call.derived import Derived, DerivedState
from turnspec.checks.questions import INTENT, JUDGE, Question
from turnspec.dsl.load import load
from turnspec.run.answers_kept import KeptAnswers
from turnspec.run.asking import Api, Endpoint
from turnspec.run.derive import AT_ONCE, ChatJudge, EmbeddedIntents, Knowing
from turnspec.run.engines import engines_of
from turnspec.speech.answers import ApiAnswer, NoAnswer
from turnspec.speech.embedding import embeddings
from turnspec.speech.engines import engine
from turnspec.speech.intents import Intents

QUESTION = Question(JUDGE, 0, "the agent is kind", ((1, "agent", "It is blocked."),))
REPLY = Question(INTENT, 0, "I stopped it.")
KEY = "sk-0123456789abcdef"
NOTHING_KEPT = KeptAnswers(None)


def asked(url: str, key: str = KEY, kept: KeptAnswers = NOTHING_KEPT, timeout_s: float = 5.0) -> Derived:
    """What a judge at `url` says, without pauses."""
    return ChatJudge(Api(Endpoint(url, "m", key, timeout_s), lambda _: None), kept).derived(QUESTION)


@contextmanager
def dripping(host: str = "127.0.0.1") -> Iterator[str]:
    """An endpoint that begins a response and sends a byte of it now and then, while anybody reads."""
    closing = threading.Event()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while not closing.wait(0.02):
                    try:
                        connection.sendall(b"1\r\n \r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/v1"
        finally:
            closing.set()
            thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_endpoint_that_drips_is_given_up_in_time(host: str) -> None:
    """Every byte is news, and yet the whole answer has its time."""
    with dripping(host) as url:
        found = asked(url, timeout_s=0.3)

    assert found.reason == "the endpoint did not answer within 0.3 s"


def test_nobody_follows_an_endpoint_elsewhere() -> None:
    """A redirection would hand the key to another host."""
    with (
        stub(judged("yes")) as other,
        stub(Reply(307, headers={"Location": f"{other.url}/chat/completions"})) as api,
    ):
        found = asked(api.url)

    assert (found.state, found.reason) == (DerivedState.FAILED, "the endpoint answered 307")
    assert other.requests == []


def test_a_compressed_answer_is_told_as_such() -> None:
    """None was asked for."""
    with stub(Reply(body=gzip.compress(judged("yes").body), headers={"Content_Encoding": "gzip"})) as api:
        found = asked(api.url)

    assert found.reason == "the endpoint answered compressed data, which was not asked for, not JSON"
    assert api.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("key", [KEY, f"{KEY}\n"])
@pytest.mark.parametrize("before", range(135, 165, 5))
def test_an_error_that_repeats_the_key_is_told_without_it(key: str, before: int) -> None:
    """Not even a part of it, where the text is cut in its middle."""
    with stub(error(401, f"{'x' * before} {KEY} is not known")) as api:
        found = asked(api.url, key)

    assert "answered 401" in found.reason
    assert KEY[:4] not in found.reason


def test_a_reason_that_repeats_the_key_is_kept_without_it(tmp_path: Path) -> None:
    """The cache is on disk, and shared between runs."""
    with stub(judged("no", f"I was asked with Bearer {KEY}, and deny it.")) as api:
        found = asked(api.url, kept=KeptAnswers(tmp_path / "answers"))
    (kept,) = (tmp_path / "answers").rglob("*.json")

    assert found.answer["reason"] == "I was asked with Bearer ***, and deny it."
    assert KEY not in kept.read_text("utf-8")


@pytest.mark.parametrize("key", ["none", "null", "true", "verdict", "content"])
def test_a_word_as_a_key_does_not_break_answers(key: str) -> None:
    """As local servers take it, which want none."""
    with stub(chat('{"verdict": "yes", "reason": "none"}', refusal=None, ok=True)) as api:
        found = asked(api.url, key)

    assert found.answer == {"verdict": "yes", "reason": "none"}


@pytest.mark.parametrize(
    ("key", "secret"),
    [("none", ()), ("{{ env.KEY }}", ("ollama",)), (KEY, (KEY,))],
)
def test_a_key_is_a_secret_but_not_a_word_in_the_file(
    tmp_path: Path, key: str, secret: tuple[str, ...]
) -> None:
    """Blacking out every "none" would leave little to read, and hide nothing."""
    settings = f'version: 1\nengines: {{judge: {{url: "http://127.0.0.1:9", model: m, key: "{key}"}}}}\n'
    (tmp_path / "turnspec.yaml").write_text(settings, encoding="utf-8")

    assert engines_of(load((tmp_path,)), {"KEY": "ollama"}).secrets == secret


def test_an_endpoint_that_stays_busy_is_left_alone() -> None:
    """After three questions in a row, each asked three times; a hundred do not wait for it."""
    with stub(error(429, Retry_After="30")) as api:
        judge = ChatJudge(Api(Endpoint(api.url, "m"), lambda _: None), NOTHING_KEPT)
        reasons = [judge.derived(QUESTION).reason for _ in range(5)]

    assert len(api.requests) == 9
    assert reasons[3:] == ["the endpoint is not asked any more: 3 requests had no answer"] * 2


def test_a_very_long_answer_is_not_searched_for_a_verdict() -> None:
    """Searching it for objects in objects would take minutes, beside calls that are still up."""
    with stub(chat('{"a":' * 100_000)) as api:
        found = asked(api.url)

    assert found.reason.startswith("the model's answer has 500,000 characters: ")


def vectors(*data: Any) -> Reply:
    """Embeddings, as an endpoint gives them."""
    return as_json({"data": list(data)})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            vectors({"index": [1], "embedding": [1.0]}, {"index": {}, "embedding": [1.0]}),
            "numbers them amiss",
        ),
        (vectors({"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}), "amiss"),
        (vectors({"embedding": [1.0]}), "the endpoint gave 1 embeddings for 2 texts"),
        (vectors({"embedding": [10**400]}, {"embedding": [1]}), "no lists of numbers"),
        (vectors({"embedding": [float("nan")]}, {"embedding": [1]}), "no lists of numbers"),
        (vectors({"embedding": [1e200]}, {"embedding": [1]}), "no lists of numbers"),
        (vectors({"embedding": []}, {"embedding": []}), "no lists of numbers"),
        (vectors({"embedding": [True]}, {"embedding": [1]}), "no lists of numbers"),
    ],
)
def test_vectors_that_are_none_are_no_traceback(answer: Reply, why: str) -> None:
    """It is told what came."""
    with pytest.raises(NoAnswer, match=why):
        embeddings(ApiAnswer(200, "application/json", answer.body), 2)


@pytest.mark.parametrize(
    "broken", [b"[" * 100_000, b'{"verdict": []}', b'{"verdict": {}, "reason": ""}', b'{"verdict": "no"}']
)
def test_a_poisoned_verdict_on_disk_is_asked_for_again(tmp_path: Path, broken: bytes) -> None:
    """Whatever somebody wrote there."""
    kept = KeptAnswers(tmp_path / "answers")
    with stub(judged("yes")) as api:
        asked(api.url, kept=kept)
        (path,) = (tmp_path / "answers").rglob("*.json")
        path.write_bytes(broken)
        found = asked(api.url, kept=kept)

    assert (found.state, len(api.requests)) == (DerivedState.OK, 2)
    assert json.loads(path.read_bytes())["verdict"] == "yes"


@pytest.mark.parametrize("broken", ['["1"]', "[]", f"[1{'0' * 400}]", "[NaN]", "[true]", '{"0": 1}', "null"])
def test_a_poisoned_vector_on_disk_is_asked_for_again(tmp_path: Path, broken: str) -> None:
    """Whatever somebody wrote there."""
    kept = KeptAnswers(tmp_path / "answers")
    intents = Intents({}, engine("endpoint", "m"))
    with stub(embedded({}, [0.0, 1.0])) as api:
        first = EmbeddedIntents(Api(Endpoint(api.url, "m")), kept, intents).derived(REPLY)
        requests = len(api.requests)
        path = tmp_path / "answers" / first.key[:2] / f"{first.key}.json"
        path.write_text(f'{{"vector": {broken}}}', encoding="utf-8")
        again = EmbeddedIntents(Api(Endpoint(api.url, "m")), kept, intents).derived(REPLY)

    assert again == first
    assert len(api.requests) == requests + 1
    assert json.loads(path.read_bytes()) == {"vector": [0.0, 1.0]}


def test_many_questions_take_few_threads() -> None:
    """As many as ask at the same time."""
    begun, end = threading.Event(), threading.Event()

    def late(_: Request) -> Reply:
        begun.set()
        end.wait(20)
        return judged("yes")

    with stub(late) as api:
        knowing = Knowing(judge=ChatJudge(Api(Endpoint(api.url, "m")), NOTHING_KEPT))
        asking = threading.Thread(target=knowing.derive, args=([QUESTION] * 50,))
        asking.start()
        begun.wait(20)
        names = [thread.name for thread in threading.enumerate()]
        end.set()
        asking.join(20)

    assert len([name for name in names if name.startswith("turnspec-derive")]) <= AT_ONCE
    assert len(api.requests) == 50
