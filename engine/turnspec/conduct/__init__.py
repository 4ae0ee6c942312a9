"""The conductor: what to do next in a call, decided without I/O."""

from turnspec.conduct.conductor import advance
from turnspec.conduct.facts import Facts
from turnspec.conduct.state import CallState, begin

__all__ = ["CallState", "Facts", "advance", "begin"]
