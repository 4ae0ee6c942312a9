"""The recipes of `turnspec serve`: each command is started, its client run, and both print what is shown."""

from __future__ import annotations

import re
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support_docs import REPOSITORY, Block, Directive, steps
from support_serving import program, served

PAGE = REPOSITORY / "docs" / "how-to" / "run-only-the-doubles.md"


@dataclass
class Recipe:
    """A command that serves, what it prints, and clients with what they print."""

    command: str
    printed: str = ""
    clients: list[tuple[str, str]] = field(default_factory=list)

    @property
    def port(self) -> str:
        """The port in its examples."""
        return str(re.findall(r"--port (\d+)", self.command)[0])


def recipes() -> list[Recipe]:
    """All recipes of the page."""
    found: list[Recipe] = []
    for block in _blocks():
        match block:
            case Block(language="sh", options={"serve": _}):
                found.append(Recipe(block.text.strip()))
            case Block(language="text", options={"printed": _}):
                found[-1].printed = block.text
            case Block(language="python", options={"client": _}):
                found[-1].clients.append((block.text, ""))
            case Block(language="text", options={"answered": _}):
                found[-1].clients[-1] = (found[-1].clients[-1][0], block.text)
    return found


def _blocks() -> Iterator[Block]:
    return (step for step in steps(PAGE) if not isinstance(step, Directive))


def free_port() -> str:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.command.split()[2])
def test_a_recipe_works(recipe: Recipe, tmp_path: Path) -> None:
    """Followed as written, but for the number of the port, which may be taken where tests run."""
    port = free_port()
    _, _, double, *arguments = shlex.split(recipe.command.replace(recipe.port, port))
    (tmp_path / "scenarios").symlink_to(REPOSITORY / "scenarios")
    settings = recipe.printed.count("\n  ")
    assert recipe.clients
    with served(tmp_path, double, *arguments, settings=settings) as serving:
        assert serving.head.replace(port, recipe.port) == recipe.printed
        chosen = {name: value for name, value in serving.settings.items() if name.isupper()}
        for source, answered in recipe.clients:
            assert program(source.replace(recipe.port, port), chosen, tmp_path) == answered
