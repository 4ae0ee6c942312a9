"""The AudioCodes adapter on a socket: what a bot's server sees, and what becomes of all that it does."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from support_audiocodes import named
from support_twilio import Notebook
from turnspec.adapters.audiocodes import ADAPTER, AudioCodesOptions
from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.adapters.base import Call, Dial, LineRefused, NothingListens
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.http_shell import HttpServer
from turnspec.call import PCM_8K, Identity
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentHungUp,
    CallUp,
    LineBroke,
    LineResumed,
    ListeningResumed,
    ProtocolFault,
    Side,
)
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


class Bot:
    """One connection of a bot's server."""

    def __init__(self, line: ServerConnection) -> None:
        self.line = line

    async def next(self) -> dict[str, Any]:
        """The next message of the platform."""
        document = json.loads(await self.line.recv())
        assert isinstance(document, dict)
        return document

    async def until(self, name: str) -> dict[str, Any]:
        """Read on to a message of this name."""
        while named(message := await self.next()) != name:
            pass
        return message

    async def send(self, type_: str, **fields: Any) -> None:
        """A message."""
        await self.line.send(json.dumps({"type": type_, **fields}))

    async def acts(self, name: str, **params: Any) -> None:
        """An event."""
        await self.send("activities", activities=[{"type": "event", "name": name, "activityParams": params}])

    async def accept(self) -> None:
        """Take the call, and its audio."""
        await self.next()
        await self.send("session.accepted", mediaFormat="raw/lpcm16")
        await self.until("userStream.start")
        await self.send("userStream.started")

    async def play(self, audio: bytes) -> None:
        """A whole play stream."""
        await self.send("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        await self.send("playStream.chunk", streamId="1", audioChunk=b64encode(audio).decode())
        await self.send("playStream.stop", streamId="1")


Behaviour = Callable[[Bot], Awaitable[None]]
Admission = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def served(*behaviours: Behaviour, admission: Admission | None = None) -> AsyncIterator[str]:
    """A server whose first connection behaves as the first says, and so on; the last one for all others."""
    left = list(behaviours)

    async def answered(line: ServerConnection) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(Bot(line))

    async with serve(answered, "127.0.0.1", 0, process_request=admission) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/bot?x=1"


def dial(url: str, notebook: Notebook, options: dict[str, Any], **changed: Any) -> Dial:
    """A call, some of it changed."""
    return Dial(url, AudioCodesOptions(**options), Identity("t"), notebook, **changed)


def held(
    *behaviours: Behaviour,
    caller: Callable[[Call], Awaitable[None]] | None = None,
    options: dict[str, Any] | None = None,
    ended: list[int] | None = None,
    **changed: Any,
) -> Notebook:
    """The notebook of a call to such a bot, in virtual time; the caller hangs up after `caller`, if given.

    When all of it was over is added to `ended`.
    """
    notebook = Notebook()

    async def scene() -> None:
        async with served(*behaviours) as url:
            call = await ADAPTER.dial(dial(url, notebook, options or {}, **changed))
            listening = asyncio.ensure_future(call.listen())
            if caller is None:
                await listening
            else:
                await caller(call)
            await call.hang_up()
            await listening
            await call.hang_up()
            if ended is not None:
                ended.append(notebook.now_us())

    run_on(VirtualLoop, scene())
    return notebook


def refused(behaviour: Behaviour, admission: Admission | None = None, **changed: Any) -> LineRefused:
    """How dialling such a server is refused."""

    async def scene() -> LineRefused:
        async with served(behaviour, admission=admission) as url:
            with pytest.raises(LineRefused) as refusal:
                await ADAPTER.dial(dial(url, Notebook(), {}, **changed))
            return refusal.value

    return run_on(VirtualLoop, scene())


async def hangs_up(bot: Bot) -> None:
    """Take the call and end it; closing as the vendor's SDK does."""
    await bot.accept()
    await bot.acts("hangup", hangupReason="done")
    await bot.until("session.end")


async def waits(bot: Bot) -> None:
    """Take the call, and close once it is over."""
    await bot.accept()
    await bot.until("session.end")


async def a_while(call: Call) -> None:
    """The caller says nothing for a second."""
    del call
    await asyncio.sleep(1)


def rules(notebook: Notebook) -> list[str]:
    """The rules that the bot broke."""
    return [event.rule for event in notebook.of(ProtocolFault)]


class TestUpgrade:
    """The request that asks for the WebSocket."""

    def request(self, options: dict[str, Any] | None = None, **changed: Any) -> Request:
        """The upgrade of a call, as the server got it."""
        requests: list[Request] = []

        async def behaviour(bot: Bot) -> None:
            assert bot.line.request is not None
            requests.append(bot.line.request)
            await hangs_up(bot)

        held(behaviour, options=options, **changed)
        return requests[0]

    def test_plain(self) -> None:
        """No token unless there is one, no subprotocol, no compression, and none of the uncertain headers."""
        request = self.request()

        assert request.path == "/bot?x=1"
        for absent in (
            "Authorization",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Extensions",
            "AC-Caller-Number",
        ):
            assert absent not in request.headers

    def test_token(self) -> None:
        """The token is borne; a target's own headers go along."""
        request = self.request(auth={"bearer": "T"}, headers={"X-Tenant": "a"})

        assert (request.headers["Authorization"], request.headers["X-Tenant"]) == ("Bearer T", "a")

    def test_headers_of_the_call(self) -> None:
        """They are sent where they are asked for."""
        headers = self.request(options={"call_headers": True}).headers

        assert headers["AC-Caller-Number"] == "+15550100001"
        assert len(headers["AC-Conversation-Id"]) == 36

    def test_credentials_of_another_protocol(self) -> None:
        """Another protocol's credentials are refused by name."""

        async def scene() -> None:
            with pytest.raises(NothingListens, match="auth_token is not AudioCodes's: write bearer"):
                await ADAPTER.dial(dial("ws://127.0.0.1:1/", Notebook(), {}, auth={"auth_token": "x"}))

        run_on(VirtualLoop, scene())


class TestOpening:
    """A call is up once it was accepted, and refusals are told from absences."""

    def test_up(self) -> None:
        """Accepted, the call is up, and the wire log has both directions."""
        notebook = held(waits, caller=a_while)

        assert [event.at_us for event in notebook.of(CallUp)] == [0]
        assert [json.loads(text)["type"] for _, _, text in notebook.frames][:3] == [
            "session.initiate",
            "session.accepted",
            "activities",
        ]
        assert {side for side, _, _ in notebook.frames} == {Side.LINE}

    def test_wrong_token(self) -> None:
        """401 on the upgrade is a refusal, as the vendor's SDK does it."""
        refusal = refused(waits, lambda line, _: line.respond(401, "who are you?\n"))

        assert refusal.code == 401

    def test_wrong_token_found_late(self) -> None:
        """So is a close after it, as Rasa does it."""

        async def behaviour(bot: Bot) -> None:
            await bot.line.close(1008, "not you")

        refusal = refused(behaviour)

        assert (refusal.code, refusal.reason) == (1008, "closed at once: not you")

    def test_declined(self) -> None:
        """`session.error` says why there is no call."""

        async def behaviour(bot: Bot) -> None:
            await bot.next()
            await bot.send("session.error", reason="no line free")
            await bot.line.wait_closed()

        assert refused(behaviour).reason == "session.error: no line free"

    def test_never_accepted(self) -> None:
        """A bot that takes the connection and says nothing of the session has not taken the call."""

        async def behaviour(bot: Bot) -> None:
            await bot.line.wait_closed()

        assert refused(behaviour, timeout_us=3_000_000).reason == "no session.accepted within 3 s"

    def test_nobody_there(self) -> None:
        """A port where nothing listens is the harness's trouble."""

        async def scene() -> None:
            with pytest.raises(NothingListens, match="nothing listens at"):
                await ADAPTER.dial(dial("ws://127.0.0.1:9/", Notebook(), {}))

        run_on(VirtualLoop, scene())

    def test_an_upgrade_without_an_answer(self) -> None:
        """The vendor's SDK leaves a wrong path without an answer: dialling has an end of its own."""

        async def scene() -> None:
            with socket.create_server(("127.0.0.1", 0)) as deaf:
                url = f"ws://127.0.0.1:{deaf.getsockname()[1]}/wrong"
                with pytest.raises(NothingListens, match=r"no answer from .* within 0.1 s"):
                    await ADAPTER.dial(dial(url, Notebook(), {}, timeout_us=100_000))

        asyncio.run(scene())

    def test_no_address(self) -> None:
        """What is no address of a WebSocket is said to be none."""

        async def scene() -> None:
            with pytest.raises(NothingListens, match="is not the address of a WebSocket"):
                await ADAPTER.dial(dial("http://127.0.0.1/", Notebook(), {}))

        run_on(VirtualLoop, scene())


class TestTalking:
    """A call that is up."""

    def test_both_ways(self) -> None:
        """Frames become chunks, keys activities; the bot's audio arrives, and its prompt ends the pause."""
        seen: list[dict[str, Any]] = []

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            seen.append(await bot.until("userStream.chunk"))
            seen.append(await bot.until("[DTMF]"))
            await bot.play(b"\x01\x02" * 4)
            await bot.until("session.end")

        async def caller(call: Call) -> None:
            await asyncio.sleep(0.1)
            for _ in range(5):
                call.send_audio(bytes(640))
            call.send_digit("5")
            await asyncio.sleep(0.1)
            call.played_out()

        notebook = held(behaviour, caller=caller)
        (audio,) = notebook.of(AgentAudio)

        assert [named(message) for message in seen] == ["userStream.chunk", "[DTMF]"]
        assert audio.data == b"\x01\x02" * 4
        logged = [text for _, _, text in notebook.frames if "Chunk" in text]
        assert all("base64 characters>" in text for text in logged)

    def test_words(self) -> None:
        """Where the platform understands the caller, the bot gets text."""
        seen: list[dict[str, Any]] = []

        async def behaviour(bot: Bot) -> None:
            await bot.next()
            await bot.send("session.accepted", mediaFormat="raw/lpcm16")
            await bot.until("[start]")
            seen.append(await bot.next())
            await bot.until("session.end")

        async def caller(call: Call) -> None:
            call.send_text("hello")
            await asyncio.sleep(0.1)

        held(behaviour, caller=caller, options={"direct_stt": False, "direct_tts": False})

        assert seen[0]["activities"][0]["text"] == "hello"

    def test_large_messages(self) -> None:
        """A whole prompt of some megabytes in one chunk is taken."""

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            await bot.play(bytes(6_000_000))
            await bot.acts("hangup")
            await bot.until("session.end")

        async def caller(call: Call) -> None:
            await asyncio.sleep(1)
            call.played_out()

        notebook = held(behaviour, caller=caller)

        assert [event.size for event in notebook.of(AgentAudio)] == [6_000_000]
        assert len(notebook.of(AgentHungUp)) == 1

    def test_patience_with_a_silent_bot(self) -> None:
        """What falls due is done without anybody asking."""

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            await bot.send("userStream.speech.committed")
            await bot.until("userStream.start")
            await bot.acts("hangup")
            await bot.until("session.end")

        notebook = held(behaviour, options={"barge_in": False})

        assert [event.at_us for event in notebook.of(ListeningResumed)] == [10_000_000]

    def test_a_closed_line(self) -> None:
        """Sending on it does nothing."""

        async def caller(call: Call) -> None:
            await asyncio.sleep(1)
            call.send_audio(bytes(640))
            call.send_digit("1")
            call.mark_reached("m")
            call.playback_flushed("s", 0)
            call.played_out()
            assert call.backlog == 0

        notebook = held(hangs_up, caller=caller)

        assert len(notebook.of(AgentHungUp)) == 1

    def test_what_the_wire_has_no_words_for(self) -> None:
        """Such steps are refused when they are compiled; here they are refused again."""

        async def caller(call: Call) -> None:
            with pytest.raises(NotImplementedError):
                call.request_reply()
            with pytest.raises(NotImplementedError):
                call.return_function("c", "{}")

        held(waits, caller=caller)


class TestPrompts:
    """`playUrl` with an address."""

    def play(self, url: str, answer: HttpResponse | None = None) -> Notebook:
        """A call whose bot asks for a prompt and hangs up; `{}` in the address is a server's."""
        notebook = Notebook()

        def answered(request: HttpRequest) -> HttpResponse:
            assert request.method == "GET"
            if request.target == "/old":
                return HttpResponse(302, (("Location", "/a.wav?b=c"),))
            if request.target == "/round":
                return HttpResponse(307, (("Location", "/round"),))
            if request.target == "/nowhere":
                return HttpResponse(301, (("Location", "http://["),))
            assert request.target == "/a.wav?b=c"
            return answer or HttpResponse(404)

        async def scene() -> None:
            server = HttpServer(answered)
            await server.open("127.0.0.1")

            async def behaviour(bot: Bot) -> None:
                await bot.accept()
                await bot.acts("playUrl", playUrlUrl=url.format(server.url))
                await bot.acts("hangup")
                await bot.until("session.end")

            async with served(behaviour) as address:
                call = await ADAPTER.dial(dial(address, notebook, {}))
                listening = asyncio.ensure_future(call.listen())
                await asyncio.sleep(1)
                call.played_out()
                await listening
                await call.hang_up()
            await server.aclose()

        run_on(VirtualLoop, scene())
        return notebook

    def test_fetched(self) -> None:
        """It is fetched, and heard before the call ends."""
        notebook = self.play("{}/a.wav?b=c", HttpResponse(200, (), streamed_header(PCM_8K) + bytes(16)))

        assert [(event.format, event.size) for event in notebook.of(AgentAudio)] == [(PCM_8K, 16)]
        assert [event.at_us for event in notebook.of(AgentHungUp)] == [1_000_000]

    def test_a_long_prompt(self) -> None:
        """Minutes of music are no message of an API: they are as welcome as in one chunk."""
        notebook = self.play(
            "{}/a.wav?b=c", HttpResponse(200, (), streamed_header(PCM_8K) + bytes(3_000_000))
        )

        assert [event.size for event in notebook.of(AgentAudio)] == [3_000_000]
        assert rules(notebook) == []

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("{}/a.wav?b=c", "was answered with HTTP 404"),
            ("{}/old", "/a.wav?b=c was answered with HTTP 404"),
            ("{}/round", "it was sent on 5 times, last to http://127.0.0.1:"),
            ("{}/nowhere", "http://[ is no http:, https: or data: URL"),
            ("http://127.0.0.1:9/a.wav", "is not to be had: "),
            ("ftp://x/a.wav", "is no http:, https: or data: URL"),
            ("http://", "is no http:, https: or data: URL"),
            ("http://[", "is no http:, https: or data: URL"),
            ("http://x:99999999/", "is no http:, https: or data: URL"),
            ("http://127.0.0.1/\n", "is not to be had: "),
        ],
    )
    def test_not_to_be_had(self, url: str, said: str) -> None:
        """What cannot be had is a fault that says why."""
        notebook = self.play(url)

        assert rules(notebook) == ["bad-prompt"]
        assert said in notebook.of(ProtocolFault)[0].detail
        assert notebook.of(AgentAudio) == []


class TestEnding:
    """Who ended it, and how."""

    def test_the_caller(self) -> None:
        """`session.end`, then the bot closes; nothing is reported as the bot's doing."""
        ends: list[dict[str, Any]] = []

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            ends.append(await bot.until("session.end"))

        notebook = held(behaviour, caller=a_while)

        assert [end["reasonCode"] for end in ends] == ["client-disconnected"]
        assert [event for event in notebook.events if not isinstance(event, CallUp)] == []

    def test_a_bot_that_does_not_close(self) -> None:
        """It is waited for two seconds, and then closed on."""
        codes: list[int | None] = []

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            await bot.line.wait_closed()
            codes.append(bot.line.close_code)

        ended: list[int] = []
        held(behaviour, caller=a_while, ended=ended)

        assert codes == [1000]
        assert ended == [3_000_000]

    def test_a_bot_that_gives_up(self) -> None:
        """`session.error` ends the call: no `session.end` follows that the bot had to answer."""

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            await bot.send("session.error", reason="out of memory")
            await bot.line.wait_closed()

        ended: list[int] = []
        notebook = held(behaviour, caller=a_while, ended=ended)

        assert [event.reason for event in notebook.of(LineBroke)] == ["session.error: out of memory"]
        assert ended == [1_000_000]

    def test_the_bot(self) -> None:
        """A hang-up where nothing plays ends the call at once."""
        notebook = held(hangs_up)

        assert [event.reason for event in notebook.of(AgentHungUp)] == ["done"]
        assert rules(notebook) == []

    def test_a_hang_up_and_a_close(self) -> None:
        """A bot that closes behind its hang-up is heard to the end all the same."""

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            await bot.play(bytes(8))
            await bot.acts("hangup")

        async def caller(call: Call) -> None:
            await asyncio.sleep(1)
            call.played_out()

        notebook = held(behaviour, caller=caller)

        assert [event.at_us for event in notebook.of(AgentHungUp)] == [1_000_000]
        assert rules(notebook) == []

    def test_a_broken_websocket(self) -> None:
        """A frame that is none ends the line."""

        async def behaviour(bot: Bot) -> None:
            await bot.accept()
            bot.line.transport.write(b"\xff\x00 no frame")
            await bot.line.wait_closed()

        notebook = held(behaviour)

        assert rules(notebook) == ["malformed-frame"]
        assert len(notebook.of(LineBroke)) == 1


class TestResuming:
    """A connection that is lost."""

    async def leaves(self, bot: Bot) -> None:
        """Take the call, and close without a hang-up."""
        await bot.accept()

    async def takes_on(self, bot: Bot) -> None:
        """Take the call on, and end it."""
        message = await bot.next()
        assert message["type"] == "session.resume"
        await bot.send("session.accepted")
        await bot.until("userStream.start")
        await bot.acts("hangup")
        await bot.until("session.end")

    async def cuts(self, bot: Bot) -> None:
        """Break the connection without a word."""
        await bot.next()
        bot.line.transport.abort()

    def test_resumed(self) -> None:
        """Told, and taken on over another connection."""
        notebook = held(self.leaves, self.takes_on)

        assert rules(notebook) == ["closed-without-hangup"]
        assert [event.attempt for event in notebook.of(LineResumed)] == [1]
        assert len(notebook.of(AgentHungUp)) == 1

    def test_the_second_time(self) -> None:
        """An attempt that fails is followed by another, a second later."""
        notebook = held(self.leaves, self.cuts, self.takes_on)

        assert [(event.attempt, event.at_us) for event in notebook.of(LineResumed)] == [(2, 1_000_000)]

    def test_refused(self) -> None:
        """The vendor's SDK keeps no state and says so: the line is broken, and not tried again."""

        async def forgets(bot: Bot) -> None:
            await bot.next()
            await bot.send("session.error", conversationId="c", reason="conversation not found")
            await bot.line.wait_closed()

        notebook = held(self.leaves, forgets)

        assert rules(notebook) == ["closed-without-hangup"]
        assert [event.reason for event in notebook.of(LineBroke)] == [
            "session.resume was answered with session.error: conversation not found"
        ]

    def test_given_up(self) -> None:
        """After as many attempts as the options allow the line is broken."""
        notebook = held(self.leaves, self.cuts, options={"resume": 2, "resume_after": "3 s"})
        (broke,) = notebook.of(LineBroke)

        assert broke.at_us == 3_000_000
        assert "not to be had again" in broke.reason

    def test_not_tried(self) -> None:
        """`resume: 0` tries nothing."""
        notebook = held(self.leaves, options={"resume": 0})

        assert [event.at_us for event in notebook.of(LineBroke)] == [0]

    def test_never_answered(self) -> None:
        """A bot that does not answer has as long as for a call."""

        async def says_nothing(bot: Bot) -> None:
            await bot.line.wait_closed()

        notebook = held(self.leaves, says_nothing, options={"resume": 1}, timeout_us=2_000_000)

        assert [event.at_us for event in notebook.of(LineBroke)] == [2_000_000]

    def test_hung_up_meanwhile(self) -> None:
        """A caller who hangs up while the line is lost is not kept waiting."""

        async def says_nothing(bot: Bot) -> None:
            await bot.line.wait_closed()

        ended: list[int] = []
        notebook = held(self.leaves, says_nothing, caller=a_while, ended=ended)

        assert notebook.of(LineBroke) == []
        assert rules(notebook) == ["closed-without-hangup"]
        assert ended == [1_000_000]


class TestValidating:
    """`connection.validate` as an operation of its own."""

    def test_answered(self) -> None:
        """The answer is in the record; whether the bot closes then is nothing to report."""

        async def behaviour(bot: Bot) -> None:
            assert await bot.next() == {"type": "connection.validate"}
            await bot.send("connection.validated", success=True)

        notebook = held(behaviour, caller=a_while, options={"start_at": "validate"})

        assert [event.payload for event in notebook.of(AgentActivity)] == [{"success": True}]
        assert [event.kind for event in notebook.events] == ["call-up", "agent-activity"]

    def test_unanswered(self) -> None:
        """No answer, as the vendor's SDK gives none, is a call in which nothing happened."""

        async def behaviour(bot: Bot) -> None:
            await bot.next()
            await bot.line.wait_closed()

        notebook = held(behaviour, caller=a_while, options={"start_at": "validate"})

        assert [event.kind for event in notebook.events] == ["call-up"]
