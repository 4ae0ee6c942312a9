"""Faults of either end, over every protocol, in virtual time: what they look like from the other side."""

from __future__ import annotations

import asyncio
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from support_projects import run_here
from support_projects import talk as a_project
from support_talk import Talk, plan_talk, talk
from turnspec.call import Identity
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot
from turnspec.doubles.realtime.serve import serve_realtime
from turnspec.doubles.twilio.serve import serve_twilio_bot
from turnspec.dsl.load import load
from turnspec.results import CallResult, Outcome, Status
from turnspec.run.calling import call_wall
from turnspec.run.instances import Targets
from turnspec.run.loops import run_on
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.run.scripts import WrongScript, playable
from turnspec.run.virtual import VirtualLoop
from turnspec.run.wheel import PacingWheel
from turnspec.speech.intents import Intents
from turnspec.testing import RecordingWitness

PROTOCOLS = ("twilio", "audiocodes", "realtime")
TURNS = """
- turn: Greeting
- turn: Ask
  caller: {audio: audio/caller/five-five.flac, text: five five}
"""
DESK = """
agent: Desk
greeting: {say: No more messages., audio: audio/agent/no-more.flac}
otherwise: {say: Message deleted., audio: audio/agent/deleted.flac}
"""
AUDIO = {"twilio": "media", "audiocodes": "playStream.chunk", "realtime": "response.output_audio.delta"}
OVER = pytest.mark.parametrize("protocol", PROTOCOLS)
BY = pytest.mark.parametrize("by", ["caller", "agent"])
SIDE = {"caller": "line", "agent": "agent"}


def called(folder: Path, protocol: str, fault: str = "", *, turns: str = TURNS, desk: str = DESK) -> Talk:
    """A call to the desk with one fault of the scenario."""
    head = f"faults: [{fault}]\n" if fault else ""
    return talk(folder, turns, desk, head=head, protocol=protocol)


def notes(result: Talk, kind: str) -> list[str]:
    """What the findings of a kind say that fail nothing."""
    found = [*(each for turn in result.result.turns for each in turn.findings), *result.result.findings]
    return [each.message for each in found if each.kind == kind and each.status is Status.NOTE]


def audio_times(result: Talk) -> list[int]:
    """When audio of the agent arrived."""
    return [event["at_us"] for event in result.events("agent-audio")]


@OVER
@pytest.mark.parametrize(("by", "fault"), [("caller", "drop: true"), ("agent", "close: 1011")])
def test_a_line_that_is_ended_is_by_us(tmp_path: Path, protocol: str, by: str, fault: str) -> None:
    """Whoever of us ends it: the record tells who and when, and no finding blames the agent for it."""
    result = called(tmp_path, protocol, f"{{{fault}, at: {{turn: 1}}, by: {by}}}")
    (injected,) = result.events("fault-injected")

    assert injected["side"] == SIDE[by]
    assert [event["at_us"] for event in result.events("action-done")] <= [injected["at_us"]]
    blamed = {"line-broke", "unexpected-hangup", "protocol:closed-without-hangup"} & set(result.kinds())
    assert blamed == set()
    if protocol == "audiocodes":  # whose platform takes the call up again
        assert len(result.events("line-resumed")) == 1
        (told,) = notes(result, "protocol:closed-without-hangup")
    else:
        assert len(result.events("line-broke")) == 1
        (told,) = notes(result, "line-broke")
    assert "by us" in told


@OVER
@BY
def test_a_line_that_is_closed_on_one_side(tmp_path: Path, protocol: str, by: str) -> None:
    """The other end sees it end without a close frame."""
    result = called(tmp_path, protocol, f"{{half_close: true, at: {{turn: 1}}, by: {by}}}")

    assert [event["fault"] for event in result.events("fault-injected")] == ["half_close"]
    ended = [*result.events("line-broke"), *result.events("protocol-fault")]
    assert len(ended) == 1
    assert ended[0].get("code", 1006) == 1006
    assert {"line-broke", "protocol:closed-without-hangup"} & set(result.kinds()) == set()


@OVER
def test_a_caller_who_reads_nothing_hears_late(tmp_path: Path, protocol: str) -> None:
    """What the agent says meanwhile arrives when the caller reads again."""
    result = called(tmp_path, protocol, "{stall: 3 s, at: {turn: 1}}")
    (injected,) = result.events("fault-injected")
    begun = injected["at_us"]
    silent = [at for at in audio_times(result) if begun + 200_000 < at < begun + 2_990_000]
    after = [at for at in audio_times(result) if at >= begun + 2_990_000]

    assert silent == []
    assert after


@OVER
def test_an_agent_that_reads_nothing_answers_late(tmp_path: Path, protocol: str) -> None:
    """It hears the end of the caller's speech when it reads again."""
    plain = called(tmp_path / "plain", protocol)
    done = plain.events("action-done")[-1]["at_us"]
    stall = f"{{stall: 2 s, at: {{after: {done // 1_000 - 500} ms}}, by: agent}}"
    late = called(tmp_path / "late", protocol, stall)

    replied = [next(at for at in audio_times(each) if at > done) for each in (plain, late)]
    assert replied[1] - replied[0] > 1_000_000


SPOILT = ("not_json", "truncated", "binary", "bad_base64", "unknown_event")
# AudioCodes' SDK obeys JSON in a binary frame; the users of a model pass over events that they do not know.
OBEYED = {("audiocodes", "caller"): 1, ("realtime", "agent"): 1}


@OVER
@BY
def test_spoilt_messages_are_noticed_at_the_other_end(tmp_path: Path, protocol: str, by: str) -> None:
    """As rules that were broken, by us; the call goes on as ever."""
    faults = ", ".join(f"{{malformed: {how}, at: {{turn: 1}}, by: {by}}}" for how in SPOILT)
    result = called(tmp_path, protocol, faults)
    noticed = {event["detail"] for event in result.events("protocol-fault")}

    assert [event["side"] for event in result.events("fault-injected")] == [SIDE[by]] * len(SPOILT)
    assert len(noticed) >= len(SPOILT) - OBEYED.get((protocol, by), 0)
    assert result.result.outcome is Outcome.PASSED
    assert [turn.how for turn in result.result.turns] == ["replied", "replied"]


@OVER
def test_messages_of_the_agent(tmp_path: Path, protocol: str) -> None:
    """Its audio is doubled and lost as the faults say, and arrives so."""
    audio = AUDIO[protocol]
    doubled = f"{{duplicate: {audio}, at: {{nth: 1}}, by: agent}}"
    lost = f"{{lose: {audio}, at: {{nth: 2}}, by: agent}}"
    plain = [event["size"] for event in called(tmp_path / "plain", protocol).events("agent-audio")]
    result = called(tmp_path / "spoilt", protocol, f"{doubled}, {lost}")

    assert [event["size"] for event in result.events("agent-audio")] == [plain[0], plain[0], *plain[2:]]


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes"])
def test_audio_out_of_order(tmp_path: Path, protocol: str) -> None:
    """What was said first is heard second."""
    plain = [event["size"] for event in called(tmp_path / "plain", protocol).events("agent-audio")]
    fault = f"{{reorder: {AUDIO[protocol]}, at: {{nth: 1}}, by: agent}}"
    result = called(tmp_path / "swapped", protocol, fault)

    assert [event["size"] for event in result.events("agent-audio")] == [plain[1], plain[0], *plain[2:]]


@OVER
def test_a_delayed_message(tmp_path: Path, protocol: str) -> None:
    """The first audio of the greeting comes behind what should follow it."""
    fault = f"{{delay: {{event: {AUDIO[protocol]}, by: 100 ms}}, at: {{nth: 1}}, by: agent}}"
    result = called(tmp_path, protocol, fault)

    if protocol == "audiocodes":  # by then its play stream has ended
        assert "protocol:unknown-stream" not in result.kinds()
        assert notes(result, "protocol:unknown-stream")
    else:
        assert 100_000 in audio_times(result)


@OVER
def test_a_message_of_the_callers_is_lost(tmp_path: Path, protocol: str) -> None:
    """An agent that was not told to begin says nothing, and the turn is judged as ever."""
    lost = {"twilio": "start", "audiocodes": "userStream.start", "realtime": "response.create"}[protocol]
    turns = TURNS.replace("- turn: Greeting\n", "- turn: Greeting\n  patience: 2 s\n")
    result = called(tmp_path, protocol, f"{{lose: {lost}, at: {{nth: 1}}}}", turns=turns)

    assert [event["detail"] for event in result.events("fault-injected")] == [
        f"did not send {lost}, at number 1"
    ]
    assert result.result.outcome is Outcome.FAILED
    assert "no-reply" in result.kinds()


@OVER
def test_a_reply_that_is_cut(tmp_path: Path, protocol: str) -> None:
    """Its words are whole, its sound is not."""
    turns = TURNS.rstrip() + "\n  expect: {says: message deleted}\n"
    plain = called(tmp_path / "plain", protocol, turns=turns)
    cut = called(
        tmp_path / "cut", protocol, "{truncate_audio: 300 ms, at: {turn: 1}, by: agent}", turns=turns
    )
    length = [sum(event["size"] for event in each.events("agent-audio")) for each in (plain, cut)]

    assert length[1] < length[0]
    assert cut.said("Ask") == "Message deleted."
    assert [event["detail"] for event in cut.events("fault-injected")] == [
        "cut a reply's audio after 300 ms, once the caller's turn 1 is over"
    ]


@OVER
def test_a_reply_that_is_late(tmp_path: Path, protocol: str) -> None:
    """A budget finds it, two seconds later than it would be."""
    turns = TURNS.rstrip() + "\n  budget: {response: 1.5 s}\n"
    late = called(tmp_path, protocol, "{slow_first_audio: 2 s, at: {turn: 1}, by: agent}", turns=turns)
    (response,) = [each for each in late.turn("Ask").measurements if each.name == "response"]

    assert late.result.outcome is Outcome.FAILED
    assert response.value_us is not None
    assert response.value_us > 2_000_000


def test_a_response_that_fails(tmp_path: Path) -> None:
    """In place of a reply over Realtime comes a response with the status failed and its code."""
    desk = DESK.replace("deleted.flac}", "deleted.flac, faults: [{error: rate_limit_exceeded}]}")
    result = called(tmp_path, "realtime", desk=desk, turns=TURNS + "  patience: 2 s\n")
    ended = [event for event in result.events("response-ended") if event["side"] == "model"]

    assert ended[-1]["status"] == "failed"
    assert "rate_limit_exceeded" in ended[-1]["reason"]
    assert "no-reply" in result.kinds()


def test_an_error_out_of_the_blue(tmp_path: Path) -> None:
    """The caller of a model is told of it, and the conversation goes on."""
    result = called(tmp_path, "realtime", "{error: server_error, at: {turn: 1}, by: agent}")

    assert "server_error" in [event["rule"] for event in result.events("protocol-fault")]
    assert [turn.how for turn in result.result.turns] == ["replied", "replied"]


REFUSALS = [
    ("twilio", "true", 503),
    ("twilio", "1008", 1008),
    ("audiocodes", "403", 403),
    ("audiocodes", "1008", 1008),
    ("realtime", "429", 429),
    ("realtime", "3000", 3000),
]


@pytest.mark.parametrize(("protocol", "refuse", "code"), REFUSALS)
def test_a_refusal_is_seen_with_its_code(tmp_path: Path, protocol: str, refuse: str, code: int) -> None:
    """By status or by close code; a scenario that expects it passes."""
    turns = f"- expect: {{refused: {{code: {code}}}}}\n"
    result = called(tmp_path, protocol, f"{{refuse: {refuse}, by: agent}}", turns=turns)

    assert result.result.outcome is Outcome.PASSED
    assert result.outcomes() == ["passed"]


@OVER
def test_a_call_that_is_taken_was_not_refused(tmp_path: Path, protocol: str) -> None:
    """A scenario that expects a refusal fails where there is none."""
    result = called(tmp_path, protocol, turns="- expect: {refused: true}\n")

    assert result.kinds() == ["refused"]


@OVER
def test_a_late_answer_takes_time_to_connect(tmp_path: Path, protocol: str) -> None:
    """It is measured, and held against the budget."""
    head = "faults: [{answer_late: 2 s, by: agent}]\nbudgets: {connect: 1 s}\n"
    result = talk(tmp_path, TURNS, DESK, head=head, protocol=protocol)
    (connect,) = [each for each in result.result.measurements if each.name == "connect"]

    assert connect.value_us == 2_000_000
    assert result.result.outcome is Outcome.FAILED


@OVER
@pytest.mark.parametrize("key", ["right", "wrong"])
def test_a_wrong_key_is_refused_where_it_is_checked(tmp_path: Path, protocol: str, key: str) -> None:
    """The same target takes the right one."""
    refused = {"twilio": 403, "audiocodes": 401, "realtime": 3000}[protocol]
    expect = f"- expect: {{refused: {{code: {refused}}}}}\n"
    fault = "faults: [{wrong_auth: true}]\n" if key == "wrong" else ""
    result = run_on(
        VirtualLoop, guarded(tmp_path, protocol, fault, expect if key == "wrong" else "- turn: Greeting\n")
    )

    assert result.outcome is Outcome.PASSED, result


async def guarded(folder: Path, protocol: str, fault: str, turns: str) -> CallResult:
    """A call to an agent that wants a key, as a target of its own."""
    plan_talk(folder, TURNS, DESK)
    (script,) = load([folder / "agent.yaml"]).agents.values()

    def session() -> Any:
        return LocalAgent(script, intents=Intents({})), RecordingWitness.on_loop(), Identity("guarded")

    match protocol:
        case "twilio":
            double: Any = await serve_twilio_bot(session, auth_token="t0ken")
            auth = "{auth_token: t0ken}"
        case "audiocodes":
            double = await serve_audiocodes_bot(session, token="t0ken")
            auth = "{bearer: t0ken}"
        case _:
            double = await serve_realtime(session, api_key="t0ken")
            auth = "{bearer: t0ken}"
    target = f'{{protocol: {protocol}, url: "{double.url}", auth: {auth}}}'
    text = f"scenario: Guarded\ntarget: {target}\n{fault}turns:\n{indent(turns, '  ')}"
    (folder / "talk.yaml").write_text(text, "utf-8")
    planned = plan_cases(RunOptions(paths=(folder / "talk.yaml",), output=folder / "out"))
    assert not planned.problems, planned.problems
    try:
        loop = asyncio.get_running_loop()
        return await call_wall(planned.cases[0], folder / "out", PacingWheel.of(loop), Targets(planned.cases))
    finally:
        await double.aclose()


@OVER
def test_faults_leave_nothing_to_chance(tmp_path: Path, protocol: str) -> None:
    """Two runs with faults of both ends have the same record, byte for byte."""
    faults = (
        "{stall: 1 s, at: {turn: 1}}, {malformed: binary, at: {turn: 1}}, "
        f"{{reorder: {AUDIO[protocol]}, by: agent}}, {{drop: true, at: {{after: 6 s}}, by: agent}}"
    )
    runs = [called(tmp_path / name, protocol, faults) for name in ("one", "two")]
    records = [(run.output / str(run.result.folder) / "events.jsonl").read_bytes() for run in runs]

    assert records[0] == records[1]


def test_what_never_happened_fails_the_call(tmp_path: Path) -> None:
    """A test of a fault that did not come about has tested nothing."""
    result = called(tmp_path, "twilio", "{drop: true, at: {after: 1 h}}")

    assert result.kinds() == ["injected"]


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("{wrong_auth: true}", "is shown no key"),
        ("{drop: true, at: {turn: 2}}", "in 1 turn only"),
        ("{lose: meda}", "sends no 'meda'"),
    ],
)
def test_what_cannot_happen_is_a_problem(tmp_path: Path, fault: str, word: str) -> None:
    """It is refused before any call."""
    planned = plan_talk(tmp_path, TURNS, DESK, head=f"faults: [{fault}]\n")

    assert [word in problem.message for problem in planned.problems] == [True]


def test_reports_tell_what_was_done_on_purpose(tmp_path: Path) -> None:
    """In words, as a mark on the time axis, and in results.json; the run is green."""
    project = a_project(tmp_path)
    project.change("talk.yaml", "target: desk\n", "target: desk\nfaults: [{lose: mark, by: agent}]\n")
    ran = run_here(project)

    assert ran.code == 0, ran.told
    notes = [finding["message"] for finding in ran.call()["findings"] if finding["kind"] == "injected"]
    assert notes == ["On purpose, the local agent did not send mark (at 0.00 s, 2 times in all)."]
    assert [moment["kind"] for moment in ran.call()["moments"]].count("injected") == 1
    assert "the local agent did not send mark" in ran.html


def test_faults_happen_over_sockets_too(tmp_path: Path) -> None:
    """On the wall clock, over loopback: the caller's end spoils a message, the agent's ends the line."""
    project = a_project(tmp_path)
    faults = "[{malformed: binary}, {close: 1011, at: {after: 1 s}, by: agent}]"
    project.change("talk.yaml", "target: desk\n", f"target: desk\nfaults: {faults}\n")
    ran = run_here(project, "--clock", "wall")
    injected = [event for event in ran.events() if event["kind"] == "fault-injected"]

    assert [(event["side"], event["fault"]) for event in injected] == [
        ("line", "malformed"),
        ("agent", "close"),
    ]
    assert 1_000_000 <= injected[1]["at_us"] < 5_000_000
    assert [event["code"] for event in ran.events() if event["kind"] == "line-broke"] == [1011]
    assert {"line-broke", "protocol:caller-frame"} & set(ran.kinds()) == set()


def test_a_script_by_itself_is_held_to_its_protocol(tmp_path: Path) -> None:
    """Whoever serves a double alone is told what it cannot do wrong."""
    script = tmp_path / "desk.yaml"
    script.write_text("agent: Desk\notherwise: {say: Pardon?, faults: {error: server_error}}\n", "utf-8")

    with pytest.raises(WrongScript, match="twilio has no message that reports an error by code"):
        playable(script, "twilio")
    assert playable(script, "realtime").agent(Identity("1")).faults is None
