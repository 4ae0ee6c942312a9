"""How a validator says that something written is wrong."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from turnspec.dsl.spans import Place


def refusal(
    kind: str,
    message: str,
    *,
    hint: str = "",
    suggestion: str | None = None,
    place: Place | None = None,
    offset: int | None = None,
) -> PydanticCustomError:
    """Build the error for a validator to raise.

    `kind` names the sort of problem for ever (`missing-unit`), `hint` is what to write instead, `suggestion`
    the nearest known word. Without `place` the problem stands at the value under validation; `offset` counts
    characters into it.
    """
    known: dict[str, object] = {
        "message": message,
        "hint": hint,
        "suggestion": suggestion,
        "place": place,
        "offset": offset,
    }
    return PydanticCustomError(kind, "{message}", known)
