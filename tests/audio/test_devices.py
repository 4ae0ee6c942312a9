"""Which device is meant."""

from __future__ import annotations

import pytest

from turnspec.audio.devices import DEAF_AFTER_S, Device, DeviceError, Heartbeat, chosen

HEADSET = Device(0, "USB Headset: Audio (hw:1,0)", 1, 2, 44_100)
MONITOR = Device(1, "HDMI 0", 0, 2, 48_000)
WEBCAM = Device(2, "USB Webcam", 2, 0, 16_000, default_microphone=True)
PULSE = Device(3, "pulse", 32, 32, 44_100, default_speaker=True)
ALL = (HEADSET, MONITOR, WEBCAM, PULSE)


@pytest.mark.parametrize(
    ("way", "wanted", "meant"),
    [
        ("microphone", None, WEBCAM),
        ("speaker", None, PULSE),
        ("speaker", "1", MONITOR),
        ("microphone", "PULSE", PULSE),
        ("microphone", "webcam", WEBCAM),
        ("speaker", "usb", HEADSET),
    ],
)
def test_a_device_is_meant_by_its_number_its_name_or_a_part_of_it(
    way: str, wanted: str | None, meant: Device
) -> None:
    """Case does not count, and only devices of the direction do; nothing means the system's own."""
    assert chosen(ALL, "microphone" if way == "microphone" else "speaker", wanted) == meant


def test_without_a_default_the_first_that_can_is_taken() -> None:
    """A system need not have chosen one."""
    assert chosen((MONITOR, HEADSET), "microphone", None) == HEADSET


@pytest.mark.parametrize(
    ("found", "wanted", "told"),
    [
        (ALL, "usb", "'usb' is in the names of several: 0 USB Headset: Audio (hw:1,0), 2 USB Webcam; "),
        (ALL, "pulsee", "there is no microphone 'pulsee'; did you mean 'pulse'?"),
        (ALL, "1", "there is no microphone '1'; there are: USB Headset: Audio (hw:1,0), USB Webcam, pulse"),
        ((MONITOR,), None, "this machine has no microphone; plug one in"),
        ((), "pulse", "this machine has no microphone; plug one in"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(found: tuple[Device, ...], wanted: str, told: str) -> None:
    """The message names the nearest, or all that there are."""
    with pytest.raises(DeviceError) as error:
        chosen(found, "microphone", wanted)

    assert str(error.value).startswith(told)


def test_a_device_that_hands_nothing_over_has_stopped() -> None:
    """After a second in which somebody waited for it, and not before."""
    heart = Heartbeat(0.0)
    stopped = []
    for tick in range(80):
        heart.ours(tick * 0.02)
        if tick <= 20:
            heart.device(tick * 0.02)
        stopped.append(heart.has_stopped)

    assert stopped.index(True) == 71  # 1.02 s after what was heard last


def test_a_device_that_begins_anew_is_waited_for() -> None:
    """A loudspeaker that ran out of sound takes nothing for a while: only after five seconds is it gone."""
    heart = Heartbeat(0.0, DEAF_AFTER_S)
    stopped = []
    for tick in range(300):
        heart.ours(tick * 0.02)
        stopped.append(heart.has_stopped)

    assert stopped.index(True) == 251


def test_who_was_away_holds_it_against_no_device() -> None:
    """A process that was stopped for a while, and then takes all at once, gives the device its second."""
    heart = Heartbeat(0.0)
    for at_s in (0.0, 10.0, 10.0, 10.0, 10.5, 11.0):
        heart.ours(at_s)

        assert not heart.has_stopped
