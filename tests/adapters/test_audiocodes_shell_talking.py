"""The shell of the AudioCodes adapter: what passes while the call is up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support_audiocodes import named
from support_audiocodes_shell import Bot, dial, hangs_up, held, rules, served, waits
from support_twilio import Notebook
from turnspec.adapters.audiocodes import ADAPTER
from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.adapters.base import Call
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.http_shell import HttpServer
from turnspec.call import PCM_8K
from turnspec.call.events import AgentAudio, AgentHungUp, ListeningResumed, ProtocolFault
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


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
