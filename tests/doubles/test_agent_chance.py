"""What a local agent leaves to chance is drawn from the identity of its call, and distributed as written."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnspec.call import Identity
from turnspec.doubles.agent import Heard, LocalAgent, leaves_to_chance, script_problems
from turnspec.dsl import AgentScript, Place
from turnspec.dsl.document import parse_document
from turnspec.dsl.reader import read_model
from turnspec.speech.intents import Intents

MOODY = """\
agent: Moody
responses:
  wrong: {when: {chance: 20 %}, priority: 50, say: I did not get that.}
otherwise: {say: Ten pounds., timing: {first_audio: {from: 300 ms, to: 900 ms}}}
"""
CALLS = 400


def script(text: str) -> AgentScript:
    """A script without problems."""
    document = parse_document(text.encode(), "agent.yaml", Path())
    made, problems = read_model(AgentScript, document.data, Place(document.table), Path())
    assert made is not None, problems
    return made


def answers(seed: int, turns: int = 1) -> list[tuple[str, int | None]]:
    """What the agent of one call answers: the response's name and when it begins."""
    agent = LocalAgent(script(MOODY), intents=Intents({}), identity=Identity(f"{seed}"))
    replies = [agent.answer(Heard("how much", "protocol"), frozenset()) for _ in range(turns)]
    return [(reply.name, reply.first_audio_us) for reply in replies]


def test_the_same_call_draws_the_same() -> None:
    """The draws are a function of the identity, and differ from turn to turn and from call to call."""
    assert answers(1, turns=20) == answers(1, turns=20)
    assert answers(1, turns=20) != answers(2, turns=20)
    assert len(set(answers(1, turns=20))) > 10


def test_the_distribution_is_as_written() -> None:
    """A fifth of the calls gets the wrong answer; the others wait evenly between the two ends."""
    first = [answers(seed)[0] for seed in range(CALLS)]
    waits = sorted(wait for name, wait in first if name == "otherwise" and wait is not None)

    assert 0.16 <= sum(name == "wrong" for name, _ in first) / CALLS <= 0.24
    assert 300_000 <= waits[0] <= 310_000
    assert 890_000 <= waits[-1] <= 900_000
    assert 570_000 <= waits[len(waits) // 2] <= 630_000


def test_what_did_not_come_up_is_told() -> None:
    """The scores say that a response was out by chance, not that it was worse."""
    agent = LocalAgent(script(MOODY), intents=Intents({}), identity=Identity("1"))
    replies = [agent.answer(Heard("how much", "protocol"), frozenset()) for _ in range(10)]
    scores = {reply.scores["wrong"] for reply in replies if reply.name == "otherwise"}

    assert scores == {"its chance of 20 % did not come up"}


@pytest.mark.parametrize(
    ("text", "draws"),
    [
        (MOODY, True),
        ("agent: A\notherwise: {say: x, timing: {first_audio: 300 ms}}\n", False),
        (
            "agent: A\notherwise: {call: f, then: {say: x, timing: {first_audio: {from: 1 s, to: 2 s}}}}\n",
            True,
        ),
        (
            "agent: A\ngreeting: {timing: {first_audio: {from: 1 s, to: 2 s}}}\notherwise: {say: x}\n",
            True,
        ),
    ],
)
def test_it_is_known_beforehand_whether_anything_is_drawn(text: str, draws: bool) -> None:  # noqa: FBT001 # a row of the table
    """A time or a chance anywhere in the script is found."""
    assert leaves_to_chance(script(text)) is draws


def test_the_shortest_time_that_may_be_drawn_counts() -> None:
    """A reply that could begin before the agent knows of the caller's end is a problem."""
    early, late = (script_problems(script(MOODY), endpointing_us=us, keys=True) for us in (400_000, 200_000))

    assert [problem.message for problem in early] == [
        "after 300 ms the agent cannot know yet that the caller has finished"
    ]
    assert late == ()


@pytest.mark.parametrize("end", [1, 2, 3, 600_001, 2**53])
def test_draws_are_below_their_end(end: int) -> None:
    """From 0 on, and never as much as the end."""
    drawn = [Identity("x").below(end, number) for number in range(200)]

    assert all(0 <= each < end for each in drawn)
    assert len(set(drawn)) >= min(end, 150)
