"""`turnspec serve` as a user starts it, and small clients of what it serves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from support_projects import NOISE, TURNSPEC, surroundings

SETTING = re.compile(r"^  ([A-Za-z_ ]+?)(?:=|: )(\S+)$")


class Serving:
    """A running `turnspec serve`: what it printed to be set, and what it printed since."""

    def __init__(self, process: subprocess.Popen[str], settings: Mapping[str, str], head: str) -> None:
        self.process, self.settings, self.head = process, settings, head

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Stop it with a signal; the exit code, and all that it printed."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        told = self.head + out + err
        assert not any(noise in told for noise in NOISE), told
        return self.process.returncode, told


@contextmanager
def served(folder: Path, double: str, *arguments: str, settings: int = 1) -> Iterator[Serving]:
    """Serve on a free port, for as long as the block; `settings` is how many lines it tells to set."""
    process = subprocess.Popen(
        [*TURNSPEC, "serve", double, *arguments],
        cwd=folder,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    head = ""
    found: dict[str, str] = {}
    try:
        while len(found) < settings:
            line = process.stdout.readline()
            assert line, process.communicate()
            head += line
            if match := SETTING.match(line):
                found[match[1]] = match[2]
        yield Serving(process, found, head)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def entries(log: Path) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


ROUND = """
import openai
with openai.OpenAI({client}).realtime.connect(model="gpt-realtime") as connection:
    connection.conversation.item.create(
        item={{"type": "message", "role": "user", "content": [{{"type": "input_text", "text": {text!r}}}]}}
    )
    connection.response.create(response={{"output_modalities": ["text"]}})
    for event in connection:
        if event.type == "response.output_text.done":
            print(event.text)
            break
"""


def text_round(settings: Mapping[str, str], text: str) -> str:
    """What a served model answers to a text; `settings` are those that it told."""
    url = settings["OPENAI_BASE_URL"].replace("http", "ws", 1) + "/realtime?model=gpt-realtime"
    headers = {"Authorization": f"Bearer {settings['OPENAI_API_KEY']}"}
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    response = {"output_modalities": ["text"]}
    with connect(url, additional_headers=headers) as connection:
        connection.send(json.dumps({"type": "conversation.item.create", "item": item}))
        connection.send(json.dumps({"type": "response.create", "response": response}))
        for frame in connection:
            event = json.loads(frame)
            if event["type"] == "response.output_text.done":
                return str(event["text"])
    raise AssertionError("no text came")


def sdk_round(environment: Mapping[str, str], text: str, client: str = "") -> str:
    """What an unmodified program of the official SDK prints, started with these variables."""
    return program(ROUND.format(client=client, text=text), environment)


def program(source: str, environment: Mapping[str, str], folder: Path | None = None) -> str:
    """What a Python program prints; it must succeed."""
    done = subprocess.run(
        [TURNSPEC[0], "-c", source],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
