"""Virtual calls, shared out among processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from turnspec.results import CallResult, Outcome
from turnspec.run.attempts import attempt_of
from turnspec.run.calling import call_virtual
from turnspec.run.case import Case
from turnspec.run.garbage import looked_for_seldom
from turnspec.run.interrupts import Interrupts, handled
from turnspec.run.logs import set_up_logs
from turnspec.run.options import RunOptions
from turnspec.run.progress import Calls, skipped

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

DIED: Final = "the worker process that made this call, or one beside it, died; try again with --workers 1"
CHANGED: Final = "the files were changed while the run began; run it again"

Asked: TypeAlias = Future[CallResult | None]


def in_processes(cases: Sequence[Case], options: RunOptions, calls: Calls) -> None:
    """Make these calls in processes; each reads the files itself and makes the calls it is told."""
    from multiprocessing import get_context

    context = get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(options.workers, context, _ready_worker, (options, stop)) as pool:
        with handled(
            signal.SIGINT, signal.SIG_IGN
        ):  # the workers inherit that: what stops the run is decided here
            asked = {case.number: _submitted(pool, case, 1) for case in cases}
        try:
            _take(cases, asked, calls, pool)
        except KeyboardInterrupt:
            calls.interrupted = True
            stop.set()
        for future in asked.values():
            future.cancel()
        _take(cases, asked, calls, None)


def _take(
    cases: Sequence[Case],
    asked: Mapping[int, Asked],
    calls: Calls,
    pool: ProcessPoolExecutor | None,
) -> None:
    """Wait for the results that are not there yet, in the order of the files; what was cancelled has none.

    Where `pool` still takes calls, until there are enough, and those that did not hold are made again.
    """
    for case in cases:
        future = asked[case.number]
        if pool is not None and calls.enough:
            return
        if calls.has(case.number) or future.cancelled():
            continue
        calls.add(case, _result(case, future))
        number = 2
        while pool is not None and not calls.has(case.number) and not calls.enough:
            calls.add(case, _result(case, _submitted(pool, case, number)))
            number += 1


def _submitted(pool: ProcessPoolExecutor, case: Case, attempt: int) -> Asked:
    try:
        return pool.submit(_call_in_worker, case.number, case.slug, attempt)
    except BrokenExecutor as broken:
        lost: Asked = Future()
        lost.set_exception(broken)
        return lost


def _result(case: Case, asked: Asked) -> CallResult:
    try:
        made = asked.result()
    except BrokenExecutor:
        return _lost(case, DIED)
    return _lost(case, CHANGED) if made is None else made


def _lost(case: Case, reason: str) -> CallResult:
    return replace(skipped(case, reason), outcome=Outcome.ERROR, error=reason)


_worker_cases: dict[int, Case] = {}
_worker_options: list[RunOptions] = []


class _Finishing(Interrupts):
    """Lets a call that is up come to its end; what is asked about it then is waited for no longer."""

    def note(self, *_: Any) -> None:
        self.came = True
        self.tell()

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        yield

    @contextmanager
    def telling(self, somebody: Callable[[], Any]) -> Iterator[None]:
        with super().telling(somebody):
            if self.came:
                somebody()
            yield


_interrupts = _Finishing()


def _ready_worker(options: RunOptions, stop: Event) -> None:
    from turnspec.run.planning import plan_cases

    threading.Thread(target=_note, args=(stop,), daemon=True).start()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    looked_for_seldom()
    set_up_logs(debug=options.debug)
    _worker_cases.update({case.number: case for case in plan_cases(options).cases})
    _worker_options.append(options)


def _call_in_worker(number: int, slug: str, attempt: int) -> CallResult | None:
    """Make a call; None where the worker has read another case under this number, or none."""
    case = _worker_cases.get(number)
    if case is None or case.slug != slug:
        return None
    if _interrupts.came:
        return skipped(case, "the run was interrupted")
    return call_virtual(attempt_of(case, attempt), _worker_options[0].output, _interrupts)


def _note(stop: Event) -> None:
    """What stops the run: somebody else was sent the signal."""
    stop.wait()
    _interrupts.note()


def _end_with_parent() -> None:
    """A worker whose run was killed makes no further call."""
    parent = parent_process()
    assert parent is not None, "a worker was started by somebody"
    parent.join()
    os._exit(1)
