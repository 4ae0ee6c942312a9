"""Measured times are true on calls whose every edge is known; so says the table in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_accuracy import CONDITIONS, LIVELY, Condition, fading
from support_accuracy_changing import CHANGES, MISSED, Change
from support_accuracy_table import (
    BEGIN,
    CALLS,
    CHANGING_BEGIN,
    CHANGING_HEAD,
    ENGINES,
    FADING_BEGIN,
    FADING_HEAD,
    HEAD,
    LIVELY_BEGIN,
    LIVELY_CALLS,
    LIVELY_ENGINES,
    MEASUREMENTS,
    PROMPTS,
    edges_of,
    rows,
    share_inside,
)
from support_sound import real_prompts

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "accuracy.md"
FEW = 8
CHANGING_FEW = 6
SOME = (CONDITIONS[0], CONDITIONS[3], CONDITIONS[-1])
CLEAN_US, CLEAN_BAR_US = 10_000, 25_000
NOISY_US, NOISY_BAR_US = 50_000, 60_000
LIVELY_BAR_US = 195_000  # of a gap, which has two edges
ASKED = 0.95
PROMPTS_FADING = 100
FADING_BAR_US = 45_000  # with the 20 ms of the grid, and the other edge of a gap, it is within `NOISY_BAR_US`
FADED_US = 120_000  # where they sink below the noise
FADING_ROWS = ("beginning", "end", "end")
PROMISED = (0, 2)  # of these rows; the other says what could not be reached


@pytest.mark.parametrize("condition", SOME, ids=lambda condition: condition.name)
def test_times_are_true_and_within_what_they_state(condition: Condition) -> None:
    """Of all times of some known calls 95 % are within 10 ms (50 in noise), and within their bars."""
    real_prompts("vm-goodbye")
    noisy = condition.to_noise_db is not None
    allowed_us, widest_us = (NOISY_US, NOISY_BAR_US) if noisy else (CLEAN_US, CLEAN_BAR_US)
    for engine in ENGINES:
        found = rows(condition, FEW, [engine])
        sizes = [size for row in found for size in row.sizes_us]
        bars = [bar for row in found for bar in row.bars_us if bar is not None]
        inside = sum(row.inside * len(row.off_us) for row in found) / len(sizes)

        assert sum(size <= allowed_us for size in sizes) >= ASKED * len(sizes), engine
        assert inside >= ASKED, engine
        assert max(bars) <= widest_us, engine


def documented(begin: str = BEGIN, head: str = HEAD) -> list[list[str]]:
    """The cells of each row of a table in the docs."""
    table = DOCS.read_text("utf-8").split(begin)[1].removeprefix(head).split("<!--")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_the_documented_table_has_every_row_and_holds() -> None:
    """Each line, engine and measurement is there, with as many turns as the command makes; all hold."""
    found = documented()

    assert [tuple(row[:3]) for row in found] == [
        (condition.name, engine, f"`{name}`")
        for condition in CONDITIONS
        for engine in ENGINES
        for name in MEASUREMENTS
    ]
    for row in found:
        most_ms, bar_ms, share = float(row[5].split()[0]), int(row[6].split()[1]), float(row[7].split()[0])
        noisy = "noise" in row[0]
        assert int(row[3]) >= CALLS
        assert most_ms * 1_000 <= (NOISY_US if noisy else CLEAN_US), row
        assert bar_ms * 1_000 <= (NOISY_BAR_US if noisy else CLEAN_BAR_US), row
        assert share >= 100 * ASKED, row


def test_times_over_lively_noise_are_within_what_they_state() -> None:
    """With a café or six people behind the agent, 95 % of all times of some calls are within their bars."""
    real_prompts("vm-goodbye")
    found = [row for condition in LIVELY[-3:] for row in rows(condition, FEW // 2, LIVELY_ENGINES)]

    assert sum(row.inside * len(row.off_us) for row in found) >= ASKED * sum(len(row.off_us) for row in found)
    assert max(row.bar_us for row in found) <= LIVELY_BAR_US


def test_the_documented_table_of_lively_noise_has_every_row_and_holds() -> None:
    """Each line, engine and measurement is there; 95 % of each are within bars as narrow as is told."""
    found = documented(LIVELY_BEGIN)

    assert [tuple(row[:3]) for row in found] == [
        (condition.name, engine, f"`{name}`")
        for condition in LIVELY
        for engine in LIVELY_ENGINES
        for name in MEASUREMENTS
    ]
    for row in found:
        assert int(row[3]) >= LIVELY_CALLS
        assert int(row[6].split()[1]) * 1_000 <= LIVELY_BAR_US, row
        assert float(row[7].split()[0]) >= 100 * ASKED, row


def test_what_fades_in_noise_ends_between_the_noise_and_silence() -> None:
    """Whole prompts begin where they rise over noise, and end where they sink below it or soon after."""
    real_prompts("vm-goodbye")
    found = [fading(seed) for seed in range(PROMPTS_FADING)]
    known = [each for each in found if each is not None]
    ends = sorted(abs(each.end_us) for each in known)

    assert len(known) == len(found)
    assert sum(abs(each.onset_us) <= NOISY_US for each in known) >= ASKED * len(known)
    assert sum(each.end_us >= -NOISY_US and each.silent_us <= 0 for each in known) >= ASKED * len(known)
    assert ends[int(ASKED * len(ends))] <= FADED_US
    assert sum(abs(each.onset_us) <= each.onset_bar_us for each in known) >= ASKED * len(known)
    assert sum(each.beside_us <= each.end_bar_us for each in known) >= ASKED * len(known)
    assert max(max(each.onset_bar_us, each.end_bar_us) for each in known) <= FADING_BAR_US


def test_the_documented_table_of_what_fades_holds() -> None:
    """Its rows are there, of as many prompts as the command takes; those that promise something keep it."""
    found = documented(FADING_BEGIN, FADING_HEAD)

    assert tuple(row[0] for row in found) == FADING_ROWS
    assert all(int(row[2]) == PROMPTS for row in found)
    assert all(float(found[at][6].split()[0]) >= 100 * ASKED for at in PROMISED)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name.partition(" ")[0])
def test_edges_in_noise_that_changes_are_within_what_they_state(change: Change) -> None:
    """Of some talks, one of them with words across the change, 95 % of the edges; all speech is found."""
    real_prompts("vm-goodbye")
    edges = edges_of(change, CHANGING_FEW)

    assert share_inside(edges) >= ASKED
    assert max(edge.bar_us for edge in edges) <= NOISY_BAR_US
    assert all(edge.off_us != MISSED for edge in edges)


def test_the_documented_table_of_noise_that_changes_holds() -> None:
    """Its rows are there, and 95 % of the edges of each lie within what they state."""
    found = documented(CHANGING_BEGIN, CHANGING_HEAD)

    assert [row[0] for row in found] == [change.name for change in CHANGES]
    assert all(float(row[5].split()[0]) >= 100 * ASKED for row in found)
