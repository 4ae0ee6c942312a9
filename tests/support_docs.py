"""Pages of documentation, taken apart: their code blocks, tables, links and headings.

How a page is written so that its tests can hold it to the truth:

- A fence of language `yaml` holds the language of turnspec. `title="PATH"` makes it that file of the page's
  project. `part="turns"` (turn, expect, targets, scenario, agent or project) says what it is a piece of.
  `wrong` marks a file that is wrong on purpose: the command after it shows what is said about it.
- A `python` fence compiles and imports what there is; `run` in its info string runs it. `title="PATH"` makes
  it that file of the page's project, or of the package that the page has its reader make, which a test of its
  own follows.
- Other YAML, such as a pipeline, stands in a fence of language `yml`.
- A `console` fence has commands behind `$ ` and what they print; a line `...` stands for any lines, and `...`
  inside a line for anything in it.
- `<!-- folder: PATH -->` puts a folder of the repository into the page's project.
- `<!-- change: PATH | old | new -->` changes a text in one of the project's files.
- `<!-- model: no | its reason -->`: from here on a model judges so, at `JUDGE_URL`, with `JUDGE_KEY`.
- `<!-- keys: Turn -->` before a table: its first column names the keys of these models, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
PAGES: Final = tuple(
    sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")], key=lambda page: page.as_posix())
)

_FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,})(?P<language>\w*)(?P<info>.*)")
_OPTION = re.compile(r'(\w+)="([^"]*)"|(\w+)')
_COMMENT = re.compile(r"<!-- (?P<word>[a-z ]+): (?P<rest>.*?) -->")
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it begins, its language, what its info string says, and its text."""

    line: int
    language: str
    options: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Directive:
    """A comment that tells the tests something."""

    line: int
    word: str
    rest: str


def page_name(page: Path) -> str:
    """A page's path in the repository."""
    return page.relative_to(REPOSITORY).as_posix()


def steps(page: Path) -> Iterator[Block | Directive]:
    """The blocks and directives of a page, in order."""
    lines = iter(enumerate(page.read_text("utf-8").splitlines(), start=1))
    for number, line in lines:
        if found := _COMMENT.fullmatch(line.strip()):
            yield Directive(number, found["word"], found["rest"])
        if fence := _FENCE.fullmatch(line):
            text = []
            for _, inside in lines:
                if inside.strip() == fence["ticks"]:
                    break
                text.append(inside.removeprefix(fence["indent"]))
            options = {name or flag: value for name, value, flag in _OPTION.findall(fence["info"])}
            yield Block(number, fence["language"], options, "\n".join(text) + "\n")


def blocks(page: Path, language: str) -> list[Block]:
    """The blocks of one language."""
    return [step for step in steps(page) if isinstance(step, Block) and step.language == language]


def prose(page: Path) -> str:
    """A page without its blocks."""
    text = page.read_text("utf-8")
    return re.sub(r"(?ms)^ *(`{3,})\w*.*?^ *\1 *$", "", text)


def links(page: Path) -> list[str]:
    """Where the links of a page lead."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose(page)))


def anchors(page: Path) -> set[str]:
    """The anchors that its headings make."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(page))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def code_words(text: str) -> list[str]:
    """Everything between backticks."""
    return _CODE.findall(text)


def first_column(page: Path, line: int) -> list[str]:
    """The code words in the first column of the first table after a line."""
    rows = _following(page, line, "|")
    return [word for row in rows[2:] for word in code_words(row.split("|")[1])]


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next of the same rank or above."""
    text = page.read_text("utf-8")
    found = re.search(rf"(?ms)^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text)
    assert found, f"{page_name(page)} has no heading '{heading}'"
    return found[2]


def _following(page: Path, line: int, begins: str) -> list[str]:
    found: list[str] = []
    for text in page.read_text("utf-8").splitlines()[line:]:
        if text.startswith(begins):
            found.append(text)
        elif found:
            break
    return found
