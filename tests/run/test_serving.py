"""Doubles that are served by themselves, in virtual time: what is told, and what one connection may break."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from support_twilio import AUDIO
from turnspec.audio.files import load_clip
from turnspec.call import Identity
from turnspec.call.events import CallerHeard, ResponseChosen
from turnspec.clients import CallOver, MockTwilioClient, NoReply, Phone
from turnspec.doubles.agent import Heard, LocalAgent, Reply
from turnspec.run.journal import AnyEntry, Framed, Happened, JsonLog, Noted, as_document
from turnspec.run.loops import run_on
from turnspec.run.options import RunOptions
from turnspec.run.scripts import Playable, playable
from turnspec.run.serving import CannotListen, LogNotWritten, Served, Wanted, serve_alone
from turnspec.run.virtual import VirtualLoop
from turnspec.testing import ScriptedTranscriber

SCRIPT = """
agent: Desk
greeting: {say: No more messages., audio: no-more.flac}
otherwise: {say: Pardon?}
"""
CLERK = """
agent: Clerk
responses:
  account: {when: {keywords: [account]}, say: Let me see., audio: no-more.flac}
otherwise: {say: Pardon?}
"""
Caller = Callable[[str], Awaitable[None]]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A script with a recording."""
    (tmp_path / "no-more.flac").write_bytes((AUDIO / "agent" / "no-more.flac").read_bytes())
    path = tmp_path / "desk.yaml"
    path.write_text(SCRIPT)
    return path


def told(wanted: Wanted, script: Playable, *callers: Caller) -> list[AnyEntry]:
    """All that is told while these call, one after the other."""
    entries: list[AnyEntry] = []

    async def program() -> None:
        up: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
        serving = asyncio.ensure_future(serve_alone(wanted, script, entries.append, up.set_result))
        try:
            url = (await up).url
            for caller in callers:
                await caller(url)
        finally:
            serving.cancel()
            await asyncio.wait({serving})

    run_on(VirtualLoop, program())
    return entries


async def ask(url: str) -> None:
    """One text round with a model."""
    async with connect(f"{url}/realtime?model=m", additional_headers={"Authorization": "Bearer k"}) as line:
        await line.send('{"type": "response.create", "response": {"output_modalities": ["text"]}}')
        async for frame in line:
            if json.loads(frame)["type"] == "response.done":
                return


async def ring(url: str) -> None:
    """One call to a Twilio bot, to the end of its greeting."""
    async with MockTwilioClient(url, patience_s=3) as phone:
        await phone.wait_for_reply()


def audiocodes_phone(url: str, *, patience_s: float) -> Phone:
    """A platform of AudioCodes' that calls a bot."""
    from turnspec.adapters.audiocodes import ADAPTER, AudioCodesOptions

    return Phone(url, ADAPTER, AudioCodesOptions(resume=0), patience_s=patience_s)


async def ring_the_platform(url: str) -> None:
    """One call to a bot of AudioCodes', likewise."""
    async with audiocodes_phone(url, patience_s=3) as phone:
        await phone.wait_for_reply()


DOUBLES: Mapping[str, tuple[str, Caller]] = {
    "realtime": ("realtime", ask),
    "twilio-bot": ("twilio", ring),
    "audiocodes-bot": ("audiocodes", ring_the_platform),
}
ALL = pytest.mark.parametrize("double", DOUBLES)


@pytest.mark.parametrize("double", ["twilio-bot", "audiocodes-bot"])
def test_words_without_a_recording_are_made_out(desk: Path, double: str) -> None:
    """By the engine that is asked for; the answer is chosen by them."""
    caller = AUDIO / "caller" / "vague.flac"
    script = desk.with_name("clerk.yaml")
    script.write_text(CLERK)
    engine = ScriptedTranscriber({"my account": load_clip(caller, 8_000)})

    async def call(url: str) -> None:
        protocol = MockTwilioClient if double == "twilio-bot" else audiocodes_phone
        async with protocol(url, patience_s=9) as phone:
            await phone.say(caller)
            await phone.wait_for_reply()

    read = playable(script, DOUBLES[double][0], RunOptions(transcriber=engine))
    entries = told(Wanted(double=double), read, call)

    events = [entry.event for entry in entries if isinstance(entry, Happened)]
    heard = [(each.text, each.source) for each in events if isinstance(each, CallerHeard)]
    assert heard == [("my account", "transcriber")]
    assert [each.name for each in events if isinstance(each, ResponseChosen)] == ["account"]


@ALL
def test_what_is_told_of_a_connection(desk: Path, double: str) -> None:
    """That it is listened for, connected, what happened and which frames went, and that it is over."""
    protocol, caller = DOUBLES[double]
    entries = told(Wanted(double=double), playable(desk, protocol), caller, caller)

    notes = [(entry.kind, entry.connection) for entry in entries if isinstance(entry, Noted)]
    assert notes == [
        ("listening", None),
        ("connected", 1),
        ("disconnected", 1),
        ("connected", 2),
        ("disconnected", 2),
    ]
    said = [entry.event.kind for entry in entries if isinstance(entry, Happened) and entry.connection == 2]
    assert "agent-said" in said
    assert {entry.direction for entry in entries if isinstance(entry, Framed)} == {"in", "out"}
    times = [entry.served_us for entry in entries]
    assert times == sorted(times)


@ALL
def test_equal_calls_are_told_equally(desk: Path, double: str) -> None:
    """Ids depend on the number of the connection alone, times on the clock."""
    protocol, caller = DOUBLES[double]
    first, second = (
        [as_document(entry) for entry in told(Wanted(double=double), playable(desk, protocol), caller)]
        for _ in range(2)
    )

    assert [_timeless(entry) for entry in first] == [_timeless(entry) for entry in second]


def _timeless(entry: dict[str, object]) -> dict[str, object]:
    """An entry without the time of day, which a Realtime session is told."""
    frame = entry.get("frame")
    if not isinstance(frame, str) or "expires_at" not in frame:
        return entry
    document = json.loads(frame)
    del document["session"]["expires_at"]
    return {**entry, "frame": document}


class BrokenAgent(LocalAgent):
    """Fails with what nobody foresaw."""

    def greet(self) -> Reply | None:
        """Fail."""
        raise RuntimeError("boom")

    def answer(self, heard: Heard, functions: frozenset[str]) -> Reply:
        """Fail."""
        raise RuntimeError("boom", heard, functions)


@dataclass(frozen=True)
class BreaksOnce(Playable):
    """Gives the first connection an agent that breaks."""

    def agent(self, identity: Identity, utterances: Mapping[Path, str] | None = None) -> LocalAgent:
        """Broken at first."""
        if self.variables["given"]:
            return super().agent(identity, utterances)
        self.variables["given"].append(True)
        return BrokenAgent(self.script, intents=self.intents)


@ALL
def test_what_breaks_one_connection_ends_that_one_alone(desk: Path, double: str) -> None:
    """It is told, and the next connection finds everything as it was."""
    protocol, caller = DOUBLES[double]
    read = playable(desk, protocol)
    given: list[bool] = []
    script = BreaksOnce(read.script, read.intents, {"given": given})

    async def disappointed(url: str) -> None:
        with pytest.raises((ConnectionClosed, CallOver, NoReply)):
            await caller(url)

    entries = told(Wanted(double=double), script, disappointed, caller)

    failed = [entry for entry in entries if isinstance(entry, Noted) and entry.kind == "failed"]
    assert [(entry.connection, entry.detail) for entry in failed] == [(1, "RuntimeError: boom")]
    said = [
        entry.connection
        for entry in entries
        if isinstance(entry, Happened) and entry.event.kind == "agent-said"
    ]
    assert set(said) == {2}


def test_an_address_that_is_taken(desk: Path) -> None:
    """It is named before anything is told."""
    script = playable(desk, "realtime")

    async def program() -> None:
        async with asyncio.TaskGroup() as group:
            up: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
            wanted = Wanted(double="realtime", port=8080)
            first = group.create_task(serve_alone(wanted, script, lambda _: None, up.set_result))
            await up
            with pytest.raises(CannotListen, match=r"at 127\.0\.0\.1:8080: Address already in use"):
                await serve_alone(wanted, script, lambda _: None, lambda _: None)
            first.cancel()

    run_on(VirtualLoop, program())


def test_a_log_that_cannot_be_written_any_more(desk: Path) -> None:
    """A full disk ends serving, and says so, rather than to go on without a record."""

    def full(entry: AnyEntry) -> None:
        if isinstance(entry, Happened):
            raise OSError(errno.ENOSPC, "No space left on device")

    async def program() -> None:
        up: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
        wanted = Wanted(double="realtime")
        serving = asyncio.ensure_future(serve_alone(wanted, playable(desk, "realtime"), full, up.set_result))
        await ask((await up).url)
        await serving

    with pytest.raises(LogNotWritten, match="No space left on device"):
        run_on(VirtualLoop, program())


def test_the_log_takes_whatever_a_client_says(tmp_path: Path) -> None:
    """Half of a surrogate pair, and line breaks of other alphabets, are one line of JSON."""
    log = JsonLog(tmp_path / "log.jsonl", {"double": "realtime"})
    log.tell(Noted(served_us=1, kind="refused", detail="\ud800\u2028\x85\n"))
    log.close()

    lines = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["served_us"] for line in lines[1:]] == [1]
    assert json.loads(lines[1])["detail"] == "\ud800\u2028\x85\n"
