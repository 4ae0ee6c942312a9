"""What two recorded sides come to with no scenario at all: turns, responses, overlaps, shares of speech."""

from __future__ import annotations

from dataclasses import dataclass

from turnspec.audio.edges import RESOLUTION_US, Speech
from turnspec.checks.dialogue import (
    Overlap,
    Response,
    Silence,
    Speaker,
    Turn,
    between_sides,
    overlaps,
    responses,
    silences,
    spoken_us,
    turns,
)
from turnspec.checks.percentiles import Sample, quantile
from turnspec.dsl.repeating import LEAST_SAMPLES

WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of the responses; a few of them have none of the high ones."""

    percent: int
    value_us: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that the speech of two sides says."""

    length_us: int
    caller: Speech
    agent: Speech

    @property
    def error_us(self) -> int:
        """How far off a time between both may be at most."""
        return between_sides(self.caller.error_us - RESOLUTION_US, self.agent.error_us - RESOLUTION_US)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of both, by their beginning."""
        return turns(self.caller.segments, self.agent.segments)

    @property
    def responses(self) -> tuple[Response, ...]:
        """How long the agent took to answer each turn of the caller's."""
        return responses(self.turns)

    @property
    def percentiles(self) -> tuple[Percentile, ...]:
        """Those of the responses that there are enough of."""
        times = [Sample(each.value_us) for each in self.responses if each.value_us is not None]
        wanted = [percent for percent, least in LEAST_SAMPLES.items() if len(times) >= max(1, least)]
        return tuple(Percentile(percent, quantile(times, percent).value_us) for percent in wanted)

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """Where both speak."""
        return overlaps(self.caller.segments, self.agent.segments)

    def interruptions(self, by: Speaker) -> tuple[Overlap, ...]:
        """Where one side began over the other and spoke on when the other had stopped."""
        return tuple(each for each in self.overlaps if each.by is by and each.interrupts)

    @property
    def gaps(self) -> tuple[Silence, ...]:
        """The silences between one who has spoken and the other who then speaks."""
        found = silences(self.caller.segments, self.agent.segments, 0, self.length_us)
        return tuple(each for each in found if each.after and each.before and each.after is not each.before)

    def spoken_us(self, who: Speaker) -> int:
        """How long one side speaks in all."""
        return spoken_us((self.caller if who is Speaker.CALLER else self.agent).segments)

    @property
    def talk_ppm(self) -> int | None:
        """The agent's share of all speech, in millionths; None where nobody speaks."""
        whole = self.spoken_us(Speaker.AGENT) + self.spoken_us(Speaker.CALLER)
        return self.spoken_us(Speaker.AGENT) * WHOLE_PPM // whole if whole else None
