"""Words that no known recording has: a local agent's recogniser, which works beside the call.

Known recordings are told at once. Recognition takes its time: it is asked for and looked for again, and
whoever waits for it answers later; nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, runtime_checkable

from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Agent, Heard

TRANSCRIBER: Final = "transcriber"
LOOK_AGAIN_US: Final = 20_000
"""How long to wait before looking again for words that are being made out: a frame."""

Recognition: TypeAlias = Callable[[], "Heard | None"]
"""Gives what was heard, None: not yet; asked for the first time, it begins."""


class Recogniser(Protocol):
    """Who makes out words for a local agent."""

    def recognition(self, speech: Track) -> Recognition:
        """The words of an utterance, made out as soon as they are asked for."""
        ...


@runtime_checkable
class CanRecognise(Protocol):
    """An agent that may have a recogniser."""

    def recognise(self, speech: Track) -> Recognition | None:
        """The words of an utterance that it knows no recording of; None: it has no recogniser."""
        ...


def recognition_by(agent: Agent, heard: Heard, speech: Track) -> Recognition | None:
    """The way to the words of what was heard without any; None: there is none, or there are words."""
    if heard.text is not None or not isinstance(agent, CanRecognise):
        return None
    return agent.recognise(speech)
