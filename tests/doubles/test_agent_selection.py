"""Which response a local agent gives: points, requirements, ties."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_twilio import agent_script
from turnspec.doubles.agent import Moment, choose
from turnspec.dsl import Response


def responses(text: str) -> Mapping[str, Response]:
    """The responses of a script of which only these are written."""
    return agent_script(f"agent: A\notherwise: {{say: what}}\nresponses:\n{text}").responses


def moment(text: str | None = "i lost my card ending in 4821", **given_: object) -> Moment:
    """A caller turn, the first one and spoken unless said otherwise."""
    return Moment(**{"text": text, "modality": "audio", "turn": 1, **given_})  # type: ignore[arg-type]


EVERYTHING = """
  block:
    when:
      keywords: [lost, stolen]
      excludes: [found]
      pattern: 'ending in (?P<last4>\\w+)'
      turns: 1..
      intents: [help_request]
      modalities: [audio]
    priority: 10
    call: {block_card: {last4: "{{ last4 }}"}}
    then: {say: "Your lost card is blocked {{ results.block_card.card }}."}
"""


class TestPoints:
    """Each kind of condition is worth what the language says."""

    @pytest.mark.parametrize(
        ("written", "points"),
        [
            ("{when: {keywords: [lost, card]}, say: ok}", 10),
            ("{when: {all_of: [lost, card]}, say: ok}", 10),
            ("{when: {keywords: [lost], all_of: [my card]}, say: ok}", 10),
            ("{when: {intents: [help_request]}, say: ok}", 15),
            ("{when: {modalities: [audio]}, say: ok}", 5),
            ("{when: {pattern: 'lost (my|your) card'}, say: ok}", 12),
            ("{when: {turns: 1}, say: ok}", 0),
            ("{when: {excludes: [found]}, say: ok}", 0),
            ("{call: {block_card: {}}}", 8),
            ("{say: A lost card}", 6),
            ("{say: A lost card ending 4821 is a lost card}", 9),
            ("{call: {block_card: {}}, then: {say: lost}}", 11),
            ("{say: ok, priority: 7}", 7),
        ],
    )
    def test_of_one_condition(self, written: str, points: int) -> None:
        """One condition alone gives its points."""
        choice = choose(
            responses(f"  one: {written}"),
            moment(functions=frozenset({"block_card"}), intents=frozenset({"help_request"})),
        )
        assert choice.scores == {"one": points}

    def test_of_all_together(self) -> None:
        """All conditions add up: 10 + 15 + 5 + 8 + 12 + two shared words + priority 10."""
        found = moment(functions=frozenset({"block_card"}), intents=frozenset({"help_request"}))
        choice = choose(responses(EVERYTHING), found)
        assert choice.scores == {"block": 10 + 15 + 5 + 8 + 12 + 6 + 10}
        assert choice.captured == {"last4": "4821"}


class TestRequirements:
    """A requirement that fails rules a response out, whatever its points, and says why."""

    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            ({"text": "my card is gone ending in 1"}, "none of 'lost', 'stolen' was said"),
            ({"text": "i lost and found my card ending in 1"}, "'found' was said"),
            ({"text": "i lost my card"}, "its pattern does not match"),
            ({"text": None}, "needs words, and none were understood"),
            ({"modality": "text"}, "came as text, not audio"),
            ({"intents": frozenset()}, "not of intent 'help_request'"),
            ({"functions": frozenset()}, "'block_card' is not on offer"),
        ],
    )
    def test_of_a_full_response(self, changed: dict[str, object], why: str) -> None:
        """Each requirement on its own rules the response out."""
        offered = {"functions": frozenset({"block_card"}), "intents": frozenset({"help_request"})}
        choice = choose(responses(EVERYTHING), moment(**{**offered, **changed}))  # type: ignore[arg-type]
        assert choice.name == "otherwise"
        assert choice.scores == {"block": why}

    @pytest.mark.parametrize(
        ("turns", "turn", "holds"),
        [("2", 2, True), ("2", 3, False), ("2..", 9, True), ("2..", 1, False), ("1..3", 3, True)],
    )
    def test_of_turns(self, turns: str, turn: int, holds: bool) -> None:  # noqa: FBT001 # a table's column
        """Caller turns count from 1."""
        choice = choose(responses(f"  one: {{when: {{turns: '{turns}'}}, say: ok}}"), moment(turn=turn))
        assert (choice.name == "one") == holds

    def test_all_of_needs_every_word(self) -> None:
        """One word that is lacking is enough to rule it out, and is named."""
        choice = choose(responses("  one: {when: {all_of: [lost, purse]}, say: ok}"), moment())
        assert choice.scores == {"one": "'purse' was not said"}

    def test_keywords_are_whole_words(self) -> None:
        """A part of a word is not the word; a run of words is."""
        found = choose(
            responses(
                "  part: {when: {keywords: [los]}, say: ok}\n  run: {when: {keywords: [my card]}, say: ok}"
            ),
            moment(),
        )
        assert found.name == "run"

    def test_a_function_later_in_the_chain_must_be_there_too(self) -> None:
        """What `then` calls is needed like what is called at once."""
        written = "  one: {call: {a: {}}, then: {call: {b: {}}}}"
        assert choose(responses(written), moment(functions=frozenset("a"))).name == "otherwise"
        assert choose(responses(written), moment(functions=frozenset("ab"))).name == "one"

    def test_a_pattern_that_takes_too_long(self) -> None:
        """A pattern that explodes rules its response out instead of holding up the call."""
        written = "  one: {when: {pattern: '(a|aa)+$'}, say: ok}"
        scores = choose(responses(written), moment("a" * 60 + "b")).scores
        assert scores == {"one": "its pattern took longer than 0.5 s"}


class TestNotUnderstood:
    """Without words only turns, modalities and `otherwise` can choose."""

    def test_turns_and_modalities_can_choose(self) -> None:
        """A response for a turn or a modality answers what was not understood."""
        assert choose(responses("  one: {when: {turns: 1}, say: ok}"), moment(None)).name == "one"
        assert choose(responses("  one: {when: {modalities: audio}, say: ok}"), moment(None)).name == "one"

    def test_others_cannot(self) -> None:
        """A response that names neither is not a wild guess."""
        written = "  any: {say: ok}\n  but: {when: {excludes: [no]}, say: ok}"
        choice = choose(responses(written), moment(None))
        assert choice.name == "otherwise"
        assert set(choice.scores.values()) == {"needs words, and none were understood"}


class TestOrder:
    """Highest wins; the first in the file among equals."""

    def test_ties(self) -> None:
        """Equal points go to the first."""
        written = "  one: {when: {keywords: [lost]}, say: ok}\n  two: {when: {keywords: [card]}, say: ok}"
        assert choose(responses(written), moment()).name == "one"

    def test_priority_decides(self) -> None:
        """A higher priority lifts a later response over an earlier one."""
        one, two = "{when: {keywords: [lost]}, say: ok}", "{when: {keywords: [card]}, priority: 1, say: ok}"
        written = f"  one: {one}\n  two: {two}"
        assert choose(responses(written), moment()).name == "two"

    @given(st.text(max_size=60) | st.none(), st.integers(1, 9), st.sampled_from(["audio", "text", "dtmf"]))
    def test_always_answers(self, text: str | None, turn: int, modality: str) -> None:
        """Whatever is heard, exactly one response or `otherwise` is chosen, and it is a best one."""
        written = responses(
            EVERYTHING + "  late: {when: {turns: 3..}, say: ok}\n  word: {when: {keywords: [a]}, say: ok}"
        )
        choice = choose(written, moment(text, turn=turn, modality=modality))
        held = [points for points in choice.scores.values() if not isinstance(points, str)]
        assert set(choice.scores) == set(written)
        assert choice.scores.get(choice.name) == (max(held) if held else None)
