"""What a target with a backend must not do between calls, found by calling one that does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_projects import Project, run_here

# A bridge that says nothing to its caller; with `early` it has a word with its model before there is a call.
BRIDGE = """\
import asyncio, os, sys
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import WebSocketException

async def quiet(line):
    async for _ in line:
        pass

async def main():
    if "early" in sys.argv:
        try:
            async with connect(os.environ["BACKEND_URL"] + "/realtime?model=m") as model:
                await model.recv()
        except (WebSocketException, OSError):
            pass
    async with serve(quiet, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""
PROJECT = """\
version: 1
scenarios: [talk.yaml]
targets:
  bridge:
    protocol: twilio
    url: "ws://127.0.0.1:{{ port }}/"
    start: {command: "python bridge.py {{ port }} %s", environment: {BACKEND_URL: "{{ backend.url }}"}}
    backend: model.yaml
"""
TALK = "scenario: Talk\ntarget: bridge\nturns: [{caller: {silence: 200 ms}, expect: {silent: 300 ms}}]\n"


@pytest.mark.parametrize(("when", "kinds"), [("early", ["protocol:connection-outside-call"]), ("never", [])])
def test_a_connection_outside_a_call_is_found(tmp_path: Path, when: str, kinds: list[str]) -> None:
    """In the next call; a bridge that only speaks with its model while it is called is not blamed."""
    project = Project(tmp_path / "project")
    project.write("turnspec.yaml", PROJECT % when)
    project.write("bridge.py", BRIDGE)
    project.write("model.yaml", "agent: Model\notherwise: {say: Pardon?}\n")
    project.write("talk.yaml", TALK)

    ran = run_here(project, "talk.yaml")

    assert ran.kinds() == kinds
    assert ran.code == (1 if kinds else 0)
