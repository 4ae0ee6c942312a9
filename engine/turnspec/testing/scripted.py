"""A protocol that exists in a script only: tests of the engine, and of what is built on it, call it.

Theory of operation: events happen at their own `at_us`. What the engine sends must be the script's next
`Expect`, whose consequences are then put among the events to come. Audio frames are kept, not expected,
for they leave every 20 ms; a stretch of sound in them is one `Speech`. A send that does not fit ends the
call where it is listened to, and leaving the adapter's `with` block raises it; so do steps left over.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

from turnspec.adapters.base import Dial, LineError, Witness
from turnspec.audio.activity import ActivityTracker, SpeechEnded
from turnspec.audio.codecs import decode
from turnspec.call import MULAW_8K, AudioFormat, Capabilities, Capability, Source
from turnspec.call.events import AgentHungUp, CallUp, Event, LineBroke
from turnspec.testing.script import (
    Digit,
    Expect,
    Fails,
    Flush,
    FunctionOutput,
    HangUp,
    Mark,
    Message,
    ReplyRequest,
    ScriptMismatch,
    Send,
    Speech,
    Step,
    Text,
)

EVERYTHING: Final = Capabilities(
    can=frozenset(Capability), gives=frozenset({Source.WORDS, Source.CALLS}), caller_format=MULAW_8K
)


class NoOptions(BaseModel):
    """A scripted adapter has no options."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _nothing_unread(_at_us: int) -> int:
    return 0


class ScriptedCall:
    """A call that goes as its script says. `sent` is what the engine sent, and when; `audio` its frames."""

    def __init__(
        self,
        script: Iterable[Step],
        witness: Witness,
        line: AudioFormat | None = None,
        *,
        closes_after_us: int | None = 0,
        backlog: Callable[[int], int] = _nothing_unread,
    ) -> None:
        self.sent: list[tuple[int, Send]] = []
        self.audio = bytearray()
        self.mismatch: ScriptMismatch | None = None
        self._witness = witness
        self._line = line
        self._activity = None if line is None else ActivityTracker(line.rate_hz)
        self._audio_began_us: int | None = None
        self._backlog = backlog
        self._closes_after_us = closes_after_us
        self._closes_us: int | None = None
        self._hung_up = False
        self._closed = asyncio.Event()
        self._news = asyncio.Event()
        self._expected: deque[Expect] = deque()
        self._numbers = itertools.count()
        self._coming: list[tuple[int, int, Event | Fails]] = []
        for step in script:
            if isinstance(step, Expect):
                self._expected.append(step)
            else:
                self._plan(step.at_us, step)

    @property
    def backlog(self) -> int:
        """What the script says is unread now."""
        return self._backlog(self._witness.now_us())

    async def listen(self) -> None:
        """Let happen what the script has, each at its time, until the line is closed.

        Raises:
            ScriptMismatch: The engine sent something else than the script expects.
        """
        while not self._closed.is_set():
            self._news.clear()
            if self.mismatch is not None:
                self._closed.set()
                raise self.mismatch
            due_us = self._soonest_us()
            if due_us is not None and due_us <= self._witness.now_us():
                self._happen()
            else:
                await self._news_or(due_us)

    def send_audio(self, frame: bytes) -> None:
        """Keep a frame; the end of a stretch of sound is a `Speech`."""
        if not self._open:
            return
        self.audio += frame
        if self._line is None or self._activity is None:
            return
        length_us = self._line.duration_us(len(frame))
        if self._audio_began_us is None:
            self._audio_began_us = self._witness.now_us() - length_us
        position_us = self._line.duration_us(len(self.audio)) - length_us
        for edge in self._activity.feed(position_us, decode(frame, self._line)):
            if isinstance(edge, SpeechEnded):
                self._send(Speech(), self._audio_began_us + edge.ended_us)

    def send_digit(self, digit: str) -> None:
        """Take a key."""
        self._send(Digit(digit))

    def send_text(self, text: str) -> None:
        """Take a text."""
        self._send(Text(text))

    def send_message(self, document: Mapping[str, Any]) -> None:
        """Take a message of the protocol."""
        self._send(Message(document))

    def request_reply(self) -> None:
        """Take the wish for a reply."""
        self._send(ReplyRequest())

    def return_function(self, call_id: str, output: str) -> None:
        """Take the output of a function."""
        self._send(FunctionOutput(call_id, output))

    def mark_reached(self, name: str) -> None:
        """Take a mark."""
        self._send(Mark(name))

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Take the news of a flush."""
        self._send(Flush(stream, heard_us))

    def played_out(self) -> None:
        """Nothing: it follows from the script when its audio has been heard."""

    async def hang_up(self) -> None:
        """Close the line, as long after as `closes_after_us` says; None: never."""
        if self._open:
            self._send(HangUp())
            self._hung_up = True
            if self._closes_after_us is not None:
                self._closes_us = self._witness.now_us() + self._closes_after_us
        await self._closed.wait()

    def left_over(self) -> tuple[Step, ...]:
        """The steps that have not come about: what was to be sent, then what was to happen."""
        return (*self._expected, *(step for _, _, step in sorted(self._coming)))

    @property
    def _open(self) -> bool:
        return not self._closed.is_set() and not self._hung_up

    def _send(self, send: Send, at_us: int | None = None) -> None:
        if not self._open:
            return
        now_us = self._witness.now_us()
        self.sent.append((now_us, send))
        self._news.set()
        if not self._expected or self._expected[0].send != send:
            self.mismatch = self.mismatch or ScriptMismatch(self._told(send, now_us))
            return
        since_us = now_us if at_us is None else at_us
        for step in self._expected.popleft().then:
            self._plan(since_us + step.at_us, step)

    def _told(self, send: Send, now_us: int) -> str:
        wanted = repr(self._expected[0].send) if self._expected else "nothing more"
        lines = [f"the engine sent {send!r} at {now_us} us, but the script expects {wanted}"]
        lines += [f"  sent before  {before!r} at {at_us} us" for at_us, before in self.sent[:-1]]
        lines += [f"  still to be  {step.send!r}" for step in self._expected]
        return "\n".join(lines)

    def _plan(self, at_us: int, step: Event | Fails) -> None:
        heapq.heappush(self._coming, (at_us, next(self._numbers), step))

    def _soonest_us(self) -> int | None:
        moments = [self._coming[0][0]] if self._coming else []
        return min([*moments, *([] if self._closes_us is None else [self._closes_us])], default=None)

    def _happen(self) -> None:
        """The next step that is due; the line closes after all that happens at the same moment."""
        now_us = self._witness.now_us()
        if not self._coming or self._coming[0][0] > now_us:
            self._closed.set()
            return
        _, _, step = heapq.heappop(self._coming)
        if isinstance(step, Fails):
            self._closed.set()
            raise step.error
        if isinstance(step, AgentHungUp | LineBroke):
            self._closed.set()
        self._witness.happened(replace(step, at_us=now_us))

    async def _news_or(self, due_us: int | None) -> None:
        """Wait for the next send, or until something is due."""
        loop = asyncio.get_running_loop()
        when = None if due_us is None else loop.time() + (due_us - self._witness.now_us()) / 1_000_000
        try:
            async with asyncio.timeout_at(when):
                await self._news.wait()
        except TimeoutError:
            pass  # something is due


class ScriptedAdapter:
    """Makes one call, which goes as the script says; to be used in a `with` block, which checks it.

    `up_after_us` is how long dialling takes, `refusal` what it ends with instead of a call. The line
    closes `closes_after_us` after the engine hung up (None: never). `backlog` tells how many bytes are
    unread at a moment.

    Raises:
        ScriptMismatch: On leaving the block, if the engine sent something else, or steps are left over.
    """

    def __init__(
        self,
        *script: Step,
        capabilities: Capabilities = EVERYTHING,
        up_after_us: int = 0,
        refusal: LineError | None = None,
        closes_after_us: int | None = 0,
        backlog: Callable[[int], int] = _nothing_unread,
    ) -> None:
        self.call: ScriptedCall | None = None
        self.request: Dial | None = None
        self._script = script
        self._capabilities = capabilities
        self._up_after_us = up_after_us
        self._refusal = refusal
        self._closes_after_us = closes_after_us
        self._backlog = backlog
        self._watched = False

    def __enter__(self) -> Self:
        self._watched = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.call is not None and self.call.mismatch is not None:
            raise self.call.mismatch from error
        if error is None:
            self._check_all_done()

    @property
    def name(self) -> str:
        """`scripted`."""
        return "scripted"

    @property
    def options_model(self) -> type[BaseModel]:
        """There are no options."""
        return NoOptions

    def capabilities(self, options: BaseModel) -> Capabilities:  # noqa: ARG002 # there are none
        """What the test says."""
        return self._capabilities

    async def dial(self, request: Dial) -> ScriptedCall:
        """Begin the call, once.

        Raises:
            LineError: The script's refusal.
        """
        if not self._watched:
            raise ScriptMismatch("a scripted adapter checks its script in a `with` block: none was entered")
        if self.request is not None:
            raise ScriptMismatch("the engine dialled twice; a script is one call")
        self.request = request
        await asyncio.sleep(self._up_after_us / 1_000_000)
        if self._refusal is not None:
            raise self._refusal
        self.call = ScriptedCall(
            self._script,
            request.witness,
            self._capabilities.caller_format,
            closes_after_us=self._closes_after_us,
            backlog=self._backlog,
        )
        request.witness.happened(CallUp(at_us=request.witness.now_us()))
        return self.call

    def _check_all_done(self) -> None:
        left = self._script if self.call is None else self.call.left_over()
        if left:
            told = "".join(f"\n  left  {step!r}" for step in left)
            raise ScriptMismatch(f"the call is over, and the script is not:{told}")
