"""One scenario file, unchanged, over three protocols and on two clocks: six runs, one command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from support_examples import Outcome, copied_examples, run_examples

PROTOCOLS = ("twilio", "audiocodes", "realtime")
NAME = "A station answers over every protocol"
KEYS = "Confirm with a key"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """`turnspec run station.yaml --clock virtual,wall`."""
    project = copied_examples(tmp_path_factory.mktemp("six") / "scenarios")
    return run_examples(project, "station.yaml", "--clock", "virtual,wall")


def call(outcome: Outcome, protocol: str, clock: str) -> Mapping[str, Any]:
    """The call over one protocol on one clock."""
    return outcome.call(f"{NAME} [{protocol}, {clock}]")


def spoken(call: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The turns that were run, with what was said in them on both sides."""
    return [
        (turn["name"], [line["text"] for line in turn["lines"]])
        for turn in call["turns"]
        if turn["outcome"] != "skipped"
    ]


def used(call: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """The functions that were called, with their arguments and what they gave back."""
    return [
        (use["name"], json.loads(use["arguments"]), json.loads(use["output"]))
        for turn in call["turns"]
        for use in turn["functions"]
    ]


def test_all_six_hold(outcome: Outcome) -> None:
    """Every call passes, and is what its name says."""
    assert outcome.exit_code == 0, outcome.printed
    assert sorted(
        (each["protocol"], each["clock"], each["outcome"]) for each in outcome.document["calls"]
    ) == (sorted((protocol, clock, "passed") for protocol in PROTOCOLS for clock in ("virtual", "wall")))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_both_clocks_tell_the_same(outcome: Outcome, protocol: str) -> None:
    """Over sockets the same is said, called and left out as in virtual time."""
    virtual, wall = call(outcome, protocol, "virtual"), call(outcome, protocol, "wall")

    assert spoken(wall) == spoken(virtual)
    assert used(wall) == used(virtual)
    assert [turn["outcome"] for turn in wall["turns"]] == [turn["outcome"] for turn in virtual["turns"]]


def test_all_protocols_tell_the_same(outcome: Outcome) -> None:
    """Over each protocol the same words and calls come out, but for the keys that Realtime has not."""
    twilio, audiocodes, realtime = (call(outcome, protocol, "virtual") for protocol in PROTOCOLS)

    assert spoken(audiocodes) == spoken(twilio)
    assert spoken(realtime) == [turn for turn in spoken(twilio) if turn[0] != KEYS]
    assert used(twilio) == used(audiocodes) == used(realtime)
    assert used(twilio) == [("move", {"direction": "forward", "metres": 10}, {"moved": True, "location": 10})]


@pytest.mark.parametrize("clock", ["virtual", "wall"])
def test_keys_are_skipped_where_there_are_none(outcome: Outcome, clock: str) -> None:
    """The turn under `when` is run over the telephone protocols, and says why it is not over Realtime."""
    turns = {
        protocol: next(turn for turn in call(outcome, protocol, clock)["turns"] if turn["name"] == KEYS)
        for protocol in PROTOCOLS
    }

    assert [turns[protocol]["outcome"] for protocol in PROTOCOLS] == ["passed", "passed", "skipped"]
    assert turns["realtime"]["why"] == "realtime does not support dtmf here"
