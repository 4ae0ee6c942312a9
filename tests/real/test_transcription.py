"""People over a telephone line are understood: by Whisper in any words, by a grammar in known ones."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from support_real import HEAVY, PROGRAMS, REAL, needs_heavy
from support_recognised import write_bot
from support_sound import PROMPTS, real_prompts
from support_talk import plan_talk
from turnspec.audio.codecs import decode, encode
from turnspec.audio.samples import track_of
from turnspec.call import MULAW_8K, Track
from turnspec.dsl.verifying import AT_MOST
from turnspec.run.saved import read_run
from turnspec.speech.agreement import Told, agreement
from turnspec.speech.alignment import aligned
from turnspec.speech.transcribers.grammar import Grammar

TEXTS: Final[dict[str, str]] = json.loads((REAL / "prompts.json").read_text("utf-8"))["prompts"]
WITHIN_S: Final = 120


@cache
def whispered(folder: Path) -> dict[str, Any]:
    """What Whisper makes of all prompts, in one run of a program."""
    real_prompts(*TEXTS)
    (folder / "turnspec.yaml").write_text("version: 1\nengines: {transcription: whisper}\n", "utf-8")
    command = [HEAVY, str(PROGRAMS / "transcribe_prompts.py"), str(folder / "turnspec.yaml"), str(PROMPTS)]
    done = subprocess.run([*command, *TEXTS], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same, for the tests of this module."""
    return whispered(tmp_path_factory.mktemp("whisper"))


def nearest(said: str) -> str:
    """Which of the prompts has words most like these."""
    return min(TEXTS, key=lambda name: aligned(TEXTS[name], said).rate)


@needs_heavy
def test_word_error_rate(answer: dict[str, Any]) -> None:
    """Of the words of 44 prompts at most 2 % are wrong, missing or too many."""
    compared = [aligned(TEXTS[name], said) for name, said in answer["texts"].items()]
    errors, wanted = (sum(getattr(each, of) for each in compared) for of in ("errors", "wanted"))

    assert len(compared) == 44
    assert errors / wanted <= 0.02, [each for one in compared for each in one.differences()]


@needs_heavy
def test_each_prompt_is_the_nearest_to_its_own_words(answer: dict[str, Any]) -> None:
    """What was understood is always most like the prompt that was played."""
    assert {name: nearest(said) for name, said in answer["texts"].items()} == {name: name for name in TEXTS}


@needs_heavy
def test_the_model_is_known_by_its_weights(answer: dict[str, Any]) -> None:
    """Whose words they are is told with the model's own name and the digest of its weights."""
    assert (answer["engine"], answer["model"]) == ("whisper", "tiny.en@1a5afae06a4d")


@needs_heavy
def test_silence_has_no_words(answer: dict[str, Any]) -> None:
    """Whisper by itself says "you" of twenty seconds of it."""
    assert answer["silence"] == ""


@needs_heavy
def test_words_have_times(answer: dict[str, Any]) -> None:
    """Each word has a time of its own, in order, inside of the recording of 5.5 seconds."""
    words = answer["first"]

    assert [word for word, *_ in words[:5]] == ["That", "agent", "is", "already", "logged"]
    assert all(0 <= began < ended <= 5_600_000 for _, began, ended, _ in words)
    assert [began for _, began, _, _ in words] == sorted(began for _, began, _, _ in words)
    assert all(0 < probability <= 1 for *_, probability in words)


@needs_heavy
def test_no_prompt_is_taken_for_a_lie(answer: dict[str, Any]) -> None:
    """What a person is heard to say is what is told of it, also where 15 % may differ, as the how-to says."""
    rates = {name: agreement([Told(TEXTS[name])], said).rate for name, said in answer["texts"].items()}

    assert {name: rate for name, rate in rates.items() if rate > 0.15} == {}


@needs_heavy
def test_another_prompt_is_a_lie(answer: dict[str, Any]) -> None:
    """Told of each prompt the text of the one behind it in the list, all but a few alike are found out."""
    names = list(TEXTS)
    rates = [
        agreement([Told(TEXTS[names[number - 1]])], answer["texts"][name]).rate
        for number, name in enumerate(names)
    ]
    alike = [rate for rate in rates if rate * 100 <= AT_MOST.of_hundred]

    assert len(alike) <= 6, rates


OTHERS: Final = ("conf-noempty", "confbridge-lock-no-join", "dir-multi9", "speed-dial-empty", "vm-toforward")
SOME: Final = tuple(name for name in TEXTS if name not in OTHERS)[::3]
"""Thirteen of them: the grammar takes half a second for each."""


@pytest.fixture(scope="module")
def prompts() -> dict[str, Track]:
    """Some of the prompts as a telephone line brings them."""
    pytest.importorskip("pocketsphinx", reason="needs pocketsphinx: pip install 'turnspec[grammar]'")
    sounds = real_prompts(*SOME, *OTHERS)
    return {
        name: track_of(decode(encode(sound, MULAW_8K), MULAW_8K), 8_000) for name, sound in sounds.items()
    }


def test_a_grammar_finds_each_prompt_among_44(prompts: dict[str, Track]) -> None:
    """Told the 44 texts, the grammar hears each prompt as its own."""
    grammar = Grammar(TEXTS.values())

    assert len(SOME) == 13
    assert {name: grammar.transcribe(prompts[name]).text for name in SOME} == {
        name: TEXTS[name] for name in SOME
    }


def test_a_grammar_finds_nothing_in_what_is_no_phrase_of_it(prompts: dict[str, Track]) -> None:
    """A prompt that is not among the phrases is none of them, nor is noise or silence."""
    grammar = Grammar(text for name, text in TEXTS.items() if name not in OTHERS)
    noise = np.random.default_rng(7).integers(-4_000, 4_000, 16_000).astype(np.int16)

    assert {name: grammar.transcribe(prompts[name]).text for name in OTHERS} == dict.fromkeys(OTHERS, "")
    assert grammar.transcribe(track_of(noise, 8_000)).text == ""
    assert grammar.transcribe(track_of(np.zeros(16_000, np.int16), 8_000)).text == ""


TURNS = """
- turn: Greeting
  expect: {says: say your name, does_not_say: [sorry]}
- turn: Number
  caller: {audio: audio/caller/five-five.flac}
  expect: {says: {matches: 'press (?P<key>\\w+)'}}
- turn: Hold
  caller: {audio: audio/caller/five-five.flac}
  expect: {says: {word_error_rate: {to: please hold while I try that extension, at_most: 10 %}}}
"""


@needs_heavy
def test_a_call_to_a_bot_that_tells_nothing(tmp_path: Path) -> None:
    """`turnspec run` judges a bare Twilio bot by what Whisper makes of its prompts, and tells so."""
    names = ["priv-recordintro", "vm-delete", "transfer"]
    for name, sound in real_prompts(*names).items():
        (tmp_path / f"{name}.ulaw").write_bytes(encode(sound, MULAW_8K))
    write_bot(tmp_path, [[name] for name in names], TURNS)
    command = [HEAVY, "-m", "turnspec", "run", "talk.yaml", "--transcription", "whisper", "-o", "out"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    (call,) = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["calls"]
    agent = [line for turn in call["turns"] for line in turn["lines"] if line["who"] == "agent"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert [aligned(TEXTS[name], line["text"]).errors for name, line in zip(names, agent, strict=True)] == [
        0
    ] * 3
    assert {line["source"] for line in agent} == {"recognition (whisper tiny.en)"}
    assert "recognition (whisper tiny.en)" in (tmp_path / "out" / "report.html").read_text("utf-8")


LIE: Final = "I deleted every message for good."
LIAR: Final = f"""
agent: Desk
greeting: {{say: "Hello. Your message is now being recorded.", audio: audio/agent/dictation-greeting.flac}}
otherwise: {{say: "{LIE}", audio: audio/agent/saved.flac}}
"""
ASKS: Final = """
- turn: Greeting
  expect: {says: being recorded}
- turn: Answer
  caller: {audio: audio/caller/five-five.flac}
  expect: {says: deleted every message}
"""


@needs_heavy
def test_a_script_that_lies_about_its_recording(tmp_path: Path) -> None:
    """With `verify`, Whisper hears what the recording says; its words are there when nobody listens again."""
    plan_talk(tmp_path, ASKS, LIAR, project="engines: {transcription: {verify: {gate: true}}}")
    command = [HEAVY, "-m", "turnspec", "run", "talk.yaml", "--transcription", "whisper", "-o", "out"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    (call,) = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["calls"]
    found = [each for turn in call["turns"] for each in turn["findings"] if each["kind"] == "verify"]
    (again,) = read_run(tmp_path / "out", check_again=True).run.calls

    assert done.returncode == 1, done.stdout + done.stderr
    assert [each["status"] for each in found] == ["passed", "failed"]
    assert (found[1]["expected"], found[1]["actual"]) == (f'"{LIE}"', '"Your message has been saved."')
    assert found[1]["details"][-1] == "recognition (whisper tiny.en)"
    assert LIE in done.stdout
    assert [each.message for each in again.all_findings if each.kind == "verify"] == [
        each["message"] for each in found
    ]
