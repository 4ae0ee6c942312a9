"""What English counts as a number in words, and how it reads out codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import regex

from turnspec.speech.english_figures import (
    MONEY_SIGNS,
    MONTHS,
    clock,
    day_before_month,
    day_of_month,
    money,
    past,
    plain,
    share,
)
from turnspec.speech.pieces import Kind, Piece, digits_at, digits_before, next_word, piece_at, word_at

Rule = Callable[[Sequence[Piece], int], tuple[list[Piece], int] | None]
"""What stands for the pieces from here on, and how many of them it takes the place of; None: nothing."""

_NUMBERS: Final = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
million billion first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth
"""
NUMBER_WORDS: Final = frozenset(_NUMBERS.split())
_TENS: Final = frozenset({"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"})
_SCALES: Final = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9}
_POWERS: Final = {str(10**power): power for power in _SCALES.values()}
_ROUGHLY: Final = frozenset({"hundreds", "thousands", "millions", "billions"})
_PARTS: Final = ("ths", "rds")  # two thirds, three fifths
_A_HUNDRED: Final = regex.compile(r"1[0-9]{2,}")
_AMOUNT: Final = regex.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
# "no one", "this one", "the one": a pronoun, no number. The same before "moment", "of" and the like.
_PRONOUN_AFTER: Final = """
no any some every each this that these those which other another the first last next previous a only right
wrong same new old good bad great better best easy big small little
"""
_BEFORE_ONE: Final = frozenset(_PRONOUN_AFTER.split())
_AFTER_ONE: Final = frozenset({"moment", "second", "sec", "more", "of", "another", "thing", "who"})
_LOW_ORDINALS: Final = frozenset({"first", "second", "third"})
_TIMES_OVER: Final = {"double": 2, "triple": 3, "treble": 3}
_PHONE_DIGITS: Final = 7


def stays_word(found: Sequence[Piece], index: int) -> bool:
    """Whether a word that may be read as a number is none here."""
    text, before = found[index].text, word_at(found, index - 1)
    if text == "one":
        return before in _BEFORE_ONE or word_at(found, index + 1) in _AFTER_ONE
    if text in _LOW_ORDINALS:
        return not _is_ordinal(found, index)
    return text in _ROUGHLY or text.endswith(_PARTS) or scales(found, index)


def scales(found: Sequence[Piece], index: int) -> bool:
    """Whether it makes a number in figures larger, which is done afterwards: 5 million, $5 million."""
    if found[index].text not in _SCALES:
        return False
    figure = index - 1 - (index > 1 and found[index - 1].text in MONEY_SIGNS)
    return found[index].follows() and figure >= 0 and bool(_AMOUNT.fullmatch(found[figure].text))


def _is_ordinal(found: Sequence[Piece], index: int) -> bool:
    """Whether "second" and the like count: the second, May second, twenty-second, second of May."""
    before = word_at(found, index - 1)
    if before in _TENS:
        dated = word_at(found, index - 2) in MONTHS | {"the"}
        return found[index].hyphen or dated or found[index].text != "second"
    of_month = word_at(found, index + 1) == "of" and word_at(found, index + 2) in MONTHS
    return before == "the" or before in MONTHS or of_month


def has_numbers(found: Sequence[Piece]) -> bool:
    """Whether any word may be a number, or part of one."""
    return any(piece.text in NUMBER_WORDS for piece in found)


def with_own_signs(found: list[Piece]) -> list[Piece]:
    """The same without signs that are of no number."""
    return [
        piece for index, piece in enumerate(found) if piece.kind is not Kind.SIGN or _signed(found, index)
    ]


def _signed(found: Sequence[Piece], index: int) -> bool:
    if found[index].text == "+" or not (index and found[index].follows()):
        return found[index].text == "+"
    return found[index - 1].kind is Kind.NUMBER or found[index - 1].text in NUMBER_WORDS


def with_codes(found: list[Piece]) -> list[Piece]:
    """Spelled letters, digits that are read one by one, times and days; numbers are still in parts."""
    figures = any(piece.kind is not Kind.WORD for piece in found)
    return _by_rules(found, _CODES if figures else (_letter,))


def with_amounts(found: list[Piece]) -> list[Piece]:
    """Money, shares and days before their month, once numbers are put together."""
    return _by_rules(found, _AMOUNTS)


def with_wholes(found: list[Piece]) -> list[Piece]:
    """Hundreds and what is below zero: numbers as they are written, each for itself."""
    return _by_rules(found, (_hundreds, _below_zero))


def dialled(found: list[Piece]) -> list[Piece]:
    """A plus before a telephone number belongs to it; any other written plus is left out."""
    return _applied(found, _plus)


def _by_rules(found: list[Piece], rules: Sequence[Rule]) -> list[Piece]:
    for rule in rules:
        found = _applied(found, rule)
    return found


def _applied(found: list[Piece], rule: Rule) -> list[Piece]:
    result: list[Piece] = []
    index = 0
    while index < len(found):
        change = rule(found, index)
        if change is None:
            result.append(found[index])
            index += 1
            continue
        new, taken = change
        if new:
            new[0] = replace(new[0], gap=found[index].gap, hyphen=found[index].hyphen)
        result += new
        index += taken
    return result


def _hundreds(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """A hundred and five, 5 million, one point five million, $5 million."""
    here, following = found[index], piece_at(found, index + 1)
    if here.text == "a" and following is not None and _A_HUNDRED.fullmatch(following.digits):
        return [following], 2
    if following is None or here.kind is not Kind.NUMBER or not _AMOUNT.fullmatch(here.text):
        return None
    sign = [following] if following.text in MONEY_SIGNS else []
    last = piece_at(found, index + 1 + len(sign))
    power = 0 if last is None else _SCALES.get(last.text, 0)
    if last is not None and "." in here.text and last.digits in _POWERS:
        power = _POWERS[last.digits]
    if not power:
        return None
    return [Piece(Kind.NUMBER, plain(Decimal(here.text) * 10**power)), *sign], 2 + len(sign)


def _letter(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """A as in alpha; B for Bravo."""
    letter = found[index]
    if letter.kind is not Kind.WORD or len(letter.text) != 1:
        return None
    if next_word(found, index + 1) == "as" and next_word(found, index + 2) == "in":
        taken = 4
    elif next_word(found, index + 1) == "for" and letter.text != "i":
        taken = 3
    else:
        return None
    return ([letter], taken) if next_word(found, index + taken - 1).startswith(letter.text) else None


def _oh(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """The oh of a code: between digits, after two of them, or before two of them."""
    text = found[index].text
    if text not in {"oh", "o"} or (text == "o" and len(word_at(found, index - 1)) == 1):
        return None
    before, after = digits_before(found, index), digits_at(found, index + 1)
    between = before and after
    two_before = len(before) == 1 and len(digits_before(found, index - 1)) == 1
    two_after = len(after) == 1 and len(digits_at(found, index + 2)) == 1
    repeated = found[index].follows() and word_at(found, index - 1) in _TIMES_OVER
    return ([Piece(Kind.NUMBER, "0")], 1) if between or two_before or two_after or repeated else None


def _repeated(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """Double five; triple oh."""
    times = _TIMES_OVER.get(found[index].text, 0)
    digit = digits_at(found, index + 1)
    if not times or len(digit) != 1:
        return None
    return [Piece(Kind.NUMBER, digit) for _ in range(times)], 2


def _dash(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """R dash one zero four two; one dash two."""
    if found[index].text not in {"dash", "hyphen"} or not 0 < index < len(found) - 1:
        return None
    sides = (found[index - 1], found[index + 1])
    coded = all(side.digits or (side.kind is Kind.WORD and len(side.text) == 1) for side in sides)
    return ([], 1) if coded and found[index].follows() and found[index + 1].follows() else None


def _plus(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """+1 555 123 4567, plus one five five five ...: the number is put together already."""
    here = found[index]
    if here.text not in {"+", "plus"}:
        return None
    number = digits_at(found, index + 1)
    if len(number) >= _PHONE_DIGITS and not digits_before(found, index):
        return [Piece(Kind.FIGURE, f"+{number}")], 2
    return ([], 1) if here.text == "+" else None


_CODES: Final = (_hundreds, _letter, _repeated, _oh, _repeated, _dash, past, clock, day_of_month)


def _below_zero(found: Sequence[Piece], index: int) -> tuple[list[Piece], int] | None:
    """Minus five, negative five, -5, -$5; ten minus five takes away."""
    here, number = found[index], piece_at(found, index + 1)
    if here.text not in {"minus", "negative"} or number is None or not _AMOUNT.fullmatch(number.text):
        return None
    if index and here.follows() and found[index - 1].kind not in {Kind.WORD, Kind.ORDINAL}:
        return None
    return [Piece(Kind.FIGURE, f"-{number.text}")], 2


_AMOUNTS: Final = (money, share, day_before_month, _below_zero)
