"""Values, times and lists as findings show them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

LONGEST: Final = 240
ABSENT: Final = "nothing"


def value(given: Any) -> str:
    """A JSON value on one line, shortened."""
    return short(json.dumps(given, ensure_ascii=False, default=str))


def short(text: str, longest: int = LONGEST) -> str:
    """`text` on one line; what is too long ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def quoted(text: str) -> str:
    """Words between quotation marks."""
    return f'"{short(text)}"'


def quoted_last(text: str) -> str:
    """The same at the end of a sentence, with its full stop where the words bring none."""
    return quoted(text) if short(text)[-1:] in {".", "!", "?", "…"} else f"{quoted(text)}."


def ms(us: int) -> str:
    """Microseconds as whole milliseconds: `1,240 ms`; a half is rounded up."""
    return f"{(us + 500) // 1_000:,} ms"


def seconds(at_us: int) -> str:
    """A moment of the call in seconds, rounded to hundredths: `3.42 s`."""
    hundredths = (abs(at_us) + 5_000) // 10_000
    return f"{'-' if at_us < 0 and hundredths else ''}{hundredths // 100}.{hundredths % 100:02} s"


def clock(at_us: int) -> str:
    """A moment of the call: `at 3.42 s`."""
    return f"at {seconds(at_us)}"


def listed(names: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; `nothing` where there is none."""
    *first, last = list(names) or [ABSENT]
    return f"{', '.join(first)} {word} {last}" if first else last


def many(count: int, one: str, several: str = "") -> str:
    """`1 call`, `3 calls`."""
    return f"{count} {one if count == 1 else several or one + 's'}"
