"""The scripted adapter alone: it lets happen what it says, and takes nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from turnspec.adapters.base import Adapter, Call, Dial, LineRefused, Witness
from turnspec.call import Identity
from turnspec.call.events import AgentHungUp, AgentSaid, CallUp, LineBroke, MarkSet, Side
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop
from turnspec.testing import (
    Digit,
    Expect,
    Fails,
    FunctionOutput,
    HangUp,
    Mark,
    RecordingWitness,
    ReplyRequest,
    ScriptedAdapter,
    ScriptedCall,
    ScriptMismatch,
    Text,
)
from turnspec.testing.scripted import NoOptions

T = TypeVar("T")
LATER = MarkSet(at_us=700_000, name="late")


def virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in virtual time."""
    return run_on(VirtualLoop, coroutine)


async def dialled(adapter: ScriptedAdapter) -> tuple[ScriptedCall, RecordingWitness]:
    """The call of an adapter, and what it reports to."""
    witness = RecordingWitness.on_loop()
    call = await adapter.dial(Dial("ws://scripted/", NoOptions(), Identity("test"), witness))
    return call, witness


def said(at_us: int, text: str) -> AgentSaid:
    """Words of a model."""
    return AgentSaid(at_us=at_us, side=Side.MODEL, response_id="r", item_id="i", text=text, began_us=at_us)


def test_it_is_an_adapter_and_its_call_a_call() -> None:
    """What the engine wants of an adapter, a call and a witness is all there."""
    adapter: Adapter = ScriptedAdapter()
    call: Call = ScriptedCall((), RecordingWitness())
    witness: Witness = RecordingWitness()

    assert isinstance(adapter, Adapter)
    assert call.backlog == witness.now_us() == 0


def test_events_happen_at_their_time_and_in_their_order() -> None:
    """Each event is reported at its own microsecond; equal times keep the order of the script."""

    async def call() -> list[tuple[int, str]]:
        script = (MarkSet(at_us=5_000, name="b"), MarkSet(at_us=5_000, name="c"), MarkSet(at_us=1, name="a"))
        with ScriptedAdapter(*script, AgentHungUp(at_us=6_000)) as adapter:
            made, witness = await dialled(adapter)
            await made.listen()
        return [(event.at_us, event.kind + getattr(event, "name", "")) for event in witness.events]

    told = virtually(call())

    assert told == [
        (0, "call-up"),
        (1, "mark-seta"),
        (5_000, "mark-setb"),
        (5_000, "mark-setc"),
        (6_000, "agent-hung-up"),
    ]


def test_a_send_brings_about_its_consequences() -> None:
    """What follows a send is timed from that send, whenever it came."""

    async def call() -> list[tuple[int, str]]:
        script = (
            Expect(ReplyRequest(), then=(said(250_000, "Hello."),)),
            Expect(Text("bye"), then=(AgentHungUp(at_us=10),)),
        )
        with ScriptedAdapter(*script) as adapter:
            made, witness = await dialled(adapter)
            async with asyncio.TaskGroup() as group:
                group.create_task(made.listen())
                await asyncio.sleep(0.1)
                made.request_reply()
                await asyncio.sleep(0.9)
                made.send_text("bye")
        assert made.sent == [(100_000, ReplyRequest()), (1_000_000, Text("bye"))]
        return [(event.at_us, event.kind) for event in witness.events]

    assert virtually(call()) == [(0, "call-up"), (350_000, "agent-said"), (1_000_010, "agent-hung-up")]


def test_an_unexpected_send_fails_with_what_was_expected() -> None:
    """The message names what came, when, what should have come, and what came before it."""

    async def call() -> None:
        with ScriptedAdapter(Expect(Mark("m1")), Expect(Text("hello")), Expect(HangUp())) as adapter:
            made, _ = await dialled(adapter)
            made.mark_reached("m1")
            await asyncio.sleep(0.25)
            made.send_text("helo")

    with pytest.raises(ScriptMismatch) as failed:
        virtually(call())
    assert str(failed.value) == (
        "the engine sent Text(text='helo') at 250000 us, but the script expects Text(text='hello')\n"
        "  sent before  Mark(name='m1') at 0 us\n"
        "  still to be  Text(text='hello')\n"
        "  still to be  HangUp()"
    )


def test_a_send_after_the_script_is_unexpected_too() -> None:
    """A script that expects nothing more takes nothing more."""

    async def call() -> None:
        with ScriptedAdapter() as adapter:
            made, _ = await dialled(adapter)
            made.send_digit("5")

    with pytest.raises(ScriptMismatch, match=r"sent Digit\(digit='5'\) .* expects nothing more"):
        virtually(call())


def test_a_wrong_send_ends_the_listening() -> None:
    """Who listens learns of the mismatch at once, and the block raises that and not what came of it."""

    async def call() -> None:
        with ScriptedAdapter() as adapter:
            made, _ = await dialled(adapter)
            async with asyncio.TaskGroup() as group:
                group.create_task(made.listen())
                await asyncio.sleep(0.5)
                made.send_text("nobody asked")
                await asyncio.sleep(60)

    async def fails() -> int:
        with pytest.raises(ScriptMismatch, match="sent Text"):
            await call()
        return round(asyncio.get_running_loop().time() * 1_000_000)

    assert virtually(fails()) == 500_000


def test_what_is_left_of_the_script_fails() -> None:
    """Sends that never came and events that never happened are each named."""

    async def call() -> None:
        script = (Expect(FunctionOutput("c1", "{}")), LATER)
        with ScriptedAdapter(AgentHungUp(at_us=1_000), *script) as adapter:
            made, _ = await dialled(adapter)
            await made.listen()

    with pytest.raises(ScriptMismatch) as failed:
        virtually(call())
    assert str(failed.value) == (
        "the call is over, and the script is not:\n"
        "  left  Expect(send=FunctionOutput(call_id='c1', output='{}'), then=())\n"
        f"  left  {LATER!r}"
    )


def test_a_script_that_was_never_called_is_left_over_whole() -> None:
    """An adapter that nobody dials fails as well."""
    with pytest.raises(ScriptMismatch, match="left  MarkSet"), ScriptedAdapter(LATER):
        pass


def test_it_has_to_be_watched() -> None:
    """Outside of a `with` block nothing would check the script, so it does not dial."""
    with pytest.raises(ScriptMismatch, match="`with` block"):
        virtually(dialled(ScriptedAdapter()))


def test_a_script_is_one_call() -> None:
    """Dialling again is refused."""

    async def twice() -> None:
        with ScriptedAdapter() as adapter:
            await dialled(adapter)
            await dialled(adapter)

    with pytest.raises(ScriptMismatch, match="dialled twice"):
        virtually(twice())


def test_an_error_of_the_block_is_not_replaced() -> None:
    """Leaving the block with an error of its own says that, not what is therefore left over."""
    with pytest.raises(LookupError, match="mine"), ScriptedAdapter(LATER):
        raise LookupError("mine")


def test_a_refusal_comes_when_dialling_is_over() -> None:
    """A declined call takes its time, and never is up."""

    async def refused() -> int:
        with ScriptedAdapter(refusal=LineRefused("busy", 486), up_after_us=80_000) as adapter:
            with pytest.raises(LineRefused, match="busy"):
                await dialled(adapter)
            assert adapter.call is None
        return round(asyncio.get_running_loop().time() * 1_000_000)

    assert virtually(refused()) == 80_000


@pytest.mark.parametrize("closing", [AgentHungUp(at_us=0), LineBroke(at_us=0, reason="reset")])
def test_nothing_is_sent_on_a_closed_line(closing: AgentHungUp) -> None:
    """Once the line is gone sends are ignored, as on a real one, and hanging up returns at once."""

    async def call() -> list[Any]:
        with ScriptedAdapter(closing) as adapter:
            made, _ = await dialled(adapter)
            await made.listen()
            made.send_audio(b"\xff" * 160)
            made.send_digit("1")
            await made.hang_up()
            assert not made.audio
        return made.sent

    assert virtually(call()) == []


def test_a_hang_up_closes_the_line_when_the_script_says() -> None:
    """What happens before the line has closed is still reported; nothing is sent meanwhile."""

    async def call() -> list[tuple[int, str]]:
        script = (Expect(HangUp(), then=(said(100_000, "wait"),)),)
        with ScriptedAdapter(*script, closes_after_us=100_000) as adapter:
            made, witness = await dialled(adapter)
            async with asyncio.TaskGroup() as group:
                group.create_task(made.listen())
                await made.hang_up()
                made.send_text("too late")
        assert asyncio.get_running_loop().time() == 0.1
        return [(event.at_us, event.kind) for event in witness.events]

    assert virtually(call()) == [(0, "call-up"), (100_000, "agent-said")]


def test_listening_fails_with_the_error_of_the_script() -> None:
    """An adapter that breaks is one line of a script."""

    async def call() -> None:
        with ScriptedAdapter(Fails(3_000, OSError("no more memory"))) as adapter:
            made, _ = await dialled(adapter)
            with pytest.raises(OSError, match="no more memory"):
                await made.listen()
            assert asyncio.get_running_loop().time() == 0.003

    virtually(call())


def test_what_is_unread_is_a_function_of_time() -> None:
    """A peer that stops reading is a rising backlog."""
    witness = RecordingWitness()
    call = ScriptedCall((), witness, backlog=lambda at_us: at_us // 10)

    assert call.backlog == 0
    witness.at_us = 1_000
    assert call.backlog == 100


def test_the_witness_keeps_what_it_is_told() -> None:
    """Events and frames are kept in order, frames with the time that the test set."""
    witness = RecordingWitness(at_us=7)
    witness.happened(CallUp(at_us=3))
    witness.happened(said(5, "hello"))
    witness.frame(Side.MODEL, "in", "{}")

    assert [event.text for event in witness.of(AgentSaid, Side.MODEL)] == ["hello"]
    assert list(witness.of(AgentSaid, Side.LINE)) == []
    assert [(frame.at_us, frame.side, frame.direction, frame.text) for frame in witness.frames] == [
        (7, Side.MODEL, "in", "{}")
    ]


def test_a_key_is_taken_as_sent() -> None:
    """A script that expects exactly what is sent ends in peace."""

    async def call() -> None:
        with ScriptedAdapter(Expect(Digit("*"), then=(AgentHungUp(at_us=0),))) as adapter:
            made, _ = await dialled(adapter)
            made.send_digit("*")
            await made.listen()
            assert made.left_over() == ()

    virtually(call())
