"""`turnspec devices` and `turnspec talk`: what they say where they cannot do it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support_projects import Ran, talk, turnspec, turnspec_here

# What stands for sounddevice on a machine of another kind.
WITHOUT_PORTAUDIO = "raise OSError('PortAudio library not found')\n"
WITHOUT_DEVICES = """\
class default:
    device = (-1, -1)
def query_devices():
    return ()
"""
WITH_DEVICES = """\
class default:
    device = (0, 1)
def query_devices():
    return (
        {"name": "Webcam", "max_input_channels": 1, "max_output_channels": 0, "default_samplerate": 16e3},
        {"name": "Speakers", "max_input_channels": 0, "max_output_channels": 2, "default_samplerate": 48e3},
    )
"""

# A sound system below Python prints what it likes; its speaker opens, its microphone does not.
CHATTERING = (
    WITH_DEVICES
    + """\
import os
class PortAudioError(Exception):
    pass
class RawOutputStream:
    active = True
    def __init__(self, *, callback, **settings):
        os.write(2, b"ALSA lib pcm_dmix.c:999: unable to open slave\\n")
        self.play = callback
    def start(self):
        for second in (0, 1):
            self.play(bytearray(64), 16, type("Time", (), {"currentTime": second}), None)
    def abort(self): pass
    def close(self): pass
class RawInputStream(RawOutputStream):
    def start(self):
        os.write(2, b"ALSA lib pcm_hw.c:9: Device or resource busy\\n")
        raise PortAudioError("Device unavailable")
"""
)


def on_machine(folder: Path, sounddevice: str, *arguments: str) -> Ran:
    """The command where sounddevice is this."""
    modules = folder / "modules"
    modules.mkdir(exist_ok=True)
    (modules / "sounddevice.py").write_text(sounddevice)
    return turnspec(folder, *arguments, environment={"PYTHONPATH": str(modules)})


def test_a_machine_without_portaudio_says_how_to_install_it(tmp_path: Path) -> None:
    """The command that lists devices ends with 2; a call that needs them breaks, and says the same."""
    project = talk(tmp_path)
    listed = on_machine(tmp_path, WITHOUT_PORTAUDIO, "devices")
    heard = on_machine(project.folder, WITHOUT_PORTAUDIO, "run", "talk.yaml", "--listen")

    assert (listed.code, heard.code) == (2, 3)
    assert listed.out == ""
    for told in (listed.told, heard.told):
        assert "PortAudio, which reaches sound devices, is not installed; " in told
        assert "install" in told.partition("is not installed; ")[2]


def test_a_machine_without_devices_says_so(tmp_path: Path) -> None:
    """As a list there are none, which is no error; nobody can talk there, and nothing is written."""
    talk(tmp_path)
    plain = on_machine(tmp_path, WITHOUT_DEVICES, "devices")
    listed = on_machine(tmp_path, WITHOUT_DEVICES, "devices", "--json")
    talked = on_machine(tmp_path, WITHOUT_DEVICES, "talk", "-t", "desk")

    assert (plain.code, listed.code, talked.code) == (0, 0, 3)
    assert "this machine has no sound device" in plain.err
    assert json.loads(listed.out) == []
    assert "the call broke: this machine has no speaker; plug one in" in talked.err
    assert list(tmp_path.glob("**/talk-with-desk/talk.yaml")) == []


def test_devices_are_listed_with_what_they_are_for(tmp_path: Path) -> None:
    """A line for each, with what the system uses by itself."""
    assert on_machine(tmp_path, WITH_DEVICES, "devices").out.splitlines() == [
        "  0  Webcam     16000 Hz  microphone (default)",
        "  1  Speakers   48000 Hz  speaker (default)",
    ]


def test_what_a_sound_system_prints_is_shown_where_a_device_fails(tmp_path: Path) -> None:
    """Below the message, and of that device alone; who debugs reads all of it."""
    talk(tmp_path)
    talked = on_machine(tmp_path, CHATTERING, "talk", "-t", "desk")
    debugged = on_machine(tmp_path, CHATTERING, "talk", "-t", "desk", "--debug")

    assert (talked.code, debugged.code) == (3, 3)
    busy = "the microphone 'Webcam' cannot be used (Device unavailable); close what else uses it"
    lines = talked.err.splitlines()
    assert busy in lines[0]
    assert lines[1:] == [
        "  | ALSA lib pcm_dmix.c:999: unable to open slave",
        "  | ALSA lib pcm_hw.c:9: Device or resource busy",
    ]
    assert debugged.err.count("unable to open slave") > talked.err.count("unable to open slave")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-t", "dessk"), "there is no target 'dessk'; did you mean 'desk'?"),
        (("-t", "desk", "--protocol", "twillio"), "there is no protocol 'twillio'; did you mean 'twilio'?"),
        (("-t", "desk", "-o", "/nowhere"), "/nowhere lies outside the project"),
        (("-t", "desk", "-o", "talk.yaml"), "talk.yaml is a file: name a folder"),
        (("-t", "desk", "-o", "."), "talk.yaml is there already: name another folder, or give --force"),
        (("-t", "desk", "--silence", "60"), "--silence 60: "),
    ],
)
def test_what_stands_against_a_talk_is_told_before_it(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    """The exit code is 2, and no device is touched."""
    talk(tmp_path)
    ran = turnspec_here(tmp_path, "talk", *arguments)

    assert ran.code == 2
    assert told in ran.err


def test_a_talk_needs_a_project(tmp_path: Path) -> None:
    """Without one no target has a name."""
    ran = turnspec_here(tmp_path, "talk", "-t", "desk")

    assert ran.code == 2
    assert "there is no turnspec.yaml" in ran.err
