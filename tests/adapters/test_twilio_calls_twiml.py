"""How a call walks through the TwiML of a webhook, to a stream and beyond it."""

from __future__ import annotations

import asyncio

from support_twilio import Notebook
from support_twilio_calls import FRAME, bot, close, connect, rules
from support_twilio_web import Bot, Line, dial, held
from turnspec.adapters.base import Call
from turnspec.adapters.http import HttpResponse
from turnspec.adapters.twilio import ADAPTER
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentHungUp,
    AgentMessaged,
    AgentTransferred,
    CallUp,
    FlushAsked,
    LineBroke,
    MarkSet,
    ProtocolFault,
)
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


class TestWalking:
    """One verb after another."""

    def test_prompts_cost_no_time(self) -> None:
        """By default the stream opens at once, and what was said is in the record."""
        agent = bot(f"<Say>Hello</Say><Play>/a.mp3</Play><Pause length='9'/>{connect()}", close)
        notebook = held(agent)

        assert [event.at_us for event in notebook.of(CallUp)] == [0]
        assert [event.text for event in notebook.of(AgentMessaged)] == ["Hello"]
        assert [(event.name, event.payload) for event in notebook.of(AgentActivity)] == [
            ("Play", {"what": "/a.mp3"})
        ]

    def test_prompts_take_their_time(self) -> None:
        """If asked for, a text takes as long as its characters, a pause as long as it says."""
        agent = bot(f"<Say>0123456789</Say><Pause length='9'/>{connect()}", close)
        notebook = held(agent, prompts="spend")

        assert [event.at_us for event in notebook.of(CallUp)] == [9_650_000]

    def test_what_follows_a_stream(self) -> None:
        """When the bot closes the stream the verbs after it run; another stream is the same call."""

        async def talk(line: Line) -> None:
            await line.play(100)
            await line.say("mark", mark={"name": "one"})
            await line.connection.close()

        agent = bot(f"{connect()}<Say>Once more</Say>{connect()}<Hangup/>", talk, close)
        notebook = held(agent)

        kinds = [type(event) for event in notebook.events]
        assert kinds == [CallUp, AgentAudio, MarkSet, FlushAsked, AgentMessaged, FlushAsked, AgentHungUp]
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["its TwiML hung up"]
        first, second = (line.start["start"] for line in agent.lines)
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert first["callSid"] == second["callSid"]
        assert first["streamSid"] != second["streamSid"]

    def test_the_last_stream(self) -> None:
        """With nothing left to do, closing the stream hangs up."""
        notebook = held(bot(connect(), close))
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["closed the stream (1000)"]

    def test_a_stream_that_breaks(self) -> None:
        """A broken stream is a broken line, whatever would follow."""

        async def drop(line: Line) -> None:
            line.connection.transport.abort()

        notebook = held(bot(f"{connect()}<Say>Bye</Say>", drop))
        assert [event.code for event in notebook.of(LineBroke)] == [1006]
        assert notebook.of(AgentHungUp) == []

    def test_a_verb_that_is_not_followed(self) -> None:
        """After a stream it is a finding with its name, and the end."""
        notebook = held(bot(f"{connect()}<Gather/>", close))
        assert rules(notebook) == ["unsupported-verb"]
        assert "<Gather>" in notebook.of(AgentHungUp)[0].reason

    def test_a_transfer(self) -> None:
        """Dial after a stream gives the call away."""
        notebook = held(bot(f"{connect()}<Dial><Sip>sip:desk@h</Sip></Dial>", close))
        (event,) = notebook.of(AgentTransferred)
        assert (event.target, event.details) == ("sip:desk@h", {"verb": "Dial"})
        assert len(notebook.of(AgentHungUp)) == 1

    def test_a_later_stream_that_is_not_taken(self) -> None:
        """Its failure is a finding, and the next verb runs."""
        agent = bot(f'{connect()}<Connect><Stream url="https://h/s"/></Connect><Say>Bye</Say>', close)
        notebook = held(agent)
        assert rules(notebook) == ["stream-refused"]
        assert [event.text for event in notebook.of(AgentMessaged)] == ["Bye"]

    def test_a_query_string(self) -> None:
        """It is dropped, and told."""
        agent = bot('<Connect><Stream url="wss://h.example/s?token=1"/></Connect>', close)
        notebook = held(agent)
        assert rules(notebook) == ["stream-url-query"]
        assert agent.upgrades[0]["path"] == "/s"

    def test_the_caller_hangs_up(self) -> None:
        """`stop`, then the end, whatever TwiML is left."""
        agent = bot(f"{connect()}<Say>Bye</Say>", Line.listen)

        async def caller(call: Call) -> None:
            call.send_audio(FRAME)
            call.send_digit("5")
            await asyncio.sleep(1)

        notebook = held(agent, caller)
        assert [message["event"] for message in agent.lines[0].heard] == ["media", "dtmf", "stop"]
        assert notebook.of(AgentMessaged) == []


class TestOneWay:
    """A copy of the call, for a bot that only listens."""

    DOCUMENT = (
        '<Start><Stream url="/s" name="copy" track="{track}" statusCallback="/cb">'
        '<Parameter name="a" value="b"/></Stream></Start><Pause length="1"/>{more}'
    )

    def heard(self, track: str, more: str = "") -> tuple[Bot, Notebook]:
        """A call with such a copy, ten frames long."""
        agent = bot(self.DOCUMENT.format(track=track, more=more), Line.listen, cb=HttpResponse(204))
        notebook = Notebook()

        async def scene() -> None:
            async with agent.serving() as host:
                call = await ADAPTER.dial(dial(f"http://{host}/voice", notebook))
                listening = asyncio.ensure_future(call.listen())
                for _ in range(3):
                    call.send_audio(b"\x10" * 160)
                    call.send_digit("1")
                    await asyncio.sleep(0.02)
                await listening
                await call.hang_up()

        run_on(VirtualLoop, scene())
        return agent, notebook

    def test_the_caller(self) -> None:
        """The call is up, lasts as long as its TwiML, carries no keys, and ends with `stop`."""
        agent, notebook = self.heard("inbound_track")

        (line,) = agent.lines
        start = line.start["start"]
        assert isinstance(start, dict)
        assert (start["tracks"], start["customParameters"]) == (["inbound"], {"a": "b"})
        assert [message["event"] for message in line.heard] == ["media"] * 3 + ["stop"]
        assert [type(event) for event in notebook.events] == [CallUp, AgentHungUp]
        assert notebook.of(AgentHungUp)[0].at_us == 1_000_000

    def test_both_tracks(self) -> None:
        """Frames of one instant have one timestamp; counters are common."""
        agent, _ = self.heard("both_tracks")

        (line,) = agent.lines
        start = line.start["start"]
        assert isinstance(start, dict)
        assert start["tracks"] == ["inbound", "outbound"]
        media = [message["media"] for message in line.heard[:4]]
        assert [(m["track"], m["chunk"], m["timestamp"]) for m in media if isinstance(m, dict)] == [
            ("outbound", "1", "102"),
            ("inbound", "2", "102"),
            ("outbound", "3", "122"),
            ("inbound", "4", "122"),
        ]
        assert [message["sequenceNumber"] for message in line.heard[:4]] == ["2", "3", "4", "5"]

    def test_stopped_by_name(self) -> None:
        """<Stop> ends it while the call goes on; the callback is told of both."""
        agent, notebook = self.heard("inbound_track", '<Stop><Stream name="copy"/></Stop><Hangup/>')

        assert [form["StreamEvent"] for form in agent.forms("/cb")] == ["stream-started", "stream-stopped"]
        assert {form["StreamName"] for form in agent.forms("/cb")} == {"copy"}
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["its TwiML hung up"]

    def test_nothing_may_be_sent(self) -> None:
        """Whatever a bot sends on it is a finding, each time; the call goes on."""

        async def babble(line: Line) -> None:
            await line.play(20)
            await line.say("mark", mark={"name": "a"})
            await line.connection.send(b"\x00")
            await line.listen()

        notebook = held(bot('<Start><Stream url="/s"/></Start><Pause length="1"/>', babble))
        assert rules(notebook) == ["one-way-send"] * 3
        assert notebook.of(AgentAudio) == []

    def test_beside_a_stream_both_ways(self) -> None:
        """Both get the caller; only one is answered."""

        async def answer(line: Line) -> None:
            await line.play(20)
            await asyncio.sleep(0.1)
            await line.connection.close()

        agent = bot(f'<Start><Stream url="/copy"/></Start>{connect()}', Line.listen, answer)

        async def caller(call: Call) -> None:
            await asyncio.sleep(0.05)
            call.send_audio(FRAME)
            assert call.backlog == 0
            await asyncio.sleep(0.1)

        notebook = held(agent, caller)
        assert [upgrade["path"] for upgrade in agent.upgrades] == ["/copy", "/media-stream"]
        assert len(notebook.of(AgentAudio)) == 1
        assert len(notebook.of(CallUp)) == 1
        assert "media" in [message["event"] for message in agent.lines[0].heard]

    def test_too_many(self) -> None:
        """A call has four tracks for copies: what goes beyond is told, and not opened."""
        copies = '<Start><Stream url="/a" track="both_tracks"/></Start><Start><Stream url="/b"/></Start>'
        copies += '<Start><Stream url="/c" track="both_tracks"/></Start><Start><Stream url="/d"/></Start>'
        agent = bot(copies + '<Start><Stream url="/e"/></Start><Pause length="1"/>')
        notebook = held(agent)

        assert [upgrade["path"] for upgrade in agent.upgrades] == ["/a", "/b", "/d"]
        assert rules(notebook) == ["stream-refused"] * 2
        told = "a Stream of its TwiML: with it 5 tracks would be copied, and a call has 4 for copies"
        assert notebook.of(ProtocolFault)[0].detail == told

    def test_two_of_one_name(self) -> None:
        """A name is one stream's: it is told, and both are opened."""
        agent = bot('<Start><Stream url="/a" name="n"/></Start>' * 2 + '<Pause length="1"/>')
        notebook = held(agent)

        assert len(agent.upgrades) == 2
        assert [fault.detail for fault in notebook.of(ProtocolFault)] == [
            'another Stream of this call is named "n", too: <Stop> cannot tell them apart'
        ]

    def test_one_that_breaks(self) -> None:
        """A copy that is cut is a finding, not the end of the call."""

        async def drop(line: Line) -> None:
            line.connection.transport.abort()

        notebook = held(bot('<Start><Stream url="/s"/></Start><Pause length="1"/>', drop))
        assert rules(notebook) == ["stream-broke"]
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["its TwiML came to its end"]
