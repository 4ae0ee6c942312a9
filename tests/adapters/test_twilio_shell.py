"""The Twilio adapter on a socket: what a bot's server sees, and what becomes of all that it does."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from support_twilio import Notebook
from turnspec.adapters.base import Call, Dial, LineRefused, NothingListens
from turnspec.adapters.twilio import ADAPTER, TwilioOptions
from turnspec.adapters.twilio.signature import signature
from turnspec.call import Identity
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    CallUp,
    FlushAsked,
    LineBroke,
    MarkSet,
    ProtocolFault,
    Side,
)
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

Behaviour = Callable[[ServerConnection, str], Awaitable[None]]


@asynccontextmanager
async def bot(behaviour: Behaviour) -> AsyncIterator[str]:
    """A bot's server that reads `start` and then does as it is told with the stream's id."""

    async def answered(connection: ServerConnection) -> None:
        await connection.recv()
        start = json.loads(await connection.recv())
        await behaviour(connection, start["streamSid"])

    async with serve(answered, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/twilio-agent"


def dial(url: str, notebook: Notebook, **changed: object) -> Dial:
    """A call, some of it changed."""
    return Dial(
        **{"url": url, "options": TwilioOptions(), "identity": Identity("t"), "witness": notebook, **changed}  # type: ignore[arg-type]
    )


def held(behaviour: Behaviour, caller: Callable[[Call], Awaitable[None]] | None = None) -> Notebook:
    """The notebook of a call to such a bot, in virtual time, listened to until it ended."""
    notebook = Notebook()

    async def scene() -> None:
        async with bot(behaviour) as url:
            call = await ADAPTER.dial(dial(url, notebook))
            listening = asyncio.ensure_future(call.listen())
            if caller is not None:
                await caller(call)
            await listening
            await call.hang_up()

    run_on(VirtualLoop, scene())
    return notebook


def refusal(server: Callable[[ServerConnection, Request], Response | None]) -> LineRefused:
    """How dialling a server that answers the upgrade so is refused."""

    async def nothing(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def scene() -> LineRefused:
        async with serve(nothing, "127.0.0.1", 0, process_request=server) as serving:
            url = f"ws://127.0.0.1:{next(iter(serving.sockets)).getsockname()[1]}/"
            with pytest.raises(LineRefused) as refused:
                await ADAPTER.dial(dial(url, Notebook()))
            return refused.value

    return run_on(VirtualLoop, scene())


class TestUpgrade:
    """The request is the one that Twilio makes."""

    def request(self, **changed: object) -> Request:
        """The upgrade request of a call, as the server got it."""
        requests: list[Request] = []

        async def behaviour(connection: ServerConnection, _: str) -> None:
            assert connection.request is not None
            requests.append(connection.request)

        async def scene() -> None:
            async with bot(behaviour) as url:
                call = await ADAPTER.dial(dial(url, Notebook(), **changed))
                await call.listen()

        run_on(VirtualLoop, scene())
        return requests[0]

    def test_headers(self) -> None:
        """Twilio's user agent; no origin, no subprotocol, no extensions and so no compression."""
        headers = self.request().headers
        assert headers["User-Agent"] == "Twilio.TmeWs/1.0"
        for absent in ("Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Authorization"):
            assert absent not in headers
        assert "X-Twilio-Signature" not in headers

    def test_own_headers(self) -> None:
        """A target's headers are sent along."""
        assert self.request(headers={"X-Tenant": "test"}).headers["X-Tenant"] == "test"

    def test_signed_as_secure(self) -> None:
        """With an auth token the wss form of the address is signed."""
        request = self.request(auth={"auth_token": "12345"})
        expected = signature("12345", f"wss://{request.headers['Host']}/twilio-agent")
        assert request.headers["X-Twilio-Signature"] == expected

    def test_signed_for_the_address_the_agent_believes_in(self) -> None:
        """An agent behind a tunnel is signed to under its public address."""
        options = TwilioOptions(signed_url="wss://h.example/media-stream")
        request = self.request(auth={"auth_token": "12345"}, options=options)
        assert request.headers["X-Twilio-Signature"] == "HOADvfWDwyUZjkszEi8cNQPqUDg="


class TestOpening:
    """A call is up once `start` was sent, and refusals are told from absences."""

    def test_up(self) -> None:
        """`connected` and `start` leave, then the call is up; both are in the wire log."""

        async def close(connection: ServerConnection, _: str) -> None:
            await connection.close()

        notebook = held(close)
        assert isinstance(notebook.events[0], CallUp)
        events = [
            json.loads(text)["event"]
            for side, way, text in notebook.frames
            if (side, way) == (Side.LINE, "out")
        ]
        assert events == ["connected", "start"]

    @pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
    def test_a_status_is_a_refusal(self, status: int) -> None:
        """Any other answer than 101 is a refusal with its status."""
        assert refusal(lambda connection, _: connection.respond(status, "no")).code == status

    def test_a_redirect_is_a_refusal(self) -> None:
        """Twilio follows no redirects."""

        def redirect(connection: ServerConnection, _: Request) -> Response:
            response = connection.respond(302, "")
            response.headers["Location"] = "/elsewhere"
            return response

        assert refusal(redirect).code == 302

    def test_no_web_socket_at_all(self) -> None:
        """A server that speaks another language answered, but declined."""

        class Mail(asyncio.Protocol):
            """Greets like a mail server."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                """Say something that is not HTTP."""
                assert isinstance(transport, asyncio.WriteTransport)
                transport.write(b"220 mail.example ESMTP\r\n")
                transport.close()

        async def scene() -> None:
            server = await asyncio.get_running_loop().create_server(Mail, "127.0.0.1", 4025)
            with pytest.raises(LineRefused, match="no WebSocket answered") as refused:
                await ADAPTER.dial(dial("ws://127.0.0.1:4025/", Notebook()))
            assert refused.value.code is None
            server.close()

        run_on(VirtualLoop, scene())

    def test_nobody_there(self) -> None:
        """A port without a listener is nobody's refusal."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]

        async def scene() -> None:
            with pytest.raises(NothingListens, match=f"nothing listens at ws://127.0.0.1:{port}/"):
                await ADAPTER.dial(dial(f"ws://127.0.0.1:{port}/", Notebook()))

        asyncio.run(scene())

    def test_no_answer(self) -> None:
        """A server that never answers is given up after the time-out, exactly."""

        async def scene() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 4026)
            with pytest.raises(NothingListens, match=r"no answer from ws://127\.0\.0\.1:4026/ within 1\.5 s"):
                await ADAPTER.dial(dial("ws://127.0.0.1:4026/", Notebook(), timeout_us=1_500_000))
            assert loop.time() == 1.5
            server.close()

        run_on(VirtualLoop, scene())

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"url": "http://127.0.0.1/"}, "is not the address of a WebSocket"),
            ({"auth": {"bearer": "t"}}, "auth: bearer is not Twilio's"),
        ],
    )
    def test_what_cannot_be_dialled(self, changed: dict[str, object], message: str) -> None:
        """A call that cannot be made at all says why before anything is sent."""

        async def scene() -> None:
            with pytest.raises(NothingListens, match=message):
                await ADAPTER.dial(dial(**{"url": "ws://127.0.0.1:1/", "notebook": Notebook(), **changed}))  # type: ignore[arg-type]

        run_on(VirtualLoop, scene())


class TestListening:
    """All that a bot does becomes events, and none of it an exception."""

    def test_media_mark_clear(self) -> None:
        """Audio, marks and clears are reported in order, their audio left out of the wire log."""

        async def talk(connection: ServerConnection, sid: str) -> None:
            payload = b64encode(b"\x7f" * 160).decode()
            await connection.send(
                json.dumps({"event": "media", "streamSid": sid, "media": {"payload": payload}})
            )
            await connection.send(json.dumps({"event": "mark", "streamSid": sid, "mark": {"name": "a"}}))
            await connection.send(json.dumps({"event": "clear", "streamSid": sid}))

        notebook = held(talk)
        kinds = [type(event) for event in notebook.events]
        assert kinds == [CallUp, AgentAudio, MarkSet, FlushAsked, AgentHungUp]
        incoming = [text for _, way, text in notebook.frames if way == "in"]
        assert "<216 base64 characters>" in incoming[0]

    def test_a_binary_frame_and_junk(self) -> None:
        """Wrong frames are faults with their rule, and the call goes on."""

        async def babble(connection: ServerConnection, sid: str) -> None:
            await connection.send(b"\xff" * 160)
            await connection.send("{")
            await connection.send(json.dumps({"event": "media", "streamSid": sid, "media": {"payload": "%"}}))
            await connection.send(json.dumps({"event": "clear", "streamSid": sid}))

        notebook = held(babble)
        assert [fault.rule for fault in notebook.of(ProtocolFault)] == [
            "binary-frame",
            "not-json",
            "bad-base64",
        ]
        assert len(notebook.of(FlushAsked)) == 1

    @pytest.mark.parametrize("code", [1000, 1001])
    def test_an_orderly_close(self, code: int) -> None:
        """The bot hung up."""

        async def close(connection: ServerConnection, _: str) -> None:
            await connection.close(code, "done")

        notebook = held(close)
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["done"]
        assert notebook.of(LineBroke) == []

    def test_an_error_close(self) -> None:
        """An error code breaks the line."""

        async def close(connection: ServerConnection, _: str) -> None:
            await connection.close(1011, "oops")

        notebook = held(close)
        assert [(event.code, event.reason) for event in notebook.of(LineBroke)] == [
            (1011, "closed with code 1011: oops")
        ]
        assert notebook.of(AgentHungUp) == []

    def test_no_close_frame(self) -> None:
        """A connection that just ends breaks the line."""

        async def drop(connection: ServerConnection, _: str) -> None:
            connection.transport.abort()

        (broke,) = held(drop).of(LineBroke)
        assert (broke.code, broke.reason) == (1006, "ended without a close frame")

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            (b"\x83\x00", 1002),
            (b"\x09\x00", 1002),
            (b"\x80\x00", 1002),
            (b"\x81\x7f\x00\x00\x00\x00\x02\x00\x00\x00", 1009),
        ],
        ids=["a reserved opcode", "a fragmented ping", "a continuation of nothing", "32 MiB announced"],
    )
    def test_a_broken_web_socket_frame(self, frame: bytes, code: int) -> None:
        """A frame that breaks the WebSocket protocol itself is a fatal fault, and the end of the line."""

        async def break_frame(connection: ServerConnection, _: str) -> None:
            connection.transport.write(frame)
            await connection.wait_closed()

        notebook = held(break_frame)
        (fault,) = notebook.of(ProtocolFault)
        assert (fault.rule, fault.fatal) == ("malformed-frame", True)
        assert notebook.of(LineBroke)[0].code == code

    def test_a_message_in_fragments(self) -> None:
        """A message may come in several frames: that breaks nothing."""

        async def in_pieces(connection: ServerConnection, sid: str) -> None:
            whole = json.dumps({"event": "clear", "streamSid": sid})
            await connection.send([whole[:10], whole[10:20], whole[20:]])

        notebook = held(in_pieces)
        assert (len(notebook.of(FlushAsked)), notebook.of(ProtocolFault)) == (1, [])

    def test_text_that_is_not_unicode(self) -> None:
        """A text frame of broken UTF-8 ends the line with a fault, not with an exception."""

        async def break_text(connection: ServerConnection, _: str) -> None:
            connection.transport.write(b"\x81\x02\xff\xfe")
            await connection.wait_closed()

        notebook = held(break_text)
        assert notebook.of(ProtocolFault)[0].fatal
        assert notebook.of(LineBroke)[0].code == 1007


class TestSending:
    """The caller's side goes out without waiting."""

    def test_in_order(self) -> None:
        """Audio, keys, marks and `stop` leave numbered in the order in which they were given."""
        seen: list[str] = []

        async def read(connection: ServerConnection, _: str) -> None:
            async for frame in connection:
                document = json.loads(frame)
                seen.append(f"{document['event']} {document['sequenceNumber']}")

        async def act(call: Call) -> None:
            call.send_audio(b"\xff" * 160)
            call.send_digit("5")
            call.mark_reached("a")
            call.playback_flushed("", 0)
            await call.hang_up()

        notebook = held(read, act)
        assert seen == ["media 2", "dtmf 3", "mark 4", "stop 5"]
        assert [type(event) for event in notebook.events] == [CallUp]

    def test_after_the_end_nothing_happens(self) -> None:
        """Sending and hanging up on a line that is over is harmless, and not in the wire log."""

        async def close(connection: ServerConnection, _: str) -> None:
            await connection.close()

        notebook = Notebook()

        async def scene() -> None:
            async with bot(close) as url:
                call = await ADAPTER.dial(dial(url, notebook))
                await call.listen()
                before = len(notebook.frames)
                call.send_audio(b"\xff" * 160)
                call.send_digit("5")
                call.mark_reached("a")
                await call.hang_up()
                await call.hang_up()
                assert len(notebook.frames) == before
                assert call.backlog == 0

        run_on(VirtualLoop, scene())
        assert len(notebook.of(AgentHungUp)) == 1

    def test_a_peer_that_does_not_read(self) -> None:
        """Frames to a bot that reads nothing pile up where it can be seen, and nobody waits."""
        let_go = asyncio.Event()

        async def deaf(connection: ServerConnection, _: str) -> None:
            connection.transport.pause_reading()
            await let_go.wait()
            connection.transport.abort()

        async def act(call: Call) -> None:
            for _ in range(2000):
                call.send_audio(b"\xff" * 160)
            assert call.backlog > 500_000
            let_go.set()

        assert len(held(deaf, act).of(LineBroke)) == 1

    def test_what_twilio_has_no_word_for(self) -> None:
        """Text, functions and asking for a reply are refused as the program's mistake."""

        async def act(call: Call) -> None:
            for refused in (
                call.request_reply,
                lambda: call.send_text("x"),
                lambda: call.return_function("1", "x"),
            ):
                with pytest.raises(NotImplementedError):
                    refused()
            await call.hang_up()

        async def wait(connection: ServerConnection, _: str) -> None:
            await connection.wait_closed()

        held(wait, act)
