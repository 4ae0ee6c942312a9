"""Built-in intents and a project's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.speech import BUILT_IN, Intent, Intents, PatternError

CARD_BLOCKED = Intent(
    "card_blocked",
    phrases=("your card is blocked", "I have stopped that card"),
    keywords=("blocked",),
    patterns=(r"card .* (stopped|blocked)",),
    not_=("not blocked",),
    threshold=0.3,
)
ANYTHING_ELSE = Intent("anything_else", phrases=("is there anything else I can do for you",))
PROJECT = Intents({"card_blocked": CARD_BLOCKED, "anything_else": ANYTHING_ELSE})


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Welcome to Example Bank. How can I help?", "greeting"),
        ("Good morning, this is Ann speaking.", "greeting"),
        ("hi there", "greeting"),
        ("Goodbye!", "farewell"),
        ("No problem. Bye now.", "farewell"),
        ("Have a great day!", "farewell"),
        ("Thank you for calling. Goodbye.", "farewell"),
        ("I need some help with my account", "help_request"),
        ("I lost my card ending in 4821", "help_request"),
        ("I've just lost my phone", "help_request"),
        ("My card was stolen", "help_request"),
        ("the app doesn't work", "help_request"),
        ("Can you help me?", "help_request"),
        ("What is my balance", "question"),
        ("You are Ms Jones?", "question"),
        ("so, where is my parcel", "question"),
        ("Okay. Can I have your date of birth", "question"),
        ("This is unacceptable", "complaint"),
        ("I would like to make a complaint", "complaint"),
        ("I have been waiting for two weeks and I am very disappointed", "complaint"),
        ("Thank you so much", "gratitude"),
        ("thanks", "gratitude"),
        ("I appreciate it", "gratitude"),
        ("Yes, that's right", "confirmation"),
        ("Okay, sure", "confirmation"),
        ("correct", "confirmation"),
        ("No.", "denial"),
        ("No, that is wrong", "denial"),
        ("I disagree with that", "denial"),
        ("no thanks", "denial"),
    ],
)
def test_common_english_has_its_intent(text: str, intent: str) -> None:
    """Each built-in intent is recognised in what people say."""
    assert intent in Intents({}).classify(text).held


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("you're welcome", "greeting"),
        ("Your reference is R 1042.", "greeting"),
        ("Let me help you with that.", "help_request"),
        ("I don't need help", "help_request"),
        ("Have a great day!", "question"),
        ("Your card is blocked.", "question"),
        ("I can't complain", "complaint"),
        ("I am not sure", "confirmation"),
        ("I will do that right away", "confirmation"),
        ("Could you confirm your name?", "confirmation"),
        ("No problem", "denial"),
        ("I know that now", "denial"),
        ("It took so long", "farewell"),
    ],
)
def test_what_only_looks_like_an_intent_does_not_have_it(text: str, intent: str) -> None:
    """Words in other senses do not count."""
    assert intent not in Intents({}).classify(text).held


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("Your card is blocked, reference R-1042.", "card_blocked"),
        ("the card has been stopped", "card_blocked"),
        ("We blocked it.", "card_blocked"),
        ("I've stopped your card", "card_blocked"),
        ("Is there anything else that I can do?", "anything_else"),
    ],
)
def test_a_projects_intents_hold_by_word_pattern_and_likeness(text: str, best: str) -> None:
    """A keyword, a pattern, a phrase, or a sentence like a phrase is enough."""
    assert PROJECT.classify(text).best == best


def test_excluded_words_rule_an_intent_out() -> None:
    """`not` beats every other evidence."""
    classified = PROJECT.classify("your card is not blocked")

    assert "card_blocked" not in classified.held
    assert dict(classified.scores)["card_blocked"] == 0.0


def test_scores_are_sorted_and_complete() -> None:
    """Every intent has a score, best first, so that a failure can show what scored what."""
    scores = PROJECT.classify("Your card is blocked.").scores

    assert {name for name, _ in scores} == {*BUILT_IN, "card_blocked", "anything_else"}
    assert scores[0] == ("card_blocked", 1.0)
    assert [score for _, score in scores] == sorted((score for _, score in scores), reverse=True)


@pytest.mark.parametrize("text", ["", "...", "\u2026", "the quick brown fox"])
def test_a_text_may_have_no_intent(text: str) -> None:
    """Nothing known holds in nothing, and in strange words."""
    classified = PROJECT.classify(text)

    assert classified.best is None
    assert classified.held == frozenset()


def test_a_projects_intent_takes_the_place_of_a_built_in_one() -> None:
    """A project that says what a greeting is, means it."""
    own = Intents({"greeting": Intent("greeting", keywords=("ahoy",))})

    assert "greeting" in own.classify("ahoy").held
    assert "greeting" not in own.classify("hello").held


def test_at_equal_scores_the_projects_own_is_best() -> None:
    """A definite intent of the project goes before a built-in one."""
    own = Intents({"zebra": Intent("zebra", phrases=("good morning zebra",))})

    assert own.classify("Good morning, zebra.").best == "zebra"


def test_the_threshold_is_the_intents_own() -> None:
    """A demanding intent wants more likeness than the default."""
    text = "could I do anything else for him"
    lenient = Intents({"else": Intent("else", phrases=ANYTHING_ELSE.phrases)})
    strict = Intents({"else": Intent("else", phrases=ANYTHING_ELSE.phrases, threshold=0.9)})

    assert "else" in lenient.classify(text).held
    assert "else" not in strict.classify(text).held


def test_a_bad_pattern_names_its_intent() -> None:
    """What does not compile is said when the intents are made."""
    with pytest.raises(PatternError, match=r"intent broken: the pattern '\(' does not compile: .+"):
        Intents({"broken": Intent("broken", patterns=("(",))})


def test_a_pattern_without_end_is_stopped() -> None:
    """A pattern that would take forever is an error, not a hang."""
    slow = Intents({"slow": Intent("slow", patterns=(r"^(?:(?:a|aa)+)+$",))})

    with pytest.raises(PatternError, match="takes too long"):
        slow.classify("a" * 60 + "b")


@given(st.text(max_size=200))
def test_any_text_can_be_classified(text: str) -> None:
    """Scores stay between 0 and 1, and what holds is among them."""
    classified = PROJECT.classify(text)

    assert all(0 <= score <= 1.0001 for _, score in classified.scores)
    assert classified.best is None or classified.best in classified.held


def test_scores_do_not_depend_on_the_hash_seed() -> None:
    """The same text has the same scores in every process."""
    script = (
        "from turnspec.speech import *;"
        "intents = Intents({'x': Intent('x', phrases=('block my card now',))});"
        "print(intents.classify('my card is blocked').scores)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }

    assert len(outputs) == 1


@pytest.mark.parametrize("text", ["?" * 50_000, "!. " * 20_000, ", " * 20_000, "and? " * 2_000])
def test_the_built_in_patterns_are_quick_on_any_row_of_marks(text: str) -> None:
    """They look through it once; one that takes long would be no answer, and hold up the call."""
    assert PROJECT.classify(text).held <= {"question"}


@pytest.mark.parametrize(
    "said", ["(well) yes", "No. Right!", "?!) of course", "...okay", "- yes", "so, right"]
)
def test_an_opening_may_have_marks_and_words_before_it(said: str) -> None:
    """Wherever a sentence begins."""
    assert "confirmation" in PROJECT.classify(said).held
