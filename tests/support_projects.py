"""Projects made for one test, and `turnspec` run on them as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any, Final
from xml.etree import ElementTree as ET

from turnspec.audio import encode, load_clip, samples_of
from turnspec.call import MULAW_8K

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES = REPOSITORY / "scenarios"
CLIPS = EXAMPLES / "audio"
BOT = REPOSITORY / "tests" / "support_bot.py"
DOUBLE = REPOSITORY / "tests" / "support_double.py"
TURNSPEC = (sys.executable, "-m", "turnspec")
# Nothing that these tests do may ever show one of these to a user.
NOISE = (
    "Traceback",
    "never retrieved",
    "Exception in",
    "Task was destroyed",
    "ResourceWarning",
    "RuntimeWarning",
)

TARGET: Final = "{agent: desk.yaml, protocol: twilio}"
DESK: Final = """\
agent: Desk
greeting: {say: No more messages., audio: no-more.flac}
otherwise: {say: Message deleted., audio: deleted.flac}
"""
TALK: Final = """\
scenario: Talk
target: desk
turns:
  - turn: Greeting
    expect: {says: no more messages}
  - turn: Ask
    caller: {audio: five-five.flac, text: five five}
    expect: {says: message deleted}
"""


@dataclass(frozen=True)
class Ran:
    """What one `turnspec run` printed and wrote."""

    code: int
    out: str
    err: str
    output: Path

    @property
    def told(self) -> str:
        """Everything that was printed."""
        return self.out + self.err

    @cached_property
    def results(self) -> Any:
        """results.json."""
        return json.loads((self.output / "results.json").read_text())

    @cached_property
    def junit(self) -> ET.Element:
        """junit.xml."""
        return ET.fromstring((self.output / "junit.xml").read_text())

    @property
    def html(self) -> str:
        """report.html."""
        return (self.output / "report.html").read_text()

    def call(self, name: str = "") -> Any:
        """The call of this name; without one, the only call."""
        calls = [call for call in self.results["calls"] if name in ("", call["name"])]
        assert len(calls) == 1, [call["name"] for call in self.results["calls"]]
        return calls[0]

    def findings(self, name: str = "") -> list[Any]:
        """What did not hold in a call, turn by turn and then the call's own."""
        call = self.call(name)
        found = [*(finding for turn in call["turns"] for finding in turn["findings"]), *call["findings"]]
        return [finding for finding in found if finding["status"] in ("failed", "not exercised")]

    def kinds(self, name: str = "") -> list[str]:
        """The kinds of what did not hold, budgets that were exceeded among them."""
        call = self.call(name)
        measured = [
            *(value for turn in call["turns"] for value in turn["measurements"]),
            *call["measurements"],
        ]
        late = [value["name"] for value in measured if _fails(value)]
        return sorted({*(finding["kind"] for finding in self.findings(name)), *late})

    def outcomes(self) -> dict[str, str]:
        """The outcome of each call by its name."""
        return {call["name"]: call["outcome"] for call in self.results["calls"]}

    def measured(self, measurement: str, name: str = "") -> list[Any]:
        """The measurements of one kind in a call, in the order of its turns."""
        call = self.call(name)
        every = [*(value for turn in call["turns"] for value in turn["measurements"]), *call["measurements"]]
        return [value for value in every if value["name"] == measurement]

    def events(self, name: str = "") -> list[Any]:
        """The recorded events of a call."""
        file = self.output / self.call(name)["folder"] / "events.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()[1:]]

    def assert_clean(self) -> None:
        """Nothing was printed that is not meant for a user."""
        for noise in NOISE:
            assert noise not in self.told, self.told


def _fails(value: Mapping[str, Any]) -> bool:
    judged: str = value["judged"]
    return judged == "exceeded" or (judged == "unmeasured" and bool(value["required"]))


class Project:
    """A folder with a `turnspec.yaml` and what goes with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project, dedented."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
        return path

    def change(self, name: str, old: str, new: str) -> None:
        """Change one place of a file; it must be there."""
        path = self.folder / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1))

    def clip(self, name: str, to: str = "") -> str:
        """Copy one recording of the examples, without its text; returns its path in the project."""
        source = CLIPS / name
        path = self.folder / (to or source.name)
        shutil.copyfile(source, path)
        return path.name

    def mulaw(self, name: str, to: str = "speech.ul") -> Path:
        """A recording of the examples as bare mu-law at 8 kHz."""
        path = self.folder / to
        path.write_bytes(encode(samples_of(load_clip(CLIPS / name, 8_000)), MULAW_8K))
        return path

    def run(self, *arguments: str, **more: Any) -> Ran:
        """`turnspec run .` in this folder."""
        return turnspec(
            self.folder, "run", *(arguments if _names_paths(arguments) else (".", *arguments)), **more
        )


def talk(folder: Path, *, target: str = TARGET, head: str = "", desk: str = DESK) -> Project:
    """A project with one scenario, `Talk`, of two turns: a greeting, a question and its answer."""
    project = Project(folder)
    for clip in ("agent/no-more.flac", "agent/deleted.flac", "caller/five-five.flac"):
        project.clip(clip)
    project.write("turnspec.yaml", f"version: 1\nscenarios: [.]\n{head}targets:\n  desk: {target}\n")
    project.write("desk.yaml", desk)
    project.write("talk.yaml", TALK)
    return project


def bot_target(fault: str = "", *, ready: str = "{port: true}") -> str:
    """A target whose process is the bare bot, with one fault."""
    command = json.dumps(f"python {BOT} {{{{ port }}}} speech.ul {fault}".rstrip())
    start = f"{{command: {command}, ready: {ready}}}"
    return f'{{protocol: twilio, url: "ws://127.0.0.1:{{{{ port }}}}/", start: {start}}}'


def run_here(project: Project, *arguments: str, **more: Any) -> Ran:
    """`turnspec run .` in a project's folder, in this very process."""
    paths = () if _names_paths(arguments) else (".",)
    return turnspec_here(project.folder, "run", *paths, *arguments, **more)


def _names_paths(arguments: tuple[str, ...]) -> bool:
    return bool(arguments) and not arguments[0].startswith("-")


def turnspec_here(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """The same in this very process: quicker, for what does not depend on being one of its own."""
    from click.testing import CliRunner

    from turnspec.cli.main import cli

    with chdir(folder):
        done = CliRunner().invoke(cli, _with_output(arguments), env=environment, prog_name="turnspec")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Ran(done.exit_code, done.stdout, done.stderr, folder / "out")


def _with_output(arguments: tuple[str, ...]) -> list[str]:
    return [*arguments, *(("-o", "out") if "run" in arguments and "-o" not in arguments else ())]


def turnspec(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, within_s: float = 120
) -> Ran:
    """Run `turnspec` in `folder`; it must end in time, and its reports go to `out` there."""
    done = subprocess.run(
        [*TURNSPEC, *_with_output(arguments)],
        cwd=folder,
        env=surroundings(environment),
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, folder / "out")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`turnspec run .` in `folder`, going on; killed with all that it started if the block leaves it."""
    process = subprocess.Popen(
        [*TURNSPEC, "run", ".", "-o", "out", *arguments],
        cwd=folder,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process: subprocess.Popen[str], folder: Path, within_s: float = 60) -> Ran:
    """Wait for its end."""
    out, err = process.communicate(timeout=within_s)
    return Ran(process.returncode, out, err, folder / "out")


def eventually(condition: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until something is so; processes tell each other too little to be awaited."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.01)


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which Python warns of everything that is left behind."""
    return {**os.environ, "PYTHONWARNINGS": "default", "COLUMNS": "120", **(more or {})}


def turns_of(call: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The name and the outcome of each turn."""
    for turn in call["turns"]:
        yield turn["name"], turn["outcome"]
