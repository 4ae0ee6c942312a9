"""What a bare AudioCodes bot tells of what it heard, in a whole call in virtual time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support_asgi import call, write_project
from support_talk import CLIPS
from turnspec.results import CallResult

pytest.importorskip("uvicorn")

BOT = """
import json

HEARD = {heard}
SAYS = {{"type": "activities", "activities": [{{"type": "message", "text": "Message deleted."}}]}}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for part in ("startup", "shutdown"):
            await receive()
            await send({{"type": f"lifespan.{{part}}.complete"}})
        return
    async def tell(message):
        await send({{"type": "websocket.send", "text": json.dumps(message)}})
    await receive()
    await send({{"type": "websocket.accept"}})
    chunks = 0
    while (event := await receive())["type"] != "websocket.disconnect":
        match json.loads(event["text"])["type"]:
            case "session.initiate":
                await tell({{"type": "session.accepted", "mediaFormat": "raw/lpcm16"}})
            case "userStream.start":
                await tell({{"type": "userStream.started"}})
            case "userStream.chunk":
                chunks += 1
                if chunks == {chunk}:
                    for message in [*HEARD, SAYS]:
                        await tell(message)
"""
GUESS = {"type": "userStream.speech.hypothesis", "alternatives": [{"text": "five"}]}
KNOWN = {"type": "userStream.speech.recognition", "alternatives": [{"text": "five five", "confidence": 0.9}]}
TURNS = """
- turn: Ask
  caller: {audio: audio/caller/five-five.flac}
  expect: {says: message deleted, transcript: "%s"}
"""


def held(folder: Path, heard: list[object], wanted: str) -> CallResult:
    """A call to a bot that tells this of what it heard, expecting that it heard `wanted`."""
    shutil.copytree(CLIPS / "caller", folder / "audio" / "caller")
    target = 'protocol: audiocodes, asgi: "desk:app", options: {direct_tts: false}'
    write_project(folder, target, TURNS % wanted)
    (folder / "desk.py").write_text(BOT.format(heard=heard, chunk=40), "utf-8")
    return call(folder)


@pytest.mark.parametrize(
    ("heard", "wanted", "statuses"),
    [
        ([GUESS, KNOWN], "55", []),
        ([GUESS, KNOWN], "56", ["failed"]),
        ([GUESS], "5", []),
        ([], "55", ["not exercised"]),
    ],
    ids=["recognised", "other", "guessed", "untold"],
)
def test_recognitions_and_hypotheses_of_a_bot(
    tmp_path: Path, heard: list[object], wanted: str, statuses: list[str]
) -> None:
    """A recognition counts, else the last hypothesis; a bot that tells nothing is not exercised."""
    failing = [finding for finding in held(tmp_path, heard, wanted).all_findings if finding.fails]

    assert [(finding.kind, finding.status.value) for finding in failing] == [
        ("transcript", s) for s in statuses
    ]
