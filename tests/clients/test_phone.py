"""The telephone in a program's hand, against an agent that is a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support_calls import CLIP
from support_plans import TELEPHONE
from support_twilio import tone
from turnspec.adapters.base import LineError, LineRefused, NothingListens
from turnspec.audio.codecs import decode
from turnspec.audio.files import AudioFileError, read_audio
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K, read_events
from turnspec.call.events import AgentAudio, AgentHungUp, CallEnded, CallerPressed, CallerSpoke, FlushAsked
from turnspec.clients import CallOver, NoReply, Phone, Reply, run_virtually
from turnspec.testing import (
    Digit,
    Expect,
    Fails,
    Flush,
    HangUp,
    ScriptedAdapter,
    ScriptMismatch,
    Speech,
    Step,
)
from turnspec.testing.scripted import NoOptions

T = TypeVar("T")
MS = 1_000
EDGE_US = 5_000


def hums(at_us: int, duration_us: int, stream: str = "") -> AgentAudio:
    """Agent audio that arrives all at once."""
    data = tone(duration_us)
    return AgentAudio(at_us=at_us, format=MULAW_8K, size=len(data), data=data, stream=stream)


def phoned(
    program: Callable[[Phone], Coroutine[Any, Any, T]], *script: Step, **options: Any
) -> tuple[T, Phone]:
    """What a program gives that drives a phone whose far end is this script, and the phone."""
    held = {name: options.pop(name) for name in ("patience_s", "limit_s", "folder") if name in options}

    async def call() -> tuple[T, Phone]:
        with ScriptedAdapter(*script, capabilities=TELEPHONE, **options) as adapter:
            async with Phone("ws://scripted/", adapter, NoOptions(), **held) as phone:
                given = await program(phone)
        return given, phone

    return run_virtually(call())


def test_a_reply_is_what_was_heard_from_first_to_last_sound() -> None:
    """A greeting of two pieces with a short pause is one reply, with its sound and its edges."""

    async def program(phone: Phone) -> Reply:
        return await phone.wait_for_reply()

    reply, _ = phoned(program, hums(300 * MS, 500 * MS), hums(1_300 * MS, 400 * MS), Expect(HangUp()))

    assert abs(reply.began_us - 300 * MS) <= EDGE_US
    assert abs(reply.ended_us - 1_700 * MS) <= EDGE_US
    heard = samples_of(reply.audio)
    whole = samples_of(reply.audio)[: MULAW_8K.size_of(450 * MS)]
    expected = decode(tone(500 * MS), MULAW_8K)
    skipped = MULAW_8K.size_of(reply.began_us - 300 * MS)
    assert (whole == expected[skipped : skipped + len(whole)]).all()
    assert not heard[MULAW_8K.size_of(600 * MS) : MULAW_8K.size_of(900 * MS)].any()


def test_a_question_and_its_answer() -> None:
    """`say` returns where the caller's last word is over; the reply after it is another one than before."""

    async def program(phone: Phone) -> tuple[int, Reply]:
        await phone.wait_for_reply()
        await phone.say(CLIP, text="my account")
        spoken_us = max(event.at_us for event in phone.events)
        return spoken_us, await phone.wait_for_reply()

    script = (hums(0, 400 * MS), Expect(Speech(), then=(hums(500 * MS, 300 * MS),)), Expect(HangUp()))
    (spoken_us, reply), phone = phoned(program, *script)

    (spoke,) = (event for event in phone.events if isinstance(event, CallerSpoke))
    assert spoke.text == "my account"
    assert 0 <= spoken_us - spoke.speech_end_us <= 20 * MS
    assert abs(reply.began_us - spoke.speech_end_us - 500 * MS) <= EDGE_US


def test_keys_are_pressed_in_order() -> None:
    """Each key leaves by itself, a tenth of a second after the one before."""

    async def program(phone: Phone) -> None:
        await phone.press("4#")

    _, phone = phoned(program, Expect(Digit("4")), Expect(Digit("#")), Expect(HangUp()))

    pressed = [(event.at_us, event.digit) for event in phone.events if isinstance(event, CallerPressed)]
    assert pressed == [(0, "4"), (100 * MS, "#")]


def test_keys_are_pressed_as_tones() -> None:
    """They are sound, and no messages: each ends 150 ms after the one before."""

    async def program(phone: Phone) -> None:
        await phone.press("4#", in_band=True)
        await phone.wait_for_reply()

    answer = Expect(Speech(), then=(hums(500 * MS, 300 * MS),))
    _, phone = phoned(program, answer, Expect(HangUp()))

    pressed = [event for event in phone.events if isinstance(event, CallerPressed)]
    assert [(event.digit, event.in_band) for event in pressed] == [("4", True), ("#", True)]
    assert pressed[1].at_us - pressed[0].at_us == 150 * MS


@pytest.mark.parametrize("keys", ["", "4e", "12 3"])
def test_what_is_no_key_is_refused(keys: str) -> None:
    """Nothing is sent of it."""

    async def program(phone: Phone) -> None:
        with pytest.raises(ValueError, match="are no keys: 0-9"):
            await phone.press(keys)

    phoned(program, Expect(HangUp()))


def test_talking_over_a_reply() -> None:
    """The caller speaks at once; what was cut is no reply, what begins afterwards is."""

    async def program(phone: Phone) -> Reply:
        await asyncio.sleep(1)
        await phone.say(CLIP)
        return await phone.wait_for_reply()

    script = (
        hums(0, 10_000 * MS, "s"),
        FlushAsked(at_us=1_400 * MS),
        Expect(Flush("s", 1_400 * MS)),
        Expect(Speech(), then=(hums(700 * MS, 300 * MS),)),
        Expect(HangUp()),
    )
    reply, phone = phoned(program, *script)

    (spoke,) = (event for event in phone.events if isinstance(event, CallerSpoke))
    assert spoke.at_us == 1_000 * MS
    assert abs(reply.began_us - spoke.speech_end_us - 700 * MS) <= EDGE_US


def test_nothing_heard_within_patience() -> None:
    """A silent agent is told of after so long as was asked for; the call goes on, and can be ended."""

    async def program(phone: Phone) -> int:
        with pytest.raises(NoReply, match=r"nothing was heard within 2\.5 s"):
            await phone.wait_for_reply(2.5)
        return round(asyncio.get_running_loop().time() * 1_000_000)

    at_us, _ = phoned(program, Expect(HangUp()))

    assert at_us == 2_500 * MS


def test_the_phones_own_patience() -> None:
    """Patience can be set for a whole call."""

    async def program(phone: Phone) -> None:
        with pytest.raises(NoReply, match="within 4 s"):
            await phone.wait_for_reply()

    phoned(program, Expect(HangUp()), patience_s=4)


def test_an_agent_that_hangs_up_in_the_middle_of_a_reply() -> None:
    """What was heard of it is the reply; afterwards every wish says that the call is over, and by whom."""

    async def program(phone: Phone) -> Reply:
        reply = await phone.wait_for_reply()
        await asyncio.sleep(1)
        for wish in (phone.say(CLIP), phone.press("1"), phone.wait_for_reply()):
            with pytest.raises(CallOver, match="has ended, by the agent: bye"):
                await wish
        return reply

    reply, _ = phoned(program, hums(0, 900 * MS), AgentHungUp(at_us=500 * MS, reason="bye"))

    assert reply.ended_us == 500 * MS


def test_an_agent_that_hangs_up_while_the_caller_speaks() -> None:
    """`say` does not wait for a last word that nobody can hear."""

    async def program(phone: Phone) -> int:
        with pytest.raises(CallOver):
            await phone.say(CLIP)
        return round(asyncio.get_running_loop().time() * 1_000_000)

    at_us, _ = phoned(program, AgentHungUp(at_us=200 * MS))

    assert at_us == 200 * MS


def test_the_end_of_the_block_ends_the_call() -> None:
    """The caller hangs up, once, and the record ends as every record does."""

    async def program(phone: Phone) -> None:
        await asyncio.sleep(0.3)
        assert not any(isinstance(event, CallEnded) for event in phone.events)

    _, phone = phoned(program, Expect(HangUp()))

    assert isinstance(phone.events[-1], CallEnded)
    assert (phone.events[-1].at_us, phone.events[-1].reason) == (300 * MS, "caller")


def test_hanging_up_twice_is_harmless() -> None:
    """Once by hand, once by the end of the block."""

    async def program(phone: Phone) -> None:
        await phone.hang_up()
        await phone.hang_up()

    phoned(program, Expect(HangUp()))


def test_a_program_that_fails_still_hangs_up() -> None:
    """Its own error comes out of the block, and the line is closed."""

    async def program(phone: Phone) -> None:
        raise LookupError(phone.events[0].kind)

    with pytest.raises(LookupError, match="dialled"):
        phoned(program, Expect(HangUp()))


def test_a_call_has_a_limit() -> None:
    """A program that waits for ever does not hold the line for ever."""

    async def program(phone: Phone) -> None:
        with pytest.raises(CallOver, match="by the caller: call-limit"):
            await phone.wait_for_reply(1_000)

    phoned(program, Expect(HangUp()), limit_s=20)


@pytest.mark.parametrize("refusal", [LineRefused("busy", 486), NothingListens("nobody there")])
def test_a_call_that_does_not_come_up_says_why(refusal: LineError) -> None:
    """Entering the block raises what the adapter said."""

    async def program(phone: Phone) -> None:
        raise AssertionError(phone)

    with pytest.raises(type(refusal), match=refusal.reason) as told:
        phoned(program, refusal=refusal)
    assert told.value.code == refusal.code


def test_an_adapter_that_breaks_is_not_taken_for_silence() -> None:
    """The error of a broken adapter comes out of whatever the program waits for."""

    async def program(phone: Phone) -> Reply:
        return await phone.wait_for_reply()

    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="no buffer space")):
        phoned(program, Fails(100 * MS, OSError("no buffer space")))


def test_a_key_that_the_script_does_not_have() -> None:
    """The scripted far end tells of what a program must not do."""

    async def program(phone: Phone) -> None:
        await phone.press("9")
        await phone.wait_for_reply()

    with pytest.raises(ScriptMismatch, match=r"sent Digit\(digit='9'\)"):
        phoned(program)


def test_a_recording_that_cannot_be_said(tmp_path: Path) -> None:
    """It is named before anything is sent."""

    async def program(phone: Phone) -> None:
        with pytest.raises(AudioFileError, match=r"nowhere\.wav: does not exist"):
            await phone.say(tmp_path / "nowhere.wav")

    phoned(program, Expect(HangUp()))


def test_the_recording_has_both_sides(tmp_path: Path) -> None:
    """Caller and agent lie on one time axis as long as the call, and go into one file."""

    async def program(phone: Phone) -> None:
        await phone.say(CLIP)
        await phone.wait_for_reply()

    script = (Expect(Speech(), then=(hums(300 * MS, 300 * MS),)), Expect(HangUp()))
    _, phone = phoned(program, *script)

    recording = phone.recording
    recording.save(tmp_path / "call.flac")
    ended_us = phone.events[-1].at_us
    assert recording.caller.duration_us == recording.agent.duration_us
    assert 0 <= ended_us - recording.caller.duration_us < 125
    assert samples_of(recording.caller).any()
    assert samples_of(recording.agent).any()
    assert read_audio(tmp_path / "call.flac").duration_us == recording.caller.duration_us


def test_the_evidence_is_kept_where_it_is_wanted(tmp_path: Path) -> None:
    """The record on disk is that of any call."""

    async def program(phone: Phone) -> None:
        await phone.wait_for_reply()

    _, phone = phoned(program, hums(0, 200 * MS), Expect(HangUp()), folder=tmp_path)

    header, events = read_events(tmp_path)
    assert header["protocol"] == "scripted"
    assert events == phone.events


def test_a_phone_that_never_called() -> None:
    """Without a call there is nothing to wait for, and nothing to hang up."""

    async def program() -> None:
        phone = Phone("ws://scripted/", ScriptedAdapter(capabilities=TELEPHONE), NoOptions())
        await phone.hang_up()
        with pytest.raises(CallOver, match="never made"):
            await phone.wait_for_reply()

    run_virtually(program())
