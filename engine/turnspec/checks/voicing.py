"""What is speech in a call: as an engine of voice activity found it, its edges placed by energy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from turnspec.audio.edges import BRIDGE_US, Segment, Speech
from turnspec.audio.lively import speech_on
from turnspec.audio.samples import samples_of
from turnspec.call import EvidenceView, Track
from turnspec.call.derived import Derived, DerivedState, find
from turnspec.call.events import AgentSpeechBegan, AgentSpeechEnded

VOICE_ACTIVITY: Final = "voice-activity"
AGENT: Final = "agent"
CALLER: Final = "caller"
ENERGY: Final = "energy"


@dataclass(frozen=True, slots=True)
class Voicing:
    """Where an engine found speech in one side's track; without `spans`, energy decides alone."""

    engine: str = ENERGY
    version: str = ""
    chunk_us: int = 0
    spans: tuple[Segment, ...] | None = None
    bridge_us: int = BRIDGE_US

    @property
    def told(self) -> str:
        """The engine with its version, as measurements name it."""
        return f"{self.engine} {self.version}".strip()

    def speech(self, track: Track, *, every_pause: bool = False) -> Speech:
        """All speech in the track that was looked at, pauses bridged or all of them kept."""
        bridge_us = 0 if every_pause else self.bridge_us
        return speech_on(samples_of(track), track.rate_hz, self.spans, bridge_us=bridge_us)


def voicing_of(derived: Iterable[Derived], who: str) -> Voicing:
    """What was found out about a side's voice; energy alone where nobody was asked."""
    found = find(derived, VOICE_ACTIVITY, None, who)
    if found is None or found.state is not DerivedState.OK:
        return Voicing()
    bridge_us = found.given.get("bridge_us", BRIDGE_US)
    if found.engine == ENERGY:
        return Voicing(found.engine, found.model, bridge_us=bridge_us)
    spans = tuple(Segment(start_us, end_us) for start_us, end_us in found.answer.get("spans", ()))
    return Voicing(found.engine, found.model, found.answer.get("chunk_us", 0), spans, bridge_us)


def agent_speech(view: EvidenceView, voicing: Voicing, *, every_pause: bool = False) -> Speech:
    """The agent's speech as heard: from its track, else as it was noticed in the call."""
    if view.agent is not None:
        return voicing.speech(view.agent, every_pause=every_pause)
    began = [event.began_us for event in view.of(AgentSpeechBegan)]
    ended = [event.ended_us for event in view.of(AgentSpeechEnded)]
    last = max((event.at_us for event in view.events), default=0)
    pairs = zip(began, [*ended, last][: len(began)], strict=True)
    return Speech(tuple(Segment(*pair) for pair in pairs))
