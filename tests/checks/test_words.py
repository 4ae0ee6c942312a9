"""What was heard of what was said."""

from __future__ import annotations

from support_checks import audio, said
from turnspec.call import PCM_24K, Snapshot
from turnspec.call.events import (
    AgentAudio,
    AgentTruncated,
    CallEnded,
    CallerPressed,
    CallerSpoke,
    CallerTexted,
    Closer,
    Event,
    Origin,
    PlaybackFlushed,
    ResponseEnded,
    ResponseStarted,
    Side,
    TurnBegan,
)
from turnspec.checks.words import heard_words, transcript

TEN = "one two three four five six seven eight nine ten"


def agent_texts(*events: Event, side: Side = Side.MODEL) -> list[tuple[str, bool]]:
    """What was heard of the agent's words, and whether it was cut."""
    lines = transcript(Snapshot(events), side)
    return [(line.text, line.cut) for line in lines if line.who == "agent"]


def test_unflushed_words_are_all_heard() -> None:
    """What was played to the end keeps every word."""
    assert agent_texts(said(TEN, 100, 1_000), audio(150, 1_000, 160)) == [(TEN, False)]


def test_flush_keeps_the_share_of_the_words_that_was_heard() -> None:
    """Half of the audio heard is half of the words, whole words only."""
    flushed = PlaybackFlushed(at_us=700_000, unplayed_us=450_000)

    assert agent_texts(said(TEN, 100, 1_000), audio(150, 1_000, 160), flushed) == [
        ("one two three four five", True)
    ]


def test_a_bridge_that_lags_is_judged_by_the_line() -> None:
    """Audio that arrives 400 ms after the model made it is counted from when it plays."""
    flushed = PlaybackFlushed(at_us=800_000, unplayed_us=700_000)

    assert agent_texts(said(TEN, 100, 1_000), audio(500, 1_000, 500), flushed) == [("one two three", True)]


def test_the_call_ends_what_is_still_to_play() -> None:
    """After the call's end nothing is heard."""
    ended = CallEnded(at_us=400_000, by=Closer.CALLER)

    assert agent_texts(said(TEN, 0, 1_000), audio(0, 1_000, 0), ended) == [("one two three four", True)]


def test_a_trailing_frame_lost_loses_no_word() -> None:
    """Three frames of 20 ms are within what framing and resampling may lose."""
    flushed = PlaybackFlushed(at_us=950_000, unplayed_us=50_000)

    assert agent_texts(said(TEN, 0, 1_000), audio(0, 1_000, 0), flushed) == [(TEN, False)]


def test_a_cancelled_response_keeps_what_reached_the_line() -> None:
    """A bridge that stops forwarding drops words without any flush."""
    events = (
        ResponseStarted(at_us=0, side=Side.MODEL, response_id="r1"),
        audio(100, 300, 100),
        ResponseEnded(at_us=400_000, side=Side.MODEL, response_id="r1", status="cancelled"),
        said(TEN, 0, 1_000),
    )

    assert agent_texts(*events) == [("one two three", True)]


def test_audio_that_never_reached_the_line_was_not_heard() -> None:
    """Words of an item that the bridge swallowed do not count."""
    assert agent_texts(
        said("hello there", 0, 1_000, item="i1"), audio(10, 1_000, 10), said("secret", 5_000, 900, item="i2")
    ) == [("hello there", False), ("", True)]


def test_the_next_item_gets_the_next_audio_though_it_was_begun_earlier() -> None:
    """Line audio that lags goes on with the item that it belongs to, then starts the next."""
    events = (
        said("alpha beta", 0, 1_000, item="i1"),
        said("gamma delta", 300, 1_000, item="i2"),
        audio(400, 500, 400),
        audio(900, 500, 900),
        audio(1_400, 500, 1_400),
        audio(1_900, 500, 1_900),
        PlaybackFlushed(at_us=1_950_000, unplayed_us=450_000),
    )

    assert agent_texts(*events) == [("alpha beta", False), ("gamma", True)]


def test_after_a_flush_new_audio_is_of_the_new_item() -> None:
    """The rest of a flushed item does not eat the audio of the reply after it."""
    events = (
        said(TEN, 0, 1_000, item="i1"),
        audio(0, 600, 0),
        PlaybackFlushed(at_us=500_000, unplayed_us=100_000),
        said("of course", 800, 400, response="r2", item="i2"),
        audio(850, 400, 850),
    )

    assert agent_texts(*events) == [("one two three four five", True), ("of course", False)]


def test_streams_named_after_items_need_no_guessing() -> None:
    """Where the protocol names the item of its audio, that alone counts."""
    size = PCM_24K.size_of(1_000_000)
    piece = AgentAudio(at_us=0, format=PCM_24K, size=size, stream="i1", plays_at_us=500_000)
    flushed = PlaybackFlushed(at_us=700_000, unplayed_us=800_000)

    assert agent_texts(said(TEN, 400, 1_000), piece, flushed) == [("one two", True)]


def test_without_line_audio_the_agents_own_account_counts() -> None:
    """Where no audio was seen, what the agent's side was told it was heard decides."""
    told = AgentTruncated(at_us=500_000, side=Side.MODEL, item_id="i1", heard_us=400_000)

    assert agent_texts(said(TEN, 0, 1_000), told) == [("one two three four", True)]


def test_text_is_never_cut() -> None:
    """An item without audio is read, not heard."""
    ended = CallEnded(at_us=10_000, by=Closer.CALLER)

    assert agent_texts(said("plain text", 0, None), audio(0, 500, 0), ended) == [("plain text", False)]


def test_only_the_chosen_side_speaks() -> None:
    """Two accounts of the same words are not both taken."""
    events = (said("the model", 0, None), said("the agent", 0, None, side=Side.AGENT))

    assert agent_texts(*events, side=Side.AGENT) == [("the agent", False)]


def test_an_item_belongs_to_the_turn_in_which_its_response_began() -> None:
    """Words finished after the next turn began still belong to the old one."""
    events = (
        TurnBegan(at_us=0, turn=0),
        ResponseStarted(at_us=500_000, side=Side.MODEL, response_id="r1"),
        TurnBegan(at_us=900_000, turn=1),
        said("late", 1_000, None, response="r1"),
        said("later", 1_100, None, response="unknown", item="i2"),
    )
    lines = transcript(Snapshot(events), Side.MODEL)

    assert [(line.text, line.turn) for line in lines] == [("late", 0), ("later", 1)]


def test_the_callers_side_of_the_transcript() -> None:
    """Speech, text and digits appear in order, each with where it comes from."""
    events = (
        CallerSpoke(
            at_us=0,
            turn=0,
            text="I lost my card",
            origin=Origin.RECORDED,
            speech_start_us=50_000,
            speech_end_us=900_000,
        ),
        CallerPressed(at_us=1_000_000, turn=1, digit="1"),
        CallerPressed(at_us=1_200_000, turn=1, digit="#"),
        CallerTexted(at_us=2_000_000, turn=2, text="bye"),
        CallerSpoke(
            at_us=3_000_000,
            turn=3,
            text=None,
            clip="audio/cough.wav",
            origin=Origin.RECORDED,
            speech_start_us=3_000_000,
            speech_end_us=3_100_000,
        ),
        CallerPressed(at_us=4_000_000, turn=4, digit="2"),
        CallerPressed(at_us=4_500_000, turn=5, digit="3"),
    )
    lines = transcript(Snapshot(events), None)

    assert [(line.text, line.began_us, line.ended_us, line.source, line.turn) for line in lines] == [
        ("I lost my card", 50_000, 900_000, "recorded", 0),
        ("[keys 1#]", 1_000_000, 1_200_000, "scripted", 1),
        ("bye", 2_000_000, 2_000_000, "scripted", 2),
        ("[audio/cough.wav]", 3_000_000, 3_100_000, "recorded", 3),
        ("[keys 2]", 4_000_000, 4_000_000, "scripted", 4),
        ("[keys 3]", 4_500_000, 4_500_000, "scripted", 5),
    ]


def test_heard_words_are_whole_words() -> None:
    """A word of which a part was heard was not said."""
    assert heard_words("one two three", 999, 1_000) == "one two"
    assert heard_words("one two three", 0, 1_000) == ""
