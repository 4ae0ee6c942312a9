"""What the line does to the caller's voice on its way to the agent, and to the agent's on its way back."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.levels import ClipLevel, Drift, EchoLevel, Gain, Ratio
from turnspec.dsl.percent import Percent
from turnspec.dsl.refusals import refusal

MOST_DELAY = Duration(2_000_000)
"""How long a line may take to bring what the caller says; jitter may add as much."""
LEAST_ECHO, MOST_ECHO = Duration(20_000), Duration(1_000_000)

BOTH_WAYS = ("gain", "clip", "band", "noise", "codecs", "drift", "loss", "latency")
"""What may be done to a voice in either direction, in the order in which it is written of."""

BedName = Literal["pink", "white", "babble", "cafe", "hum"]
CodecName = Literal["g711u", "g711a"]


def _bounded(delay: Duration) -> Duration:
    if delay > MOST_DELAY:
        raise refusal("bad-delay", f"no line takes {delay}", hint=f"write at most {MOST_DELAY}")
    return delay


def _of_an_echo(delay: Duration) -> Duration:
    if not LEAST_ECHO <= delay <= MOST_ECHO:
        message = f"no echo comes back after {delay}"
        raise refusal("out-of-range", message, hint=f"write {LEAST_ECHO} to {MOST_ECHO}")
    return delay


Delay = Annotated[Duration, AfterValidator(_bounded)]
EchoDelay = Annotated[Duration, AfterValidator(_of_an_echo)]


class Noise(Model):
    """What is heard behind a voice: a bed that is built in, or a recording, over and over."""

    WORD = "noise"

    bed: BedName | None = None
    recording: str | None = Field(None, alias="file")
    snr: Ratio

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say where there is no noise, or two of them."""
        if "bed" in data and "file" in data:
            message = "this is a bed that is built in, and a recording"
            reading.problem("clash", message, data.place.child("file"), hint="keep one of them", key=True)
        elif "bed" not in data and "file" not in data:
            hint = "write bed: pink, white, babble, cafe or hum, or file: with a recording"
            reading.problem("missing-key", "this noise has no sound", data.place, hint=hint)
        return data

    @property
    def path(self) -> Path | None:
        """The recording's place on disk."""
        return None if self.recording is None else self.file(self.recording)


class Loss(Model):
    """How many frames never arrive, and how many of them in a row."""

    WORD = "loss"

    rate: Percent
    burst: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say where so many frames cannot be lost in bursts so short."""
        rate, burst = _share(data.get("rate")), data.get("burst")
        if rate is None or type(burst) is not int or burst < 1 or rate <= burst * (1 - rate):
            return data
        message = f"bursts of {burst} on average, with frames in between that arrive, cannot lose so many"
        if rate == 1:
            hint = "take `burst` out: all of them are lost"
        else:
            hint = f"write burst: {ceil(rate / (1 - rate))} or more"
        reading.problem("out-of-range", message, data.place.child("burst"), hint=hint)
        return data


def _share(written: object) -> Fraction | None:
    """A percentage as a fraction; None for what is none, which is reported where it is read."""
    try:
        return Fraction(Percent.parse(written).of_hundred) / 100
    except PydanticCustomError:
        return None


class Echo(Model):
    """The agent, as the caller hears it, in the caller's microphone."""

    WORD = "echo"

    delay: EchoDelay
    level: EchoLevel


class Conditions(Model):
    """What may be done to a voice in either direction."""

    WORD = "line"
    ELSEWHERE = MappingProxyType(
        {
            "codec": "codecs",
            "packet_loss": "loss",
            "delay": "latency",
            "clipping": "clip",
        }
    )

    gain: Gain | None = None
    clip: ClipLevel | None = None
    band: Literal["narrow"] | None = None
    noise: Noise | None = None
    codecs: tuple[CodecName, ...] = ()
    drift: Drift | None = None
    loss: Loss | None = None
    latency: Delay = Duration(0)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # as every model has it
        """Bring a share alone, or one codec, into the long form; say where nothing is done."""
        if isinstance(data.get("loss"), str | int | float):
            data = data.but(loss=Located({"rate": data["loss"]}, data.place.child("loss")))
        return listed(data, "codecs")


class Heard(Conditions):
    """What happens to the agent's voice on its way to the caller's ear."""

    WORD = "heard"

    ELSEWHERE = MappingProxyType(
        {
            **Conditions.ELSEWHERE,
            "jitter": "a telephone evens it out before anybody hears it: write what that takes as `latency`",
            "echo": "it is in the caller's microphone: it goes beside `heard`, in `line`",
            "seed": "one is enough: it goes beside `heard`, in `line`",
        }
    )

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say where a line that does nothing is written."""
        if not data:
            hint = f"write {', '.join(f'{key}:' for key in BOTH_WAYS)}, or take `heard` out"
            reading.problem("empty", "this does nothing to the agent's voice", data.place, hint=hint)
        return super().normal(data, reading)


class Line(Conditions):
    """What happens to the caller's voice on its way; the same seed makes the same of it each time."""

    WORD = "line"

    jitter: Delay = Duration(0)
    echo: Echo | None = None
    heard: Heard | None = None
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31)] = 0

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say where a line that does nothing is written."""
        if not set(data) - {"seed"}:
            hint = "write noise:, latency:, jitter:, loss: or another condition, or take `line` out"
            reading.problem("empty", "this line does nothing to the caller's voice", data.place, hint=hint)
        return super().normal(data, reading)

    @property
    def seeded(self) -> bool:
        """Whether anything about it is drawn by chance."""
        ways = (self, *([self.heard] if self.heard else []))
        drawn = any(way.loss is not None or (way.noise is not None and way.noise.bed) for way in ways)
        return self.jitter.us > 0 or drawn
