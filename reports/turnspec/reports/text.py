"""Numbers and words as people read them, the same in every report."""

from __future__ import annotations

import re
from typing import Final

# What XML 1.0 forbids or discourages, what HTML calls a parse error, halves of surrogate pairs, which no
# encoding can write, and the two overrides that show text backwards. Tab and line feed stay.
# Nothing beyond U+FFFF is in it: `re` then looks a letter up in a bitmap, ten times as fast.
_UNSHOWABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_MILLISECOND_US: Final = 1_000
_SECOND_US: Final = 1_000_000


def visible(text: str) -> str:
    r"""`text` with what a file cannot carry and a reader should not trust written out, as in `\x07`."""
    return _UNSHOWABLE.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """`text` on one line, its runs of white space made one space each."""
    return visible(" ".join(text.split()))


def first_line(text: str) -> str:
    """The first line of `text` that holds anything."""
    return next((one_line(line) for line in text.splitlines() if line.strip()), "")


def length(microseconds: int) -> str:
    """A measured time: `640 ms`, `1,240 ms`, from ten seconds on as `lasting`; halves are rounded up."""
    sign, size = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    if size < 10 * _SECOND_US:
        return f"{sign}{(size + _MILLISECOND_US // 2) // _MILLISECOND_US:,} ms"
    return f"{sign}{lasting(size)}"


def lasting(microseconds: int) -> str:
    """How long a whole call took: `9 s`, `18.25 s`, `2 min 5 s`; halves are rounded up."""
    hundredths = (microseconds + _SECOND_US // 200) // (_SECOND_US // 100)
    if hundredths < 60 * 100:
        return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod((microseconds + _SECOND_US // 2) // _SECOND_US, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def clock(microseconds: int) -> str:
    """A place on the call's clock: `0:04.2`."""
    minutes, tenths = divmod(microseconds // 100_000, 600)
    return f"{minutes}:{tenths // 10:02d}.{tenths % 10}"


def seconds(microseconds: int) -> str:
    """Seconds with all six decimals, for machines; exact, whatever the length."""
    whole, rest = divmod(max(microseconds, 0), _SECOND_US)
    return f"{whole}.{rest:06d}"


def many(count: int, one: str, more: str) -> str:
    """`1 turn`, `3 turns`."""
    return f"{count:,} {one if count == 1 else more}"


def shortened(text: str, characters: int) -> str:
    """`text` on one line, cut to so many characters, the cut shown."""
    line = one_line(text)
    return line if len(line) <= characters else line[: max(characters - 1, 0)].rstrip() + "…"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
