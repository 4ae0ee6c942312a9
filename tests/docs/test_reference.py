"""The reference names everything that there is, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from support_docs import REPOSITORY, Directive, blocks, code_words, first_column, section, steps
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.realtime.options import RealtimeOptions, Transcription, TurnDetection
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.call.events import EVENT_KINDS
from turnspec.checks.budgets import SENTENCES
from turnspec.cli.main import cli
from turnspec.dsl import BUILT_IN_INTENTS, Budgets, Model
from turnspec.results import EXIT_CODE, INTERRUPTED_EXIT, USAGE_EXIT, Outcome, State, Status

REFERENCE = REPOSITORY / "docs" / "reference"
PAGES = sorted(REFERENCE.glob("*.md"))
# Nobody writes these keys: the short forms that are written are brought into them.
NOT_WRITTEN = {"TurnRange", "FunctionCall"}


def every(model: type[Model]) -> Iterator[type[Model]]:
    """A model's descendants."""
    for child in model.__subclasses__():
        yield child
        yield from every(child)


MODELS: dict[str, type[BaseModel]] = {
    **{model.__name__: model for model in every(Model) if model.__module__.startswith("turnspec.")},
    **{
        model.__name__: model
        for model in (TwilioOptions, AudioCodesOptions, RealtimeOptions, Transcription, TurnDetection)
    },
}


def keys(model: type[BaseModel]) -> set[str]:
    """What may be written in a model."""
    return set(model.keys()) if issubclass(model, Model) else set(model.model_fields)


def told(word: str) -> list[tuple[Path, Directive]]:
    """The markers of one word in the reference."""
    return [
        (page, step)
        for page in PAGES
        for step in steps(page)
        if isinstance(step, Directive) and step.word == word
    ]


def _ids(marked: Iterable[tuple[Path, Directive]]) -> list[object]:
    return [pytest.param(page, step, id=f"{page.name}:{step.line}") for page, step in marked]


@pytest.mark.parametrize(("page", "marker"), _ids(told("keys")))
def test_a_table_names_every_key(page: Path, marker: Directive) -> None:
    """The first column of a table of keys has the keys of its models, each once, and no others."""
    names, _, without = marker.rest.partition(" but ")
    expected = {key for name in names.split() for key in keys(MODELS[name])}
    expected -= keys(MODELS[without]) if without else set()
    named = [word for word in first_column(page, marker.line) if not re.match(r"any$|absent$", word)]
    written = [re.sub(r"^\{(\w+): .*\}$", r"\1", word) for word in named]

    assert sorted(written) == sorted(expected)


@pytest.mark.parametrize(("page", "marker"), _ids(told("keys")))
def test_every_key_has_an_example(page: Path, marker: Directive) -> None:
    """Each key of a table is written in some example of its page."""
    written = "".join(block.text for block in blocks(page, "yaml"))
    rows = (re.sub(r"^\{(\w+): .*\}$", r"\1", word) for word in first_column(page, marker.line))
    keys = [row for row in rows if row not in {"any", "absent"}]

    assert [key for key in keys if not re.search(rf'(?<![\w-])"?{re.escape(key)}"?:', written)] == []


def test_every_model_has_its_table() -> None:
    """Each model that somebody can write keys of is in the reference."""
    tabled = {name for _, marker in told("keys") for name in marker.rest.partition(" but ")[0].split()}
    written = {name for name, model in MODELS.items() if keys(model)} - NOT_WRITTEN - {"AnyAction"}

    assert tabled == written


def _options(command: click.Command) -> set[str]:
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    spellings = {spelling for option in options for spelling in (*option.opts, *option.secondary_opts)}
    return spellings | set(cli.context_settings["help_option_names"])


COMMANDS = {"turnspec": cli} | {f"turnspec {name}": command for name, command in cli.commands.items()}


@pytest.mark.parametrize("heading", COMMANDS)
def test_every_option_is_listed(heading: str) -> None:
    """The table of a command has its options, with every spelling, and no others."""
    page = REFERENCE / "command-line.md"
    rows = [row for row in section(page, heading).splitlines() if row.startswith("|")][2:]

    assert {word for row in rows for word in code_words(row.split("|")[1])} == _options(COMMANDS[heading])


def test_every_command_has_its_section() -> None:
    """There is a section for each command."""
    headings = re.findall(r"(?m)^## (turnspec.*)$", (REFERENCE / "command-line.md").read_text("utf-8"))

    assert sorted(headings) == sorted(COMMANDS)


def _kinds() -> set[str]:
    texts = (path.read_text("utf-8") for path in (REPOSITORY / "tests" / "golden" / "findings").glob("*.txt"))
    kinds = {kind for text in texts for kind in re.findall(r"(?m)^kind: +(\S+)$", text)}
    return {re.sub(r"^protocol:.*", "protocol:RULE", kind) for kind in kinds}


def test_every_kind_of_finding_is_explained() -> None:
    """There is a heading for each kind that the golden findings have, and for no other."""
    headings = re.findall(r"(?m)^### (.+)$", (REFERENCE / "findings.md").read_text("utf-8"))

    assert sorted(headings) == sorted(_kinds())


def test_every_kind_in_the_source_is_golden() -> None:
    """No check makes findings of a kind that neither the golden files nor the reference know."""
    source = "".join(path.read_text("utf-8") for path in (REPOSITORY / "engine/turnspec/checks").glob("*.py"))
    literal = set(re.findall(r'(?:found\(|_found\(scene,|kind=)\s*"([a-z_-]+)"', source))

    assert literal
    assert literal <= _kinds() | set(SENTENCES)


def test_every_rule_of_a_protocol_is_named() -> None:
    """The rules that adapters and the run name in their source are those of the reference."""
    folders = (REPOSITORY / "engine" / "turnspec" / room for room in ("adapters", "run"))
    source = "".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    pattern = r'(?:Fault\(|[Ww]rong\(|_refused\(|_fault\(|rule=|\(\()\s*"([a-z]+(?:-[a-z0-9]+)+)"'
    rules = set(re.findall(pattern, source))
    documented = set(code_words(section(REFERENCE / "findings.md", "protocol:RULE")))

    assert len(rules) > 10
    assert rules <= documented


def test_every_budget_is_defined() -> None:
    """Each budget that may be written has a definition, and a heading among the findings."""
    table = next(marker for page, marker in told("keys") if page.name == "budgets.md")
    defined = first_column(REFERENCE / "budgets.md", table.line)
    headings = re.findall(r"(?m)^### (.+)$", (REFERENCE / "findings.md").read_text("utf-8"))

    assert set(defined) == set(Budgets.keys()) <= set(headings)


def test_every_event_is_listed() -> None:
    """The table of events has every kind that a record can have."""
    page = REFERENCE / "evidence.md"
    rows = [row for row in section(page, "events.jsonl").splitlines() if row.startswith("|")][2:]

    assert sorted(word for row in rows for word in code_words(row.split("|")[1])) == sorted(EVENT_KINDS)


def test_every_exit_code_is_listed() -> None:
    """The table has the exit codes that there are."""
    text = (REFERENCE / "exit-codes.md").read_text("utf-8")
    codes = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", text)}

    assert codes == {*EXIT_CODE.values(), USAGE_EXIT, INTERRUPTED_EXIT}


def test_words_of_outcomes_are_explained() -> None:
    """States, statuses and outcomes have a row each where they are explained."""
    judged = (REPOSITORY / "docs/explanation/how-a-turn-is-judged.md").read_text("utf-8")
    report = (REPOSITORY / "docs/how-to/read-a-report.md").read_text("utf-8")
    budgets = section(REFERENCE / "budgets.md", "States")

    assert {*re.findall(r"(?m)^\| (\w+) \|", judged)} >= {outcome.value for outcome in Outcome} - {"flaky"}
    assert all(f"| {status.value} |" in report for status in Status)
    assert all(f"| {state.value} |" in budgets for state in State)


def test_built_in_intents_are_named() -> None:
    """The project's page names the intents that need no file."""
    text = section(REFERENCE / "project.md", "Intents").partition("Your own")[0]

    assert set(code_words(text)) == set(BUILT_IN_INTENTS)
