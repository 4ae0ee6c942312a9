"""Templates in texts: Jinja expressions, filters and `if`, in a sandbox that cannot loop, call or grow.

Most templates are plain names, `{{ last4 }}`; those are filled in without loading Jinja at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import JsonValue

MAX_SOURCE = 10_000
MAX_OUTPUT = 64 * 1024
"""Characters of a template, and of what it may become."""

# What reaches for attributes is no plain name.
_NAME = r"(?![\w.]*(?:__|\._))[A-Za-z_]\w*(?:\.[A-Za-z]\w*)*"
_PLAIN = re.compile(
    r"\{\{\s*(?!(?:true|false|none|True|False|None|not|and|or|if|else|in|is)\b)(" + _NAME + r")\s*\}\}"
)
_ANY = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}")


class TemplateError(ValueError):
    """A template that cannot be used: `kind` names why, `word` is the part of it to point at."""

    def __init__(self, kind: str, message: str, word: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.word = word
        self.hint = hint


def is_template(text: str) -> bool:
    """Whether anything in the text is filled in."""
    return "{{" in text or "{%" in text


def names(template: str) -> frozenset[str]:
    """The names that must be known to fill it in, with their dots: `last4`, `env.BANK_URL`.

    Raises:
        TemplateError: it is broken, or does what templates may not do.
    """
    if not is_template(template):
        return frozenset()
    if _only_plain(template):
        return frozenset(_PLAIN.findall(template))
    return _parsed(template)


def render(template: str, variables: Mapping[str, Any]) -> JsonValue:
    """The text with its values; a template that is exactly one name keeps that value's type.

    Raises:
        TemplateError: as `names`; or a name is not known (`undefined-name`), or the outcome is too long.
    """
    if not is_template(template):
        return template
    if found := _PLAIN.fullmatch(template.strip()):
        value: JsonValue = _looked_up(found[1], variables)
        return value
    if _only_plain(template):
        return _bounded(_PLAIN.sub(lambda found: str(_looked_up(found[1], variables)), template))
    _parsed(template)
    from turnspec.dsl import sandbox

    return _bounded(sandbox.render(template, variables, MAX_OUTPUT))


def render_value(value: JsonValue, variables: Mapping[str, Any]) -> JsonValue:
    """The value with all texts in it, at any depth, filled in."""
    match value:
        case str():
            return render(value, variables)
        case list():
            return [render_value(item, variables) for item in value]
        case dict():
            return {key: render_value(item, variables) for key, item in value.items()}
        case _:
            return value


def _only_plain(template: str) -> bool:
    return _ANY.search(_PLAIN.sub("", template)) is None


@lru_cache(maxsize=4096)
def _parsed(template: str) -> frozenset[str]:
    if len(template) > MAX_SOURCE:
        raise TemplateError(
            "bad-template", f"a template may have {MAX_SOURCE:,} characters, this has {len(template):,}"
        )
    from turnspec.dsl import sandbox

    return sandbox.checked(template)


def _looked_up(name: str, variables: Mapping[str, Any]) -> Any:
    value: Any = variables
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            raise undefined(name)
        value = value[step]
    return value


def undefined(name: str) -> TemplateError:
    """The error of a name that nothing has bound."""
    return TemplateError("undefined-name", f"nothing gives '{name}' a value", name)


def _bounded(text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise TemplateError("bad-template", f"this becomes longer than {MAX_OUTPUT:,} characters")
    return text
