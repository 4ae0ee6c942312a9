"""Whole scenarios that begin at a voice webhook: of a local agent, of a bot outside, of one in here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from turnspec.clients import run_scenarios
from turnspec.results import CallResult, Outcome

pytest.importorskip("uvicorn")

BOT = """
import asyncio
import base64
import json
import os
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response, WebSocket
from twilio.request_validator import RequestValidator

TOKEN, ACCOUNT, API = os.environ["TOKEN"], os.environ["ACCOUNT"], os.environ["API"]
app = FastAPI()


@app.get("/health")
async def health():
    return "up"


@app.post("/voice")
async def voice(request: Request):
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    signature = request.headers.get("x-twilio-signature", "")
    signed = RequestValidator(TOKEN).validate(str(request.url), form, signature)
    if form["AccountSid"] != ACCOUNT or not signed:
        return Response(status_code=403)
    stream = f'<Stream url="wss://{request.url.hostname}/media" statusCallback="/status"/>'
    twiml = f"<Response><Say>One moment</Say><Connect>{stream}</Connect></Response>"
    return Response(twiml, media_type="text/xml")


@app.post("/status")
async def status(request: Request):
    form = dict(parse_qsl((await request.body()).decode()))
    print("STATUS", form["StreamEvent"], flush=True)
    return Response(status_code=204)


@app.websocket("/media")
async def media(socket: WebSocket):
    signature = socket.headers.get("x-twilio-signature", "")
    if not RequestValidator(TOKEN).validate(f"wss://{socket.url.hostname}/media", {}, signature):
        await socket.close()
        return
    await socket.accept()
    start = None
    async for text in socket.iter_text():
        message = json.loads(text)
        if message["event"] == "start":
            start = message["start"]
        if message["event"] == "dtmf":
            await update(start["callSid"], message["dtmf"]["digit"])
        if message["event"] == "stop":
            print("STOPPED", flush=True)


async def update(call, digit):
    transfer = "Twiml=%3CResponse%3E%3CDial%3E%2B15550009%3C%2FDial%3E%3C%2FResponse%3E"
    body = transfer if digit == "2" else "Status=completed"
    host, port = API.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    secret = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    writer.write(
        f"POST /2010-04-01/Accounts/{ACCOUNT}/Calls/{call}.json HTTP/1.1\\r\\nHost: {host}\\r\\n"
        f"Authorization: Basic {secret}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode()
    )
    print("REST", (await reader.readline()).decode().split()[1], flush=True)
    writer.close()
"""
ENVIRONMENT = (
    '{TOKEN: "{{ twilio.auth_token }}", ACCOUNT: "{{ twilio.account_sid }}", API: "{{ twilio.api_url }}"}'
)
STARTED = f"""
    start:
      command: python -m uvicorn bot:app --port {{{{ port }}}} --log-level warning
      environment: {ENVIRONMENT}
      ready: {{http: "http://127.0.0.1:{{{{ port }}}}/health"}}"""
IN_PROCESS = f"""
    asgi: bot:app
    environment: {ENVIRONMENT}"""


def project(folder: Path, reached: str, options: str = "{start_at: webhook}") -> Path:
    """A project that presses a key and expects to be hung up on."""
    (folder / "bot.py").write_text(BOT, "utf-8")
    (folder / "turnspec.yaml").write_text(
        "version: 1\nscenarios: [call.yaml]\ntargets:\n  bot:\n    protocol: twilio\n"
        f'    url: "http://127.0.0.1:{{{{ port }}}}/voice"\n    options: {options}{reached}\n',
        "utf-8",
    )
    scenario(folder, "1", "hangup: true")
    return folder


def scenario(folder: Path, digit: str, expect: str) -> None:
    """Write the scenario."""
    turn = f'{{turn: Press, caller: {{dtmf: "{digit}"}}, expect: {{{expect}}}}}'
    (folder / "call.yaml").write_text(f"scenario: Keys\ntarget: bot\nturns:\n  - {turn}\n", "utf-8")


def call(folder: Path) -> CallResult:
    """The result of the project's one call."""
    (result,) = run_scenarios(folder, output=folder / "out").calls
    return result


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The events of a kind in the record of the call."""
    lines = (folder / "out" / "calls" / "keys" / "events.jsonl").read_text("utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event.get("kind") == kind]


@pytest.mark.parametrize("reached", [STARTED, IN_PROCESS], ids=["started", "in process"])
def test_a_bot_hangs_up_by_rest(tmp_path: Path, reached: str) -> None:
    """The webhook is signed, its TwiML followed, and the call ends when the bot says so by REST."""
    result = call(project(tmp_path, reached))

    assert (result.outcome, result.error, result.findings) == (Outcome.PASSED, "", ())
    assert [event["reason"] for event in events(tmp_path, "agent-hung-up")] == ["by REST"]
    assert [event["text"] for event in events(tmp_path, "agent-messaged")] == ["One moment"]
    assert {"REST 200", "STOPPED", "STATUS stream-started"} <= set(result.process_output)


def test_a_bot_transfers_by_rest(tmp_path: Path) -> None:
    """A redirect to a number is seen as a transfer, and the call is over."""
    folder = project(tmp_path, IN_PROCESS)
    scenario(folder, "2", "hangup: true")

    result = call(folder)

    assert (result.outcome, result.error) == (Outcome.PASSED, "")
    assert [event["target"] for event in events(folder, "agent-transferred")] == ["+15550009"]


def test_a_wrong_signature(tmp_path: Path) -> None:
    """A bot that checks signatures refuses a wrong one."""
    result = call(project(tmp_path, IN_PROCESS, "{start_at: webhook, signature: wrong}"))

    assert [finding.kind for finding in result.findings] == ["call-refused", "skipped"]
    assert "403" in result.findings[0].message


@pytest.mark.parametrize("reached", [STARTED, IN_PROCESS], ids=["started", "in process"])
def test_a_wrong_key_where_nobody_wrote_one(tmp_path: Path, reached: str) -> None:
    """The token that a target is told stays right; the caller's end signs with another."""
    place = project(tmp_path, reached)
    turn = "{expect: {refused: {code: 403}}}"
    text = f"scenario: Keys\ntarget: bot\nfaults: [{{wrong_auth: true}}]\nturns: [{turn}]\n"
    (place / "call.yaml").write_text(text, "utf-8")
    result = call(place)

    assert (result.outcome, [finding.kind for finding in result.findings]) == (Outcome.PASSED, ["injected"])
    assert [event["fault"] for event in events(tmp_path, "fault-injected")] == ["wrong_auth"]


def test_a_bot_that_begins_at_the_socket_can_hang_up_too(tmp_path: Path) -> None:
    """Without a webhook there is the REST API all the same."""
    folder = project(tmp_path, IN_PROCESS, "{signed_url: 'wss://127.0.0.1/media'}")
    text = (folder / "turnspec.yaml").read_text("utf-8").replace('"http:', '"ws:').replace("/voice", "/media")
    (folder / "turnspec.yaml").write_text(text, "utf-8")

    result = call(folder)

    assert (result.outcome, result.error, result.findings) == (Outcome.PASSED, "", ())
    assert [event["reason"] for event in events(folder, "agent-hung-up")] == ["by REST"]


def test_two_virtual_runs_are_the_same(tmp_path: Path) -> None:
    """From the webhook on, too, everything repeats to the byte."""
    records = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        folder = project(tmp_path / name, IN_PROCESS)
        call(folder)
        calls = folder / "out" / "calls" / "keys"
        records.append([(calls / file).read_bytes() for file in ("events.jsonl", "wire.jsonl")])

    assert records[0] == records[1]


def test_a_local_agent_from_its_webhook_on(tmp_path: Path) -> None:
    """A local agent answers its own webhook."""
    (tmp_path / "agent.yaml").write_text("agent: Desk\notherwise: {say: What?}\n", "utf-8")
    (tmp_path / "turnspec.yaml").write_text(
        "version: 1\nscenarios: [call.yaml]\ntargets:\n  bot: {agent: agent.yaml, protocol: twilio, "
        "options: {start_at: webhook}}\n",
        "utf-8",
    )
    scenario(tmp_path, "1", "says: what")

    result = call(tmp_path)

    assert (result.outcome, result.error, result.clock) == (Outcome.PASSED, "", "virtual")
    wire = (tmp_path / "out" / "calls" / "keys" / "wire.jsonl").read_text("utf-8")
    assert "POST http://127.0.0.1:" in wire
    assert "<Connect>" in wire
