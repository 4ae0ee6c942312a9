"""Patterns as testers write them: searched, ignoring case, within a time limit."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from turnspec.dsl.refusals import refusal

if TYPE_CHECKING:
    import regex

TIME_LIMIT_S = 0.5
"""How long one search may take; the standard library's patterns could not be stopped."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern, ready to `search(text, timeout=TIME_LIMIT_S)`."""
    import regex

    return regex.compile(pattern, regex.IGNORECASE)


def checked(pattern: str) -> str:
    """The same pattern, once it is known to be one.

    Raises:
        PydanticCustomError: kind `bad-pattern`, at the character where it goes wrong.
    """
    import regex

    try:
        compiled(_without_templates(pattern))
    except regex.error as error:
        raise refusal(
            "bad-pattern",
            f"this pattern cannot be read: {str(error).partition(' at position')[0]}",
            hint="put a backslash before ( ) [ ] { } . * + ? that stand for themselves",
            offset=getattr(error, "pos", None),
        ) from None
    return pattern


def capture_names(pattern: str) -> tuple[str, ...]:
    """The names of its groups `(?P<name>...)`, in order; each becomes a variable when it matches."""
    if "(?P<" not in pattern and "(?<" not in pattern:
        return ()
    index = compiled(_without_templates(pattern)).groupindex
    return tuple(sorted(index, key=index.__getitem__))


def _without_templates(pattern: str) -> str:
    # A template's value is known only in the call; same length, so that error positions stay true.
    if "{{" not in pattern:
        return pattern
    import regex

    return regex.sub(r"\{\{.*?\}\}", lambda found: "x" * len(found[0]), pattern)
