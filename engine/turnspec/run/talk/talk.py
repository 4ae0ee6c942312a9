"""Holding a talk, from the first frame to the files that it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Final

from turnspec.audio.files import file_bytes
from turnspec.audio.samples import position_at, samples_of, track_of
from turnspec.call import Track
from turnspec.call.events import CallRefused
from turnspec.call.whole_files import write_whole
from turnspec.dsl.load import DEFAULT_FOLDER
from turnspec.results import CallResult
from turnspec.run.calling import call_recorded
from turnspec.run.case_record import CaseRecord
from turnspec.run.instances import Targets
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.saved_call import recording_of
from turnspec.run.side_by_side import punctually
from turnspec.run.talk.driver import Ends, Levels, Talking
from turnspec.run.talk.exchanges import Conversation, Exchange, exchanges
from turnspec.run.talk.heard import conversation
from turnspec.run.talk.keyboard import keys
from turnspec.run.talk.planned import NAME, CannotTalk, Planned
from turnspec.run.talk.writing import Header, clip_name, written
from turnspec.run.wheel import PacingWheel

SCENARIO_FILE: Final = "talk.yaml"
SLUG: Final = "talk"
BEFORE_US: Final = 100_000  # of a clip, before and after what is said
AFTER_US: Final = 300_000


@dataclass(frozen=True, slots=True)
class Talked:
    """What a talk left. `scenario` None: nothing was said that one could be made of."""

    result: CallResult
    turns: tuple[Exchange, ...] = ()
    scenario: Path | None = None
    recording: Path | None = None
    refused: str = ""  # why the agent's side did not take the call
    over: str = ""  # the option that says over which protocol it was, where that must be said
    unwritten: str = ""  # why there is no scenario, though something was said


def folder_for(planned: Planned, wanted: Path | None, *, force: bool) -> Path:
    """Where a talk is kept: what is there already is not touched, unless that is wanted.

    Raises:
        CannotTalk: The folder lies outside the project, or has a talk already.
    """
    root = planned.loaded.root
    if wanted is None:
        return _free(root / (planned.loaded.project.scenarios or (DEFAULT_FOLDER,))[0], planned)
    folder = wanted.resolve()
    if not folder.is_relative_to(root.resolve()):
        raise CannotTalk(
            f"{wanted} lies outside the project in {root}, so its target would not be known there"
        )
    if folder.exists() and not folder.is_dir():
        raise CannotTalk(f"{wanted} is a file: name a folder")
    if (folder / SCENARIO_FILE).exists() and not force:
        raise CannotTalk(f"{wanted / SCENARIO_FILE} is there already: name another folder, or give --force")
    return folder


def _free(folder: Path, planned: Planned) -> Path:
    name = f"talk-with-{planned.case.plan.target}"
    names = (name if number == 1 else f"{name}-{number}" for number in range(1, 1_000_000))
    return next(free for each in names if not (free := folder / each).exists())


def hold(planned: Planned, folder: Path, ends: Ends, show: Callable[[Levels], None]) -> Talked:
    """Talk until somebody hangs up, then write down what was said."""
    case = replace(planned.case, slug=SLUG)
    record = CaseRecord(case, folder)
    talking = Talking(ends, show)
    record.attend = talking.attend
    with punctually():
        result = run_on(WallLoop, _held(record, talking))
    with _undisturbed():
        return _written_down(planned, record, result)


def _written_down(planned: Planned, record: CaseRecord, result: CallResult) -> Talked:
    """What a call leaves: a scenario, if anything was said."""
    case, folder = record.case, record.folder.parent.parent
    talk = conversation(case.plan, record.saved(), record.derived)
    turns = () if talk is None else exchanges(talk)
    kept = recording_of(record.folder)
    refused = next((each.reason for each in record.evidence.of(CallRefused)), "")
    if talk is None or not any(turn.said for turn in turns):
        return Talked(result, turns, None, kept, refused)
    caller = record.saved().caller
    assert caller is not None, "what was said was recorded"
    path = folder / SCENARIO_FILE
    text = written(
        _header(planned, path, talk, turns), turns, _intent_of(planned), calls=case.plan.calls is not None
    )
    try:
        _cut(folder, caller, turns)
        write_whole(path, text.encode())
    except OSError as error:
        return Talked(result, turns, None, kept, unwritten=error.strerror or str(error))
    return Talked(result, turns, path, kept, over=planned.over)


async def _held(record: CaseRecord, talking: Talking) -> CallResult:
    loop = asyncio.get_running_loop()
    targets = Targets([record.case])
    does = {"m": talking.mute, "q": talking.end}
    try:
        with _on_interrupt(loop, talking.end), keys(loop, does, sys.stdin):
            return await call_recorded(record, PacingWheel.of(loop), targets)
    finally:
        await targets.stop()


@contextlib.contextmanager
def _on_interrupt(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C hangs up; what was said until then is kept."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in numbers:
            loop.add_signal_handler(number, end)
    except (NotImplementedError, RuntimeError, ValueError):  # no Unix, or not the main thread
        yield
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Who pressed Ctrl-C to hang up and presses it again wants to keep what was said."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread, which alone is interrupted
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _cut(folder: Path, caller: Track, turns: Sequence[Exchange]) -> None:
    """A recording for each turn of the caller."""
    said = (turn.said for turn in turns if turn.said is not None)
    samples = samples_of(caller)
    for number, stretch in enumerate(said, start=1):
        first = position_at(max(0, stretch.start_us - BEFORE_US), caller.rate_hz)
        last = position_at(stretch.end_us + AFTER_US, caller.rate_hz)
        name, clip = clip_name(number), track_of(samples[first:last], caller.rate_hz)
        write_whole(folder / name, file_bytes(Path(name).suffix, clip))


def _header(planned: Planned, path: Path, talk: Conversation, turns: Sequence[Exchange]) -> Header:
    plan = planned.case.plan
    day = datetime.now(UTC).date().isoformat()
    first = turns[0]
    greeting = first.reply[0].start_us - talk.up_us if first.said is None and first.reply else None
    run = f"turnspec run {quote(_from_project(planned, path))}{planned.over}"
    told = (
        f"Written from a talk with '{plan.target}' over {plan.protocol} on {day}.",
        f"Run it with `{run}`.",
        "What the agent said is asserted in a few words, times are twice what was measured: edit both to",
        "what you mean.",
    )
    return Header(f"{NAME} with {plan.target}", plan.target, told, greeting)


def _from_project(planned: Planned, path: Path) -> str:
    """A path as it is written in the project's own folder."""
    root = planned.loaded.root.resolve()
    return path.resolve().relative_to(root).as_posix()


def _intent_of(planned: Planned) -> Callable[[str], str | None]:
    """The one of the project's intents that a reply has; those that need no file are too wide for that."""
    intents = planned.case.intents

    def intent_of(text: str) -> str | None:
        # By rules alone where an endpoint had to be asked.
        held = intents.at_once(text).held & intents.own
        return next(iter(held)) if len(held) == 1 else None

    return intent_of
