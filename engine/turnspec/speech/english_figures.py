"""How English says times, money, shares and dates, brought into the form in which they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import regex

from turnspec.speech.pieces import Kind, Piece, digits_at, next_word, piece_at, word_at

_MONTHS: Final = """
january february march april may june july august september october november december
"""
MONTHS: Final = frozenset(_MONTHS.split())
_SIGNS: Final = {
    "dollar": "$",
    "dollars": "$",
    "usd": "$",
    "euro": "€",
    "euros": "€",
    "eur": "€",
    "pound": "£",
    "pounds": "£",
    "gbp": "£",
}
MONEY_SIGNS: Final = frozenset("$€£")
_MONEY: Final = regex.compile(r"[0-9]{1,15}(?:[.,][0-9]{1,2})?")
_HUNDREDTHS: Final = frozenset({"cent", "cents", "pence"})
_BEFORE_TIME: Final = frozenset({"at", "by", "until", "till", "before", "after", "around"})
_HOURS: Final = 24
_NOON: Final = 12
_QUARTER: Final = 15
_CLOCK: Final = regex.compile(r"([0-9]{1,2})[:.]([0-5][0-9])")


def clock(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """3:30, 3.30 pm, three thirty p.m., three o'clock, 3 pm, at three thirty."""
    here = found[index]
    if here.kind is not Kind.NUMBER:
        return None
    hour, minute, taken = _hour_and_minute(found, index)
    half, more = _half(found, index + taken)
    before = word_at(found, index - 1)
    oclock = taken == 1 and next_word(found, index + 1) == "oclock"
    written = ":" in here.text
    told = taken > 1 and 0 < hour <= _NOON and before in _BEFORE_TIME
    if not 0 <= hour < _HOURS or not (half or oclock or written or told):
        return None
    if oclock:
        half, more = _half(found, index + 2)
    return _time(hour, minute, half), taken + oclock + more


def past(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """Half past three, a quarter to four, ten past three."""
    start = index + (found[index].text == "a" and next_word(found, index + 1) == "quarter")
    named = {"half": 30, "quarter": _QUARTER}.get(found[start].text)
    minutes = named or small(found[start].digits, 59)
    way, hour = next_word(found, start + 1), small(digits_at(found, start + 2), _NOON)
    if not minutes or not hour or way not in ({"past", "to"} if named == _QUARTER else {"past"}):
        return None
    half, more = _half(found, start + 3)
    if way == "to":
        hour, minutes = (hour - 2) % _NOON + 1, 60 - minutes
    return _time(hour, minutes, half), start - index + 3 + more


def _hour_and_minute(found: Sequence[Piece], index: int) -> tuple[int, int, int]:
    """What a number and those after it are as a time, and how many pieces that takes; -1: it is none."""
    here = found[index]
    if written := _CLOCK.fullmatch(here.text):
        return int(written[1]), int(written[2]), 1
    if not here.digits or len(here.digits) > 2:  # an hour has two digits at most
        return -1, 0, 1
    hour, second, third = int(here.digits), digits_at(found, index + 1), digits_at(found, index + 2)
    if len(second) == 2 and "10" <= second < "60":  # minutes have two
        return hour, int(second), 2
    if second == "0" and len(third) == 1:
        return hour, int(third), 3
    return hour, 0, 1


def _half(found: Sequence[Piece], index: int) -> tuple[str, int]:
    """`am` or `pm` right there, and how many pieces it takes."""
    word = next_word(found, index)
    if word in {"am", "pm"}:
        return word, 1
    if word in {"a", "p"} and next_word(found, index + 1) == "m":
        return f"{word}m", 2
    return "", 0


def _time(hour: int, minute: int, half: str) -> list[Piece]:
    """A time on a face of twelve hours, with its half of the day where that is known."""
    if hour > _NOON or hour == 0:
        half = "pm" if hour else half or "am"
        hour = abs(hour - _NOON)
    made = [Piece(Kind.TIME, f"{hour}:{minute:02}")]
    return [*made, Piece(Kind.WORD, half)] if half else made


def money(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """21.50 dollars, twenty one dollars and fifty cents, five pounds fifty, $5.00."""
    here, sign = found[index], _sign(found, index + 1)
    if here.kind is not Kind.NUMBER or not sign or not _MONEY.fullmatch(here.text):
        return None
    hundredths, more = _and_hundredths(found, index + 2) if here.digits else (0, 0)
    amount = Decimal(here.text.replace(",", ".")) + Decimal(hundredths) / 100
    text = plain(amount) if amount == int(amount) else f"{amount:.2f}"
    return [Piece(Kind.FIGURE, text), Piece(Kind.UNIT, sign)], 2 + more


def _sign(found: Sequence[Piece], index: int) -> str:
    piece = piece_at(found, index)
    if piece is None:
        return ""
    if piece.kind is Kind.SIGN:
        return piece.text if piece.text in MONEY_SIGNS else ""
    return _SIGNS.get(piece.text, "")


def _and_hundredths(found: Sequence[Piece], index: int) -> tuple[int, int]:
    """Cents after dollars, and how many pieces they take; without the word only where nothing follows."""
    start = index + (next_word(found, index) == "and")
    hundredths = small(digits_at(found, start), 99)
    if not hundredths:
        return 0, 0
    if next_word(found, start + 1) in _HUNDREDTHS:
        return hundredths, start - index + 2
    ends = piece_at(found, start + 1) is None and start == index and hundredths > 9  # two digits
    return (hundredths, 1) if ends else (0, 0)


def share(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """Ten percent, 10 per cent, 10 %; fifty cents."""
    here, after = found[index], piece_at(found, index + 1)
    if here.kind is not Kind.NUMBER or after is None:
        return None
    number = replace(here, kind=Kind.FIGURE)
    if after.text in {"%", "percent"}:
        return [number, Piece(Kind.UNIT, "%")], 2
    if after.text == "per" and next_word(found, index + 2) == "cent":
        return [number, Piece(Kind.UNIT, "%")], 3
    if after.text in {"cent", "cents", "¢"}:
        return [number, Piece(Kind.UNIT, "¢")], 2
    return None


def day_of_month(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """May third, May the 3rd, May 3."""
    here = found[index]
    if here.kind is not Kind.WORD or here.text not in MONTHS:
        return None
    the = next_word(found, index + 1) == "the"
    day = _day(piece_at(found, index + 1 + the), ordinal=the)
    return ([Piece(Kind.FIGURE, f"{here.text} {day}")], 2 + the) if day else None


def day_before_month(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """The third of May, 3rd May, 3 June."""
    the = found[index].text == "the"
    start = index + the
    number = piece_at(found, start) if the else found[index]
    of = next_word(found, start + 1) == "of"
    month = next_word(found, start + 1 + of)
    day = _day(number, ordinal=the)
    if number is None or not day or month not in MONTHS:
        return None
    # "You two march on": these two are other words as well.
    sure = of or number.kind is Kind.ORDINAL or month not in {"may", "march"}
    return ([Piece(Kind.FIGURE, f"{month} {day}")], start - index + 2 + of) if sure else None


def _day(piece: Piece | None, *, ordinal: bool) -> str:
    if piece is None or (ordinal and piece.kind is not Kind.ORDINAL):
        return ""
    digits = piece.text[:-2] if piece.kind is Kind.ORDINAL else piece.digits
    return str(int(digits)) if small(digits, 31) else ""


def small(digits: str, most: int) -> int:
    """The number that one or two digits are; 0 for all else, and for more than `most`."""
    number = int(digits) if digits.isdecimal() and len(digits) <= 2 else 0  # as it says
    return number if number <= most else 0


def plain(number: Decimal) -> str:
    """A number without zeros that say nothing."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
