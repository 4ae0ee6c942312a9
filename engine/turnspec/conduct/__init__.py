"""The conductor: what to do next in a call, decided without I/O."""

from turnspec.conduct.conductor import acts_on, advance, heard, is_no_news
from turnspec.conduct.facts import Facts
from turnspec.conduct.state import CallState, begin

__all__ = ["CallState", "Facts", "acts_on", "advance", "begin", "heard", "is_no_news"]
