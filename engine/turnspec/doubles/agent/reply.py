"""What a local agent hears and answers, as values: the seam between its brain and its protocols.

The brain (`LocalAgent`) knows no socket, no clock and no protocol. A double (the Twilio bot, the
Realtime server) gives it the caller's audio or text, gets a `Reply`, and says it in its protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from turnspec.adapters.faults import CallFaults
from turnspec.call.events import Origin
from turnspec.call.evidence import Track
from turnspec.doubles.agent.voicing import Making

FADE_US: Final = 20_000
FAINT_END_US: Final = 100_000  # of a recording, which may still be to come when its speech seems over
LATE_US: Final = 200_000  # two recordings of one voice may fade in another way


@dataclass(frozen=True, slots=True)
class Heard:
    """What the agent made of one caller turn; `text` None: heard, not understood.

    `source` is `protocol`, `known clip`, `transcriber` or `none`; `modality` is `audio`, `text` or `dtmf`.
    `missing_us`: so much of the end of the recording that it is has not been heard yet. `ended_us`: where in
    what was heard that recording ends, and `faded_us` where the last of it is gone; None: not known.
    `goes_on_us`: so soon after it the next loud sound of the recording comes that it is, or is the beginning
    of; None: none is known to come. `in_noise`: it fades into noise. `engine` made out the words; the answer
    waited `waited_us` for it after the turn was over.
    """

    text: str | None
    source: str
    modality: str = "audio"
    score: float | None = None
    missing_us: int = 0
    ended_us: int | None = None
    faded_us: int | None = None
    goes_on_us: int | None = None
    in_noise: bool = False
    engine: str | None = None
    waited_us: int = 0

    def truly_ended_us(self, measured_us: int) -> int:
        """Where in what was heard it ended, which by its own sound was at `measured_us`.

        Where the recording lies tells better in noise, and where its last faint sound has not come yet.
        """
        if self.faded_us is None:
            return measured_us
        if self.in_noise:
            return self.faded_us
        within = self.faded_us - FADE_US <= measured_us <= self.faded_us + LATE_US
        return measured_us if within or self.missing_us > FAINT_END_US else self.faded_us


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function that a reply calls, with its arguments rendered."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """What a function gave back (JSON text) and how long it takes to give it."""

    output: str
    takes_us: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """To whom (`tel:` or `sip:`) a call is given, why, and the SIP headers (name to value) to go with it."""

    target: str
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing that the agent does in answer, ready to be said.

    Parts happen in the order text/audio, calls, digits, transfer, hang-up. After the results of `calls`, ask
    `LocalAgent.follow(reply, results)` for what comes then. `audio` is at any rate; None with `text`
    set means that the double says text only. `first_audio_us` counts from the true end of the
    caller's speech, None: as soon as the turn is known to be over.
    `fast` audio is sent faster than it plays (`pace: fast`), else in real time.
    """

    name: str
    text: str | None = None
    audio: Track | None = None
    making: Making | None = None  # the audio, where it is not made yet
    origin: Origin | None = None  # of audio that is no recording; what is only silence says so
    calls: tuple[FunctionCall, ...] = ()
    digits: str = ""
    transfer: Transfer | None = None
    hang_up: bool = False
    interruptible: bool = True
    first_audio_us: int | None = None
    fast: bool = True
    pace_percent: int | None = None  # of real time, where audio is faster than that and not all at once
    has_more: bool = False  # `then` follows the results of `calls`
    late_us: int = 0  # so much later than it would begin
    fails_with: str = ""  # the code of an error that comes in its place (Realtime)
    injected: tuple[tuple[str, str], ...] = ()  # its faults: each by its word, and what was done
    scores: Mapping[str, float | str] = field(default_factory=dict)
    token: Any = None  # the brain's own, for `follow`


class Agent(Protocol):
    """The brain of a local agent, one per call."""

    @property
    def own_functions(self) -> frozenset[str]:
        """The functions that it can run itself, with `run_function`."""
        ...

    def greet(self) -> Reply | None:
        """What it says when the call is up (Realtime: when first asked); None: it waits."""
        ...

    def hear_audio(self, speech: Track) -> Heard:
        """What one utterance says, by the audio that arrived alone."""
        ...

    def answer(self, heard: Heard, functions: frozenset[str]) -> Reply:
        """The reply that scores highest; counts one caller turn. `functions`: names on offer."""
        ...

    def follow(self, reply: Reply, results: Mapping[str, str]) -> Reply | None:
        """What follows the results (function name to JSON text) of a reply's calls."""
        ...

    def run_function(self, call: FunctionCall) -> FunctionResult:
        """Run a declared function in the agent's place (telephone protocols)."""
        ...

    def idle(self, silent_us: int, times: int) -> Reply | None:
        """What it says unprompted after so much silence, having said so `times` times; None: nothing."""
        ...

    def idle_after_us(self) -> int | None:
        """How much silence makes it speak unprompted; None: never."""
        ...


@runtime_checkable
class CanFail(Protocol):
    """An agent whose end of the line does something wrong on purpose."""

    @property
    def faults(self) -> CallFaults | None:
        """What it does wrong in this call; None: nothing."""
        ...


def faults_of(agent: Agent) -> CallFaults | None:
    """What an agent's end of the line does wrong on purpose."""
    return agent.faults if isinstance(agent, CanFail) else None
