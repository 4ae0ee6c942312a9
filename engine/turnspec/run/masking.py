"""Secrets, taken out of every text before it is recorded or printed."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from turnspec.call.evidence import MASK

SHORTEST = 4  # shorter values would black out half of every log
SHORTEST_CODE = 6  # of base64 characters that a secret alone decides
URL_SAFE = str.maketrans("+/", "-_")
_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_STRICT = re.compile(r"[^A-Za-z0-9_]")  # some encoders leave letters, digits and _ alone

T = TypeVar("T")


def masker(secrets: Iterable[str]) -> Callable[[str], str] | None:
    """A function that blacks out these values, however they are encoded; None if there are none."""
    whole = {each for secret in secrets for each in (secret, secret.strip())}  # files end in a line break
    forms = sorted({form for secret in whole if len(secret) >= SHORTEST for form in _forms(secret)})
    if not forms:
        return None
    longest_first = sorted(forms, key=len, reverse=True)

    def mask(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, MASK)
        return text

    return mask


def masked_throughout(value: T, mask: Callable[[str], str]) -> T:
    """A value with `mask` applied to all texts in it, at any depth; enumerations are no texts."""
    hidden: Any = value
    match value:
        case Enum():
            pass
        case str():
            hidden = mask(value)
        case tuple() | list():
            hidden = type(value)(masked_throughout(item, mask) for item in value)
        case Mapping():
            hidden = {mask(key): masked_throughout(item, mask) for key, item in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changes = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            hidden = dataclasses.replace(
                value, **{name: masked_throughout(item, mask) for name, item in changes.items()}
            )
        case _:
            pass
    return hidden  # type: ignore[no-any-return] # each case keeps the type


def _forms(secret: str) -> Iterator[str]:
    yield secret
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (escaped, escaped.replace("/", "\\/"))  # as PHP and Go templates write it
        yield _ESCAPE.sub(lambda found: found[0].upper().replace("\\U", "\\u"), escaped)
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret), _STRICT.sub(_percent, secret)):
        yield from (encoded, _PERCENT.sub(lambda found: found[0].lower(), encoded))
    yield from (html.escape(secret), html.escape(secret, quote=False))
    for before in range(3):
        code = _code(secret.encode(), before)
        if len(code) >= SHORTEST_CODE:
            yield code
            yield code.translate(URL_SAFE)


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def _code(secret: bytes, before: int) -> str:
    """The base64 characters that a secret decides alone, with so many bytes (modulo 3) before it."""
    code = base64.b64encode(bytes(before) + secret).decode()
    return code[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
