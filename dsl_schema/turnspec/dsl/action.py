"""The base of all that a caller can do."""

from types import MappingProxyType

from turnspec.dsl.base import Model

_WORDS = ("say", "audio", "text", "dtmf", "silence", "microphone", "hangup", "activity", "event")


class Action(Model):
    """The base of all that a caller can do."""

    WORD = "an action of the caller"
    ELSEWHERE = MappingProxyType(
        {
            word: f"write what is done in a list, in its order: caller: [{{...}}, {{{word}: ...}}]"
            for word in _WORDS
        }
    )
