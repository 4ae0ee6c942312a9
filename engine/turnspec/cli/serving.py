"""`turnspec serve`: a double by itself, and what happens on it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click
from pydantic_core import PydanticCustomError

from turnspec.dsl.durations import Duration
from turnspec.results import INTERRUPTED_EXIT, USAGE_EXIT
from turnspec.run.errors import HarnessError
from turnspec.run.interrupts import terminated_as_interrupted
from turnspec.run.journal import AnyEntry, Framed, Happened, Noted, as_document
from turnspec.run.logs import set_up_logs
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.options import RunOptions
from turnspec.run.redirect import NoTls, host_name, require_tls
from turnspec.run.scripts import WrongScript, playable
from turnspec.run.serving import PROTOCOLS, Served, Wanted, serve_alone
from turnspec.run.transcription import wrong_engine
from turnspec.run.voice_activity import wrong_finder
from turnspec.run.voices.finding import asked_for, wrong_name

HARNESS_EXIT: Final = 3
SHOWN: Final = 60  # characters of one fact
# What a line of the live log has in a place of its own, or what only a program wants to know.
UNTOLD: Final = frozenset(
    {"served_us", "connection", "at_us", "side", "kind", "scores", "format", "began_us", "response_id"}
)
COLOURS: Final = {
    "connected": "green",
    "disconnected": "green",
    "refused": "yellow",
    "failed": "red",
    "protocol-fault": "yellow",
    "harness-failed": "red",
}
ONLY_FOR: Final = {
    "api_key": "realtime",
    "dialect": "realtime",
    "max_age": "realtime",
    "stands_for": "realtime",
    "auth_token": "twilio-bot",
    "token": "audiocodes-bot",
}


def serve_command(options: Mapping[str, Any]) -> int:
    """Serve until interrupted; returns the exit code."""
    set_up_logs(debug=options["debug"])
    wanted = _wanted(options)
    try:
        with terminated_as_interrupted():
            return _serve(wanted, options)
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT
    except Exception as error:  # noqa: BLE001 - the last resort: never a traceback, unless asked for
        if options["debug"]:
            traceback.print_exc()
        print(f"turnspec itself failed: {type(error).__name__}: {error}", file=sys.stderr)
        return HARNESS_EXIT


def _serve(wanted: Wanted, options: Mapping[str, Any]) -> int:
    try:
        if wanted.stands_for is not None:
            require_tls()
        asked = _engines(options)
        if refusal := _wrong_engine(asked):
            print(refusal, file=sys.stderr)
            return USAGE_EXIT
        script = playable(options["agent"], PROTOCOLS[wanted.double], asked)
        script.make_ready()
    except WrongScript as wrong:
        print(wrong)
        return USAGE_EXIT
    except NoTls as lacking:
        print(lacking, file=sys.stderr)
        return USAGE_EXIT
    live = LiveLog(frames=options["verbose"])
    try:
        run_on(WallLoop, serve_alone(wanted, script, live.tell, lambda served: _ready(wanted, served)))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return HARNESS_EXIT
    except OSError as error:
        print(f"the log cannot be written: {wanted.log}: {error.strerror or error}", file=sys.stderr)
        return USAGE_EXIT
    finally:
        script.close()
    return INTERRUPTED_EXIT


def _engines(options: Mapping[str, Any]) -> RunOptions:
    """The engines that are named for the agent."""
    return RunOptions(
        speech=options["speech"],
        transcription=options["transcription"],
        voice_activity=options["voice_activity"],
    )


def _wrong_engine(asked: RunOptions) -> str:
    """What is wrong with the first of them with which something is; empty if nothing is."""
    speaks = wrong_name(asked_for(asked.speech))
    return speaks or wrong_engine(asked) or wrong_finder(asked.voice_activity)


def _wanted(options: Mapping[str, Any]) -> Wanted:
    double = options["double"]
    for name, only in ONLY_FOR.items():
        if options[name] is not None and double != only:
            spelt = {"stands_for": "as"}.get(name, name).replace("_", "-")
            raise click.UsageError(f"--{spelt} is for {only}, not for {double}")
    return Wanted(
        double=double,
        host=options["host"],
        port=options["port"],
        api_key=_lasting_key(options["api_key"]),
        dialect=options["dialect"] or "ga",
        max_age_us=None if options["max_age"] is None else _age_us(options["max_age"]),
        stands_for=None if options["stands_for"] is None else _host(options["stands_for"]),
        auth_token=options["auth_token"],
        token=options["token"],
        log=options["log"],
    )


def _lasting_key(key: str | None) -> str | None:
    if key == "" or (key is not None and key.startswith("ek_")):
        why = "it is empty" if not key else "keys that begin with ek_ are those that the server makes"
        raise click.BadParameter(f"no client is let in with this key: {why}", param_hint="--api-key")
    return key


def _host(written: str) -> str:
    try:
        return host_name(written)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--as") from wrong


def _age_us(written: str) -> int:
    try:
        age_us = Duration.parse(written).us
    except PydanticCustomError as wrong:
        hint = (wrong.context or {}).get("hint", "")
        raise click.BadParameter(f"{wrong.message()}: {hint}", param_hint="--max-age") from wrong
    if age_us == 0:
        raise click.BadParameter("sessions would be over before they begin", param_hint="--max-age")
    return age_us


def _ready(wanted: Wanted, served: Served) -> None:
    print(f"{wanted.double} is up at {served.url}; stop it with Ctrl-C")
    if wanted.stands_for is not None:
        print(f"clients of {wanted.stands_for} come here if they are started with")
    for name, value in served.settings:
        print(f"  {name}={value}" if name.isupper() else f"  {name}: {value}")
    sys.stdout.flush()


class LiveLog:
    """A line an event: when, on which connection, who saw it, what it was. Frames only where asked for."""

    def __init__(self, *, frames: bool) -> None:
        self._frames = frames
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def tell(self, entry: AnyEntry) -> None:
        """Print one entry."""
        if isinstance(entry, Framed) and not self._frames:
            return
        if isinstance(entry, Noted) and entry.kind == "listening":
            return  # said already, with what to set
        print(line_of(entry, coloured=self._coloured), flush=True)


def line_of(entry: AnyEntry, *, coloured: bool = False) -> str:
    """One entry in one line."""
    document = as_document(entry)
    kind, side = _kind(entry), document.get("side", "")
    number = "" if entry.connection is None else f"#{entry.connection}"
    told = f"{kind:18}"
    if coloured and kind in COLOURS:
        told = click.style(told, fg=COLOURS[kind])
    facts = entry.frame[: 2 * SHOWN] if isinstance(entry, Framed) else " ".join(_facts(document))
    line = f"{entry.served_us / 1_000_000:9.3f} {number:>4} {side:5} {told} {_printable(facts)}"
    return line.rstrip()


def _kind(entry: AnyEntry) -> str:
    match entry:
        case Happened(event=event):
            return event.kind
        case Framed(direction=direction):
            return f"frame {direction}"
        case Noted(kind=kind):
            return kind


def _facts(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if name in UNTOLD or value in ("", None) or (name == "waited_us" and not value):
            continue
        if name == "detail":
            yield str(value)
            continue
        written = (
            value if isinstance(value, str) and name != "text" else json.dumps(value, ensure_ascii=False)
        )
        yield f"{name}={written if len(written) <= SHOWN else written[:SHOWN] + '…'}"


def _printable(text: str) -> str:
    """The text without what would move a terminal's cursor: it comes from whoever connects."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
