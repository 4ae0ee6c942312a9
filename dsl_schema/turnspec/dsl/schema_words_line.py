"""What each key of the line and of telephone keys does, in the words that an editor shows beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BOTH_WAYS: Final = {
    "gain": "how much louder it gets: -6 dB is half the amplitude",
    "clip": "what is louder is cut off at this level: -3 dBFS",
    "band": "narrow: only 300 to 3,400 Hz get through",
    "noise": "what is heard behind the voice",
    "codecs": "what it is encoded and decoded by on the way: g711u, g711a",
    "drift": "by how much the clock is fast: 100 ppm",
    "loss": "the share of frames that never arrive, or {rate: 2 %, burst: 3}",
    "latency": "how long the line takes",
}
LINE_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Line": {
        **_BOTH_WAYS,
        "jitter": "how much that time varies",
        "echo": "the agent comes back through the caller's microphone",
        "heard": "what happens to the agent's voice on its way to the caller",
        "seed": "which frames are late or lost follows from this number",
    },
    "Heard": _BOTH_WAYS,
    "Noise": {
        "bed": "a noise that is built in",
        "file": "the recording that is played over and over",
        "snr": "how much louder the voice is: 15 dB",
    },
    "Loss": {
        "rate": "the share of frames that never arrive",
        "burst": "how many frames are lost in a row, on average",
    },
    "Echo": {
        "delay": "how long after the caller hears it",
        "level": "how loud it is beside what the caller hears: -20 dB",
    },
    "Dtmf": {
        "dtmf": "keys to press, in quotes: 0-9 * # A-D, and w for half a second",
        "every": "time from key to key",
        "in_band": "true: as tones that are heard, not as events; or {tone: 80 ms, level: -12 dBFS}",
    },
    "InBand": {
        "tone": "how long each key sounds",
        "level": "how loud both tones are together",
    },
    "Keys": {
        "digits": "the keys, in quotes",
        "in_band": "true: as tones that are heard, not as an event; or {tone: 80 ms, level: -12 dBFS}",
    },
}
