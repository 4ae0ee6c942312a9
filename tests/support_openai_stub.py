"""A stand-in for an OpenAI-compatible API, over real HTTP on loopback: it answers as it is told to.

It keeps what it was sent. Answers are given in order, the last one again and again; a `Reply` can be any
response, with whatever is wrong with it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One response; `promised` is a Content-Length that is not true, `hangs` sends nothing at all."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    hangs: bool = False


@dataclass(frozen=True)
class Request:
    """What came: the path, the headers in lower case, the document, which a form has none of, as it came."""

    path: str
    headers: Mapping[str, str]
    document: dict[str, Any]
    body: bytes = b""


Answer = Reply | Callable[[Request], Reply]


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON document as a response."""
    return Reply(status, json.dumps(document).encode(), headers=headers)


def error(status: int, message: str = "no", **headers: str) -> Reply:
    """An error as the API spells it."""
    return as_json({"error": {"message": message, "type": "x"}}, status, **headers)


def chat(content: Any, finish: str = "stop", **message: Any) -> Reply:
    """What a chat model says."""
    spoken = {"role": "assistant", "content": content, **message}
    return as_json({"choices": [{"index": 0, "message": spoken, "finish_reason": finish}]})


def judged(verdict: str, reason: str = "The words show it.") -> Reply:
    """A verdict in the form that is asked for."""
    return chat(json.dumps({"reason": reason, "verdict": verdict}))


def embedded(vectors: Mapping[str, list[float]], otherwise: list[float]) -> Callable[[Request], Reply]:
    """Embeddings of the texts that are asked about."""

    def answer(request: Request) -> Reply:
        texts = request.document["input"]
        data = [
            {"object": "embedding", "index": index, "embedding": vectors.get(text, otherwise)}
            for index, text in enumerate(texts)
        ]
        return as_json({"object": "list", "data": data, "model": request.document["model"]})

    return answer


class OpenAIStub:
    """The API at `url`, for as long as `stub()` is open; `requests` are those that came, in order."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.url = ""
        self.at_once = 0
        self._now = 0

    def answer(self, request: Request) -> Reply:
        """What comes next."""
        with self._lock:
            self.requests.append(request)
            self._now += 1
            self.at_once = max(self.at_once, self._now)
            given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return given if isinstance(given, Reply) else given(request)

    def answered(self) -> None:
        """One request less is under way."""
        with self._lock:
            self._now -= 1


@contextmanager
def stub(*answers: Answer) -> Iterator[OpenAIStub]:
    """Serve on a free port of loopback."""
    serving = OpenAIStub(*answers)

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            document = json.loads(body) if "json" in headers["content-type"] else {}
            reply = serving.answer(Request(self.path, headers, document, body))
            if reply.hangs:
                serving.closing.wait()
            serving.answered()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            length = len(reply.body) if reply.promised is None else reply.promised
            self.send_header("Content-Length", str(length))
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                self.wfile.write(reply.body)
            except OSError:  # whoever asked wants no more of it
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    serving.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        serving.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def nobody_listens() -> Iterator[str]:
    """An address of loopback at which nothing answers: its port is taken, and refuses."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
