"""A project whose target is an application in the same process, written in a test and called."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from turnspec.clients import run_scenarios
from turnspec.results import CallResult

APPLICATION = """
import asyncio, os, sys, threading, time

started = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    frames = 0
    while (await receive())["type"] != "websocket.disconnect":
        frames += 1
        if frames == 10:
            await act(send)


async def live(receive, send):
    await receive()
    started.append(os.environ.get("DESK"))
    print("started", *started)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("shut down")
    await send({"type": "lifespan.shutdown.complete"})


async def act(send):
    pass
"""
TURNS = "- {turn: Wait, caller: {silence: 1 s}, expect: {silent: 1 s}}"


def write_application(folder: Path, act: str = "", more: str = "") -> None:
    """Write `desk.py`: an application that does `act` in a call that is up, and `more` when imported."""
    text = APPLICATION
    if act:
        text = text.replace(
            "async def act(send):\n    pass\n", f"async def act(send):\n{indent(dedent(act), '    ')}\n"
        )
    (folder / "desk.py").write_text(text + dedent(more), "utf-8")


def write_project(
    folder: Path, target: str = 'protocol: twilio, asgi: "desk:app"', turns: str = TURNS
) -> None:
    """Write a project with one scenario that calls `target`."""
    (folder / "turnspec.yaml").write_text(
        f"version: 1\nscenarios: [.]\ntargets: {{desk: {{{target}}}}}\n", "utf-8"
    )
    (folder / "talk.yaml").write_text(
        f"scenario: Talk\ntarget: desk\nturns:\n{indent(dedent(turns), '  ')}\n", "utf-8"
    )


def call(folder: Path, **options: Any) -> CallResult:
    """Make the one call of the project."""
    (result,) = run_scenarios(folder / "talk.yaml", output=folder / "out", **options).calls
    return result


def events(folder: Path, kind: str) -> list[Any]:
    """The recorded events of a kind."""
    (file,) = (folder / "out" / "calls").glob("*/events.jsonl")
    found = map(json.loads, file.read_text("utf-8").splitlines()[1:])
    return [event for event in found if event["kind"] == kind]
