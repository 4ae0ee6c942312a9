"""Messages of the protocol: sent as they are written, expected, and not to come at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support_talk import Talk, plan_talk, talk
from turnspec.call import Messages
from turnspec.results import Outcome, Status
from turnspec.run.messages import LONGEST, arrived

ASK = "caller: {audio: audio/caller/five-five.flac, text: five five}"
DELETED = "say: Message deleted., audio: audio/agent/deleted.flac"
QUIET = "say: '', timing: {first_audio: 9 s}"


def desk(reply: str = DELETED, more: str = "") -> str:
    """An agent that answers so."""
    return f"""
    agent: Desk
    greeting: {{say: No more messages., audio: audio/agent/no-more.flac}}
    otherwise: {{{reply}}}
    {more}
    """


def asked(folder: Path, expect: str, protocol: str, *, reply: str = DELETED, more: str = "") -> Talk:
    """A greeting, and a question that expects this."""
    turns = f"- turn: Greeting\n- turn: Ask\n  {ASK}\n  expect: {expect}\n{more}"
    return talk(folder, turns, desk(reply), protocol=protocol)


def sent(result: Talk) -> list[Any]:
    """The frames of the caller's end that are no audio."""
    lines = (result.output / str(result.result.folder) / "wire.jsonl").read_text("utf-8").splitlines()
    frames = [json.loads(line) for line in lines]
    out = [
        json.loads(each["frame"]) for each in frames if (each["side"], each["direction"]) == ("line", "out")
    ]
    return [each for each in out if "append" not in each["type"] and "chunk" not in each["type"]]


@pytest.mark.parametrize(
    ("protocol", "expect"),
    [
        ("twilio", "{event: mark}"),
        ("twilio", "{event: {event: mark, mark: {name: any}}}"),
        ("realtime", "{event: [response.created, {type: response.done, response: {status: completed}}]}"),
        ("realtime", "{event: {type: {matches: 'transcript.done$'}, transcript: {contains: deleted}}}"),
        ("audiocodes", "{event: {type: playStream.start, altText: Message deleted.}}"),
    ],
)
def test_a_message_that_arrives(tmp_path: Path, protocol: str, expect: str) -> None:
    """By its name, or by some of what it carries."""
    result = asked(tmp_path, expect, protocol)

    assert result.kinds() == []
    assert "event" in [finding.kind for finding in result.turn("Ask").findings]


@pytest.mark.parametrize(
    ("protocol", "expect", "message"),
    [
        ("twilio", "{event: clear}", "clear did not arrive in this turn; other events did."),
        (
            "realtime",
            "{event: {type: response.done, response: {status: cancelled}}}",
            'The nearest is response.done at 2.64 s: response.status is "completed", not "cancelled".',
        ),
        (
            "audiocodes",
            "{event: {type: playStream.start, altText: Goodbye.}}",
            'The nearest is playStream.start at 2.77 s: altText is "Message deleted.", not "Goodbye.".',
        ),
    ],
)
def test_a_message_that_does_not_arrive(tmp_path: Path, protocol: str, expect: str, message: str) -> None:
    """The nearest is named with the path that differs, and what did arrive stands below."""
    result = asked(tmp_path, expect, protocol)
    (finding,) = result.failures()

    assert finding.kind == "event"
    assert finding.message.endswith(message)
    assert finding.details


def test_an_activity_is_a_message_itself(tmp_path: Path) -> None:
    """Over AudioCodes several come in one message: each can be expected by itself."""
    reply = f"{DELETED}, transfer: 'tel:+15550123'"
    result = asked(tmp_path, "{transfer: true, event: [activities, transfer]}", "audiocodes", reply=reply)

    assert result.kinds() == []


def test_messages_of_other_turns_do_not_count(tmp_path: Path) -> None:
    """The greeting's own messages are not those of the next turn's reply."""
    result = asked(tmp_path, "{event: {type: playStream.start, altText: No more messages.}}", "audiocodes")

    assert result.kinds() == ["event"]


def test_a_part_of_a_message_becomes_a_variable(tmp_path: Path) -> None:
    """Named groups are captured as everywhere."""
    again = "{event: {type: response.done, response: {id: '{{ id }}'}}}"
    more = f"- turn: Again\n  {ASK}\n  expect: {again}\n"
    expect = "{event: {type: response.done, response: {id: {matches: '(?P<id>.+)'}}}}"
    result = asked(tmp_path, expect, "realtime", more=more)

    (finding,) = result.failures()
    assert finding.turn == 2
    assert 'response.id is "resp_' in finding.message


def test_a_branch_can_be_chosen_by_a_message(tmp_path: Path) -> None:
    """A condition on the reply asks for messages as an expectation does."""
    turns = f"""\
- turn: Greeting
- turn: Ask
  {ASK}
- choose:
    - when: {{event: {{type: response.done, response: {{status: cancelled}}}}}}
      turns: [{{turn: Cancelled}}]
    - when: {{event: response.done}}
      turns: [{{turn: Done, caller: {{silence: 1 s}}, expect: {{nothing: 1 s}}}}]
"""
    result = talk(tmp_path, turns, desk(), protocol="realtime")

    assert result.turn("Cancelled").outcome is Outcome.SKIPPED
    assert result.turn("Done").outcome is Outcome.PASSED


def test_nothing_is_kept_where_nothing_asks(tmp_path: Path) -> None:
    """Messages are in the record only of calls that ask about them, and audio never is."""
    without = asked(tmp_path / "one", "{says: message deleted}", "realtime")
    asking = asked(tmp_path / "two", "{event: response.done}", "realtime")

    assert without.events("message-arrived") == []
    names = {event["name"] for event in asking.events("message-arrived")}
    assert "response.done" in names
    assert "response.output_audio.delta" not in names


def test_secrets_are_blacked_out_of_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in a message is in no record, and can be expected all the same."""
    monkeypatch.setenv("DESK_NAME", "Message deleted")
    expect = "{event: {altText: '{{ env.DESK_NAME }}.'}}"
    turns = f"- turn: Greeting\n- turn: Ask\n  {ASK}\n  expect: {expect}\n"
    result = talk(tmp_path, turns, desk(), protocol="audiocodes", project="secrets: [DESK_NAME]\n")

    assert result.kinds() == []
    assert "Message deleted" not in json.dumps(result.events("message-arrived"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type": "said", "n": 1}', ("said", {"type": "said", "n": 1}, False, False)),
        ('{"type": "mark"}', ("mark", {"type": "mark"}, True, False)),
        ('{"n": [1, "type"], "type": "said", "cut"', ("said", {"type": "said"}, False, True)),
        (f'{{"type": "said", "n": "{"x" * LONGEST}"}}', ("said", {"type": "said"}, False, True)),
        ('{"type": "chunk", "audio": "<4 bytes>"}', None),
        ('{"type": 5}', None),
        ("[1]", None),
        ("<160 bytes of audio>", None),
    ],
)
def test_what_a_frame_is(text: str, expected: tuple[str, dict[str, Any], bool, bool] | None) -> None:
    """A message with its document; of one that is too long, or cut short by the log, its name."""
    told = Messages(audio=frozenset({"chunk"}), housekeeping=frozenset({"mark"}))
    message = arrived(told, text, 7)

    seen = message and (message.name, message.document, message.housekeeping, message.cut)
    assert seen == expected


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_nothing_comes(tmp_path: Path, protocol: str) -> None:
    """An agent that is only to be waited for does nothing; what acknowledges the caller does not count."""
    turns = "- turn: Greeting\n- turn: Wait\n  caller: {silence: 1 s}\n  expect: {nothing: 3 s}\n"
    result = talk(tmp_path, turns, desk(), protocol=protocol)

    assert result.outcomes() == ["passed", "passed"]
    assert [each.message for each in result.turn("Wait").findings] == ["Nothing came for 3 s."]
    ended_us = result.turn("Wait").ended_us
    assert ended_us is not None
    assert ended_us - (result.turn("Wait").began_us or 0) == pytest.approx(4_000_000, abs=200_000)


@pytest.mark.parametrize(
    ("protocol", "what"),
    [("twilio", "it said"), ("audiocodes", "playStream.start arrived"), ("realtime", "it said")],
)
def test_something_comes(tmp_path: Path, protocol: str, what: str) -> None:
    """The first thing that came is told, and the others below it."""
    result = asked(tmp_path, "{nothing: 2 s}", protocol)
    (finding,) = result.failures()

    assert (finding.kind, finding.status) == ("nothing", Status.FAILED)
    assert finding.message.startswith(f"Nothing was to come for 2 s, but {what}")
    assert finding.details


@pytest.mark.parametrize(
    ("protocol", "reply", "what"),
    [
        ("realtime", "call: {look_up: {}}", "arrived"),
        ("twilio", "call: {look_up: {}}", "look_up was called"),
        ("audiocodes", 'dtmf: "12"', "it pressed 12"),
        ("twilio", "hangup: true", "it hung up"),
    ],
)
def test_acts_without_a_word_are_something(tmp_path: Path, protocol: str, reply: str, what: str) -> None:
    """A call of a function, keys, a hang-up: none of them is nothing."""
    turns = f"- turn: Greeting\n- turn: Ask\n  {ASK}\n  expect: {{nothing: 2 s}}\n"
    agent = desk(reply, "functions: {look_up: {returns: 1}}")
    result = talk(tmp_path, turns, agent, protocol=protocol)
    finding = next(each for each in result.failures() if each.kind == "nothing")

    assert what in " ".join((finding.message, *finding.details))


def test_an_event_is_sent_as_it_is_written(tmp_path: Path) -> None:
    """Templates and captures are filled in, an id is added, and the reply is the turn's."""
    turns = """\
- turn: Greeting
  expect: {says: {matches: 'no more (?P<what>messages)'}}
- turn: Ask for it
  caller: {event: {type: response.create, response: {metadata: {topic: "{{ what }}"}}}}
  expect: {says: message deleted}
  budget: {response: 1 s}
- turn: As a name
  caller: {event: response.create}
  expect: {says: message deleted}
"""
    result = talk(tmp_path, turns, desk(), protocol="realtime")

    assert result.outcomes() == ["passed", "passed", "passed"]
    raw = [each for each in sent(result) if each["type"] == "response.create" and "response" in each]
    assert [each["response"] for each in raw] == [{"metadata": {"topic": "messages"}}]
    assert raw[0]["event_id"].startswith("turnspec_")
    (first, second) = result.events("caller-sent")
    assert (first["turn"], first["name"], second["name"]) == (1, "response.create", "response.create")
    measured = result.measured("Ask for it", "response")
    assert measured.from_us == first["at_us"]
    assert [line.text for line in result.turn("As a name").lines if line.who == "caller"] == [
        "[response.create]"
    ]


def test_an_event_of_a_wrong_shape_is_the_servers_to_refuse(tmp_path: Path) -> None:
    """It is sent as it is: what the server says of it is evidence."""
    turns = "- turn: Greeting\n- caller: {event: {type: response.crate}}\n  expect: {event: error}\n"
    result = talk(tmp_path, turns, desk(), protocol="realtime")

    assert {each["rule"] for each in result.events("protocol-fault")} == {"invalid_value"}
    (error,) = [each for each in result.events("message-arrived") if each["name"] == "error"]
    assert "response.crate" in error["document"]["error"]["message"]


def test_an_activity_is_sent_as_it_is_written(tmp_path: Path) -> None:
    """With an id and a time; as a message it is the caller's words."""
    turns = """\
- turn: Greeting
- turn: Event
  caller: {activity: {name: callerHeld, parameters: {seconds: 20}, custom: {a: 1}}}
  expect: {nothing: 500 ms}
- turn: Message
  caller: {activity: {type: message, text: five five, language: de-DE}}
  expect: {says: message deleted}
"""
    result = talk(tmp_path, turns, desk(), protocol="audiocodes")

    activities = [each for frame in sent(result) for each in frame.get("activities", ())]
    held = next(each for each in activities if each.get("name") == "callerHeld")
    assert (held["type"], held["parameters"], held["custom"]) == ("event", {"seconds": 20}, {"a": 1})
    assert held["id"]
    assert held["timestamp"].endswith("Z")
    message = next(each for each in activities if each.get("text") == "five five")
    assert message["language"] == "de-DE"
    assert result.outcomes() == ["passed", "passed", "passed"]


@pytest.mark.parametrize(
    ("protocol", "action", "lacking"),
    [
        ("twilio", "{event: {type: mark}}", "events"),
        ("twilio", "{activity: {name: hold}}", "activities"),
        ("realtime", "{activity: {name: hold}}", "activities"),
        ("audiocodes", "{event: {type: userStream.stop}}", "events"),
    ],
)
def test_other_protocols_have_no_such_message(
    tmp_path: Path, protocol: str, action: str, lacking: str
) -> None:
    """That is a problem, unless the turn is for others only."""
    problems = plan_talk(tmp_path, f"- caller: {action}\n", desk(), protocol=protocol).problems
    skipped = talk(
        tmp_path,
        f"- turn: Greeting\n- when: {{supports: {lacking}}}\n  caller: {action}\n",
        desk(),
        protocol=protocol,
    )

    assert [problem.message for problem in problems] == [
        f"target 'desk' over {protocol} cannot do this: {lacking}"
    ]
    assert skipped.result.outcome is Outcome.PASSED
    assert skipped.outcomes()[1] == "skipped"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("{event: {kind: x}}", "an event has a type"),
        ("{activity: {type: message}}", "an activity of type message has a text"),
        ("{activity: {value: 1}}", "an activity has a name"),
        ("{event: [a]}", "'event' is a name, or a mapping with one"),
        ('{event: {type: response.create, n: "{{ nobody }}"}}', "nothing gives 'nobody' a value before this"),
    ],
)
def test_messages_that_cannot_be_sent(tmp_path: Path, action: str, message: str) -> None:
    """They are problems, where they are written."""
    problems = plan_talk(tmp_path, f"- caller: {action}\n", desk(), protocol="realtime").problems

    assert [problem.message for problem in problems] == [message]
