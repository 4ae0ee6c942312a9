"""`turnspec talk`: a conversation of one's own, and the scenario that it leaves."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from turnspec.checks.kept import INCOMPLETE_RECORD
from turnspec.checks.troubles import SPEAKER_LOST
from turnspec.cli.writable import unwritable
from turnspec.dsl.durations import Duration
from turnspec.results import EXIT_CODE, USAGE_EXIT, Outcome
from turnspec.run.logs import set_up_logs
from turnspec.run.options import Devices
from turnspec.run.talk.driver import Ends, Levels
from turnspec.run.talk.planned import CannotTalk, Wanted, planned
from turnspec.run.talk.talk import Talked, folder_for, hold

INTERNAL_ERROR_EXIT: Final = 3
WIDTH: Final = 20  # the whole line fits into 80 columns
SHOW_EVERY_US: Final = 100_000
NOTED: Final = (INCOMPLETE_RECORD, SPEAKER_LOST)


def talk_command(options: Mapping[str, Any]) -> int:
    """Talk; returns the exit code."""
    set_up_logs(debug=options["debug"])
    try:
        return _talk(options)
    except CannotTalk as error:
        print(error, file=sys.stderr)
        return USAGE_EXIT
    except KeyboardInterrupt:
        print("interrupted: no scenario was written", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"the talk could not be written: {error}", file=sys.stderr)
        return INTERNAL_ERROR_EXIT
    except Exception as error:  # noqa: BLE001 - the last resort: never a traceback, unless asked for
        if options["debug"]:
            traceback.print_exc()
        print(f"turnspec itself failed: {type(error).__name__}: {error}", file=sys.stderr)
        return INTERNAL_ERROR_EXIT


def _talk(options: Mapping[str, Any]) -> int:
    ends = Ends(options["turns"], _silence_us(options["silence"]))
    devices = Devices(microphone=options["microphone"], speaker=options["speaker"])
    call = planned(Wanted(options["target"], Path.cwd(), options["protocol"], devices))
    folder = folder_for(call, options["output"], force=options["force"])
    if refusal := unwritable(folder, ()):
        raise CannotTalk(f"the talk could not be written: {refusal}")
    print(f"Calling '{options['target']}' over {call.case.plan.protocol}. Speak when you like.", flush=True)
    if sys.stdin.isatty():
        print("m mutes you, q or Ctrl-C hangs up.", flush=True)
    with _meter() as show:
        talked = hold(call, folder, ends, show)
    return _told(talked)


def _silence_us(written: str | None) -> int:
    if written is None:
        return Ends().silence_us
    try:
        return Duration.parse(written).us
    except ValueError as error:
        raise CannotTalk(f"--silence {written}: {error}") from error


def _told(talked: Talked) -> int:
    for turn in talked.turns:
        if turn.said is not None:
            print(f"you    {turn.said.understood or '(not understood)'}")
        if turn.reply or turn.text:
            print(f"agent  {turn.text or '(nobody tells its words)'}")
    for note in (each.message for each in talked.result.findings if each.kind in NOTED):
        print(f"note: {note}", file=sys.stderr)
    if talked.recording is not None:
        print(f"\nRecording  {_shown(talked.recording)}")
    if talked.result.error:
        print(f"the call broke: {talked.result.error}", file=sys.stderr)
        return EXIT_CODE[Outcome.ERROR]
    if talked.refused:
        print(f"the call was refused: {talked.refused}", file=sys.stderr)
        return EXIT_CODE[Outcome.FAILED]
    if talked.unwritten:
        print(f"the scenario could not be written: {talked.unwritten}", file=sys.stderr)
        return EXIT_CODE[Outcome.ERROR]
    if talked.scenario is None:
        print("Nobody spoke into the microphone, so there is no scenario of it.", file=sys.stderr)
        return EXIT_CODE[Outcome.ERROR]
    print(
        f"Scenario   {_shown(talked.scenario)}\n\nRun it: turnspec run {_shown(talked.scenario)}{talked.over}"
    )
    return 0


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@contextmanager
def _meter() -> Iterator[Callable[[Levels], None]]:
    """How loud both are, in a terminal; nothing elsewhere."""
    if not sys.stdout.isatty():
        yield lambda _: None
        return
    from rich.live import Live
    from rich.text import Text

    shown_us = -SHOW_EVERY_US
    with Live(auto_refresh=False, transient=True) as live:

        def show(levels: Levels) -> None:
            nonlocal shown_us
            if levels.at_us - shown_us >= SHOW_EVERY_US:
                shown_us = levels.at_us
                live.update(Text(line_of(levels)), refresh=True)

        yield show


def line_of(levels: Levels) -> str:
    """The two levels as one line."""
    you = "muted" if levels.muted else _bar(levels.said)
    who = "you speak" if levels.speaking else "agent speaks" if levels.answering else ""
    return f"you {you:{WIDTH}}  agent {_bar(levels.heard):{WIDTH}}  turns {levels.turns}  {who}"


def _bar(level: float) -> str:
    """Loudness as it is heard: each column is 3 dB, the first one -60 dB."""
    from math import log10

    decibels = 20 * log10(max(level, 1e-6))
    return "|" * max(0, min(WIDTH, round((decibels + 60) * WIDTH / 60)))
