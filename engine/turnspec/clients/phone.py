"""A telephone in a program's hand: one call over any adapter that calls telephone agents.

It is the engine's own end of a call - the same adapters, pacing, playback clock, recorder and evidence as
under `turnspec run` - with a program in the conductor's place. It runs on the running loop: on the wall
clock, or in virtual time under `run_virtually`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import BaseModel

from turnspec.adapters.base import Adapter, Dial
from turnspec.audio.samples import track_of
from turnspec.call import Capability, Identity, actions
from turnspec.call.events import CallEnded, Event
from turnspec.clients.plan import NAME, NoTurns, open_plan
from turnspec.clients.told import CallOver, NoReply, Recording, Reply, Told
from turnspec.dsl.caller import TONE, TONE_LEVEL
from turnspec.plan.actions import TONE_GAP_US
from turnspec.plan.model import Utterance
from turnspec.run.clock import MICROSECONDS, CallClock
from turnspec.run.conversation import converse
from turnspec.run.live import LiveCall
from turnspec.run.voice import Prepared, prepare
from turnspec.run.wheel import PacingWheel

PATIENCE_S: Final = 15.0
LIMIT_S: Final = 300.0
KEY_EVERY_US: Final = 100_000
KEYS: Final = frozenset("0123456789*#ABCDw")


class Phone:
    """One call, made and ended by `async with`; every time is in microseconds since it began.

    Calls that are up at once need a `seed` each, from which their ids are made. `folder` keeps the
    evidence on disk as `turnspec run` does.
    """

    def __init__(
        self,
        url: str,
        adapter: Adapter,
        options: BaseModel,
        *,
        seed: str = "0",
        headers: Mapping[str, str] | None = None,
        auth: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
        limit_s: float = LIMIT_S,
        folder: Path | None = None,
    ) -> None:
        self._url, self._adapter, self._options = url, adapter, options
        self._identity = Identity(seed)
        self._headers, self._auth = dict(headers or {}), dict(auth or {})
        self._patience_s, self._limit_s = patience_s, limit_s
        self._told = Told(folder, {"call": NAME, "protocol": adapter.name, "seed": seed})
        self._utterances: list[Prepared] = []
        self._actions = 0
        self._since_us = 0  # agent speech that begins from here on is the next reply
        self._live: LiveCall | None = None
        self._holding: asyncio.Task[object] | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that has happened so far, in order."""
        return self._told.events

    @property
    def recording(self) -> Recording:
        """The call so far, as sent and as heard."""
        live = self._up
        ended = next(self._told.of(CallEnded), None)
        return Recording(*live.recorder.tracks(ended.at_us if ended else live.now_us()))

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    async def connect(self) -> None:
        """Dial; returns when the call is up.

        Raises:
            LineRefused: The agent's side declined.
            NothingListens: Nobody answered.
        """
        loop = asyncio.get_running_loop()
        plan = open_plan(self._adapter, self._options, self._identity, round(self._limit_s * MICROSECONDS))
        live = LiveCall(plan, self._told, CallClock(loop), self._utterances, NoTurns())
        dial = Dial(self._url, self._options, self._identity, live, self._headers, self._auth)
        talk = converse(live, self._adapter, dial, PacingWheel.of(loop), None)
        self._live, self._holding = live, loop.create_task(talk, name=NAME)
        self._holding.add_done_callback(lambda _: self._told.news.set())
        while self._told.facts.up_us is None and not self._holding.done():
            await self._news(None)
        if self._told.facts.up_us is None:
            await self._ended()
            raise self._told.why_not_up()

    async def say(self, recording: Path | str, text: str | None = None) -> None:
        """Say a recording now, whoever else speaks; returns when its last word is over.

        Raises:
            AudioFileError: It cannot be read, or holds no speech.
            CallOver: The line went before all was said.
            ValueError: The call carries no audio of the caller.
        """
        live = self._up
        line = live.plan.capabilities.caller_format
        if line is None:
            raise ValueError("this call carries no audio of the caller: write() what there is to say")
        utterance = Utterance(text, Path(recording), str(recording))
        self._utterances += await asyncio.to_thread(prepare, [utterance], line)
        await self._act(actions.Speak(self._actions, len(self._utterances) - 1))

    async def write(self, text: str) -> None:
        """Say something in words, where the platform understands the caller itself.

        Raises:
            CallOver: The line went before.
            ValueError: The call carries no text of the caller.
        """
        if Capability.TEXT not in self._up.plan.capabilities.can:
            raise ValueError("this call carries no text of the caller: say() a recording")
        await self._act(actions.SendText(self._actions, text))

    async def press(self, keys: str, *, in_band: bool = False) -> None:
        """Press keys, ten a second; `w` waits half a second. Returns when the last one is pressed.

        `in_band`: as tones of 100 ms in the caller's audio, 50 ms apart, and not as the protocol's messages.

        Raises:
            CallOver: The line went before.
            ValueError: These are no keys, or the call carries no audio to press them in.
        """
        if not keys or not KEYS.issuperset(keys):
            raise ValueError(f"{keys!r} are no keys: 0-9, *, #, A-D, and w to wait")
        if not in_band:
            await self._act(actions.SendDigits(self._actions, keys, KEY_EVERY_US))
            return
        if self._up.plan.capabilities.caller_format is None:
            raise ValueError("this call carries no audio of the caller: press() without in_band")
        tones = actions.Tones(TONE.us, TONE_LEVEL.amplitude)
        await self._act(actions.SendDigits(self._actions, keys, tones.duration_us + TONE_GAP_US, tones))

    async def wait_for_reply(self, patience_s: float | None = None) -> Reply:
        """The agent's next reply, once it is over: what begins after the caller last acted.

        An answer in text is a reply without sound. A reply is over when the agent has been quiet for as
        long as ends a turn over this protocol.

        Raises:
            NoReply: It has not begun within so many seconds from now.
            CallOver: The line went before it began.
        """
        patience_s = self._patience_s if patience_s is None else patience_s
        deadline_us = self._up.now_us() + round(patience_s * MICROSECONDS)
        while (began_us := self._told.begun_after(self._since_us)) is None:
            await self._require_line()
            if self._up.now_us() >= deadline_us:
                raise NoReply(f"nothing was heard within {patience_s:g} s")
            await self._news(deadline_us)
        ended_us = await self._reply_ended()
        words = self._told.words_since(self._since_us)
        self._since_us = max(self._since_us, ended_us + 1)
        _, heard = self._up.recorder.between(began_us, ended_us)
        return Reply(track_of(heard, self._up.rate_hz), began_us, ended_us, words)

    async def hang_up(self) -> None:
        """End the call; harmless when it has ended. Raises what the call failed with, if it did."""
        if self._live is None:
            self._told.close()
            return
        if not self._told.facts.gone and self._told.facts.up_us is not None:
            self._live.perform(actions.HangUp("caller"))
        await self._ended()

    @property
    def _up(self) -> LiveCall:
        if self._live is None:
            raise CallOver("the call was never made: use `async with`, or connect() first")
        return self._live

    async def _act(self, action: actions.Action) -> None:
        number, self._actions = self._actions, self._actions + 1
        await self._require_line()
        self._since_us = self._up.now_us()
        self._up.perform(action)
        while self._told.done < number:
            await self._require_line()
            await self._news(None)

    async def _reply_ended(self) -> int:
        capabilities = self._up.plan.capabilities
        while not self._told.facts.gone:
            over_us = self._told.facts.over_at(capabilities.reply_end, capabilities.reply_ends_after_us)
            if over_us is not None and self._up.now_us() >= over_us:
                break
            await self._news(over_us)
        facts = self._told.facts
        ends_us = [moment for moment in (facts.speech_ended_us, facts.text_us) if moment is not None]
        if facts.speaking or not ends_us:
            return self._told.events[-1].at_us  # the line went while the agent spoke
        return max(ends_us)

    async def _require_line(self) -> None:
        assert self._holding is not None
        if self._told.facts.gone or self._holding.done():
            await self._ended()  # so that who ended it is on the record
            raise self._told.why_over()

    async def _news(self, until_us: int | None) -> None:
        """Wait for the next event, or until a moment."""
        self._told.news.clear()
        when = None if until_us is None else self._up.clock.loop_time(until_us)
        try:
            async with asyncio.timeout_at(when):
                await self._told.news.wait()
        except TimeoutError:
            pass  # the moment has come

    async def _ended(self) -> None:
        assert self._holding is not None
        try:
            await self._holding
        finally:
            self._told.close()
