"""Places that cannot even be looked for."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from turnspec.cli.main import cli

LONG = "x" * 300


@pytest.mark.parametrize(
    "command",
    [
        ("run",),
        ("run", "-o"),
        ("run", "--junit"),
        ("check",),
        ("plan",),
        ("serve", "realtime", "--agent"),
        ("intents",),
        ("report",),
        ("voices",),
        ("measure",),
        ("talk", "-t", "bank", "-o"),
    ],
    ids=" ".join,
)
def test_a_place_that_cannot_be_looked_for_is_told(command: tuple[str, ...]) -> None:
    """The system's reason, as of any other wrong option: no traceback."""
    result = CliRunner().invoke(cli, [*command, LONG])

    assert result.exit_code == 2
    assert f"'{LONG}': File name too long" in result.output
