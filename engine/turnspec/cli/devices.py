"""`turnspec devices`: the microphones and loudspeakers of this machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from turnspec.audio.devices import Device, DeviceError, devices
from turnspec.results import USAGE_EXIT


def devices_command(*, as_json: bool) -> int:
    """List them; returns the exit code."""
    try:
        found = devices()
    except DeviceError as error:
        print(error, file=sys.stderr)
        return USAGE_EXIT
    if as_json:
        print(json.dumps([asdict(device) for device in found], indent=2, ensure_ascii=False))
    elif found:
        print("\n".join(_table(found)))
    else:
        print("this machine has no sound device, or its sound server does not run", file=sys.stderr)
    return 0


def _table(found: tuple[Device, ...]) -> list[str]:
    width = max(len(device.name) for device in found)
    return [
        f"{device.number:3}  {device.name:{width}}  {device.rate_hz:6} Hz  {_ways(device)}"
        for device in found
    ]


def _ways(device: Device) -> str:
    ways = []
    if device.inputs:
        ways.append("microphone (default)" if device.default_microphone else "microphone")
    if device.outputs:
        ways.append("speaker (default)" if device.default_speaker else "speaker")
    return ", ".join(ways)
