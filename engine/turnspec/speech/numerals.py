"""Numbers in words brought into digits, and digits that are read one by one put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from turnspec.speech.pieces import Gap, Kind, Piece

LANGUAGES: Final = frozenset({"da", "de", "en", "es", "fr", "it", "nl", "pt"})
"""Those whose numbers in words are read."""

# Isolated small numbers are articles in many languages ("un", "una", "eins"): they stay words there.
_SMALL: Final = 3.0


def with_numbers(
    found: Sequence[Piece], language: str, stays: Callable[[int], bool], *, alone: bool = False
) -> list[Piece]:
    """The same, with numbers in words as digits; words of which `stays` holds are none.

    `alone`: small numbers are numbers in every language, wherever they stand.
    """
    from text_to_num import find_numbers

    tokens = [_Token(piece, stays(index)) for index, piece in enumerate(found)]
    small = 0.0 if alone or language == "en" else _SMALL
    result: list[Piece] = []
    done = 0
    for number in find_numbers(tokens, language, small):
        result += found[done : number.start]
        result += _number_pieces(number.text, found[number.start], ordinal=number.is_ordinal)
        done = number.end
    return [*result, *found[done:]]


def merged(found: Sequence[Piece]) -> Iterator[Piece]:
    """The same, where digits and pairs of digits that are read one after the other are one number."""
    run: list[Piece] = []
    for piece in found:
        if not piece.digits:
            yield from _merged_run(run)
            yield piece
            run = []
        elif run and piece.gap is Gap.STOP:
            yield from _merged_run(run)
            run = [piece]
        else:
            run.append(piece)
    yield from _merged_run(run)


class _Token:
    """A piece as the reader of numbers in words wants it."""

    def __init__(self, piece: Piece, stays: bool) -> None:  # noqa: FBT001 # private, one caller
        self._piece, self._stays = piece, stays or piece.kind is not Kind.WORD

    def text(self) -> str:
        return self._piece.text

    def nt_separated(self, previous: _Token) -> bool:  # noqa: ARG002 # the protocol's
        return not self._piece.follows()

    def not_a_number_part(self) -> bool:
        return self._stays


def _number_pieces(text: str, first: Piece, *, ordinal: bool) -> list[Piece]:
    if ordinal:
        return [replace(first, kind=Kind.ORDINAL, text=text)]
    # "zero four" comes as one number: digits that begin with zero are read one by one.
    if text.startswith("0") and text.isdigit():
        return [replace(first, kind=Kind.NUMBER, text="0"), *(Piece(Kind.NUMBER, one) for one in text[1:])]
    return [replace(first, kind=Kind.NUMBER, text=text)]


def _merged_run(run: list[Piece]) -> list[Piece]:
    """A run of whole numbers; a pause parts them, unless it is a code of four digits or more."""
    if len(run) >= _CODE and all(len(piece.text) == 1 for piece in run):
        return [_one(run)]
    parts: list[list[Piece]] = []
    for piece in run:
        if parts and piece.follows():
            parts[-1].append(piece)
        else:
            parts.append([piece])
    return [piece for part in parts for piece in ([_one(part)] if _is_code(part) else part)]


_CODE: Final = 4
_LOCAL_NUMBER: Final = [3, 4]
_NATIONAL_NUMBER: Final = 9  # digits, the first of them 0


def _is_code(part: list[Piece]) -> bool:
    """Digits, pairs of digits, three groups or more of at most four digits, or a telephone number."""
    lengths = [len(piece.text) for piece in part]
    if lengths == _LOCAL_NUMBER or (part[0].text[0] == "0" and sum(lengths) >= _NATIONAL_NUMBER):
        return True
    if len(part) == 2 and part[1].hyphen:  # 5-7 days, 10-15 people
        return False
    return len(part) > 1 and (set(lengths) in ({1}, {2}) or (len(part) > 2 and max(lengths) <= _CODE))


def _one(part: list[Piece]) -> Piece:
    return replace(part[0], text="".join(piece.text for piece in part))
