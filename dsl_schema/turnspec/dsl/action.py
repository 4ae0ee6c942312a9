"""The base of all that a caller can do."""

from turnspec.dsl.base import Model


class Action(Model):
    """The base of all that a caller can do."""

    WORD = "an action of the caller"
