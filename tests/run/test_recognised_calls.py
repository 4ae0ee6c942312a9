"""Whole calls in virtual time to bots that tell nothing of their words: those are made out of the sound."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from support_asgi import write_project
from support_openai_stub import judged, stub
from support_recognised import (
    GREETING,
    MOMENT,
    NO_MORE,
    SAVED,
    audiocodes_call,
    failing,
    knowing,
    said,
    twilio_call,
    words,
)
from support_talk import CLIPS
from turnspec.audio.files import load_clip
from turnspec.call.derived import read_derived
from turnspec.checks.recognised import TRANSCRIPT
from turnspec.clients import run_scenarios
from turnspec.results import Outcome
from turnspec.run.saved import read_run
from turnspec.testing import ScriptedTranscriber

pytest.importorskip("uvicorn")

BY = "recognition (scripted)"
TWO_TURNS = """
- turn: Greeting
  expect: {{says: {greeting}}}
- turn: Answer
  caller: {{audio: audio/caller/five-five.flac}}
  expect: {answer}
"""


def two_turns(greeting: str = "now being recorded", answer: str = "{says: has been saved}") -> str:
    """A greeting, and an answer to what the caller says."""
    return TWO_TURNS.format(greeting=greeting, answer=answer)


def test_words_of_a_bare_bot(tmp_path: Path) -> None:
    """What a bot says is known by its sound alone, and the transcript tells by whom."""
    knows = knowing(GREETING, SAVED)
    result = twilio_call(tmp_path, [[GREETING], [SAVED]], two_turns(), transcriber=knows)

    assert failing(result) == []
    assert said(result) == [
        ("agent", "Hello. Your message is now being recorded.", BY),
        ("caller", "five five", "recorded"),
        ("agent", "Your message has been saved.", BY),
    ]


def test_words_have_their_times(tmp_path: Path) -> None:
    """Each word of a line has a time of its own, inside of the line, and it is that of the call."""
    knows = knowing(GREETING, SAVED)
    result = twilio_call(tmp_path, [[GREETING], [SAVED]], two_turns(), transcriber=knows)
    (line,) = [line for line in result.turns[1].lines if line.who == "agent"]
    assert line.ended_us is not None

    assert [word.text for word in line.words] == line.text.split()
    assert (
        line.began_us - 200_000 <= line.words[0].began_us < line.words[-1].ended_us <= line.ended_us + 200_000
    )


def test_other_words_fail(tmp_path: Path) -> None:
    """Words that were not heard fail the turn, showing what was heard instead."""
    knows = knowing(GREETING, SAVED)
    result = twilio_call(
        tmp_path, [[GREETING], [SAVED]], two_turns(answer="{says: has been deleted}"), transcriber=knows
    )
    (finding,) = [finding for finding in result.all_findings if finding.fails]

    assert (finding.kind, finding.actual) == ("says", '"Your message has been saved."')


INTENTS = "intents: {is_saved: {phrases: [your message was saved]}, is_empty: {phrases: [no more messages]}}"


@pytest.mark.parametrize(("name", "failed"), [(SAVED, []), (MOMENT, [("intent", "failed")])])
def test_intents_of_recognised_words(tmp_path: Path, name: str, failed: list[tuple[str, str]]) -> None:
    """An intent is that of the words that were made out."""
    (tmp_path / "words.yaml").write_text(INTENTS, "utf-8")
    turns = two_turns(answer="{intent: is_saved, does_not_say: [deleted]}")
    knows = knowing(GREETING, SAVED, MOMENT)
    result = twilio_call(
        tmp_path, [[GREETING], [name]], turns, project="intents: [words.yaml]", transcriber=knows
    )

    assert failing(result) == failed


def test_sound_that_nobody_understands_is_not_exercised(tmp_path: Path) -> None:
    """Speech of which nothing is made out neither holds nor breaks an expectation: it was not tried."""
    turns = two_turns(answer="{does_not_say: [password]}")
    result = twilio_call(tmp_path, [[GREETING], [SAVED]], turns, transcriber=knowing(GREETING))
    (finding,) = [finding for finding in result.all_findings if finding.fails]

    assert (finding.kind, finding.status.value) == ("does_not_say", "not exercised")
    assert "but recognition (scripted) has no words of it" in finding.message


def test_an_engine_that_fails_leaves_expectations_untried(tmp_path: Path) -> None:
    """What the engine gives up at is told with its reason, and kept as an answer that failed."""
    knows = knowing(GREETING, SAVED, fails="has been saved")
    result = twilio_call(tmp_path, [[GREETING], [SAVED]], two_turns(), transcriber=knows)
    (finding,) = [finding for finding in result.all_findings if finding.fails]

    assert (finding.kind, finding.status.value) == ("says", "not exercised")
    assert (
        "recognition (scripted) failed: nobody could make out 'Your message has been saved.'"
        in finding.message
    )
    (folder,) = (tmp_path / "out" / "calls").iterdir()
    answers = [each for each in read_derived(folder) if each.kind == TRANSCRIPT]
    assert [(each.turn, each.state.value) for each in answers] == [(0, "ok"), (1, "failed")]


def test_what_was_cut_off_is_not_heard(tmp_path: Path) -> None:
    """Of a reply that the caller breaks off only the words before are known: the recording has no others."""
    turns = """
    - turn: Greeting
      expect: {says: {matches: ^hello}, does_not_say: [recorded]}
    - turn: Stop
      caller: {audio: audio/caller/five-five.flac, interrupt: {after: 1 s}}
      expect: {says: has been saved}
    """
    knows = knowing(GREETING, SAVED)
    result = twilio_call(tmp_path, [[GREETING], [SAVED]], turns, clears=True, transcriber=knows)
    greeting = result.turns[0].lines[0]

    assert failing(result) == []
    assert greeting.text.startswith("Hello.")
    assert "recorded" not in greeting.text
    assert greeting.cut


def test_recognised_words_decide_how_a_call_goes_on(tmp_path: Path) -> None:
    """A `choose` waits for the words of the reply, however long they take, and binds what they caught."""
    turns = """
    - caller: {audio: audio/caller/five-five.flac}
    - choose:
        - when: {says: no more messages}
          turns: [{turn: Empty, caller: {hangup: true}}]
        - when: {says: {matches: 'has been (?P<what>\\w+)'}}
          turns:
            - turn: Done
              caller: {audio: audio/caller/account.flac}
              expect: {says: "message is now being recorded", does_not_say: ["{{ what }}"]}
    """
    knows = knowing(GREETING, SAVED, NO_MORE)
    result = twilio_call(tmp_path, [[], [SAVED], [GREETING]], turns, transcriber=knows)
    took = {turn.name: turn.outcome for turn in result.turns}

    assert failing(result) == []
    assert took["Done"] is Outcome.PASSED
    assert took["Empty"] is Outcome.SKIPPED
    (file,) = (tmp_path / "out" / "calls").glob("*/events.jsonl")
    events = [json.loads(line) for line in file.read_text("utf-8").splitlines()[1:]]
    (captured,) = [event for event in events if event["kind"] == "captured"]
    assert (captured["name"], captured["value"]) == ("what", "saved")


@pytest.mark.parametrize("other", ["fail", "[{caller: {hangup: true}}]"], ids=["fail", "turns"])
def test_a_branch_is_not_chosen_by_words_that_nobody_made_out(tmp_path: Path, other: str) -> None:
    """A reply that an engine failed at is not exercised: `otherwise` is not taken for what it was."""
    turns = f"- choose: [{{when: {{says: recorded}}, turns: []}}, {{otherwise: {other}}}]\n"
    knows = knowing(GREETING, fails="being recorded")

    result = twilio_call(tmp_path, [[GREETING]], turns, transcriber=knows)

    assert failing(result) == [("choose", "not exercised")]


def test_a_filler_is_known_by_its_sound(tmp_path: Path) -> None:
    """What only fills the time is not the reply: the turn waits for what is said after it."""
    turns = """
    - turn: Ask
      caller: {audio: audio/caller/five-five.flac}
      filler: [one moment please]
      expect: {says: has been saved}
    - turn: Again
      caller: {audio: audio/caller/account.flac}
      expect: {says: no more messages}
    """
    knows = knowing(MOMENT, SAVED, NO_MORE)
    result = twilio_call(tmp_path, [[], [MOMENT, "pause", SAVED], [NO_MORE]], turns, transcriber=knows)

    assert failing(result) == []


def test_a_turn_that_ends_the_call_is_judged_by_its_sound(tmp_path: Path) -> None:
    """With `on_failure: end_call` the words are made out before the next turn is begun."""
    turns = """
    - turn: Greeting
      expect: {says: goodbye}
    - turn: Never
      caller: {audio: audio/caller/five-five.flac}
      expect: {says: has been saved}
    """
    result = twilio_call(
        tmp_path,
        [[GREETING], [SAVED]],
        turns,
        transcriber=knowing(GREETING, SAVED),
        head="on_failure: end_call",
    )

    assert [turn.outcome for turn in result.turns] == [Outcome.FAILED, Outcome.SKIPPED]


def test_two_calls_are_alike(tmp_path: Path) -> None:
    """Whoever listens, and however long that takes: two calls in virtual time leave the same evidence."""
    knows = knowing(GREETING, SAVED)
    turns = two_turns(answer="{says: {matches: 'has been (?P<what>\\w+)'}}")

    def left(name: str) -> dict[str, bytes]:
        (tmp_path / name).mkdir()
        twilio_call(tmp_path / name, [[GREETING], [SAVED]], turns, transcriber=knows)
        (folder,) = (tmp_path / name / "out" / "calls").iterdir()
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}

    assert left("one") == left("two")


@pytest.mark.parametrize(("verdict", "failed"), [("yes", []), ("no", [("judge", "failed")])])
def test_a_judge_reads_recognised_words(tmp_path: Path, verdict: str, failed: list[tuple[str, str]]) -> None:
    """A model is asked about the words that were made out, of both sides."""
    turns = two_turns(answer="{judge: {question: the agent says that it is saved, gate: true}}")
    with stub(judged(verdict)) as api:
        result = twilio_call(
            tmp_path,
            [[GREETING], [SAVED]],
            turns,
            project=f"engines: {{judge: {{url: '{api.url}', model: m}}}}",
            transcriber=knowing(GREETING, SAVED),
        )
        (request,) = api.requests

    assert failing(result) == failed
    assert "Your message has been saved." in request.body.decode()
    assert "Your message is now being recorded." in request.body.decode()


def test_a_saved_call_has_its_words_without_any_engine(tmp_path: Path) -> None:
    """Judged again where nothing recognises speech, a call comes to the same result, words and times too."""
    turns = two_turns(answer="{says: has been deleted}")
    before = twilio_call(tmp_path, [[GREETING], [SAVED]], turns, transcriber=knowing(GREETING, SAVED))
    (again,) = read_run(tmp_path / "out", check_again=True).run.calls

    assert failing(again) == [("says", "failed")]
    assert again.turns == before.turns


def test_a_recording_without_text_is_listened_to(tmp_path: Path) -> None:
    """What the caller plays without saying what it is, is in the transcript as it was made out."""
    shutil.copy(CLIPS / "caller" / "forward.flac", tmp_path / "clip.flac")
    turns = "- {turn: Ask, caller: {audio: clip.flac}, expect: {says: has been saved}}"
    both = {**knowing(SAVED).sounds, **knowing("forward", folder="caller").sounds}
    result = twilio_call(tmp_path, [[], [SAVED]], turns, transcriber=ScriptedTranscriber(both))

    assert said(result)[0] == ("caller", words("forward", "caller"), BY)


HELLO = "- {turn: Greeting, expect: {says: message is now being recorded}}"


@pytest.mark.parametrize(
    ("fields", "source"),
    [({}, BY), ({"altText": "Hello. Your message is now being recorded."}, "message text")],
    ids=["sound", "altText"],
)
def test_text_of_a_play_stream_comes_before_its_sound(
    tmp_path: Path, fields: dict[str, str], source: str
) -> None:
    """An AudioCodes bot's words are those it sends with its sound; where it sends none they are made out."""
    result = audiocodes_call(tmp_path, GREETING, fields, HELLO, transcriber=knowing(GREETING))

    assert failing(result) == []
    assert said(result) == [("agent", "Hello. Your message is now being recorded.", source)]


def test_without_recognition_a_silent_account_is_not_exercised(tmp_path: Path) -> None:
    """An AudioCodes bot could have told its words: where it does not, the expectation was not tried."""
    result = audiocodes_call(tmp_path, GREETING, {}, HELLO)

    assert failing(result) == [("says", "not exercised")]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"transcription": "none"}, "take out what turns transcription off (--transcription or"),
        ({"transcription": "auto"}, "have its words made out: pip install 'turnspec[stt]', and a model"),
    ],
    ids=["none", "auto"],
)
def test_without_recognition_a_bare_twilio_bot_has_no_words(
    tmp_path: Path, options: dict[str, str], hint: str
) -> None:
    """Expectations about words are refused before any call, saying what brings them."""
    if options["transcription"] == "auto" and find_spec("faster_whisper") is not None:
        pytest.skip("needs a Python without faster-whisper")
    write_project(tmp_path, turns=HELLO)
    result = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out", **options)  # type: ignore[arg-type]
    (problem,) = [text for file in result.wrong_files for text in file.problems]

    assert not result.calls
    assert "gives no account of what the agent says" in problem
    assert hint in problem


def test_what_the_agent_hears_is_not_recognised(tmp_path: Path) -> None:
    """`transcript` is about the agent's own hearing: no recognition of ours can know it."""
    turns = "- {turn: Ask, caller: {silence: 1 s}, expect: {transcript: hello}}"
    write_project(tmp_path, turns=turns)
    result = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out", transcriber=knowing(GREETING))
    (problem,) = [text for file in result.wrong_files for text in file.problems]

    assert "gives no account of what the agent hears the caller say" in problem


def test_a_secret_that_is_read_out_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found by its mask, and neither evidence nor reports nor the cache have it as it was spoken."""
    monkeypatch.setenv("DESK_PIN", "4821")
    sound = load_clip(CLIPS / "agent" / f"{GREETING}.flac", 8_000)
    knows = ScriptedTranscriber({"your code is four eight two one thanks": sound})
    turns = '- turn: Greeting\n  expect: {says: "code is {{ env.DESK_PIN }} thanks"}\n'

    result = twilio_call(tmp_path, [[GREETING]], turns, project="secrets: [DESK_PIN]", transcriber=knows)
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert failing(result) == []
    assert said(result) == [("agent", "your code is *** thanks", BY)]
    assert b"your code is *** thanks" in left
    assert b"eight" not in left
