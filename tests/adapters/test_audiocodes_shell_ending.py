"""The shell of the AudioCodes adapter: how lines end, and are taken up again."""

from __future__ import annotations

import asyncio
from typing import Any

from support_audiocodes_shell import Bot, a_while, hangs_up, held, rules
from turnspec.adapters.base import Call
from turnspec.call.events import AgentHungUp, CallUp, LineBroke, LineResumed


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
