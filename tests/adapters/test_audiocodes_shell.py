"""The shell of the AudioCodes adapter: how a call is opened over a socket."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from websockets.http11 import Request

from support_audiocodes_shell import Bot, a_while, dial, hangs_up, held, refused, waits
from support_twilio import Notebook
from turnspec.adapters.audiocodes import ADAPTER
from turnspec.adapters.base import NothingListens
from turnspec.call.events import AgentActivity, CallUp, Side
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


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
