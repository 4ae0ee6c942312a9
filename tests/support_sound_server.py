"""A sound server of a test's own: what is played into one sink is the microphone, another is the speaker.

PulseAudio has no device here, only null sinks and their monitors; PortAudio reaches them through ALSA.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

PROGRAMS: Final = ("pulseaudio", "paplay", "parec", "pactl")
RATE_HZ: Final = 48_000
WITHIN_S: Final = 60
SINKS: Final = ("microphone", "quiet", "unplugged", "speaker", "elsewhere")
ALSA: Final = """\
pcm.headset-microphone {
  type pulse
  device microphone.monitor
  hint { show on  description "The sink into which a test plays" }
}
pcm.quiet-microphone {
  type pulse
  device quiet.monitor
  hint { show on  description "A sink into which nobody plays" }
}
pcm.unplugged-microphone {
  type pulse
  device unplugged.monitor
  hint { show on  description "A sink that a test takes away" }
}
pcm.headset-speaker {
  type pulse
  device speaker
  hint { show on  description "The sink that a test listens to" }
}
pcm.other-speaker {
  type pulse
  device elsewhere
  hint { show on  description "A sink that nobody listens to" }
}
"""

needs_sound_server = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS),
    reason="needs PulseAudio: apt-get install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2",
)


@dataclass(frozen=True)
class SoundServer:
    """A server that runs. `environment` is that of programs that are to use it."""

    environment: Mapping[str, str]
    log: Path
    recorders: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def say(self, recording: Path) -> None:
        """Play a recording into the microphone, to its end."""
        command = ["paplay", "--device=microphone", str(recording)]
        subprocess.run(command, env=self.environment, check=True, timeout=WITHIN_S)

    def unplug(self, sink: str) -> None:
        """Take a sink away, and its monitor with it."""
        asked = ["pactl", "list", "short", "modules"]
        told = subprocess.run(asked, env=self.environment, check=True, capture_output=True, text=True).stdout
        (module,) = [line.split()[0] for line in told.splitlines() if f"sink_name={sink} " in line]
        subprocess.run(["pactl", "unload-module", module], env=self.environment, check=True)

    @contextmanager
    def listening(self, raw: Path) -> Iterator[None]:
        """Keep what the speaker plays: 16-bit mono at `RATE_HZ`."""
        form = (f"--rate={RATE_HZ}", "--channels=1", "--format=s16le")
        command = ["parec", "--device=speaker.monitor", "--latency-msec=20", *form]  # else the end is lost
        with raw.open("wb") as file, subprocess.Popen(command, env=self.environment, stdout=file) as recorder:
            try:
                yield
            finally:
                recorder.terminate()


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """Start a server, and stop it in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "asound.conf").write_text(ALSA)
    socket = folder / "native"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PULSE_SERVER"},
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
        "ALSA_CONFIG_PATH": _alsa(folder),
    }
    sinks = [f"module-null-sink sink_name={name} rate={RATE_HZ}" for name in SINKS]
    modules = [f"module-native-protocol-unix socket={socket} auth-anonymous=1", *sinks]
    command = [
        "pulseaudio",
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--use-pid-file=no",
        "--disable-shm=yes",
    ]
    log = folder / "pulseaudio.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--log-level=info", *(f"--load={module}" for module in modules)],
            env={name: value for name, value in environment.items() if name != "PULSE_SERVER"},
            stdout=subprocess.DEVNULL,
            stderr=out,
        )
    try:
        _await(process, environment, log)
        yield SoundServer(environment, log)
    finally:
        process.kill()  # it takes seconds to end by itself
        process.wait(timeout=WITHIN_S)


def _alsa(folder: Path) -> str:
    """ALSA's own settings, and ours behind them."""
    own = folder / "alsa.conf"
    own.write_text(f"</usr/share/alsa/alsa.conf>\n<{folder / 'asound.conf'}>\n")
    return str(own)


def _await(process: subprocess.Popen[bytes], environment: Mapping[str, str], log: Path) -> None:
    """Until the server answers: `pactl` waits for it, as long as its socket is there."""
    socket = Path(environment["PULSE_SERVER"].removeprefix("unix:"))
    while process.poll() is None:
        asked = ["pactl", "list", "short", "sinks"]
        answer = subprocess.run(asked, check=False, env=environment, capture_output=True, text=True)
        if socket.exists() and "speaker" in answer.stdout:
            return
    raise AssertionError(f"the sound server ended:\n{log.read_text()}")
