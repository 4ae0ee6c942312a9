"""Microphones and loudspeakers of this machine, through PortAudio.

PortAudio calls back in a thread of its own, with the device's clock; a ring stands between that and whoever
puts or takes sound here, so that nothing ever waits for a device. Nothing is loaded before it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic
from types import ModuleType
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from turnspec.audio.overheard import overheard
from turnspec.audio.resample import StreamResampler
from turnspec.audio.ring import Ring, Slips
from turnspec.audio.samples import Samples

Way: TypeAlias = Literal["microphone", "speaker"]

SLACK_US: Final = 100_000  # devices hand over 10 to 60 ms at a time
MOST_US: Final = 400_000
LATENCY_S: Final = 0.04
FILLED_S: Final = 0.05  # a buffer is filled before anything plays, which may be only a second later
STARTS_WITHIN_S: Final = 5.0
GONE_AFTER_S: Final = 1.0  # without a sound from a device that hands some over every 60 ms, be it silence
DEAF_AFTER_S: Final = 5.0  # one that has run out of sound begins anew, which may take it two seconds
AWAY_AFTER_S: Final = 0.2
ANOTHER: Final = "close what else uses it, or choose another (`turnspec devices`)"
INSTALL: Final = {
    "linux": "apt-get install libportaudio2 (or what your distribution calls PortAudio)",
    "darwin": "brew install portaudio",
}


class DeviceError(Exception):
    """A device that cannot be used: why, and what to do about it."""

    def __init__(self, reason: str, fix: str, printed: Sequence[str] = ()) -> None:
        super().__init__("\n  | ".join([f"{reason}; {fix}", *printed]))
        self.reason, self.fix = reason, fix


@dataclass(frozen=True, slots=True)
class Device:
    """One device: how many channels go in and out of it, and whether it is what the system uses by itself."""

    number: int
    name: str
    inputs: int
    outputs: int
    rate_hz: int
    default_microphone: bool = False
    default_speaker: bool = False

    def channels(self, way: Way) -> int:
        """How many there are in a direction."""
        return self.inputs if way == "microphone" else self.outputs

    def is_default(self, way: Way) -> bool:
        """Whether the system uses it by itself."""
        return self.default_microphone if way == "microphone" else self.default_speaker


def devices() -> tuple[Device, ...]:
    """All devices of this machine, in the system's order.

    Raises:
        DeviceError: PortAudio is not installed.
    """
    portaudio = _portaudio()
    microphone, speaker = portaudio.default.device
    return tuple(
        Device(
            number=number,
            name=found["name"],
            inputs=found["max_input_channels"],
            outputs=found["max_output_channels"],
            rate_hz=round(found["default_samplerate"]),
            default_microphone=number == microphone,
            default_speaker=number == speaker,
        )
        for number, found in enumerate(portaudio.query_devices())
    )


def chosen(found: Sequence[Device], way: Way, wanted: str | None) -> Device:
    """The device that is meant by a number, a name or a part of one; without any the system's own.

    Raises:
        DeviceError: There is none, or none that is meant, or several.
    """
    able = [device for device in found if device.channels(way)]
    if not able:
        fix = "plug one in, or say which sound server to use; `turnspec devices` lists what is found"
        raise DeviceError(f"this machine has no {way}", fix)
    if wanted is None:
        return next((device for device in able if device.is_default(way)), able[0])
    for means in (_by_number, _by_name, _by_part):
        meant = [device for device in able if means(device, wanted)]
        if len(meant) > 1:
            names = ", ".join(f"{device.number} {device.name}" for device in meant)
            raise DeviceError(f"'{wanted}' is in the names of several: {names}", "give its number")
        if meant:
            return meant[0]
    raise _unknown(able, way, wanted)


def _by_number(device: Device, wanted: str) -> bool:
    return wanted == str(device.number)


def _by_name(device: Device, wanted: str) -> bool:
    return wanted.casefold() == device.name.casefold()


def _by_part(device: Device, wanted: str) -> bool:
    part = wanted.strip().casefold()
    return bool(part) and not part.isdecimal() and part in device.name.casefold()


def _unknown(able: Sequence[Device], way: Way, wanted: str) -> DeviceError:
    from difflib import get_close_matches

    names = {device.name.casefold(): device.name for device in able}
    near = get_close_matches(wanted.casefold(), names, 1)
    fix = f"did you mean '{names[near[0]]}'?" if near else "there are: " + ", ".join(names.values())
    return DeviceError(f"there is no {way} '{wanted}'", fix)


class Heartbeat:
    """Whether a device still hands sound over, or takes it: a sound server may take it away without a word.

    Our own side may have been away, as a process that was stopped; that is held against no device.
    """

    def __init__(self, now_s: float, stopped_after_s: float = GONE_AFTER_S) -> None:
        self._device_s = self._ours_s = now_s
        self._stopped_after_s = stopped_after_s

    def device(self, now_s: float) -> None:
        """The device has handed over or taken some sound."""
        self._device_s = now_s

    def ours(self, now_s: float) -> None:
        """We have."""
        if now_s - self._ours_s > AWAY_AFTER_S:
            self._device_s = now_s
        self._ours_s = now_s

    @property
    def has_stopped(self) -> bool:
        """Whether the device did nothing for long, though we went on."""
        return self._ours_s - self._device_s > self._stopped_after_s


class Microphone:
    """A microphone that is on: what it hears, as mono at another rate, for whoever takes it."""

    def __init__(self, device: Device, rate_hz: int) -> None:
        self.name = device.name
        self._channels = _few(device.inputs)
        self._resampler = StreamResampler(device.rate_hz, rate_hz)
        self._ring = Ring(rate_hz, slack_us=SLACK_US, most_us=MOST_US)
        self._running = Event()
        self._heartbeat = Heartbeat(monotonic())
        self._stream = _opened("microphone", device, self._channels, self._heard, self._running)

    @property
    def slips(self) -> Slips:
        """What its clock and ours have cost."""
        return self._ring.slips

    @property
    def gone(self) -> bool:
        """Whether it was taken away."""
        return self._heartbeat.has_stopped or not self._stream.active

    def take(self, count: int) -> Samples:
        """The next `count` samples, silence where there are none."""
        self._heartbeat.ours(monotonic())
        return self._ring.take(count)

    def clear(self) -> None:
        """Leave out what was heard so far."""
        self._ring.clear()

    def close(self) -> None:
        """Turn it off."""
        _close(self._stream)

    def _heard(self, sound: Any, count: int, time: object, status: object) -> None:
        del count, time, status  # what was lost on the way shows in the ring
        self._running.set()
        self._heartbeat.device(monotonic())
        self._ring.put(self._resampler.feed(_mono(np.frombuffer(sound, np.int16), self._channels)))


class Loudspeaker:
    """A loudspeaker that plays what is put, of one rate, as soon as it can."""

    def __init__(self, device: Device, rate_hz: int) -> None:
        self.name = device.name
        self._channels = _few(device.outputs)
        self._resampler = StreamResampler(rate_hz, device.rate_hz)
        self._ring = Ring(device.rate_hz, slack_us=SLACK_US, most_us=MOST_US)
        self._first_s: float | None = None
        self._running = Event()
        self._heartbeat = Heartbeat(monotonic(), DEAF_AFTER_S)
        self._stream = _opened("speaker", device, self._channels, self._play, self._running)

    @property
    def slips(self) -> Slips:
        """What its clock and ours have cost."""
        return self._ring.slips

    @property
    def gone(self) -> bool:
        """Whether it was taken away."""
        return self._heartbeat.has_stopped or not self._stream.active

    def put(self, samples: Samples) -> None:
        """Play this next."""
        self._heartbeat.ours(monotonic())
        self._ring.put(self._resampler.feed(samples))

    def close(self) -> None:
        """Turn it off."""
        _close(self._stream)

    def _play(self, out: Any, count: int, time: Any, status: object) -> None:
        del status
        self._heartbeat.device(monotonic())
        if self._first_s is None:
            self._first_s = time.currentTime
        if time.currentTime - self._first_s > FILLED_S:
            self._running.set()
        out[:] = np.repeat(self._ring.take(count), self._channels).tobytes()


def microphone(wanted: str | None, rate_hz: int) -> Microphone:
    """Turn on a microphone; this takes up to a second.

    Raises:
        DeviceError: There is none that can be used.
    """
    return Microphone(chosen(devices(), "microphone", wanted), rate_hz)


def loudspeaker(wanted: str | None, rate_hz: int) -> Loudspeaker:
    """Turn on a loudspeaker; this takes up to a second.

    Raises:
        DeviceError: There is none that can be used.
    """
    return Loudspeaker(chosen(devices(), "speaker", wanted), rate_hz)


def _few(channels: int) -> int:
    """One channel, where the system mixes; else (a card that is asked directly) the two that it has."""
    return 1 if channels != 2 else 2


def _mono(samples: Samples, channels: int) -> Samples:
    if channels == 1:
        return samples.copy()  # the device uses its buffer again
    mixed: Samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return mixed


def _opened(way: Way, device: Device, channels: int, callback: Any, running: Event) -> Any:
    """A stream that runs: a device may take seconds to begin."""
    portaudio = _portaudio()
    kind = portaudio.RawInputStream if way == "microphone" else portaudio.RawOutputStream
    stream: Any = None
    with overheard() as printed:
        try:
            stream = kind(
                device=device.number,
                samplerate=device.rate_hz,
                channels=channels,
                dtype="int16",
                latency=LATENCY_S,
                callback=callback,
            )
            stream.start()
            why = "" if running.wait(STARTS_WITHIN_S) else "does not begin"
        except portaudio.PortAudioError as error:
            why = f"cannot be used ({error.args[0] if error.args else 'no reason was given'})"
    if why:
        if stream is not None:
            _close(stream)
        raise DeviceError(f"the {way} '{device.name}' {why}", ANOTHER, printed.last)
    return stream


def _close(stream: Any) -> None:
    with overheard():
        stream.abort()
        stream.close()


def _portaudio() -> ModuleType:
    try:
        import sounddevice
    except OSError as error:  # the library itself, which pip does not bring on Linux
        system = INSTALL.get(sys.platform, "install PortAudio")
        raise DeviceError("PortAudio, which reaches sound devices, is not installed", system) from error
    found: ModuleType = sounddevice
    return found
