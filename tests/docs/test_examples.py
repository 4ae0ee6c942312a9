"""The examples of the documentation work: files are understood, commands print what is shown."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
import soundfile
from click.testing import CliRunner
from ruamel.yaml import YAML

from support_docs import PAGES, REPOSITORY, Block, Directive, blocks, code_words, page_name, prose, steps
from support_openai_stub import judged, stub
from turnspec.adapters.registry import adapter, adapter_names
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import load_clip
from turnspec.audio.samples import position_at, samples_of
from turnspec.cli.main import cli
from turnspec.dsl import Place, Problem, Project, render_problems
from turnspec.dsl.document import parse_document
from turnspec.dsl.load import KINDS, load
from turnspec.dsl.reader import read_model

# What a piece of a file lacks to be a whole one.
WHOLE = {
    "scenario": {"scenario": "Piece", "target": "bank", "turns": "[{caller: Hello}]"},
    "agent": {"agent": "Piece", "otherwise": "{say: Pardon?}"},
    "project": {"version": "1"},
}
RECORDING = re.compile(r"[\w./-]+\.(?:wav|flac|mp3|ogg)")
# People, so that whatever finds speech finds it in what stands for a recording that a page speaks of.
CLIPS = sorted((REPOSITORY / "scenarios" / "audio").glob("[ac]*/*.flac"), reverse=True)


def whole(block: Block) -> str:
    """The text of a file that holds this block."""
    match block.options.get("part"):
        case None:
            return block.text
        case "turns":
            return f"scenario: Piece\ntarget: bank\nturns:\n{_indented(block.text)}"
        case "turn":
            return f"scenario: Piece\ntarget: bank\nturns:\n  -\n{_indented(block.text)}"
        case "expect":
            return f"scenario: Piece\ntarget: bank\nturns:\n  - expect:\n{_indented(block.text)}"
        case "targets":
            return f"version: 1\ntargets:\n{_indented(block.text)}"
        case part:
            lacking = {
                key: value for key, value in WHOLE[part].items() if not re.search(rf"(?m)^{key}:", block.text)
            }
            return block.text + "".join(f"{key}: {value}\n" for key, value in lacking.items())


def _indented(text: str) -> str:
    return "".join(f"      {line}\n" for line in text.splitlines())


def understood(text: str) -> str:
    """What is wrong with a file, its references left aside; empty if nothing is."""
    document = parse_document(text.encode(), "example.yaml", Path())
    problems: Sequence[Problem] = document.problems
    if not problems:
        model = next((KINDS[key] for key in document.data if key in KINDS), Project)
        model = Project if "version" in document.data else model
        found, problems = read_model(model, document.data, Place(document.table), Path())
        problems = problems or (_of_options(found) if isinstance(found, Project) else [])
    return render_problems(problems) if problems else ""


def _of_options(project: Project) -> list[Problem]:
    """What the adapters have against the options of targets."""
    return [
        problem
        for target in project.targets.values()
        for name in target.protocol
        if name in adapter_names()  # others are made by the reader of the page
        for problem in read_model(
            adapter(name).options_model, target.options, target.place.child("options"), Path()
        )[1]
    ]


class Played:
    """A page that is read from top to bottom in a folder of its own, as its reader would."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.exit_code = 0
        self.wrong: set[str] = set()
        self.project = folder
        self._clips = iter(CLIPS)
        self._environment: dict[str, str] = {}
        self._open = ExitStack()

    def lay_out(self) -> None:
        """Put the folders there that the page begins with."""
        for step in steps(self.page):
            if isinstance(step, Directive) and step.word == "folder":
                self._copy(step.rest)

    def play(self) -> None:
        """Do all that the page shows."""
        with self._open:
            self._play()

    def _play(self) -> None:
        for step in steps(self.page):
            match step:
                case Block(language="yaml", options={"title": title}):
                    self._write(title, step)
                case Block(language="text" | "python", options={"title": title}):
                    self._file(title).write_text(step.text, encoding="utf-8")
                case Block(language="console"):
                    self._run(step)
                case Directive(word="folder"):
                    self._copy(step.rest)
                case Directive(word="model"):
                    self._judged(*map(str.strip, step.rest.split("|")))
                case Directive(word="change"):
                    self._change(*map(str.strip, step.rest.split("|")))
                case _:
                    pass

    def _judged(self, verdict: str, reason: str) -> None:
        api = self._open.enter_context(stub(judged(verdict, reason)))
        self._environment.update(JUDGE_URL=api.url, JUDGE_KEY="sk-of-the-docs")

    def _copy(self, name: str) -> None:
        self.project = self.folder / name
        shutil.copytree(REPOSITORY / name, self.project, ignore=shutil.ignore_patterns("__pycache__"))

    def _file(self, title: str) -> Path:
        path = self.folder / title
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _write(self, title: str, block: Block) -> None:
        path = self._file(title)
        if path.exists() and self.project != self.folder:
            # The page shows a file of the repository, or a part of it: it has to be there as shown.
            assert block.text in path.read_text("utf-8"), f"{title} has changed"
            return
        path.write_text(block.text, encoding="utf-8")
        (self.wrong.add if "wrong" in block.options else self.wrong.discard)(title)
        for written in RECORDING.findall(block.text):
            recording = path.parent / written
            if not recording.exists():
                recording.parent.mkdir(parents=True, exist_ok=True)
                _record(next(self._clips), recording)

    def _change(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def _run(self, block: Block) -> None:
        for command, shown in _commands(block):
            place = f"{page_name(self.page)}:{block.line}: {command}"
            if command == "echo $?":
                assert shown == f"{self.exit_code}\n", place
            elif command.startswith("turnspec "):
                result = CliRunner(env=self._environment).invoke(
                    cli, shlex.split(command)[1:], prog_name="turnspec"
                )
                self.exit_code = result.exit_code
                assert not shown or _as_shown(shown, result.output), f"{place}\n{result.output}"
                assert self.exit_code in (0, 1, 2), f"{place}\n{result.output}"


def _record(clip: Path, recording: Path) -> None:
    """A recording that begins with its first word, so that times are those which a page speaks of."""
    track = load_clip(clip, 8_000)
    span = voiced_span(samples_of(track), track.rate_hz)
    assert span is not None, f"nobody speaks in {clip}"
    first, last = (position_at(edge_us, track.rate_hz) for edge_us in span)
    soundfile.write(recording, samples_of(track)[first:last], track.rate_hz, format="FLAC", subtype="PCM_16")


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


ELLIPSES = {"...\n": "(?:.*\n)*", "...": ".*"}


def _as_shown(shown: str, printed: str) -> bool:
    parts = re.split(r"((?m:^\.\.\.\n)|\.\.\.)", shown)
    return re.fullmatch("".join(ELLIPSES.get(part, re.escape(part)) for part in parts), printed) is not None


YAML_BLOCKS = [
    pytest.param(block, id=f"{page_name(page)}:{block.line}")
    for page in PAGES
    for block in blocks(page, "yaml")
]


@pytest.mark.parametrize("block", YAML_BLOCKS)
def test_each_file_and_piece_is_understood(block: Block) -> None:
    """A block of the language is a file, or a piece of one, without a problem - or is marked as wrong."""
    said = understood(whole(block))

    assert said == "" or "wrong" in block.options
    assert not ("wrong" in block.options and "title" not in block.options)


PLAYED = [page for page in PAGES if any("title" in block.options for block in blocks(page, "yaml"))]
PLAYED += [page for page in PAGES if blocks(page, "console") and page not in PLAYED]


@pytest.mark.parametrize("page", PLAYED, ids=page_name)
def test_each_page_does_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from top to bottom: commands print what is shown, and the files fit together in the end."""
    monkeypatch.chdir(tmp_path)
    played = Played(page, tmp_path)

    played.play()

    assert not played.wrong, "a file that is wrong is put right further down"
    assert render_problems(load([played.project]).problems) == "no problems"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_each_command_is_one(page: Path) -> None:
    """What a page tells to type is a command with options that there are, in prose and pipelines too."""
    for told in _told(page):
        name, *arguments = shlex.split(told, comments=True)[1:]
        group = name.startswith("-")
        command = cli if group else cli.commands.get(name)
        assert command is not None, f"{page_name(page)}: {told}"
        if not arguments:
            continue  # a command that is spoken of
        try:
            command.make_context(name, [name, *arguments] if group else arguments)
        except click.exceptions.Exit:
            pass  # --help and --version answer at once
        except click.ClickException as error:
            pytest.fail(f"{page_name(page)}: {told}: {error.message}")


def _told(page: Path) -> Iterator[str]:
    for language in ("sh", "console", "yml", "groovy"):
        for block in blocks(page, language):
            yield from re.findall(
                r"\bturnspec (?:run|check|plan|schema|serve|intents|report|measure|-)[^'\n]*", block.text
            )
    yield from (word for word in code_words(prose(page)) if re.match(r"turnspec [a-z-]", word))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_other_yaml_is_yaml(page: Path) -> None:
    """Pipelines are documents that a YAML parser takes."""
    for block in blocks(page, "yml"):
        assert YAML(typ="safe").load(block.text)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_python_is_python(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs compile, what they import is there, and those marked `run` do so in the page's project."""
    monkeypatch.chdir(tmp_path)
    Played(page, tmp_path).lay_out()
    for block in blocks(page, "python"):
        tree = ast.parse(block.text)
        if "title" in block.options:
            continue
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        if "run" not in block.options:
            tree.body = list(imports)
        program = compile(tree, page_name(page), "exec")
        exec(program, {"__name__": "__main__"})
