"""A text cut into pieces: its words, its numbers as written, signs, and what stands between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import regex

from turnspec.speech.text import APOSTROPHES


class Kind(Enum):
    """What a piece of a text is."""

    WORD = "word"
    NUMBER = "number"
    ORDINAL = "ordinal"
    TIME = "time"
    FIGURE = "figure"  # an amount, a day, a telephone number: no part of a longer number
    UNIT = "unit"  # what an amount is of
    SIGN = "sign"  # as written: it counts where a rule finds what it belongs to


class Gap(Enum):
    """What stands before a piece: nothing but space and hyphens, a comma or full stop, or something else."""

    NONE = "none"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Piece:
    """One word, number or sign of a text, and what stands before it."""

    kind: Kind
    text: str
    gap: Gap = Gap.NONE
    hyphen: bool = False  # a hyphen stands right before it

    @property
    def unit(self) -> str:
        """As it is compared: what is no word stands in angle brackets, which no word has."""
        return self.text if self.kind is Kind.WORD else f"<{self.text}>"

    @property
    def digits(self) -> str:
        """The digits of a whole number; empty for all else."""
        return self.text if self.kind is Kind.NUMBER and self.text.isdigit() else ""

    def follows(self) -> bool:
        """Whether nothing but space or a hyphen parts it from the piece before."""
        return self.gap is Gap.NONE


_TOKEN: Final = regex.compile(
    r"""
    (?P<minus>(?<![^\s(\[])[-\u2212](?=[$€£]?[0-9]))
    |(?P<priced>[$€£]\s?(?:[0-9]{1,12}(?:,[0-9]{3})*(?:[.,][0-9]{1,2})?|\.[0-9]{1,2})(?![0-9]))
    |(?P<half>\b[ap]\.\s?m\b\.?)
    |(?P<ordinal>[0-9]+(?:st|nd|rd|th)\b)
    |(?P<number>(?<![^\s(\[])\.[0-9]+(?![.,:/]?[0-9])|[0-9]+(?:[.,:/][0-9]+)*)
    |(?P<sign>[%$€£¢]|\+(?=[\s(]*[0-9]))
    |(?P<word>(?:(?![0-9])[\p{L}\p{M}\p{N}])+|\*{3})
    """,
    regex.VERBOSE,
)
_GLUE: Final = regex.compile(r"[\s()\[\]\"\u201c\u201d\u2018\u2019\u2010-\u2015\u2212-]*")
_SOFT: Final = regex.compile(r"[\s()\[\]\"\u201c\u201d\u2018\u2019\u2010-\u2015\u2212,.;…-]*")
# A space that does not break parts thousands: 1 500 in French.
_THIN: Final = regex.compile(r"(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_THOUSANDS: Final = regex.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_LISTED: Final = regex.compile(r"[0-9]+(?:,[0-9]+)+")
_DOTTED: Final = regex.compile(r"[0-9]+(?:\.[0-9]+){2,}")


def pieces(text: str) -> list[Piece]:
    """The words, numbers and signs of a text, in order."""
    plain = unicodedata.normalize("NFKC", _THIN.sub("", text)).casefold().translate(APOSTROPHES)
    found: list[Piece] = []
    end = 0
    for token in _TOKEN.finditer(plain):
        between = plain[end : token.start()] if end else ""
        if token.lastgroup == "minus" and _is_dash(found, between):
            continue
        hyphen = between.strip() in {"-", "\u2010", "\u2011", "\u2212"}
        found.extend(_pieces_of(token, _gap(between), hyphen=hyphen))
        end = token.end()
    return found


def piece_at(found: Sequence[Piece], index: int) -> Piece | None:
    """The piece there, if nothing parts it from the one before it."""
    if not 0 <= index < len(found):
        return None
    return found[index] if found[index].gap is Gap.NONE else None


def word_at(found: Sequence[Piece], index: int) -> str:
    """The word at a place; empty where there is none."""
    return found[index].text if 0 <= index < len(found) and found[index].kind is Kind.WORD else ""


def next_word(found: Sequence[Piece], index: int) -> str:
    """The word right after the piece before; empty where there is none."""
    piece = piece_at(found, index)
    return piece.text if piece is not None and piece.kind is Kind.WORD else ""


def digits_at(found: Sequence[Piece], index: int) -> str:
    """The digits of a whole number right after the piece before; empty where there is none."""
    piece = piece_at(found, index)
    return "" if piece is None else piece.digits


def digits_before(found: Sequence[Piece], index: int) -> str:
    """The digits of a whole number right before a piece."""
    return found[index - 1].digits if index > 0 and found[index].follows() else ""


def _pieces_of(token: regex.Match[str], gap: Gap, *, hyphen: bool) -> list[Piece]:
    text = token[0]
    match token.lastgroup:
        case "priced":
            number = text[1:].strip()
            return [Piece(Kind.NUMBER, _amount(number), gap, hyphen), Piece(Kind.SIGN, text[0])]
        case "minus":
            return [Piece(Kind.WORD, "minus", gap)]
        case "half":
            return [Piece(Kind.WORD, f"{text[0]}m", gap, hyphen)]
        case "ordinal":
            return [Piece(Kind.ORDINAL, text, gap, hyphen)]
        case "sign":
            return [Piece(Kind.SIGN, text, gap, hyphen)]
        case "number":
            return _written(text, gap, hyphen=hyphen)
        case _:
            return [Piece(Kind.WORD, text, gap, hyphen)]


def _is_dash(found: Sequence[Piece], between: str) -> bool:
    """Whether what looks like a minus parts a figure from the one before: 5 -7, 4 -8 -2 -1."""
    return bool(found) and found[-1].kind is not Kind.WORD and _gap(between) is Gap.NONE


def _written(text: str, gap: Gap, *, hyphen: bool) -> list[Piece]:
    """A number as written; a list of digits and a telephone number with dots are several."""
    if text.startswith("."):
        return [Piece(Kind.NUMBER, f"0{text}", gap, hyphen)]
    if _THOUSANDS.fullmatch(text):
        return [Piece(Kind.NUMBER, text.replace(",", ""), gap, hyphen)]
    if _LISTED.fullmatch(text):
        first, *rest = text.split(",")
        return [Piece(Kind.NUMBER, first, gap, hyphen), *(Piece(Kind.NUMBER, one, Gap.PAUSE) for one in rest)]
    if _DOTTED.fullmatch(text):
        first, *rest = text.split(".")
        return [Piece(Kind.NUMBER, first, gap, hyphen), *(Piece(Kind.NUMBER, one) for one in rest)]
    return [Piece(Kind.NUMBER, text, gap, hyphen)]


def _amount(written: str) -> str:
    """An amount with a point before its hundredths, wherever it was written."""
    if _THOUSANDS.fullmatch(written):
        return written.replace(",", "")
    if written.startswith("."):
        return f"0{written}"
    return written.replace(",", ".") if written.count(",") == 1 else written.replace(",", "")


def _gap(between: str) -> Gap:
    if _GLUE.fullmatch(between):
        return Gap.NONE
    return Gap.PAUSE if _SOFT.fullmatch(between) else Gap.STOP
