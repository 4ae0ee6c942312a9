"""What is a reply and what is none: fillers, and replies that go on over a sound of the caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import Talk, plan_talk, talk
from turnspec.results import State
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases

AGENT = """
    agent: Desk
    functions: {look_up: {parameters: {number: string}, returns: {new: 2}, takes: 2 s}}
    responses:
      late:
        when: {keywords: [five five]}
        say: Message deleted.
        audio: audio/agent/deleted.flac
      looks:
        when: {keywords: [nine three]}
        say: Message deleted.
        audio: audio/agent/deleted.flac
        call: {look_up: {number: "29340"}}
        then: {say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac}
      long:
        when: {keywords: [seven]}
        say: First message. Received yesterday from an unknown caller.
        audio: audio/agent/mailbox-first.flac
        interruptible: false
      stops:
        when: {keywords: [ten]}
        say: First message. Received yesterday from an unknown caller.
        audio: audio/agent/mailbox-first.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""
IDLE = (
    "    idle: {after: 3 s, say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac, times: 1}\n"
)
PROTOCOLS = ("twilio", "audiocodes", "realtime")


def asked(clip: str, more: str = "") -> str:
    """A turn that asks, and expects the reply after the filler."""
    return f"""
        - turn: Ask
          caller: {{audio: audio/caller/{clip}.flac}}
          expect: {{says: goodbye, does_not_say: deleted}}
          filler: Message deleted!
{more}
    """


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("clip", ["account", "five-five"])
def test_a_filler_is_not_the_reply(tmp_path: Path, clip: str, protocol: str) -> None:
    """Followed by the reply at once, or long after its own end: the turn goes on to the reply."""
    call = talk(tmp_path, asked(clip), AGENT + IDLE, protocol=protocol)
    first, reply = call.measured("Ask", "first_response"), call.measured("Ask", "response")

    assert call.failures() == []
    assert 0 < (first.value_us or 0) < 300_000
    assert (reply.value_us or 0) > 2_000_000
    questions = [(event["question"], event["outcome"]) for event in call.events("decided")]
    assert questions[-1] == ("filler", "reply")
    assert (len(questions) > 1) is (clip == "five-five")


def test_without_fillers_the_first_words_are_the_reply(tmp_path: Path) -> None:
    """The same call fails where nobody said that this is a filler; a turn may say so against its scenario."""
    turns = asked("five-five").replace("filler: Message deleted!", "filler: []")
    call = talk(tmp_path, turns, AGENT + IDLE, head="filler: message deleted\n")

    assert sorted(call.kinds()) == ["does_not_say", "says"]


@pytest.mark.parametrize(("patience", "kinds"), [("4 s", []), ("2 s", ["no-reply", "says"])])
def test_patience_starts_again_after_a_filler(tmp_path: Path, patience: str, kinds: list[str]) -> None:
    """The reply comes 4.4 s after the caller's end, and 2.4 s after the filler was over."""
    call = talk(tmp_path, asked("five-five", f"          patience: {patience}"), AGENT + IDLE)

    assert call.kinds() == kinds


def test_patience_starts_again_only_once(tmp_path: Path) -> None:
    """A second filler is no reply either, and brings no more time."""
    idle = IDLE.replace("Message undeleted. Goodbye!", "Message deleted.").replace("undeleted", "deleted")
    turns = asked("five-five", "          patience: 4 s")
    call = talk(tmp_path, turns, AGENT + idle.replace("times: 1", "times: 5"))

    assert call.kinds() == ["no-reply", "says"]
    assert call.turn("Ask").ended_us is not None
    # Its own 4 s after the first filler was over, and not 4 s more after each that followed.
    assert (call.turn("Ask").ended_us or 0) < 8_500_000


@pytest.mark.parametrize(
    ("turn", "head", "fillers"),
    [
        ("", "", ("of the target",)),
        ("", "filler: of the scenario\n", ("of the scenario",)),
        ("          filler: [of, the turn]", "filler: of the scenario\n", ("of", "the turn")),
        ("          filler: []", "", ()),
    ],
)
def test_fillers_are_those_of_the_nearest_list(
    tmp_path: Path, turn: str, head: str, fillers: tuple[str, ...]
) -> None:
    """A turn's list counts before the scenario's, and that before the target's; a text is a list of it."""
    turns = asked("five-five", turn).replace("          filler: Message deleted!\n", "")
    plan_talk(tmp_path, turns, AGENT, head=head)
    target = "{agent: agent.yaml, protocol: twilio, filler: [of the target]}"
    (tmp_path / "turnspec.yaml").write_text(f"version: 1\ntargets: {{desk: {target}}}\n", "utf-8")
    planned = plan_cases(RunOptions(paths=(tmp_path / "talk.yaml",)))

    assert not planned.problems
    assert planned.cases[0].plan.turns[0].fillers == fillers


def mm_hm(tmp_path: Path, clip: str, protocol: str = "twilio", *, after: str = "1 s", more: str = "") -> Talk:
    """A call in which the caller makes a sound over the reply to `clip`."""
    turns = f"""
        - turn: Ask
          caller: {{audio: audio/caller/{clip}.flac}}
        - turn: Mm-hm
          caller: {{audio: audio/caller/five-five.flac, backchannel: {{after: {after}}}}}
          expect: {{keeps_speaking: true}}
{more}
        - turn: Next
          caller: {{audio: audio/caller/account.flac}}
          expect: {{says: goodbye}}
    """
    return talk(tmp_path, turns, AGENT, protocol=protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_agent_that_goes_on_is_heard_out(tmp_path: Path, protocol: str) -> None:
    """The turn of the sound takes no reply; the rest belongs to the turn before, and the next one waits."""
    call = mm_hm(tmp_path, "seven-of-clubs", protocol)
    spoken = call.events("caller-spoke")

    assert call.failures() == []
    assert [turn.how for turn in call.result.turns] == ["interrupted", "quiet", "replied"]
    assert call.said("Ask").endswith("unknown caller.")
    assert call.measured("Ask", "speech").state is State.CENSORED
    assert spoken[2]["at_us"] >= (call.turn("Mm-hm").ended_us or 0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_agent_that_stops_for_a_sound_fails(tmp_path: Path, protocol: str) -> None:
    """It broke off, so what it had to say was not all heard."""
    call = mm_hm(tmp_path, "ten-of-clubs", protocol)

    assert call.kinds() == ["keeps_speaking"]
    assert call.turn("Ask").lines[-1].cut


def test_a_sound_comes_too_late_where_the_reply_is_over(tmp_path: Path) -> None:
    """Nothing is played, and the turn says so; the next one goes on."""
    call = mm_hm(tmp_path, "seven-of-clubs", after="30 s")

    assert call.outcomes() == ["passed", "failed", "passed"]
    assert call.kinds() == ["interrupt"]
    assert len(call.events("caller-spoke")) == 2


def test_a_reply_may_be_talked_over_after_a_sound(tmp_path: Path) -> None:
    """`after` counts from the beginning of the reply, also in the second turn that acts on it."""
    more = """
        - turn: Again
          caller: {audio: audio/caller/ten-of-clubs.flac, backchannel: {after: 3 s}}
          expect: {keeps_speaking: true}
"""
    call = mm_hm(tmp_path, "seven-of-clubs", more=more)
    _, first, second, _ = call.events("caller-spoke")

    assert call.outcomes()[:3] == ["passed", "passed", "passed"]
    assert [turn.how for turn in call.result.turns[:3]] == ["interrupted", "interrupted", "quiet"]
    assert 1_900_000 <= second["at_us"] - first["at_us"] <= 2_400_000


@pytest.mark.parametrize("key", ["stops: true", "keeps_speaking: true"])
def test_nobody_stops_for_nobody(tmp_path: Path, key: str) -> None:
    """Where nobody talks over the agent, whether it stops is a problem before the call."""
    turns = f"- {{turn: Ask, caller: {{audio: audio/caller/five-five.flac}}, expect: {{{key}}}}}"

    assert [problem.kind for problem in plan_talk(tmp_path, turns, AGENT).problems] == ["nobody-talks-over"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_recording_is_found_in_what_the_agent_plays(tmp_path: Path, protocol: str) -> None:
    """By its sound as it came over the line, in the turn that it was played in, and no other recording."""
    turns = """
        - turn: Ask
          caller: {audio: audio/caller/seven-of-clubs.flac}
          expect: {plays: audio/agent/mailbox-first.flac}
        - turn: Other
          caller: {audio: audio/caller/five-five.flac}
          expect: {plays: "audio/agent/{{ clip }}.flac"}
        - turn: Another
          caller: {audio: audio/caller/five-five.flac}
          expect: {plays: audio/agent/mailbox-first.flac}
    """
    call = talk(tmp_path, turns, AGENT, head="variables: {clip: deleted}\n", protocol=protocol)

    assert call.outcomes() == ["passed", "passed", "failed"]
    assert [finding.kind for finding in call.failures()] == ["plays"]
    began_us = call.measured("Ask", "response").to_us
    (found,) = [one for one in call.turn("Ask").findings if one.kind == "plays"]
    assert abs((found.at_us or 0) - (began_us or 0)) <= 20_000


@pytest.mark.parametrize(("clip", "kind"), [("deletd", "missing-file"), ("", "undefined-name")])
def test_a_recording_that_is_to_be_played_is_looked_for_before_the_call(
    tmp_path: Path, clip: str, kind: str
) -> None:
    """Under the name that its template becomes."""
    turns = """
        - turn: Ask
          caller: {audio: audio/caller/five-five.flac}
          expect: {plays: "audio/agent/{{ clip }}.flac"}
    """
    head = f"variables: {{clip: {clip}}}\n" if clip else ""

    assert [problem.kind for problem in plan_talk(tmp_path, turns, AGENT, head=head).problems] == [kind]
