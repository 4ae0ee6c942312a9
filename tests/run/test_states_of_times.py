"""Marginal, censored, not exercised and flaky: each shown by a scenario whose agent is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support_projects import Project, Ran, run_here
from support_repeats import bank, drawn

TELEPHONE = "version: 1\nscenarios: [.]\ntargets: {bank: {agent: bank.yaml, protocol: twilio}}\n"
SPEAKING = """\
agent: Bank
otherwise: {say: Ten pounds., audio: deleted.flac, timing: {first_audio: {from: 300 ms, to: 900 ms}}}
"""
LATE = """\
agent: Bank
responses:
  late: {when: {chance: 20 %}, priority: 50, say: Never mind., timing: {first_audio: 20 s}}
otherwise: {say: Your balance is ten pounds., timing: {first_audio: {from: 300 ms, to: 900 ms}}}
"""


def phone(folder: Path, head: str, budget: str, agent: str = SPEAKING) -> Project:
    """A call over the telephone, in which times have an error bar of 15 ms."""
    turns = "turns:\n  - turn: Ask\n    caller: {audio: five-five.flac, text: five five}\n"
    project = bank(folder, head, agent=agent, project=TELEPHONE, turns=f"{turns}    budget: {budget}\n")
    project.clip("caller/five-five.flac")
    project.clip("agent/deleted.flac")
    return project


def percentile(ran: Ran, number: int = 0) -> Any:
    """One percentile of the only group."""
    (group,) = ran.results["groups"]
    return group["distributions"][0]["percentiles"][number]


@pytest.fixture(scope="module")
def over_the_phone(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Twenty runs over Twilio."""
    budget = "{response: {p50: 900 ms, p95: 1.2 s}}"
    return run_here(phone(tmp_path_factory.mktemp("phone"), "repeat_run: {times: 20}", budget))


def test_percentiles_are_right_over_the_telephone(over_the_phone: Ran) -> None:
    """What is heard is what was drawn, but for the silence that the recording begins with."""
    waits = sorted(drawn_over_twilio(number) for number in range(1, 21))
    (group,) = over_the_phone.results["groups"]
    values = group["distributions"][0]["values_us"]
    ahead = values[0] - waits[0]

    assert over_the_phone.code == 0
    assert all(abs(value - wait - ahead) <= 25_000 for value, wait in zip(values, waits, strict=True))
    assert 0 <= ahead <= 150_000
    assert percentile(over_the_phone)["value_us"] == values[9]
    assert percentile(over_the_phone)["error_us"] >= 15_000


def drawn_over_twilio(number: int) -> int:
    """What the agent waits in one run: the first thing that it draws."""
    return drawn(f"run {number}", protocol="twilio", wait=1)[1]


def test_marginal(tmp_path: Path, over_the_phone: Ran) -> None:
    """A percentile over its limit by less than its error passes, and is marked."""
    limit_ms = percentile(over_the_phone)["value_us"] // 1_000 - 4
    ran = run_here(phone(tmp_path, "repeat_run: {times: 20}", f"{{response: {{p50: {limit_ms} ms}}}}"))

    assert (ran.code, percentile(ran)["judged"]) == (0, "marginal")
    assert "marginal" in ran.out


def test_marginal_in_a_single_call(tmp_path: Path) -> None:
    """The same of one call's own time."""
    fixed = SPEAKING.replace("{from: 300 ms, to: 900 ms}", "500 ms")
    first = run_here(phone(tmp_path / "one", "", "{response: 2 s}", fixed)).measured("response")[0]
    limit_ms = first["value_us"] // 1_000 - 4
    ran = run_here(phone(tmp_path / "two", "", f"{{response: {limit_ms} ms}}", fixed))

    assert (ran.code, ran.measured("response")[0]["judged"]) == (0, "marginal")


def test_censored(tmp_path: Path) -> None:
    """Where a fifth of the answers never came, p50 is known, and p90 is not: it is at least the patience."""
    head = "patience: 1 s\nrepeat_run: {times: 30, pass_rate: 10 %}"
    turns = "turns: [{turn: Ask, caller: {text: How much?}, budget: {response: {p50: 1 s, p90: 2 s}}}]"
    ran = run_here(bank(tmp_path, head, agent=LATE, turns=turns))
    p50, p90 = percentile(ran, 0), percentile(ran, 1)
    (group,) = ran.results["groups"]

    assert (p50["state"], p50["judged"]) == ("measured", "within")
    assert (p90["state"], p90["value_us"], p90["judged"]) == ("censored", 1_000_000, "unmeasured")
    assert group["distributions"][0]["censored"] == group["failed"] > 3
    assert ran.code == 1
    assert "response p90 of Ask is at least 1,000 ms ± 15 ms, and no more is known of it" in ran.html


def test_not_exercised(tmp_path: Path) -> None:
    """A time that no run gave has no percentile, which fails where the turn wants one."""
    turns = "turns: [{turn: Ask, caller: {text: How much?}, budget: {function_call: {p50: 1 s}}}]"
    ran = run_here(bank(tmp_path, "repeat_run: {times: 3, pass_rate: 1 %}", turns=turns))
    (group,) = ran.results["groups"]

    assert (percentile(ran)["state"], group["distributions"][0]["missing"]) == ("not exercised", 3)
    assert ran.code == 1
    assert "function_call p50 of Ask: not exercised" in ran.out


def test_flaky(tmp_path: Path) -> None:
    """A call that held at its second attempt."""
    seed = next(s for s in range(99) if drawn("", s)[0] and not drawn("attempt 2", s)[0])
    ran = run_here(bank(tmp_path, "retries: 1"), "--seed", f"{seed}")

    assert (ran.code, ran.call()["outcome"]) == (0, "flaky")
