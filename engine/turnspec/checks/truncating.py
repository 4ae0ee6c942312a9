"""Whether a model behind a bridge was told how much of its words the caller heard.

A model speaks faster than its words play. When the caller talks over them the bridge drops the rest, and
must truncate the item: else the model goes on in the belief that everything was heard (OpenAI's guide to
Realtime conversations, "Interruption and truncation").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.call.events import AgentTruncated, PlaybackFlushed, ResponseStarted, Side
from turnspec.checks import shown
from turnspec.checks.playback import SLACK_US, Heard, heard_items
from turnspec.checks.scene import Scene
from turnspec.plan.model import TargetKind
from turnspec.results import Finding, Status

TOLERANCE_US: Final = 500_000
"""One or two words: by less, what a bridge reckons from its media timestamps may be wrong."""


def of_interruptions(scene: Scene) -> Iterator[Finding]:
    """What the model believes to have been heard of words that were talked over, and was not."""
    if scene.plan.kind is not TargetKind.BACKEND:
        return
    last_asked_us = max((event.at_us for event in scene.view.of(ResponseStarted, Side.MODEL)), default=0)
    told = {event.item_id: event.heard_us for event in scene.view.of(AgentTruncated, Side.MODEL)}
    for heard in heard_items(scene.view, Side.MODEL):
        # A model that is not asked again takes no harm from what it believes.
        if heard.share is not None and heard.to_us <= last_asked_us and _flushed(scene, heard):
            yield from _judged(scene, heard, *heard.share, told.get(heard.item.item_id))


def _flushed(scene: Scene, heard: Heard) -> bool:
    """Whether words were dropped, not only the silence after the last one."""
    flushes = (flush for flush in scene.view.of(PlaybackFlushed) if flush.at_us >= heard.to_us - SLACK_US)
    return any(not flush.silent for flush in flushes)


def _judged(
    scene: Scene, heard: Heard, heard_us: int, whole_us: int, told_us: int | None
) -> Iterator[Finding]:
    believed_us = whole_us if told_us is None else told_us
    if abs(believed_us - heard_us) <= TOLERANCE_US:
        return
    how = (
        "was never told: no conversation.item.truncate came for it, so it believes that all of it was"
        if told_us is None
        else f"was told {shown.seconds(told_us)}"
    )
    yield Finding(
        kind="truncate",
        status=Status.FAILED,
        message=f"Of {shown.quoted(heard.item.text)} the caller heard {shown.seconds(heard_us)} of "
        f"{shown.seconds(whole_us)} before it was cut off; the model {how}.",
        expected=f"conversation.item.truncate with audio_end_ms near {heard_us // 1_000}",
        actual="no truncate" if told_us is None else f"audio_end_ms {told_us // 1_000}",
        turn=scene.owner(heard.to_us),
        at_us=heard.to_us,
        span=scene.plan.span,
    )
