"""The formats of texts that a JSON Schema may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

_EMAIL: Final = re.compile(r"[^@\s\"(),:;<>\[\\\]]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,6})?\d*([Zz]|[+-]\d\d:\d\d)")


def is_formatted(text: str, format_: str) -> bool:
    """Whether a text is of a format; of one that is not known here, all are."""
    return format_ not in FORMATS or FORMATS[format_](text)


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        try:
            parse(text)
        except (ValueError, AddressValueError):
            return False
        return True

    return holds


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _parses(date.fromisoformat)(text)


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is not None and _parses(time.fromisoformat)(text[:8])


def _is_moment(text: str) -> bool:
    day, clock = text[:10], text[11:]
    return text[10:11] in {"T", "t", " "} and _is_date(day) and _is_time(clock)


def _is_uri(text: str) -> bool:
    if any(letter.isspace() for letter in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_moment,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "uuid": lambda text: _parses(UUID)(text) and len(text) == 36,
    "ipv4": _parses(IPv4Address),
    "ipv6": _parses(IPv6Address),
    "uri": _is_uri,
}
