"""The adapters that turnspec has keep what the engine relies on; one that does not is told so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support_peers import AudioCodesPeer, PcmPeer, RealtimePeer, TwilioPeer, peer, refusing
from turnspec.adapters import adapter
from turnspec.adapters.base import Call, Dial, LineRefused, NothingListens, Witness
from turnspec.adapters.twilio.adapter import TwilioAdapter
from turnspec.call.events import AgentAudio, AgentHungUp, CallUp, Event, LineBroke, ProtocolFault, Side
from turnspec.testing import conformance_checks as suite
from turnspec.testing.adapter_conformance import AdapterConformance, Nonconforming, Subject


class TestTwilio(AdapterConformance):
    """Twilio Media Streams."""

    adapter = adapter("twilio")
    peer = staticmethod(peer(TwilioPeer))
    refusing_peer = staticmethod(refusing(TwilioPeer))


class TestAudioCodes(AdapterConformance):
    """The AudioCodes Bot API; a platform that may resume a broken line has no broken line."""

    adapter = adapter("audiocodes")
    options = {"resume": 0}  # noqa: RUF012 # read by the suite, as its pages show it
    peer = staticmethod(peer(AudioCodesPeer))
    refusing_peer = staticmethod(refusing(AudioCodesPeer))


class TestRealtime(AdapterConformance):
    """The OpenAI Realtime API."""

    adapter = adapter("realtime")
    peer = staticmethod(peer(RealtimePeer))
    refusing_peer = staticmethod(refusing(RealtimePeer))


class TestPcm(AdapterConformance):
    """Plain PCM."""

    adapter = adapter("pcm")
    peer = staticmethod(peer(PcmPeer))
    refusing_peer = staticmethod(refusing(PcmPeer))


@dataclass(frozen=True)
class BentWitness:
    """Passes on what `bend` makes of each event."""

    inner: Witness
    bend: Callable[[Event], list[Event]]
    shown: Callable[[str], str]

    def now_us(self) -> int:
        """The call's time."""
        return self.inner.now_us()

    def happened(self, event: Event) -> None:
        """Report something else."""
        for bent in self.bend(event):
            self.inner.happened(bent)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Log something else."""
        self.inner.frame(side, direction, self.shown(text))


class BentCall:
    """A call that does one thing wrong; all else is that of the call inside."""

    def __init__(self, inner: Call) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Bent(TwilioAdapter):
    """An adapter that does as it ought to; those below each do one thing wrong."""

    def bend(self, event: Event) -> list[Event]:
        """What is reported of an event."""
        return [event]

    def shown(self, text: str) -> str:
        """What is logged of a frame."""
        return text

    def bent(self, call: Call) -> Any:
        """The call that is given to the engine."""
        return call

    async def dial(self, request: Dial) -> Call:
        """Open a call, and bend it."""
        witness = BentWitness(request.witness, self.bend, self.shown)
        call: Call = self.bent(await super().dial(replace(request, witness=witness)))
        return call


class Deaf(Bent):
    """Reports no audio."""

    def bend(self, event: Event) -> list[Event]:
        """All but the audio."""
        return [] if isinstance(event, AgentAudio) else [event]


class UpTwice(Bent):
    """Says twice that the call is up."""

    def bend(self, event: Event) -> list[Event]:
        """The news and the news."""
        return [event, event] if isinstance(event, CallUp) else [event]


class Stopped(Bent):
    """Stamps everything after the beginning with the beginning of the year."""

    def bend(self, event: Event) -> list[Event]:
        """A wrong stamp."""
        return [event if isinstance(event, CallUp) else replace(event, at_us=-1)]


class Forgiving(Bent):
    """Keeps what the agent does wrong to itself."""

    def bend(self, event: Event) -> list[Event]:
        """All but faults."""
        return [] if isinstance(event, ProtocolFault) else [event]


class Polite(Bent):
    """Takes every end for a good one."""

    def bend(self, event: Event) -> list[Event]:
        """A hang-up for a broken line."""
        return [AgentHungUp(at_us=event.at_us)] if isinstance(event, LineBroke) else [event]


class Gloomy(Bent):
    """Takes every end for a bad one."""

    def bend(self, event: Event) -> list[Event]:
        """A broken line for a hang-up."""
        return [LineBroke(at_us=event.at_us, reason="?")] if isinstance(event, AgentHungUp) else [event]


class Wordy(Bent):
    """Logs whole recordings."""

    def shown(self, text: str) -> str:
        """Far too much."""
        return text + "A" * 5_000


class Lossy(Bent):
    """Loses every other frame of the caller."""

    def bent(self, call: Call) -> Any:
        """A line with holes."""
        lossy, count = BentCall(call), 0

        def send_audio(frame: bytes) -> None:
            nonlocal count
            count += 1
            call.send_audio(frame if count % 2 else bytes(len(frame)))

        lossy.send_audio = send_audio  # type: ignore[attr-defined] # that is the fault
        return lossy


class Dyslexic(Bent):
    """Presses the wrong keys."""

    def bent(self, call: Call) -> Any:
        """Another keypad."""
        wrong = BentCall(call)
        wrong.send_digit = lambda _: call.send_digit("0")  # type: ignore[attr-defined] # that is the fault
        return wrong


class Trusting(Bent):
    """Takes a refusal for a call that is over soon."""

    async def dial(self, request: Dial) -> Call:
        """Give back anything at all."""
        try:
            return await super().dial(request)
        except (LineRefused, NothingListens):
            nothing: Any = object()
            call: Call = nothing
            return call


class Blunt(Bent):
    """Leaves without a word: no `stop` before the close."""

    def bent(self, call: Call) -> Any:
        """A call that is only ever broken off."""
        blunt: Any = BentCall(call)
        line: Any = call

        async def hang_up() -> None:
            line._connection.transport.abort()

        blunt.hang_up = hang_up
        return blunt


FAULTS = [
    (Deaf, suite.agent_audio),
    (UpTwice, suite.call_up_once),
    (Stopped, suite.stamps),
    (Forgiving, suite.broken_rule),
    (Polite, suite.line_breaks),
    (Gloomy, suite.agent_hangs_up),
    (Wordy, suite.frames_kept),
    (Lossy, suite.caller_audio),
    (Dyslexic, suite.keys),
    (Trusting, suite.refusal),
    (Trusting, suite.nothing_listens),
    (Blunt, suite.caller_hangs_up),
]


@pytest.mark.parametrize(("kind", "check"), FAULTS)
def test_an_adapter_that_does_it_wrong_is_told(
    kind: type[Bent], check: Callable[[Subject], Awaitable[None]]
) -> None:
    """Each check fails for the adapter that breaks its promise, and says what was promised."""

    class Tested(AdapterConformance):
        adapter = kind()
        peer = staticmethod(peer(TwilioPeer))
        refusing_peer = staticmethod(refusing(TwilioPeer))

    with pytest.raises(Nonconforming) as told:
        Tested().test_adapter(check, "virtual")

    assert len(str(told.value)) > 40


def test_every_check_can_fail() -> None:
    """No check is without an adapter that fails it."""
    assert {check for _, check in FAULTS} == set(suite.CHECKS)
