"""A person at a call: what they say into a microphone is the caller's voice, and they hear the call.

Devices have clocks of their own. The call goes on at its own pace: every 20 ms it takes what the microphone
has, and puts what there is to hear; what that costs in sound is told in the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from turnspec.audio.codecs import decode, encode
from turnspec.audio.devices import DeviceError, loudspeaker, microphone
from turnspec.audio.ears import NO_STEADY_SOUND, Ears
from turnspec.audio.ring import Slips
from turnspec.audio.samples import EMPTY, Samples
from turnspec.call import AudioFormat, actions
from turnspec.call.events import DeviceSlipped, Event, HarnessFailed, SpeakerLost
from turnspec.plan import graph
from turnspec.plan.model import CallPlan
from turnspec.run.errors import HarnessError
from turnspec.run.options import Devices
from turnspec.run.spoken import OneSpeech, Speech

FRAME_US: Final = 20_000
TELL_EVERY_US: Final = 1_000_000


class Hears(Protocol):
    """A microphone that is on."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def slips(self) -> Slips:
        """What its clock and ours have cost."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it was taken away."""
        ...

    def take(self, count: int) -> Samples:
        """The next samples."""
        ...

    def clear(self) -> None:
        """Leave out what was heard so far."""
        ...

    def close(self) -> None:
        """Turn it off."""
        ...


class Plays(Protocol):
    """A loudspeaker that is on."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def slips(self) -> Slips:
        """What its clock and ours have cost."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it was taken away."""
        ...

    def put(self, samples: Samples) -> None:
        """Play this next."""
        ...

    def close(self) -> None:
        """Turn it off."""
        ...


@dataclass(frozen=True, slots=True)
class Voiced:
    """20 ms of a person's voice: on the wire, and as it sounds there."""

    wire: bytes
    samples: Samples


class Person:
    """Who takes part in one call."""

    def __init__(
        self,
        line: AudioFormat,
        microphone: Hears | None = None,
        speaker: Plays | None = None,
        ears: Ears = NO_STEADY_SOUND,
    ) -> None:
        self._line = line
        self.ears = ears  # by which it is told when they speak
        self._count = line.size_of(FRAME_US) // line.sample_bytes
        self._microphone, self._speaker = microphone, speaker
        self._devices = tuple(device for device in (microphone, speaker) if device is not None)
        self._speech: Speech | None = None
        self._said: Samples = EMPTY  # by the caller who is no person, and not heard yet
        self._told: dict[str, Slips] = {}
        self._tell_from_us = 0
        self.muted = False
        self.watch: Callable[[Samples, Samples], None] | None = None  # told what is said and heard

    @property
    def begins(self) -> bool:
        """Whether they begin to speak for the caller with the next frame."""
        return self._speech is not None and self._speech.fresh

    def take(self, action: actions.TakeMicrophone) -> None:
        """Speak for the caller from the next frame on."""
        device = self._microphone.name if self._microphone else ""
        self.speak(OneSpeech(action, self._line.rate_hz, device, self.ears))

    def speak(self, speech: Speech) -> None:
        """The same, for as long as this `speech` is not over."""
        assert self._microphone is not None, "a call in which somebody is to speak has a microphone"
        self._microphone.clear()
        self._told["microphone"] = self._microphone.slips  # what was lost before is missed by nobody
        self._speech = speech

    def frame(self, from_us: int, lands_us: int) -> Voiced | None:
        """What they say in the 20 ms from `from_us`, which arrives from `lands_us`; None: nothing at all."""
        if self._speech is None or self._microphone is None:
            return None
        taken = self._microphone.take(self._count)
        wire = encode(np.zeros_like(taken) if self.muted else taken, self._line)
        samples = decode(wire, self._line)
        self._speech.feed(from_us, lands_us, samples)
        return Voiced(wire, samples)

    def said(self, frame: bytes) -> None:
        """What a caller says who is no person."""
        if self._speaker is not None:
            self._said = decode(frame, self._line)

    def hears(self, agent: Samples, now_us: int) -> list[Event]:
        """20 ms of the agent are heard; what has come of this and the last frame."""
        if self._speaker is not None:
            self._speaker.put(_mixed(agent, self._said))
        if self.watch is not None:
            self.watch(self._speech.last if self._speech else EMPTY, agent)
        self._said = EMPTY
        return [*self._happened(now_us), *self._lost(now_us), *self._slips(now_us)]

    def _happened(self, now_us: int) -> Sequence[Event]:
        speech, device = self._speech, self._microphone
        if device is None:
            return ()
        if speech is None:
            device.clear()  # nobody is asked to speak: what is heard goes nowhere
            return ()
        if device.gone:
            self._speech = None
            return (HarnessFailed(at_us=now_us, reason=f"the microphone '{device.name}' was taken away"),)
        events = speech.happened(now_us)
        if speech.over:
            self._speech = None
        return events

    def _lost(self, now_us: int) -> Sequence[Event]:
        """That the loudspeaker was taken away: the call goes on without."""
        if self._speaker is None or not self._speaker.gone:
            return ()
        lost, self._speaker = self._speaker, None
        return (SpeakerLost(at_us=now_us, device=lost.name),)

    def _slips(self, now_us: int) -> list[Event]:
        """What the clocks of the devices have cost since it was told last."""
        if now_us < self._tell_from_us:
            return []
        events: list[Event] = []
        for word, device in (("microphone", self._microphone), ("speaker", self._speaker)):
            if device is None or (slips := device.slips) == (before := self._told.get(word, Slips())):
                continue
            self._told[word] = slips
            self._tell_from_us = now_us + TELL_EVERY_US
            dropped_us = slips.dropped_us - before.dropped_us
            inserted_us = slips.inserted_us - before.inserted_us
            events.append(
                DeviceSlipped(at_us=now_us, device=word, dropped_us=dropped_us, inserted_us=inserted_us)
            )
        return events

    def close(self) -> None:
        """Leave the call."""
        for device in self._devices:
            device.close()


def with_person(plan: CallPlan, devices: Devices) -> bool:
    """Whether a person takes part in a call: there is one at a time."""
    return devices.listens or _speaks(plan, devices)


def _speaks(plan: CallPlan, devices: Devices) -> bool:
    return devices.talks or any(isinstance(step, graph.Microphone) for step in plan.graph.steps)


@asynccontextmanager
async def person_at(plan: CallPlan, devices: Devices, ears: Ears) -> AsyncIterator[Person | None]:
    """The person who takes part in a call, their devices turned on; None where nobody does.

    Raises:
        HarnessError: A device that is needed cannot be used.
    """
    line = plan.capabilities.caller_format
    if line is None or not with_person(plan, devices):
        yield None
        return
    loop = asyncio.get_running_loop()
    person = await loop.run_in_executor(None, _turned_on, line, devices, _speaks(plan, devices), ears)
    try:
        yield person
    finally:
        await loop.run_in_executor(None, person.close)


def _turned_on(
    line: AudioFormat,
    devices: Devices,
    has_microphone: bool,  # noqa: FBT001 # of an executor
    ears: Ears,
) -> Person:
    try:
        plays = loudspeaker(devices.speaker, line.rate_hz) if devices.listens else None
        try:
            heard = microphone(devices.microphone, line.rate_hz) if has_microphone else None
        except DeviceError:
            if plays is not None:
                plays.close()
            raise
    except DeviceError as error:
        raise HarnessError(str(error)) from error
    return Person(line, heard, plays, ears.of_a_person)


def _mixed(agent: Samples, caller: Samples) -> Samples:
    if not len(caller):
        return agent
    both = np.zeros(max(len(agent), len(caller)), np.int32)
    both[: len(agent)] += agent
    both[: len(caller)] += caller
    return np.clip(both, -32_768, 32_767).astype(np.int16)
