"""`turnspec`: the commands and their options. What a command does is imported when it runs.

Exit codes: 0 all passed, 1 a finding about an agent, 2 a wrong file or command line (nothing was
called), 3 the harness or the line broke, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from turnspec.run.garbage import looked_for_seldom


class _Place(click.Path):
    """A path that can at least be looked for: whatever is there, or is not, is for the command to tell."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        try:
            Path(value).stat()
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            self.fail(f"'{os.fspath(value)}': {error.strerror}", param, ctx)
        return super().convert(value, param, ctx)


PLACE = _Place(path_type=Path)
PATHS = click.argument("paths", nargs=-1, type=PLACE)
Command = TypeVar("Command", bound=Callable[..., object])


def _selection(command: Command) -> Command:
    """The options that choose what is called."""
    return _with_options(
        command,
        click.option("-t", "--target", help="Call this target instead of the one a scenario names."),
        click.option("--protocol", help="Call over this protocol only."),
        click.option("--tag", "tags", multiple=True, help="Only scenarios with this tag; repeatable."),
        click.option("-k", "match", default="", metavar="TEXT", help="Only cases whose name has TEXT."),
        click.option("--seed", default=0, show_default=True, help="Seed of ids and random choices."),
        click.option("--force", is_flag=True, help="Let repeat_run make calls that are all the same."),
    )


def _report_files(embedding: str) -> Callable[[Command], Command]:
    """The options that choose where reports are written; `embedding` is the help of `--embed`."""
    flavors, embedded = click.Choice(["default", "strict"]), click.Choice(["failures", "all", "none"])
    return lambda command: _with_options(
        command,
        click.option("--junit", type=PLACE, help="Write the JUnit XML here instead."),
        click.option("--junit-flavor", type=flavors, default="default"),
        click.option("--html", type=PLACE, help="Write the HTML report here instead."),
        click.option("--json", type=PLACE, help="Write results.json here instead."),
        click.option("--embed", type=embedded, default="failures", show_default=True, help=embedding),
    )


def _with_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


CLOCKS = ("virtual", "wall")


def _clock(context: click.Context, option: click.Parameter, written: str | None) -> str | None:
    unknown = [word for word in (written or "virtual").split(",") if word not in CLOCKS]
    if unknown:
        message = f"there is no clock {unknown[0]!r}: write virtual, wall, or virtual,wall for both"
        raise click.BadParameter(message, context, option)
    return written


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="turnspec", message="%(package)s %(version)s")
def cli() -> None:
    """Hold conversations written in YAML with voice agents, and report what happened."""


@cli.command()
@PATHS
@_selection
@click.option(
    "--clock", metavar="CLOCK", callback=_clock, help="virtual, wall, or virtual,wall for a call on each."
)
@click.option("-o", "--output", type=PLACE, help="Folder of reports [turnspec-report].")
@_report_files("Whose recordings the HTML report carries inside; all are kept as FLAC beside it.")
@click.option("--speech", metavar="ENGINE", help="What says texts: auto, none, nanotts, flite, ...")
@click.option("--voice-activity", metavar="ENGINE", help="What finds speech: auto, silero, webrtc, energy.")
@click.option("--transcription", metavar="ENGINE", help="What makes out words: auto, none, whisper, ...")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes for virtual calls.")
@click.option("--fail-fast", is_flag=True, help="Make no further call after the first failure.")
@click.option("--no-cache", is_flag=True, help="Ask models again for what is known from before.")
@click.option("--fail-on-flaky", is_flag=True, help="Exit 1 if a call held only after a failure (retries).")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.option("--listen", is_flag=True, help="Hear the calls: one at a time, on the wall clock.")
@click.option("--microphone", metavar="DEVICE", help="For microphone: in a scenario [the system's own].")
@click.option("--speaker", metavar="DEVICE", help="Where --listen plays [the system's own].")
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict only.")
@click.option("-v", "--verbose", is_flag=True, help="Print every turn.")
def run(**options: object) -> None:
    """Run the scenarios in PATHS (files or folders; default: scenarios)."""
    from turnspec.cli.outlasting import outlasting
    from turnspec.cli.running import run_command

    sys.stdout = outlasting(sys.stdout)
    sys.exit(run_command(options))


@cli.command()
@PATHS
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text")
@click.option("--strict", is_flag=True, help="Exit with 2 if there are warnings, too.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write .turnspec/cache.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes [as many as it is worth].")
def check(paths: tuple[Path, ...], form: str, **options: object) -> None:
    """Say everything that is wrong with the files in PATHS, without calling anybody."""
    from turnspec.cli.checking import check_command

    sys.exit(check_command(paths, form, options))


@cli.command()
@PATHS
@_selection
@click.option("--format", "form", type=click.Choice(["text", "mermaid", "json"]), default="text")
def plan(paths: tuple[Path, ...], form: str, **options: object) -> None:
    """Show the steps that scenarios compile to."""
    from turnspec.cli.checking import plan_command

    sys.exit(plan_command(paths, form, options))


@cli.command()
@click.argument("double", type=click.Choice(["realtime", "twilio-bot", "audiocodes-bot"]))
@click.option("--agent", required=True, type=PLACE, help="The agent script to play.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0, the default, is any free one.")
@click.option("--log", type=PLACE, help="Write every event and frame here (JSON Lines).")
@click.option("--api-key", help="realtime: the one key that is let in; without it any is.")
@click.option("--dialect", type=click.Choice(["ga", "beta"]), help="realtime: beta, for older clients [ga].")
@click.option("--max-age", metavar="DURATION", help="realtime: how old a session may grow [60 min].")
@click.option("--as", "stands_for", metavar="HOST", help="realtime: redirect clients of this host (TLS).")
@click.option("--auth-token", help="twilio-bot: what must have signed requests; without it nothing needs to.")
@click.option("--token", help="audiocodes-bot: the one bearer token that is let in; without it any is.")
@click.option("--speech", metavar="ENGINE", help="What says its replies: auto, none, nanotts, flite, ...")
@click.option("--transcription", metavar="ENGINE", help="What makes out words: auto, none, whisper, ...")
@click.option("--voice-activity", metavar="ENGINE", help="What finds speech: auto, silero, webrtc, energy.")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.option("-v", "--verbose", is_flag=True, help="Print every frame too.")
def serve(**options: object) -> None:
    """Serve an agent script by itself, for whatever connects, until interrupted."""
    from turnspec.cli.serving import serve_command

    sys.exit(serve_command(options))


@cli.command()
@PATHS
@click.option("--try", "tries", multiple=True, metavar="TEXT", help="Say how TEXT classifies; repeatable.")
@click.option("--engine", metavar="NAME", help="Classify by this engine instead of the project's.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--no-cache", is_flag=True, help="Ask an endpoint again for what is known from before.")
def intents(paths: tuple[Path, ...], tries: tuple[str, ...], form: str, **options: object) -> None:
    """Show the intents in PATHS (intents files, or projects; default: here), and what sentences have them."""
    from turnspec.cli.intents import intents_command

    sys.exit(intents_command(paths, tries, form, options))


@cli.command()
@click.argument("folder", type=PLACE, default=Path("turnspec-report"))
@click.option("-o", "--output", type=PLACE, help="Write the reports here [FOLDER].")
@_report_files("Whose recordings the HTML report carries inside.")
@click.option("--check-again", is_flag=True, help="Judge every call anew, from its evidence.")
@click.option("-q", "--quiet", is_flag=True, help="Print the verdict only.")
def report(folder: Path, **options: object) -> None:
    """Write the reports of the run in FOLDER once more, also of one that was killed. Calls nobody."""
    from turnspec.cli.reporting import report_command

    sys.exit(report_command(folder, options))


@cli.command()
@click.argument("path", required=False, type=PLACE)
@click.option("--engine", metavar="NAME", help="Only this engine.")
@click.option("--language", metavar="TAG", help="Only voices of this language: en, pt-BR.")
@click.option("--say", metavar="TEXT", help="Say TEXT into the file of -o.")
@click.option("--voice", metavar="VOICE", help="The voice that says it: a language, or a name.")
@click.option("-o", "--output", type=PLACE, help="Its end says the kind: .wav, .mp3, ...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def voices(path: Path | None, **options: object) -> None:
    """Show the engines that speak, and their voices, as the project at PATH has them (default: here)."""
    from turnspec.cli.voices import voices_command

    sys.exit(voices_command(path, options))


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=PLACE)
@click.option(
    "--caller",
    type=click.Choice(["left", "right"]),
    default="left",
    show_default=True,
    help="The caller's channel; of two files, left is the first.",
)
@click.option("--voice-activity", metavar="ENGINE", help="What finds speech: auto, silero, webrtc, energy.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def measure(paths: tuple[Path, ...], **options: object) -> None:
    """Measure a recorded conversation: a stereo file, a file for each side, or the folder of a call."""
    from turnspec.cli.measuring import measure_command

    sys.exit(measure_command(paths, options))


@cli.command()
@click.argument(
    "kind", required=False, type=click.Choice(["scenario", "agent", "fragment", "intents", "project"])
)
@click.option("--write", is_flag=True, help="Write .turnspec/KIND.schema.json of the project, of every kind.")
def schema(kind: str | None, *, write: bool) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from turnspec.cli.checking import schema_command

    sys.exit(schema_command(kind, write=write))


@cli.command()
@click.option("-t", "--target", required=True, help="The target to talk to, by its name in the project.")
@click.option("--protocol", help="Talk over this protocol.")
@click.option("--microphone", metavar="DEVICE", help="What hears you [the system's own].")
@click.option("--speaker", metavar="DEVICE", help="Where you hear the agent [the system's own].")
@click.option("-o", "--output", type=PLACE, help="Where the scenario is written.")
@click.option("--force", is_flag=True, help="Write over a talk that is there already.")
@click.option("--turns", type=click.IntRange(1), help="Hang up once so many turns are answered.")
@click.option("--silence", metavar="DURATION", help="Hang up once nobody was heard for so long [60 s].")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def talk(**options: object) -> None:
    """Talk to a target yourself, and keep a scenario of the conversation."""
    from turnspec.cli.talking import talk_command

    sys.exit(talk_command(options))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def devices(*, as_json: bool) -> None:
    """List the microphones and loudspeakers of this machine."""
    from turnspec.cli.devices import devices_command

    sys.exit(devices_command(as_json=as_json))


def main() -> None:
    """Run the command line; usage errors exit with 2, Ctrl-C with 130."""
    looked_for_seldom()
    try:
        cli.main(prog_name="turnspec", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
