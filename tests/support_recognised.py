"""Bare bots that speak and tell nothing of it, and somebody who knows what their recordings say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from support_asgi import call, write_project
from support_talk import CLIPS
from turnspec.audio.codecs import encode
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K
from turnspec.results import CallResult
from turnspec.testing import ScriptedTranscriber

GREETING, SAVED, MOMENT, NO_MORE = "dictation-greeting", "saved", "one-moment", "no-more"
TWILIO = """
import base64, json
from pathlib import Path

SAYS = {says}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for part in ("startup", "shutdown"):
            await receive()
            await send({{"type": f"lifespan.{{part}}.complete"}})
        return
    await receive()
    await send({{"type": "websocket.accept"}})
    waiting, stream, spoken, quiet = list(SAYS), "", False, 0

    async def tell(**message):
        text = json.dumps({{**message, "streamSid": stream}})
        await send({{"type": "websocket.send", "text": text}})

    async def say():
        for name in waiting.pop(0) if waiting else ():
            sound = Path(__file__).with_name(name + ".ulaw").read_bytes()
            await tell(event="media", media={{"payload": base64.b64encode(sound).decode()}})

    while (event := await receive())["type"] != "websocket.disconnect":
        message = json.loads(event["text"])
        if message["event"] == "start":
            stream = message["start"]["streamSid"]
            await say()
        elif message["event"] == "media":
            loud = any(each & 0x70 < 0x40 for each in base64.b64decode(message["media"]["payload"]))
            if loud and {clears} and quiet:
                await tell(event="clear")
            spoken, quiet = spoken or loud, 0 if loud else quiet + 1
            if spoken and quiet > 20:
                spoken = False
                await say()
"""

AUDIOCODES = """
import base64, json
from pathlib import Path

STREAM = {{"streamId": "1", "mediaFormat": "raw/lpcm16", **{fields}}}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for part in ("startup", "shutdown"):
            await receive()
            await send({{"type": f"lifespan.{{part}}.complete"}})
        return

    async def tell(kind, **message):
        await send({{"type": "websocket.send", "text": json.dumps({{"type": kind, **message}})}})

    await receive()
    await send({{"type": "websocket.accept"}})
    while (event := await receive())["type"] != "websocket.disconnect":
        match json.loads(event["text"])["type"]:
            case "session.initiate":
                await tell("session.accepted", mediaFormat="raw/lpcm16")
                sound = Path(__file__).with_name("greeting.raw").read_bytes()
                await tell("playStream.start", **STREAM)
                await tell("playStream.chunk", streamId="1", audioChunk=base64.b64encode(sound).decode())
                await tell("playStream.stop", streamId="1")
            case "userStream.start":
                await tell("userStream.started")
"""


def words(name: str, folder: str = "agent") -> str:
    """What is said in a recording."""
    return " ".join((CLIPS / folder / f"{name}.txt").read_text("utf-8").split())


def knowing(*names: str, folder: str = "agent", fails: str = "") -> ScriptedTranscriber:
    """Somebody who knows these recordings."""
    sounds = {words(name, folder): load_clip(CLIPS / folder / f"{name}.flac", 8_000) for name in names}
    return ScriptedTranscriber(sounds, fails=fails)


def twilio_call(
    folder: Path,
    says: list[list[str]],
    turns: str,
    *,
    clears: bool = False,
    head: str = "",
    project: str = "",
    **options: Any,
) -> CallResult:
    """A call to a Twilio bot that says these recordings: the first when called, the others when spoken to."""
    (folder / "pause.ulaw").write_bytes(b"\xff" * 8_000 * 2)
    for name in {name for several in says for name in several} - {"pause"}:
        sound = samples_of(load_clip(CLIPS / "agent" / f"{name}.flac", 8_000))
        (folder / f"{name}.ulaw").write_bytes(encode(sound, MULAW_8K))
    write_bot(folder, says, turns, clears=clears, head=head, project=project)
    return call(folder, **options)


def write_bot(
    folder: Path,
    says: list[list[str]],
    turns: str,
    *,
    clears: bool = False,
    head: str = "",
    project: str = "",
) -> None:
    """A project with such a bot; its sounds are beside it, as mu-law."""
    write_project(folder, turns=turns)
    talk = folder / "talk.yaml"
    talk.write_text(talk.read_text("utf-8").replace("turns:", f"{head}\nturns:", 1), "utf-8")
    with (folder / "turnspec.yaml").open("a", encoding="utf-8") as file:
        file.write(f"{project}\n")
    shutil.copytree(CLIPS / "caller", folder / "audio" / "caller")
    (folder / "desk.py").write_text(TWILIO.format(says=says, clears=clears), "utf-8")


def audiocodes_call(
    folder: Path, name: str, fields: dict[str, str], turns: str, **options: Any
) -> CallResult:
    """A call to an AudioCodes bot that greets with this recording, in a play stream with these fields."""
    write_project(folder, 'protocol: audiocodes, asgi: "desk:app"', turns)
    (folder / "greeting.raw").write_bytes(load_clip(CLIPS / "agent" / f"{name}.flac", 16_000).pcm)
    (folder / "desk.py").write_text(AUDIOCODES.format(fields=fields), "utf-8")
    return call(folder, **options)


def failing(result: CallResult) -> list[tuple[str, str]]:
    """The kinds of the findings that fail, with how."""
    return [(each.kind, each.status.value) for each in result.all_findings if each.fails]


def said(result: CallResult) -> list[tuple[str, str, str]]:
    """Who said what, by which account."""
    return [(line.who, line.text, line.source) for turn in result.turns for line in turn.lines]
