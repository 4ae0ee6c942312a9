"""`turnspec intents`: what a catalogue holds, where it overlaps, how sentences classify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support_openai_stub import embedded, error, stub
from turnspec.cli.main import cli

CATALOGUE = """\
intents:
  card_blocked:
    phrases: [your card is blocked, I have stopped that card]
    keywords: [blocked]
    not: [not blocked]
    threshold: 0.3
  account_locked:
    phrases: [your account is blocked, the card is not blocked]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two intents that overlap."""
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "bank.yaml").write_text(CATALOGUE, "utf-8")
    (tmp_path / "turnspec.yaml").write_text("version: 1\nintents: [intents/bank.yaml]\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def intents(*arguments: str) -> Result:
    """The command, with these arguments."""
    return CliRunner().invoke(cli, ["intents", *arguments])


def test_it_lists_a_catalogue_and_where_it_overlaps(project: Path) -> None:
    """How each intent is told, what is built in, and phrases that are another intent's, too."""
    del project
    result = intents()

    assert result.exit_code == 0
    assert result.output == (
        "card_blocked    2 phrases, 1 keyword, 1 exclusion; needs 0.30\n"
        "account_locked  2 phrases; needs 0.24\n"
        "built in: complaint, confirmation, denial, farewell, gratitude, greeting, help_request, question\n"
        "engine: tfidf 2\n"
        "\n"
        "'your card is blocked' (card_blocked) is account_locked, too (0.70, needs 0.24): "
        "like 'the card is not blocked'\n"
        "'your account is blocked' (account_locked) is card_blocked, too (0.90, needs 0.30): "
        "keyword 'blocked'\n"
    )


def test_a_phrase_that_its_own_intent_rules_out_is_told(project: Path) -> None:
    """A catalogue that contradicts itself."""
    (project / "intents" / "bank.yaml").write_text(
        "intents: {x: {phrases: [it is not blocked], not: [not blocked]}}", "utf-8"
    )

    assert (
        "'it is not blocked' is not x, whose phrase it is: 'not blocked' rules it out\n" in intents().output
    )


def test_it_shows_how_sentences_classify(project: Path) -> None:
    """The winner, how far before the second, every score with what it needs and what it is for."""
    del project
    result = intents("--try", "I've just stopped your card", "--try", "we blocked it", "--try", "...")
    first, second, third, engine = result.output.strip().split("\n\n")

    assert result.exit_code == 0
    assert (
        first.splitlines()[0]
        == '"I\'ve just stopped your card" is card_blocked (0.77), 0.56 before help_request'
    )
    assert first.splitlines()[1] == (
        "  card_blocked    0.77  needs 0.30  holds  like 'I have stopped that card'"
    )
    assert "  card_blocked    0.90  needs 0.30  holds  keyword 'blocked'" in second.splitlines()
    assert third == '"..." is like no known intent'
    assert engine == "engine: tfidf 2"


def test_json_has_every_score(project: Path) -> None:
    """For scripts: all intents, built-in ones too, best first."""
    del project
    document = json.loads(intents("--format", "json", "--try", "it is not blocked").output)
    (tried,) = document["tries"]
    by_name = {score["intent"]: score for score in tried["scores"]}

    assert document["engine"] == "tfidf 2"
    assert tried["best"] == "account_locked"
    assert len(by_name) == 10
    assert by_name["card_blocked"] == {
        "intent": "card_blocked",
        "score": 0.0,
        "threshold": 0.3,
        "holds": False,
        "why": "'not blocked' rules it out",
    }
    assert [score["score"] for score in tried["scores"]] == sorted(
        (each["score"] for each in tried["scores"]), reverse=True
    )


def test_json_lists_a_catalogue(project: Path) -> None:
    """With its overlaps."""
    del project
    document = json.loads(intents("--format", "json").output)

    assert [each["intent"] for each in document["intents"]] == ["card_blocked", "account_locked"]
    assert document["intents"][0]["not"] == ["not blocked"]
    assert document["overlaps"][1] == {
        "intent": "account_locked",
        "phrase": "your account is blocked",
        "other": "card_blocked",
        "score": 0.9,
    }


def test_a_file_by_itself_is_tried_with_the_engine_of_its_project(project: Path) -> None:
    """It need not be listed in turnspec.yaml; `--engine` is another engine."""
    (project / "more.yaml").write_text("intents: {parcel: {phrases: [your parcel was sent]}}", "utf-8")
    result = intents("more.yaml", "--engine", "use", "--try", "we shipped the package")

    assert result.output.startswith('"we shipped the package" is parcel (')
    assert result.output.endswith("engine: use 0.2.1\n")


def test_an_endpoint_is_asked_and_its_key_is_needed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By embeddings, kept for the next time; a key that is not set is a problem."""
    vectors = {"the card is gone": [1.0, 0.0], "I have stopped that card": [1.0, 0.1]}
    with stub(embedded(vectors, [0.0, 1.0])) as api:
        (project / "turnspec.yaml").write_text(
            "version: 1\nintents: [intents/bank.yaml]\nsecrets: [KEY]\n"
            f"engines: {{intents: {{engine: endpoint, url: {api.url}, model: m, "
            "key: '{{ env.KEY }}'}}\n",
            "utf-8",
        )
        monkeypatch.delenv("KEY", raising=False)
        unset = intents("--try", "the card is gone")
        monkeypatch.setenv("KEY", "sk-key")
        found = intents("--try", "the card is gone")
        asked = len(api.requests)
        again = intents("--try", "the card is gone")

    assert (unset.exit_code, "KEY is not set" in unset.output) == (2, True)
    assert found.output.startswith('"the card is gone" is card_blocked (0.99')
    assert found.output.endswith("engine: endpoint m\n")
    assert again.output == found.output
    assert (len(api.requests), api.requests[0].headers["authorization"]) == (asked, "Bearer sk-key")


def test_an_error_that_repeats_the_key_is_told_without_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all secrets, wherever they went."""
    monkeypatch.setenv("API_KEY", "sk-0123456789")
    monkeypatch.setenv("API_PATH", "hidden-path")
    with stub(error(401, "Bearer sk-0123456789 at hidden-path")) as api:
        url = f"{api.url}/{{{{ env.API_PATH }}}}"
        settings = (
            "version: 1\nintents: [intents/bank.yaml]\nsecrets: [API_KEY, API_PATH]\n"
            f'engines: {{intents: {{engine: endpoint, url: "{url}", model: m, '
            'key: "{{ env.API_KEY }}"}}\n'
        )
        (project / "turnspec.yaml").write_text(settings, encoding="utf-8")
        told = intents("--try", "hello")

    assert told.exit_code == 3
    assert "the endpoint answered 401: Bearer *** at ***" in told.output


def test_an_endpoint_without_an_answer_is_trouble(project: Path) -> None:
    """Exit code 3, and the reason."""
    with stub(error(404, "no such model")) as api:
        (project / "turnspec.yaml").write_text(
            f"version: 1\nengines: {{intents: {{engine: endpoint, url: {api.url}, model: m}}}}\n", "utf-8"
        )
        result = intents("--try", "hello")

    assert (result.exit_code, result.output) == (3, "the endpoint answered 404: no such model\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--engine", "tfdif"), "there is no engine 'tfdif'; did you mean 'tfidf'?\n"),
        (("--engine", "zzz"), "there is no engine 'zzz'\n  there are tfidf, use, endpoint\n"),
        (("--engine", "endpoint"), "an endpoint has its url and its model in turnspec.yaml: "),
        (("nowhere.yaml",), "nowhere.yaml"),
    ],
)
def test_what_is_wrong_is_told(project: Path, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, no traceback."""
    del project
    result = intents(*arguments)

    assert result.exit_code == 2
    assert told in result.output


def test_a_broken_catalogue_is_told_as_check_tells_it(project: Path) -> None:
    """With its place."""
    (project / "intents" / "bank.yaml").write_text("intents: {x: {phrase: [hello]}}", "utf-8")
    result = intents("intents/bank.yaml")

    assert result.exit_code == 2
    assert "error[unknown-key]: an intent has no key 'phrase'" in result.output
