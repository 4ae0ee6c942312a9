"""What a run shows while it goes on: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from turnspec.results import CallResult, Judged, Measurement, Outcome, State, TurnResult
from turnspec.run.progress import Progress
from turnspec.run.whole import Unwatched


class Plain:
    """A line a call, for logs."""

    def __init__(self, total: int, *, turns: bool) -> None:
        self._total = total
        self._turns = turns
        self._done = 0

    def started(self, name: str) -> None:
        """Nothing: a log wants outcomes."""

    def finished(self, result: CallResult) -> None:
        """Print how a call came out."""
        self._done += 1
        print(f"[{self._done}/{self._total}] {line_of(result)}", flush=True)
        for line in lines_of_turns(result) if self._turns else ():
            print(line, flush=True)


def line_of(result: CallResult) -> str:
    """One call in one line."""
    seconds = result.duration_us / 1_000_000
    return f"{result.outcome.value:7} {result.name} ({result.protocol}, {result.clock}, {seconds:.1f} s)"


def lines_of_turns(result: CallResult) -> Iterator[str]:
    """A line a turn: how it came out, how soon it was answered or why it was skipped, what was marginal."""
    for turn in result.turns:
        answers = "".join(_answer(each) for each in turn.measurements if each.name == "response")
        yield f"    {turn.outcome.value:7} {turn.name}{answers or _skipped(turn)}{_marginal(turn)}"


def _answer(response: Measurement) -> str:
    if not response.value_us:
        return ""
    what = "no answer for" if response.state is State.CENSORED else "answered after"
    return f", {what} {response.value_us // 1000} ms"


def _marginal(turn: TurnResult) -> str:
    names = ", ".join(each.name for each in turn.measurements if each.judged is Judged.MARGINAL)
    return f"; marginal: {names}" if names else ""


def _skipped(turn: TurnResult) -> str:
    return f": {turn.why}" if turn.outcome is Outcome.SKIPPED and turn.why else ""


@contextmanager
def progress_for(total: int, *, quiet: bool, verbose: bool = False) -> Iterator[Progress]:
    """The display that suits where the output goes."""
    if quiet:
        yield Unwatched()
    elif sys.stdout.isatty():
        with _bar(total, turns=verbose) as bar:
            yield bar
    else:
        yield Plain(total, turns=verbose)


@contextmanager
def _bar(total: int, *, turns: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    colours = {"passed": "green", "failed": "red", "error": "magenta", "skipped": "yellow", "flaky": "yellow"}
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    name = TextColumn("{task.description}")
    with RichProgress(*columns, name, console=Console(), transient=True) as shown:
        task = shown.add_task("", total=total)

        class _Bar:
            def started(self, name: str) -> None:
                shown.update(task, description=escape(name))

            def finished(self, result: CallResult) -> None:
                colour = colours[result.outcome.value]
                shown.console.print(f"[{colour}]{escape(line_of(result))}[/{colour}]", highlight=False)
                for line in lines_of_turns(result) if turns else ():
                    shown.console.print(escape(line), highlight=False)
                shown.advance(task)

        yield _Bar()
