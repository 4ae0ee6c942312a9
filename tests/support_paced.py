"""Many paced calls in one process, ours and bare ones; run as `python tests/support_paced.py SIDE ...`.

Each side holds so many calls to the bot at an address, measures for some seconds once all are up, and prints
what it saw as JSON: the process's CPU for each frame sent (and its echo received), and how late frames left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed

from support_calls import NothingToClose
from support_plans import TELEPHONE, plan_of
from support_twilio import AUDIO, SILENCE
from turnspec.adapters.base import Dial
from turnspec.adapters.twilio import ADAPTER
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.audio.codecs import decode, encode
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.resample import resample
from turnspec.call import MULAW_8K, AudioFormat, Encoding, Evidence, Identity
from turnspec.call.events import AgentAudio, Event
from turnspec.plan import CallPlan, Setting, TargetKind
from turnspec.plan.model import Utterance
from turnspec.run.clock import CallClock
from turnspec.run.conversation import converse
from turnspec.run.live import LiveCall
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.side_by_side import punctually
from turnspec.run.voice import FRAME_US, Prepared, prepare
from turnspec.run.wheel import PacingWheel

PERIOD_NS = 20_000_000
SLOT_NS = 2_000_000
SLOTS = PERIOD_NS // SLOT_NS
SETTLE_S = 1.0
APART_S = 0.005  # between the beginnings of two calls
PRIORITY = 20
LINEAR_16K = AudioFormat(Encoding.PCM16, 16_000)
# As long as a frame of the real stream.
FRAME = (
    '{"event":"media","sequenceNumber":"1234","media":{"track":"inbound","chunk":"1232","timestamp":"24742",'
    f'"payload":"{"/" * 216}"}},"streamSid":"MZ{"0" * 32}"}}'
)


def first_in_line(core: int) -> bool:
    """Ask the system for a core and to be run whenever there is something to run; False: it refused."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        return True
    return False


@dataclass
class Seen:
    """What was measured: lateness of every frame sent, in microseconds, and CPU."""

    late_us: list[int] = field(default_factory=list)
    cpu_s: float = 0.0
    received: int = 0
    counts: bool = False

    def sent(self, late_ns: int) -> None:
        """Note one frame."""
        if self.counts:
            self.late_us.append(late_ns // 1000)

    async def measure(self, seconds: float) -> None:
        """Let the calls settle, then count for so long."""
        await asyncio.sleep(SETTLE_S)
        before = time.process_time()
        self.counts = True
        await asyncio.sleep(seconds)
        self.counts = False
        self.cpu_s = time.process_time() - before

    def told(self) -> dict[str, float]:
        """The numbers, by name."""
        late = sorted(self.late_us)
        tenth = len(late) // 10
        first, last = sorted(self.late_us[:tenth]), sorted(self.late_us[-tenth:])
        return {
            "frames": len(late),
            "cpu_us": self.cpu_s * 1e6 / len(late),
            "p50_us": late[len(late) // 2],
            "p99_us": late[len(late) * 99 // 100],
            "max_us": late[-1],
            "drift_us": last[tenth // 2] - first[tenth // 2],
        }


async def _lines(url: str, calls: int) -> list[ClientConnection]:
    return [await connect(url, compression=None, proxy=None, ping_interval=None) for _ in range(calls)]


async def _receive(line: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await line.recv()


async def bare(url: str, calls: int, seconds: float) -> Seen:
    """A wheel of 2 ms slots that sends a constant frame; what comes is received and dropped."""
    loop, seen = asyncio.get_running_loop(), Seen()
    lines = await _lines(url, calls)
    receivers = [loop.create_task(_receive(line)) for line in lines]
    slots = [lines[slot::SLOTS] for slot in range(SLOTS)]
    start_ns = time.perf_counter_ns() + SLOT_NS

    def turn(number: int) -> None:
        due_ns = start_ns + number * SLOT_NS
        for line in slots[number % SLOTS]:
            seen.sent(time.perf_counter_ns() - due_ns)
            broadcast([line], FRAME)
        loop.call_at((due_ns + SLOT_NS) / 1e9, turn, number + 1)

    loop.call_at(start_ns / 1e9, turn, 0)
    await seen.measure(seconds)
    for receiver in receivers:
        receiver.cancel()
    return seen


async def tasks(url: str, calls: int, seconds: float) -> Seen:
    """One task a call, which sleeps until each deadline and sends a constant frame."""
    loop, seen = asyncio.get_running_loop(), Seen()
    lines = await _lines(url, calls)
    work = [loop.create_task(_receive(line)) for line in lines]
    start_ns = time.perf_counter_ns() + PERIOD_NS

    async def pace(line: ClientConnection, phase_ns: int) -> None:
        due_ns = start_ns + phase_ns
        while True:
            await asyncio.sleep(due_ns / 1e9 - loop.time())
            seen.sent(time.perf_counter_ns() - due_ns)
            await line.send(FRAME)
            due_ns += PERIOD_NS

    work += [loop.create_task(pace(line, i * PERIOD_NS // calls)) for i, line in enumerate(lines)]
    await seen.measure(seconds)
    for task in work:
        task.cancel()
    return seen


async def idle(_url: str, _calls: int, seconds: float) -> Seen:
    """A loop with nothing else to do than to wake every 20 ms, on absolute deadlines."""
    loop, seen = asyncio.get_running_loop(), Seen()
    due = loop.time()

    def ring(due: float) -> None:
        seen.sent(round((loop.time() - due) * 1e9))
        loop.call_at(due + PERIOD_NS / 1e9, ring, due + PERIOD_NS / 1e9)

    loop.call_at(due, ring, due)
    await seen.measure(seconds)
    return seen


def _plan(folder: Path, number: int) -> CallPlan:
    where = Setting("desk", "twilio", TargetKind.BARE, TELEPHONE, Identity(f"call {number}"))
    return plan_of(folder, "- caller: {audio: clip.wav, text: something}", where)


def _voice(seconds: float) -> Prepared:
    """A caller who talks half of the time, in recordings, for at least so long."""
    clips = sorted((AUDIO / "caller").glob("*.flac"))
    line, voices = MULAW_8K, [prepare([Utterance("", clip, "")], MULAW_8K)[0] for clip in clips]
    wire = b"".join(voice.wire + SILENCE * (len(voice.wire) // len(SILENCE)) for voice in voices)
    wire *= 1 + int(seconds * 1e6) // line.duration_us(len(wire))
    end_us = line.duration_us(len(wire))
    return replace(voices[0], samples=decode(wire, line), wire=wire, speech_start_us=0, speech_end_us=end_us)


def _linear(voice: Prepared) -> dict[bytes, bytes]:
    """Each frame of a caller's voice, decoded and resampled with all that stands around it."""
    whole = encode(resample(decode(voice.wire, MULAW_8K), MULAW_8K.rate_hz, LINEAR_16K.rate_hz), LINEAR_16K)
    size = len(SILENCE)
    wide = size * len(whole) // len(voice.wire)
    frames = range(len(voice.wire) // size)
    silence = {SILENCE: bytes(wide)}
    return {voice.wire[n * size : (n + 1) * size]: whole[n * wide : (n + 1) * wide] for n in frames} | silence


async def ours(url: str, calls: int, seconds: float) -> Seen:
    """Whole calls: our adapter, our wheel, evidence on disk, recorder, playback clock, conductor."""
    return await _ours(url, calls, seconds)


async def ready(url: str, calls: int, seconds: float) -> Seen:
    """The same, heard at 16 kHz; what arrives is replaced by the same sound as if it came so."""
    return await _ours(url, calls, seconds, LINEAR_16K.rate_hz)


async def converted(url: str, calls: int, seconds: float) -> Seen:
    """The same, heard at 16 kHz; each frame that arrives is decoded and resampled."""
    return await _ours(url, calls, seconds, MULAW_8K.rate_hz)


async def _ours(url: str, calls: int, seconds: float, rate_hz: int = 0) -> Seen:
    loop, seen = asyncio.get_running_loop(), Seen()
    wheel, voice = PacingWheel.of(loop), _voice(seconds + calls * APART_S + 2 * SETTLE_S)
    linear = _linear(voice)

    class Timed(LiveCall):
        def tick(self, number: int) -> None:
            due_us = self.started_us + (number + 1) * FRAME_US
            seen.sent((self.clock.now_us() - due_us) * 1_000)
            super().tick(number)

        def happened(self, event: Event) -> None:
            # Both sides are given their audio anew, so that what it costs to do that is in both.
            if rate_hz and isinstance(event, AgentAudio):
                ready = linear[event.data], LINEAR_16K
                data, form = ready if rate_hz == LINEAR_16K.rate_hz else (event.data, event.format)
                event = replace(event, data=data, size=len(data), format=form)
            super().happened(event)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with asyncio.TaskGroup() as group:
            held = []
            for number, plan in enumerate([_plan(folder, number) for number in range(calls)]):
                record = Evidence(folder / str(number), {})
                playback = PlaybackClock(LINEAR_16K.rate_hz) if rate_hz else None
                live = Timed(plan, record, CallClock(loop), [voice], NothingToClose(), None, playback)
                dial = Dial(url, TwilioOptions(), plan.identity, live)
                held.append(group.create_task(converse(live, ADAPTER, dial, wheel, None)))
                await asyncio.sleep(APART_S)
            await seen.measure(seconds)
            for call in held:
                call.cancel()
    return seen


SIDES: dict[str, Callable[[str, int, float], Coroutine[Any, Any, Seen]]] = {
    "ours": ours,
    "ready": ready,
    "converted": converted,
    "bare": bare,
    "tasks": tasks,
    "idle": idle,
}
OWN_LOOP = {"ours", "ready", "converted", "bare"}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("url")
    parser.add_argument("calls", type=int)
    parser.add_argument("seconds", type=float)
    asked = parser.parse_args()
    first_in_line(core=0)
    loop = WallLoop if asked.side in OWN_LOOP else asyncio.new_event_loop
    with punctually():
        seen = run_on(loop, SIDES[asked.side](asked.url, asked.calls, asked.seconds))
    sys.stdout.write(json.dumps(seen.told()) + "\n")


if __name__ == "__main__":
    _main()
