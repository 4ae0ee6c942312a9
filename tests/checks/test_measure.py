"""Times with their error bars, by their exact definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from support_checks import (
    CONTEXT,
    audio,
    began,
    call,
    called,
    ended,
    over,
    plan_of,
    responded,
    returned,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.audio import samples_of, track_of
from turnspec.call import Snapshot
from turnspec.call.events import (
    AgentSpeechBegan,
    AgentSpeechEnded,
    CallerPressed,
    CallerTexted,
    CallerWaited,
    CallRefused,
    Dialled,
    PlaybackFlushed,
    ResponseEnded,
    Side,
    TextBegan,
)
from turnspec.checks import error_bar
from turnspec.checks.measure import measure_call, measure_turn
from turnspec.checks.scene import Scene
from turnspec.plan import TargetKind
from turnspec.results import Judged, Measurement, State

SPEAKS = "caller: I lost my card\nexpect: {says: blocked}"
TALKS_OVER = "caller: {say: stop please, interrupt: {after: 1 s}}\nexpect: {stops: true}"


def measured(view: Snapshot, *written: str, turn: int = 0, lateness_us: int = 0) -> dict[str, Measurement]:
    """The measurements of one turn by name; of several of a name, the last."""
    scene = Scene(plan_of(turns(*written)), view)
    found = scene.turn(turn)
    assert found is not None
    return {one.name: one for one in measure_turn(scene, found, lateness_us)}


def of_call(view: Snapshot, *written: str) -> dict[str, Measurement]:
    """The call's own measurements by name."""
    return {one.name: one for one in measure_call(Scene(plan_of(turns(*written)), view), 0)}


def taken(measurement: Measurement) -> tuple[State, int | None, int, int | None, int | None]:
    """State, value, error, from and to of a measurement, in whole milliseconds."""

    def ms(value: int | None) -> int | None:
        return None if value is None else value // 1_000

    return (
        measurement.state,
        ms(measurement.value_us),
        measurement.error_us // 1_000,
        ms(measurement.from_us),
        ms(measurement.to_us),
    )


def answered(*events: Any, speech: tuple[tuple[int, int], ...] = ((1_300, 2_500),)) -> Snapshot:
    """The caller speaks from 100 ms to 1 s; the agent is heard during `speech`."""
    return call(
        began(0, 60), spoke(0, 100, 1_000), *events, over(0, 3_500), ended(4_000), agent=tones(*speech)
    )


def test_the_error_bar_is_edge_frame_and_lateness() -> None:
    """5 ms for the edges and what blurs each of them, half a frame, and what the engine was late."""
    assert error_bar(0) == 15_000
    assert error_bar(0, 40_000) == 55_000
    assert error_bar(0, 30_000, 40_000) == 65_000
    assert error_bar(4_200) == 19_200
    assert measured(answered(), SPEAKS, lateness_us=4_000)["response"].error_us == 19_000


def test_over_a_noise_the_error_bar_is_wider() -> None:
    """An agent that is heard over a noise is timed less exactly: each time says so by the edges it counts."""
    quiet = answered()
    assert quiet.agent is not None
    samples = samples_of(quiet.agent)
    hiss = np.random.default_rng(1).normal(0, 500, len(samples)).astype(np.int16)
    noisy = replace(quiet, agent=track_of(samples + hiss, quiet.agent.rate_hz))
    bars = {name: each.error_us for name, each in measured(noisy, SPEAKS).items() if each.error_us}

    begins_us, ends_us = bars["response"], bars["turn"]
    assert 15_000 < begins_us < ends_us < bars["speech"] < begins_us + ends_us
    assert bars["overlap"] == begins_us  # of what may have begun over the caller's last words
    assert bars["gap"] == 15_000  # none was seen between two edges


def test_each_edge_has_the_error_of_the_noise_around_it() -> None:
    """Where noise begins after the agent has begun, only the times that count from its end are less exact."""
    quiet = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 9_000),
        ended(9_500),
        agent=tones((1_300, 2_500), (5_000, 6_500)),
    )
    assert quiet.agent is not None
    samples = samples_of(quiet.agent)
    hiss = np.random.default_rng(1).normal(0, 500, len(samples)).astype(np.int16)
    hiss[: 4 * quiet.agent.rate_hz] = 0
    found = measured(replace(quiet, agent=track_of(samples + hiss, quiet.agent.rate_hz)), SPEAKS)

    assert found["response"].error_us == 15_000
    assert 15_000 < found["gap"].error_us < found["turn"].error_us < found["speech"].error_us


def test_response_is_from_the_end_of_the_callers_speech_to_the_agents_first() -> None:
    """300 ms after the last voiced sample, to the millisecond."""
    assert taken(measured(answered(), SPEAKS)["response"]) == (State.MEASURED, 300, 15, 1_000, 1_300)


def test_a_reply_begun_early_is_negative_and_counts_as_overlap() -> None:
    """Answering into the caller's last words is fast, and shows elsewhere."""
    found = measured(answered(speech=((800, 2_000),)), SPEAKS + "\nbudget: {response: 500 ms}")

    assert taken(found["response"]) == (State.MEASURED, -200, 15, 1_000, 800)
    assert found["response"].judged is Judged.WITHIN
    assert taken(found["overlap"]) == (State.MEASURED, 200, 15, 800, 1_000)


def test_turn_speech_and_gap() -> None:
    """From the caller's end to the agent's; what it spoke; its longest pause."""
    found = measured(answered(speech=((1_300, 1_800), (2_400, 2_500), (2_800, 3_000))), SPEAKS)

    assert taken(found["turn"]) == (State.MEASURED, 2_000, 15, 1_000, 3_000)
    assert taken(found["speech"]) == (State.MEASURED, 800, 15, 1_300, 3_000)
    assert taken(found["gap"]) == (State.MEASURED, 600, 15, 1_800, 2_400)


def test_pauses_too_short_to_part_speech_still_count_as_gaps() -> None:
    """A pause of 120 ms is bridged for speech, but is the longest silence there was."""
    found = measured(answered(speech=((1_300, 1_800), (1_920, 2_500))), SPEAKS)

    assert taken(found["speech"]) == (State.MEASURED, 1_200, 15, 1_300, 2_500)
    assert taken(found["gap"]) == (State.MEASURED, 120, 15, 1_800, 1_920)


def test_speech_before_the_callers_action_is_not_its_answer() -> None:
    """What the agent adds between two turns does not count as a quick reply."""
    view = call(
        began(0, 60),
        spoke(0, 1_500, 2_000),
        over(0, 4_500),
        ended(5_000),
        agent=tones((300, 900), (2_700, 3_000)),
    )

    assert taken(measured(view, SPEAKS)["response"]) == (State.MEASURED, 700, 15, 2_000, 2_700)


def test_of_several_actions_the_last_counts() -> None:
    """For a list, budgets run from the end of its last action."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        CallerPressed(at_us=1_500_000, turn=0, digit="1"),
        CallerPressed(at_us=1_650_000, turn=0, digit="#"),
        over(0, 3_000),
        agent=tones((1_900, 2_500)),
    )

    assert taken(measured(view, SPEAKS)["response"]) == (State.MEASURED, 250, 15, 1_650, 1_900)


def test_a_silent_caller_is_answered_too() -> None:
    """Waiting is an action: it ends when the wait ends."""
    view = call(
        began(0, 60),
        CallerWaited(at_us=100_000, turn=0, until_us=2_100_000),
        over(0, 5_000),
        agent=tones((2_500, 3_000)),
    )

    assert taken(measured(view, SPEAKS)["response"]) == (State.MEASURED, 400, 15, 2_100, 2_500)


def test_text_is_answered_at_its_first_delta_without_an_error_bar() -> None:
    """Messages have no edges; budgets of speech do not apply to them."""
    view = call(
        began(0, 60),
        CallerTexted(at_us=500_000, turn=0, text="hello"),
        TextBegan(at_us=730_000, side=Side.MODEL, response_id="r1"),
        over(0, 900),
    )
    found = measured(view, SPEAKS + "\nbudget: {gap: 1 s}")

    assert taken(found["response"]) == (State.MEASURED, 230, 0, 500, 730)
    assert found["gap"].state is State.NOT_APPLICABLE
    assert "speech" not in found


def test_a_listening_turn_answers_the_turn_before_that_took_no_reply() -> None:
    """What was said a turn ago is what the reply answers."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 1_010, "quiet"),
        began(1, 1_010),
        over(1, 3_000),
        agent=tones((1_600, 2_000)),
    )
    found = measured(view, "caller: I lost my card", "expect: {says: blocked}", turn=1)

    assert taken(found["response"]) == (State.MEASURED, 600, 15, 1_000, 1_600)


def test_a_greeting_has_no_response_time() -> None:
    """Where the caller did nothing, there is nothing that the reply answers."""
    view = call(began(0, 60), over(0, 3_000), agent=tones((500, 1_000)))
    inherited = "expect: {says: welcome}\nbudget: {response: 1 s}"

    assert "response" not in measured(view, "expect: {says: welcome}")
    assert measured(view, inherited)["response"].fails


def test_no_reply_is_censored_never_zero() -> None:
    """At least as long as was waited: over the limit it fails, under it nothing is known."""
    view = call(began(0, 60), spoke(0, 100, 1_000), over(0, 16_000, "no-reply"), agent=tones())
    found = measured(view, SPEAKS + "\nbudget: {response: 800 ms}")["response"]

    assert taken(found) == (State.CENSORED, 15_000, 15, 1_000, 16_000)
    assert found.judged is Judged.EXCEEDED


def test_a_reply_without_speech_is_not_exercised() -> None:
    """Silence of natural length has no onset."""
    found = measured(answered(speech=()), SPEAKS + "\nbudget: {response: 800 ms}")["response"]

    assert (found.state, found.fails) == (State.NOT_EXERCISED, True)
    assert found.why == "no speech was heard in the agent's audio"


def test_a_silent_agent_of_ours_is_told_how_it_is_heard() -> None:
    """Where turnspec plays the agent, the reason names what the script lacks."""
    plan = plan_of(turns(SPEAKS + "\nbudget: {response: 800 ms}"), kind=TargetKind.AGENT)
    scene = Scene(plan, answered(speech=()))
    turn = scene.turn(0)
    assert turn is not None
    found = {one.name: one for one in measure_turn(scene, turn, 0)}["response"]

    assert found.why.endswith(", and a local agent is silent without `audio` in its script")


def test_inherited_limits_do_not_apply_where_nothing_can_be_measured() -> None:
    """A scenario's budget passes over turns without a call; a turn's own does not."""
    scenario = turns("caller: I lost my card\nexpect: {says: blocked}").replace(
        "turns:", "budgets: {function_call: 1 s}\nturns:"
    )
    scene = Scene(plan_of(scenario), answered())
    turn = scene.turn(0)
    assert turn is not None
    inherited = {one.name: one for one in measure_turn(scene, turn, 0)}["function_call"]
    own = measured(answered(), SPEAKS + "\nbudget: {function_call: 1 s}")["function_call"]

    assert (inherited.state, inherited.fails) == (State.NOT_APPLICABLE, False)
    assert (own.state, own.fails) == (State.NOT_EXERCISED, True)


def test_each_function_call_is_timed() -> None:
    """From the caller's end to the complete call, and from the call to its output."""
    view = answered(
        called("lookup", "{}", 1_150, "a"),
        returned("1", 1_190, "a"),
        called("block_card", "{}", 1_400, "b"),
    )
    scene = Scene(plan_of(turns(SPEAKS)), view)
    turn = scene.turn(0)
    assert turn is not None
    found = [
        (one.name, one.why, *taken(one)) for one in measure_turn(scene, turn, 0) if "function" in one.name
    ]

    assert found == [
        ("function_call", "lookup", State.MEASURED, 150, 15, 1_000, 1_150),
        ("function_call", "block_card", State.MEASURED, 400, 15, 1_000, 1_400),
        ("function_return", "lookup", State.MEASURED, 40, 0, 1_150, 1_190),
        ("function_return", "block_card gave nothing back", State.CENSORED, 2_602, 0, 1_400, 4_002),
    ]


def test_first_audio_counts_silence_too() -> None:
    """The first frame of the reply, voiced or not, when it plays."""
    found = measured(answered(audio(1_100, 20, 1_120)), SPEAKS)["first_audio"]

    assert taken(found) == (State.MEASURED, 120, 15, 1_000, 1_120)


def talked_over(*events: Any, speech: tuple[tuple[int, int], ...]) -> Snapshot:
    """The agent speaks from 1.5 s on; the caller talks over it from 3 s to 3.7 s."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        over(0, 1_560, "interrupted"),
        began(1, 3_000),
        spoke(1, 3_000, 3_700, "stop please", interrupts=True),
        *events,
        over(1, 7_000),
        ended(8_000),
        agent=tones(*speech),
    )


def test_barge_in_is_from_the_callers_speech_to_the_agents_silence() -> None:
    """A flush that takes effect after 240 ms is 240 ms."""
    view = talked_over(
        PlaybackFlushed(at_us=3_240_000, unplayed_us=2_000_000), speech=((1_500, 3_240), (4_300, 5_000))
    )
    found = measured(view, SPEAKS, TALKS_OVER, turn=1)

    assert taken(found["barge_in"]) == (State.MEASURED, 240, 15, 3_000, 3_240)
    assert taken(found["response"]) == (State.MEASURED, 600, 15, 3_700, 4_300)
    assert taken(found["overlap"]) == (State.MEASURED, 240, 15, 3_000, 3_240)
    assert taken(found["speech"]) == (State.MEASURED, 700, 15, 4_300, 5_000)


def test_the_reply_that_was_talked_over_is_censored() -> None:
    """Its length, its pauses and its end are lower bounds; its response is known."""
    view = talked_over(
        PlaybackFlushed(at_us=3_240_000, unplayed_us=2_000_000), speech=((1_500, 3_240), (4_300, 5_000))
    )
    found = measured(view, SPEAKS, TALKS_OVER)

    assert taken(found["response"]) == (State.MEASURED, 500, 15, 1_000, 1_500)
    assert taken(found["turn"]) == (State.CENSORED, 2_240, 15, 1_000, 3_240)
    assert taken(found["speech"]) == (State.CENSORED, 1_740, 15, 1_500, 3_240)
    assert found["gap"].state is State.CENSORED


def test_an_agent_that_goes_on_is_timed_to_its_end() -> None:
    """Never cleared: it speaks until it has finished, pauses below 600 ms included."""
    view = talked_over(
        ResponseEnded(at_us=3_200_000, side=Side.MODEL, response_id="r1", status="cancelled"),
        speech=((1_500, 3_900), (4_200, 5_900)),
    )
    found = measured(view, SPEAKS, TALKS_OVER, turn=1)["barge_in"]

    assert taken(found) == (State.MEASURED, 2_900, 15, 3_000, 5_900)


def test_a_bridge_that_clears_and_then_sends_the_rest_has_not_stopped() -> None:
    """Old speech that comes back within 600 ms, before the caller was done, is not silence."""
    view = talked_over(
        PlaybackFlushed(at_us=3_200_000, unplayed_us=900_000), speech=((1_500, 3_200), (3_450, 5_000))
    )

    assert measured(view, SPEAKS, TALKS_OVER, turn=1)["barge_in"].value_us == 2_000_000


def test_an_agent_that_merely_finished_was_not_stopped() -> None:
    """Nothing was flushed, cancelled or truncated: no barge-in took place."""
    found = measured(
        talked_over(speech=((1_500, 3_240), (4_300, 5_000))),
        SPEAKS,
        TALKS_OVER + "\nbudget: {barge_in: 300 ms}",
        turn=1,
    )["barge_in"]

    assert (found.state, found.fails) == (State.NOT_EXERCISED, True)
    assert found.why == "the agent merely finished what it had to say"


def test_greeting_is_from_the_call_being_up() -> None:
    """The call was up at 50 ms, the agent heard at 450 ms."""
    view = call(began(0, 60), over(0, 3_000), ended(3_100), agent=tones((450, 1_000)))

    assert taken(of_call(view, "expect: {says: welcome}")["greeting"]) == (State.MEASURED, 400, 15, 50, 450)


def test_an_agent_that_waits_for_the_caller_has_no_greeting() -> None:
    """Its first words are an answer, unless they come before the caller's."""
    early = call(
        began(0, 60), spoke(0, 1_100, 2_000), over(0, 3_000), agent=tones((200, 600), (2_500, 2_900))
    )

    assert "greeting" not in of_call(answered(), SPEAKS)
    assert taken(of_call(early, SPEAKS)["greeting"]) == (State.MEASURED, 150, 15, 50, 200)


def test_a_missing_greeting_is_censored() -> None:
    """It was waited for: at least so long."""
    view = call(began(0, 60), over(0, 15_050, "no-reply"), ended(15_100), agent=tones())

    assert taken(of_call(view, "expect: {says: welcome}")["greeting"]) == (
        State.CENSORED,
        15_000,
        15,
        50,
        15_050,
    )


def test_connect_and_call() -> None:
    """From dialling to up, from up to the first hang-up; closing the line does not count."""
    found = of_call(answered(), SPEAKS)

    assert taken(found["connect"]) == (State.MEASURED, 50, 0, 0, 50)
    assert taken(found["call"]) == (State.MEASURED, 3_950, 0, 50, 4_000)


def test_a_refused_call_has_no_times() -> None:
    """Nothing is ever 0 ms because it is missing."""
    scenario = turns(SPEAKS).replace("turns:", "budgets: {connect: 1 s, call: 1 min}\nturns:")
    events = (Dialled(at_us=0, url="ws://x", protocol="twilio"), CallRefused(at_us=30_000, reason="403"))
    found = measure_call(Scene(plan_of(scenario), Snapshot(events)), CONTEXT.lateness_us)

    assert [(one.name, one.state, one.value_us) for one in found] == [
        ("connect", State.NOT_APPLICABLE, None),
        ("call", State.NOT_APPLICABLE, None),
    ]


def test_without_a_recording_what_was_noticed_in_the_call_counts() -> None:
    """A call judged while it is up may have no track yet."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        AgentSpeechBegan(at_us=1_480_000, began_us=1_400_000),
        said("blocked", 1_200),
        AgentSpeechEnded(at_us=2_300_000, ended_us=2_100_000),
        AgentSpeechBegan(at_us=2_650_000, began_us=2_600_000),
    )
    found = measured(view, SPEAKS)

    assert taken(found["response"]) == (State.MEASURED, 400, 15, 1_000, 1_400)
    assert taken(found["speech"]) == (State.MEASURED, 750, 15, 1_400, 2_650)
