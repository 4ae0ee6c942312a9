"""Arbitrary bots under a whole Twilio call: whatever they send, ask or answer, the platform's end holds."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from support_examples_drawn import EXAMPLES
from support_twilio import Notebook
from support_twilio_web import Bot, Line, dial
from turnspec.adapters.base import Call, LineError
from turnspec.adapters.http import HttpRequest
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.twilio import ADAPTER
from turnspec.adapters.twilio.messages import Connected, Mark, Media, Start, Stop
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.adapters.twilio.wire import decode_platform
from turnspec.audio.codecs import decode
from turnspec.audio.playback import PlaybackClock
from turnspec.call import MULAW_8K
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    CallUp,
    Event,
    FlushAsked,
    LineBroke,
    MarkSet,
    ProtocolFault,
)
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ACCOUNT, TOKEN = "AC" + "a" * 32, "secret"
OF_TWIML = {"twiml", "status-callback", "stream-refused", "unsupported-verb"}
FRAME, FRAME_S, OFFSET_MS = b"\xff" * 160, 0.02, 102


class Phone(Notebook):
    """The caller's end with its playback: what the engine is to a call, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.call: Call | None = None
        self._playback = PlaybackClock(8_000)
        self._early: list[Event] = []

    def happened(self, event: Event) -> None:
        """Keep an event, and play what is to be played."""
        super().happened(event)
        if self.call is None:
            self._early.append(event)
        else:
            self._play(event)

    def attach(self, call: Call) -> None:
        """The call can be driven from now on."""
        self.call = call
        for event in self._early:
            self._play(event)

    def tick(self) -> None:
        """Send 20 ms, and return what marks are due."""
        assert self.call is not None
        self.call.send_audio(FRAME)
        self._return(*self._playback.due(self.now_us()))

    def _play(self, event: Event) -> None:
        match event:
            case AgentAudio(at_us=at_us, data=data):
                self._playback.enqueue(at_us, decode(data, MULAW_8K))
            case MarkSet(at_us=at_us, name=name):
                self._playback.mark(at_us, name)
                self._return(*self._playback.due(at_us))
            case FlushAsked(at_us=at_us):
                self._return(*self._playback.due(at_us), *self._playback.flush(at_us).marks)

    def _return(self, *names: str) -> None:
        assert self.call is not None
        for name in names:
            self.call.mark_reached(name)


@dataclass
class Script:
    """What a bot does on one stream, and what of it counts."""

    steps: list[tuple[str, Any]]
    platform: TwilioPlatform
    media: int = 0
    pieces: int = 0
    marks: list[str] = field(default_factory=list)
    clears: int = 0
    done: bool = False
    wrong: int = 0
    sure: bool = True  # whether all of it is known to have arrived while the stream was open
    line: Line | None = None

    async def talk(self, line: Line) -> None:
        """Act, and hear all the while."""
        self.line = line
        hearing = asyncio.ensure_future(line.listen())
        try:
            for step, value in self.steps:
                await self._do(line, step, value)
            if len(stream_tracks(line)) > 1:  # a copy: nothing may be sent on it
                self.wrong += len(self.marks) + self.clears + self.pieces
                self.media, self.marks = 0, []
            await asyncio.sleep(0.001)
            self.done = line.connection.state is State.OPEN
        except ConnectionClosed:
            self.sure = False
        await hearing

    async def _do(self, line: Line, step: str, value: Any) -> None:
        match step:
            case "media":
                await line.say("media", media={"payload": b64encode(b"\x10" * value).decode()})
                self.media += value
                self.pieces += 1
            case "mark":
                await line.say("mark", mark={"name": value})
                self.marks.append(value)
            case "clear":
                await line.say("clear")
                self.clears += 1
            case "wrong":
                await line.connection.send(value(line.sid) if callable(value) else value)
                self.wrong += 1
            case "wait":
                await asyncio.sleep(value / 1000)
            case "ping":
                await line.connection.ping()
            case "close":
                self.sure = False
                await line.connection.close(value, "bye")
            case "rest":
                await self._ask(line, value)
            case _:
                self._break(line, step, value)

    def _break(self, line: Line, step: str, value: Any) -> None:
        """Do to the line itself what no protocol allows."""
        self.sure = False
        if step == "bytes" and line.connection.state is State.OPEN:
            line.connection.transport.write(value)
        else:
            line.connection.transport.abort()

    async def _ask(self, line: Line, form: str) -> None:
        self.sure = False
        start = line.start["start"]
        assert isinstance(start, dict)
        target = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{start['callSid']}.json"
        auth = (("Authorization", "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()),)
        request = HttpRequest("POST", target, auth, form.encode())
        response = await fetch(self.platform.api_url + target, request, 2.0)
        assert response.status in (200, 400, 404)


def stream_tracks(line: Line) -> list[str]:
    """The tracks of a stream: copies have two here."""
    start = line.start["start"]
    assert isinstance(start, dict)
    return list(start["tracks"])


def to(name: str, **more: Any) -> Any:
    """A message to the stream that it is sent on, written in JSON."""
    return lambda sid: json.dumps({"event": name, "streamSid": sid, **more})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WRONG = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=20).filter(lambda text: "clear" not in text),
    JSON.map(json.dumps),
    st.sampled_from(
        [
            to("media"),
            to("media", media={"payload": "?"}),
            to("media", media={"payload": ""}),
            to("mark", mark={}),
            to("mark", mark={"name": 1}),
            to("hangup"),
            json.dumps({"event": "clear", "streamSid": "MZ"}),
            json.dumps({"event": "clear"}),
        ]
    ),
)
FORMS = ["Status=completed", "Status=odd", "", "Twiml=%3C", "Url=/gone", "Twiml=" + quote("<Response/>")]
FORMS += ["Twiml=" + quote('<Response><Connect><Stream url="wss://b.example/s"/></Connect></Response>')]
FORMS += ["Twiml=" + quote("<Response><Dial>+15550001</Dial></Response>"), "Url=/more"]
STEPS = st.one_of(
    st.tuples(st.just("media"), st.sampled_from([1, 57, 160, 1600, 16_000])),
    st.tuples(st.just("mark"), st.sampled_from(["a", "b", "a", "", "é", "\x00"])),
    st.tuples(st.just("clear"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([0, 5, 50, 150])),
    st.tuples(st.just("wrong"), WRONG),
    st.tuples(st.just("ping"), st.none()),
)
ENDS = st.one_of(
    st.tuples(st.just("close"), st.sampled_from([1000, 1001, 1011, 3000, 4999])),
    st.tuples(st.just("rest"), st.sampled_from(FORMS)),
    st.tuples(st.just("bytes"), st.binary(min_size=1, max_size=12)),
    st.tuples(st.just("abort"), st.none()),
)
TALKS = st.builds(
    lambda begun, ended: begun + ended,
    st.lists(STEPS, max_size=8),
    st.just([]) | st.lists(ENDS, min_size=1, max_size=2) | st.tuples(ENDS, STEPS, ENDS).map(list),
)
STREAM = '<Connect><Stream url="/s" statusCallback="{}"><Parameter name="n" value="1"/></Stream></Connect>'
VERBS = st.sampled_from(
    [
        *("<Say>Hi</Say>", "<Pause/>", "<Play/>", "<Hangup/>", "<Gather/>", "<Dial>1</Dial>", "<Reject/>"),
        *(
            STREAM.format("/cb"),
            STREAM.format("/gone"),
            '<Connect><Stream url="no://h"/></Connect>',
            "<Connect/>",
        ),
        '<Start><Stream url="/c" name="c" track="both_tracks"/></Start>',
        '<Stop><Stream name="c"/></Stop>',
    ]
)


@dataclass
class Held:
    """A call that is over."""

    phone: Phone
    bot: Bot
    scripts: list[Script]
    up: bool


def call(
    verbs: list[str], talks: list[list[tuple[str, Any]]], ticks: int, digits: str, start_at: str
) -> Held:
    """A call to such a bot, until one of them ends it."""
    platform = TwilioPlatform(ACCOUNT, TOKEN)
    scripts = [Script(steps, platform) for steps in talks]
    document = f"<Response>{''.join(verbs)}</Response>".encode()
    more = f"<Response>{STREAM.format('')}</Response>".encode()
    bot = Bot({"/voice": document, "/more": more, "/cb": b""}, [script.talk for script in scripts])
    held = Held(Phone(), bot, scripts, up=False)

    async def scene() -> None:
        await platform.open()
        async with bot.serving() as host:
            scheme = "ws" if start_at == "socket" else "http"
            try:
                made = await ADAPTER.dial(
                    dial(f"{scheme}://{host}/voice", held.phone, platform, start_at=start_at)
                )
            except LineError:
                return
            held.up = True
            held.phone.attach(made)
            listening = asyncio.ensure_future(made.listen())
            for number in range(ticks):
                await asyncio.sleep(FRAME_S)
                if listening.done():
                    break
                held.phone.tick()
                if number < len(digits):
                    made.send_digit(digits[number])
            await made.hang_up()
            await listening
            held.phone.tick()  # sending on a call that is over does nothing
            await made.hang_up()
        await platform.aclose()

    run_on(VirtualLoop, scene())
    return held


def stream_as_told(line: Line) -> list[Any]:
    """The messages of one stream as its bot got them, each of which is right and has its number."""
    start = decode_platform(json.dumps(line.start), None)
    messages = [start, *(decode_platform(json.dumps(frame), line.sid) for frame in line.heard)]
    assert [decoded.faults for decoded in messages] == [()] * len(messages)
    found = [decoded.message for decoded in messages]
    assert isinstance(found[0], Start)
    assert not any(isinstance(message, Connected | Start) for message in found[1:])
    assert [message.sequence for message in found] == [*range(1, len(found) + 1)]  # type: ignore[union-attr]
    assert not any(isinstance(message, Stop) for message in found[:-1])
    media = [message for message in found if isinstance(message, Media)]
    assert [message.chunk for message in media] == [*range(1, len(media) + 1)]
    tracks = len(found[0].tracks)
    assert [message.timestamp_ms for message in media] == [
        OFFSET_MS + 20 * (number // tracks) for number in range(len(media))
    ]
    return found


@MANY
@given(
    verbs=st.lists(VERBS, max_size=5),
    talks=st.lists(TALKS, min_size=1, max_size=3),
    ticks=st.sampled_from([0, 1, 5, 15, 25]),
    digits=st.sampled_from(["", "5", "#0"]),
    start_at=st.sampled_from(["webhook", "socket"]),
)
def test_any_bot(
    verbs: list[str], talks: list[list[tuple[str, Any]]], ticks: int, digits: str, start_at: str
) -> None:
    """No exception escapes; counters, marks and faults of every stream are consistent; a call ends once."""
    if start_at == "webhook":
        verbs = [*verbs[:1], STREAM.format("/cb"), *verbs[1:]]
    held = call(verbs, talks, ticks, digits, start_at)

    ends = [event for event in held.phone.events if isinstance(event, AgentHungUp | LineBroke)]
    assert len(ends) <= 1
    assert len(held.phone.of(CallUp)) == held.up
    for line in held.bot.lines:
        stream_as_told(line)
    spoken = [script for script in held.scripts if script.line is not None]
    for script in spoken:
        check_marks(script)
    check_what_arrived(held.phone, spoken)


def check_marks(script: Script) -> None:
    """Marks come back in the order in which they were set, each once, none that was not set."""
    assert script.line is not None
    heard = [decode_platform(json.dumps(frame), script.line.sid).message for frame in script.line.heard]
    returned = [message.name for message in heard if isinstance(message, Mark)]
    assert returned == script.marks[: len(returned)]


def check_what_arrived(phone: Phone, scripts: list[Script]) -> None:
    """What was told of is what was sent, or less where the call was over; nothing is made up."""
    heard = sum(event.size for event in phone.of(AgentAudio))
    set_ = [event.name for event in phone.of(MarkSet)]
    assert heard <= sum(script.media for script in scripts)
    if all(script.sure and script.done for script in scripts):
        assert heard == sum(script.media for script in scripts)
        assert set_ == [name for script in scripts for name in script.marks]
        wrong = [fault for fault in phone.of(ProtocolFault) if fault.rule not in OF_TWIML]
        assert len(wrong) >= sum(script.wrong for script in scripts)
        assert bool(wrong) == any(script.wrong for script in scripts)


@pytest.mark.parametrize("start_at", ["webhook", "socket"])
def test_a_bot_that_does_everything_wrong(start_at: str) -> None:
    """Each wrong message is a fault, counted; what is right among them is taken; marks return on a clear."""
    wrong = [
        b"\x00",
        "{",
        to("hangup"),
        to("mark", mark={}),
        json.dumps({"event": "clear", "streamSid": "MZ"}),
    ]
    steps: list[tuple[str, Any]] = [("wrong", each) for each in wrong]
    steps += [("media", 16_000), ("mark", "a"), ("mark", "a"), ("wait", 50), ("clear", None), ("mark", "b")]
    held = call([STREAM.format("/cb")], [[*steps, ("wait", 500)]], 10, "5", start_at)

    (script,) = held.scripts
    assert script.line is not None
    found = stream_as_told(script.line)
    assert [fault.rule for fault in held.phone.of(ProtocolFault) if fault.rule != "status-callback"] == [
        "binary-frame",
        "not-json",
        "unknown-event",
        "missing-field",
        "wrong-stream-sid",
    ]
    assert [message.name for message in found if isinstance(message, Mark)] == ["a", "a", "b"]
    assert isinstance(found[-1], Stop)
    assert sum(event.size for event in held.phone.of(AgentAudio)) == 16_000
