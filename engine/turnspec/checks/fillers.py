"""What an agent says while it still looks for its reply: no part of that reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from turnspec.audio.edges import BRIDGE_US, Segment
from turnspec.results import Line
from turnspec.speech.text import words

SLACK_US: Final = 20_000
"""The edge of a sound may lie that far inside the audio of its words."""


def is_filler(text: str, fillers: Iterable[str]) -> bool:
    """Whether these words, all of them, are one of the fillers; case and punctuation do not matter."""
    said = words(text)
    return bool(said) and any(said == words(filler) for filler in fillers)


def all_filler(texts: Iterable[str], fillers: tuple[str, ...]) -> bool:
    """Whether something was said, and nothing but fillers: each by itself, or all of it together."""
    said = [text for text in texts if text]
    return bool(said) and (all(is_filler(t, fillers) for t in said) or is_filler(" ".join(said), fillers))


def filler_stretches(
    lines: Iterable[Line], fillers: tuple[str, ...], fine_speech: tuple[Segment, ...]
) -> Iterator[Segment]:
    """From when to when the agent said fillers, up to where the sound of what follows begins."""
    for line in lines:
        if is_filler(line.text, fillers):
            ended = max(line.began_us + 1, line.ended_us or 0)
            near = (s.start_us for s in fine_speech if -SLACK_US <= s.start_us - ended < BRIDGE_US)
            yield Segment(line.began_us, next(near, ended))


def without(speech: tuple[Segment, ...], taken: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Speech without what began in one of these stretches; what goes on after it counts from its end."""
    for stretch in taken:
        speech = tuple(
            replace(segment, start_us=max(segment.start_us, stretch.end_us))
            if stretch.holds(segment.start_us)
            else segment
            for segment in speech
            if not (stretch.holds(segment.start_us) and segment.end_us <= stretch.end_us)
        )
    return speech
