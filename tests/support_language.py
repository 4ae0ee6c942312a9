"""Many sentences of the language in one call: each a turn, with the kinds of what does not hold in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from support_talk import Talk, talk
from turnspec.speech import Synthesizer


class Said(NamedTuple):
    """One turn: what the caller writes (or does), what is expected, and the kinds that fail."""

    caller: str
    expect: str
    fails: tuple[str, ...] = ()
    budget: str = ""


def one_call(
    folder: Path,
    rows: list[Said],
    agent: str,
    *,
    head: str = "",
    protocol: str = "realtime",
    synthesizer: Synthesizer | None = None,
) -> Talk:
    """The call that has a turn for each row, named by its number, behind the agent's greeting."""
    turns = ["- turn: Greeting", *(_turn(number, row) for number, row in enumerate(rows))]
    return talk(folder, "\n".join(turns), agent, head=head, protocol=protocol, synthesizer=synthesizer)


def kinds_of(call: Talk, rows: list[Said]) -> dict[Said, tuple[str, ...]]:
    """What failed in the turn of each row."""
    turns = call.result.turns[1:]
    return {
        row: tuple(sorted(finding.kind for finding in turn.findings if finding.fails))
        for row, turn in zip(rows, turns, strict=True)
    }


def wanted(rows: list[Said]) -> dict[Said, tuple[str, ...]]:
    """What is to fail in the turn of each row."""
    return {row: tuple(sorted(row.fails)) for row in rows}


def _turn(number: int, row: Said) -> str:
    caller = row.caller if row.caller.startswith(("{", "[")) else f"{{text: {row.caller}}}"
    budget = f", budget: {row.budget}" if row.budget else ""
    return f'- {{turn: "{number}", caller: {caller}, expect: {row.expect}{budget}}}'
