"""What of the Realtime server can be set: by its policy, by the session, and by one response."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from support_realtime import Line, LiteralAgent, judged, quiet, speech, tone, types
from turnspec.adapters.realtime.server import Policy
from turnspec.adapters.realtime.wire.effective import reasons
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.call.events import AgentSaid, CallerHeard, FunctionCalled, ResponseEnded
from turnspec.doubles.agent.reply import FunctionCall, Reply

TEXT = {"output_modalities": ["text"]}
SECOND_US = 1_000_000


def line_of(*replies: Reply, policy: Policy | None = None, **agent: Any) -> Line:
    """A session with some answers."""
    return Line(LiteralAgent(list(replies), **agent), policy=policy or Policy())


def idle_after(line: Line, timeout_ms: int | None) -> None:
    """Set the idle timeout."""
    line.configure(audio={"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": timeout_ms}}})


YES = Reply("r", text="Yes.", audio=speech(500_000))
MORE = Reply("more", text="Hello?", audio=speech(500_000))


class TestPolicy:
    """Where live servers differ or nothing is published, it is a setting."""

    def test_the_order_of_the_pair_at_the_end(self) -> None:
        """Either event of a finished item may come first."""
        line = line_of(Reply("r", text="Hi."), policy=Policy(item_done_first=False))
        line.configure(**TEXT)
        kinds = types(line.say("Hello"))

        done = kinds.index("response.output_item.done")
        assert kinds[done + 1] == "conversation.item.done"

    def test_codes_that_are_not_published(self) -> None:
        """An unknown place and an unknown call have the codes that are set."""
        line = line_of(policy=Policy(unknown_place_code="p", unknown_call_code="c"))
        message = {"type": "message", "role": "system", "content": []}
        output = {"type": "function_call_output", "call_id": "x", "output": ""}
        errors = [
            line.send({"type": "conversation.item.create", "item": message, "previous_item_id": "x"})[-1],
            line.send({"type": "conversation.item.create", "item": output})[-1],
        ]

        assert [event["error"]["code"] for event in errors] == ["p", "c"]

    def test_a_voice_that_may_change(self) -> None:
        """The voice can be changed after it was heard, where that is set."""
        line = line_of(YES, policy=Policy(freezes_voice=False))
        line.say("Hello")

        assert line.configure(audio={"output": {"voice": "ash"}})["type"] == "session.updated"

    def test_a_transcript_that_stays(self) -> None:
        """A truncated item keeps its transcript, where that is set."""
        line = line_of(YES, policy=Policy(forgets_truncated_transcript=False))
        item_id = line.say("Hello")[-2]["response"]["output"][0]["id"]
        cut = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0}
        line.send({**cut, "audio_end_ms": 100})
        (retrieved,) = line.send({"type": "conversation.item.retrieve", "item_id": item_id})

        assert retrieved["item"]["content"][0]["transcript"] == "Yes."

    def test_a_failure_without_usage(self) -> None:
        """A response that failed has no usage, where that is set; the error is told in any case."""
        line = line_of(
            Reply("r", text="x", fails_with="rate_limit_exceeded"), policy=Policy(failed_usage=False)
        )
        done = line.say("Hello")[-2]["response"]

        assert (done["status"], done["usage"]) == ("failed", None)
        assert done["status_details"]["error"] == {
            "type": "server_error",
            "code": "rate_limit_exceeded",
            "message": "The server had an error while processing your request: rate_limit_exceeded.",
        }

    @pytest.mark.parametrize(("resets", "silence_ms"), [(False, 450), (True, 200)])
    def test_turn_detection_that_is_said_in_part(self, resets: bool, silence_ms: int) -> None:  # noqa: FBT001 # a fact
        """What an update leaves out stays, or becomes the default, as is set."""
        line = line_of(policy=Policy(resets_turn_detection=resets))
        for part in ({"silence_duration_ms": 450}, {"threshold": 0.7}):
            updated = line.configure(audio={"input": {"turn_detection": {"type": "server_vad", **part}}})

        detection = updated["session"]["audio"]["input"]["turn_detection"]
        assert (detection["threshold"], detection["silence_duration_ms"]) == (0.7, silence_ms)
        assert line.configure(instructions="x")["session"]["audio"]["input"]["turn_detection"] == detection


class TestModels:
    """What depends on the model."""

    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("gpt-realtime-2", True),
            ("gpt-realtime-2.1", True),
            ("gpt-realtime-2.1-mini", True),
            ("gpt-realtime", False),
            ("gpt-realtime-2025-08-28", False),
            ("gpt-realtime-1.5", False),
            ("gpt-realtime-20", False),
        ],
    )
    def test_which_models_reason(self, model: str, expected: bool) -> None:  # noqa: FBT001 # a fact
        """The family, not the year."""
        assert reasons(model) is expected

    def test_a_model_that_reasons(self) -> None:
        """Its session says how hard it thinks, and takes both settings, for a response too."""
        line = Line(LiteralAgent([Reply("r", text="Hi.")]), model="gpt-realtime-2")
        updated = line.configure(**TEXT, reasoning={"effort": "high"}, parallel_tool_calls=False)
        assert updated["session"]["reasoning"] == {"effort": "high"}
        assert updated["session"]["parallel_tool_calls"] is False
        line.send({"type": "response.create", "response": {"reasoning": {"effort": "minimal"}}})

        assert line.news_of("response.done")["response"]["status"] == "completed"

    def test_a_model_that_does_not(self) -> None:
        """It refuses both, in the session and for a response, and takes null for absent."""
        line = line_of()
        (error,) = line.send({"type": "response.create", "response": {"parallel_tool_calls": True}})[-1:]
        assert (error["error"]["code"], error["error"]["param"]) == (
            "unsupported_parameter",
            "response.parallel_tool_calls",
        )

        assert "reasoning" not in line.configure(reasoning=None, parallel_tool_calls=None)["session"]


def test_a_session_begins_as_it_is_told() -> None:
    """Settings that the server begins with are in `session.created`, and are what null brings back."""
    begun = SessionPatch.model_validate(
        {"type": "realtime", "instructions": "Be brief.", "audio": {"output": {"voice": "ash"}}}
    )
    line = Line(LiteralAgent(), settings=[begun])
    (created,) = line.news()
    assert created["session"]["instructions"] == "Be brief."
    assert created["session"]["audio"]["output"]["voice"] == "ash"
    line.configure(instructions="Talk.")

    assert line.configure(instructions=None)["session"]["instructions"] == "Be brief."


class TestIdleTimeout:
    """`idle_timeout_ms`: the caller is prompted after a silence that follows an answer."""

    def test_it_counts_from_the_end_of_playing(self) -> None:
        """Half a second of audio and five of silence; then again after the next answer."""
        line = line_of(YES, MORE, MORE)
        idle_after(line, 5_000)
        line.say("Hello")
        line.wait(12 * SECOND_US)

        fired = [at for at, frame in zip(line.times, line.sent, strict=True) if "timeout_triggered" in frame]
        assert fired == [5_500_000, 11_000_000]

    def test_it_needs_an_answer_first(self) -> None:
        """Nothing was said yet: nobody is late."""
        line = line_of()
        idle_after(line, 5_000)

        assert line.later(60 * SECOND_US)[1:] == []

    def test_speech_stops_it(self) -> None:
        """A caller who speaks is not silent; the count begins after the next answer."""
        line = line_of(YES, MORE, MORE)
        idle_after(line, 5_000)
        line.say("Hello")
        line.wait(3 * SECOND_US)
        line.hear(np.concatenate([tone(4 * SECOND_US), quiet(400_000)]))
        line.wait(4 * SECOND_US)

        assert not [frame for frame in line.sent if "timeout_triggered" in frame]

    def test_speech_that_is_not_answered_stops_it_too(self) -> None:
        """Without `create_response` nothing is counted before the client has asked for an answer."""
        line = line_of(YES)
        detection = {"type": "server_vad", "idle_timeout_ms": 5_000, "create_response": False}
        line.configure(audio={"input": {"turn_detection": detection}})
        line.say("Hello")
        line.wait(3 * SECOND_US)
        line.hear(np.concatenate([tone(4 * SECOND_US), quiet(400_000)]))
        line.wait(60 * SECOND_US)

        assert not [frame for frame in line.sent if "timeout_triggered" in frame]

    def test_null_turns_it_off(self) -> None:
        """Set, and taken back."""
        line = line_of(YES)
        idle_after(line, 5_000)
        idle_after(line, None)
        line.say("Hello")

        line.wait(60 * SECOND_US)
        assert not [frame for frame in line.sent if "timeout_triggered" in frame]

    def test_the_silence_is_an_item(self) -> None:
        """What was streamed meanwhile is committed; nobody is reported to have said anything."""
        line = line_of(YES, MORE)
        idle_after(line, 5_000)
        line.say("Hello")
        line.hear(quiet(6 * SECOND_US))
        triggered = line.news_of("input_audio_buffer.timeout_triggered")
        assert (triggered["audio_start_ms"], triggered["audio_end_ms"]) == (500, 5480)
        (retrieved,) = line.send({"type": "conversation.item.retrieve", "item_id": triggered["item_id"]})

        silence = base64.b64decode(retrieved["item"]["content"][0]["audio"])
        assert len(silence) == 4_980 * 48
        assert [event.text for event in line.witness.of(CallerHeard)] == ["Hello"]


class TestSemanticVad:
    """Turns end when the words do, as far as the agent knows them."""

    @pytest.mark.parametrize(
        ("eagerness", "pause_ms", "longest_ms"),
        [("high", 300, 2_000), ("medium", 600, 4_000), ("auto", 600, 4_000), ("low", 1_000, 8_000)],
    )
    def test_how_long_it_waits(self, eagerness: str, pause_ms: int, longest_ms: int) -> None:
        """A short pause after whole words; the documented maximum where words are known to be missing."""
        ends: list[int] = []
        told: list[int] = []
        for missing_us in (0, 900_000):
            line = line_of(YES, missing_us=[missing_us])
            line.configure(
                audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": eagerness}}}
            )
            line.hear(np.concatenate([tone(500_000), quiet(9 * SECOND_US)]))
            ends.append(line.news_of("input_audio_buffer.speech_stopped")["audio_end_ms"])
            told.append(line.time_of("input_audio_buffer.speech_stopped") // 1_000)

        assert ends == told == [500 + pause_ms, 500 + longest_ms]

    def test_speech_goes_on_after_a_pause(self) -> None:
        """Two halves of a sentence are one turn: one item, with all of the audio."""
        agent = LiteralAgent([YES], missing_us=[900_000, 0, 0])
        line = Line(agent)
        line.configure(audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}})
        events = line.hear(np.concatenate([tone(400_000), quiet(SECOND_US), tone(400_000), quiet(SECOND_US)]))

        kinds = [kind for kind in types(events) if kind.startswith("input_audio_buffer")]
        assert kinds == [
            f"input_audio_buffer.{kind}" for kind in ("speech_started", "speech_stopped", "committed")
        ]
        assert agent.speech[-1].duration_us == 2_100_000


class TestResponses:
    """What holds for one response."""

    def test_it_ends_when_its_tokens_do(self) -> None:
        """Audio is cut at its allowance: 50 ms a token beside the words, and the message is incomplete."""
        line = line_of(Reply("r", text="One two three four.", audio=speech(2 * SECOND_US)))
        line.write("Count")
        line.send({"type": "response.create", "response": {"max_output_tokens": 12}})
        done = line.news_of("response.done")["response"]

        assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
        assert done["output"][0]["status"] == "incomplete"
        assert done["usage"]["output_tokens"] == 10
        (said,) = line.witness.of(AgentSaid)
        assert said.audio_us == 400_000

    def test_a_call_that_is_cut_is_not_made(self) -> None:
        """Its arguments are incomplete, and nobody reports that it was called."""
        line = line_of(Reply("r", calls=(FunctionCall("save", {"text": "a long line of text"}),)))
        line.write("Save")
        events = line.send({"type": "response.create", "response": {"max_output_tokens": 3}})

        assert "response.function_call_arguments.done" not in types(events)
        (item,) = line.news_of("response.done")["response"]["output"]
        assert (item["status"], item["arguments"]) == ("incomplete", '{"text":"a l')
        assert line.witness.of(FunctionCalled) == []

    def test_within_its_tokens_it_is_whole(self) -> None:
        """An allowance that is enough changes nothing."""
        line = line_of(Reply("r", text="One.", audio=speech(200_000)))
        line.write("Count")
        line.send({"type": "response.create", "response": {"max_output_tokens": 5}})

        done = line.news_of("response.done")["response"]
        assert (done["status"], done["usage"]["output_tokens"]) == ("completed", 5)

    @pytest.mark.parametrize(("speed", "length_ms"), [(0.5, 800), (1.0, 400), (1.25, 320)])
    def test_speed(self, speed: float, length_ms: int) -> None:
        """A faster voice takes less time."""
        line = line_of(Reply("r", text="One.", audio=speech(400_000)))
        line.configure(audio={"output": {"speed": speed}})
        line.say("Hello")

        (said,) = line.witness.of(AgentSaid)
        assert said.audio_us == length_ms * 1_000

    def test_four_times_as_fast(self) -> None:
        """A second of audio is sent in a quarter of one, a chunk ahead."""
        line = line_of(Reply("r", text="One.", audio=speech(SECOND_US), pace_percent=400))
        line.say("Hello")
        line.wait(SECOND_US)

        sent = [at for at, frame in zip(line.times, line.sent, strict=True) if "output_audio.delta" in frame]
        assert sent == [0, *(25_000 * n for n in range(9))]

    def test_an_item_that_is_deleted_while_it_is_made(self) -> None:
        """The response goes on; the conversation hears no more of the item."""
        line = line_of(Reply("r", text="One two.", audio=speech(SECOND_US), pace_percent=100))
        line.say("Hello")
        item_id = line.news_of("response.output_item.added")["item"]["id"]
        line.send({"type": "conversation.item.delete", "item_id": item_id})
        events = line.later(2 * SECOND_US)

        kinds = types(events)
        assert "response.output_item.done" in kinds
        assert "conversation.item.done" not in kinds
        assert [event.status for event in line.witness.of(ResponseEnded)] == ["completed"]

    def test_an_id_that_is_announced_is_taken(self) -> None:
        """The item of speech that has begun keeps its id, whatever the client adds meanwhile."""
        line = line_of(YES)
        (started,) = line.hear(tone(300_000))[-1:]
        message = {"type": "message", "role": "system", "content": [], "id": started["item_id"]}
        error = line.send({"type": "conversation.item.create", "item": message})[-1]
        line.hear(quiet(400_000))

        assert error["error"]["code"] == "item_create_duplicate_item_id"
        assert line.news_of("input_audio_buffer.committed")["item_id"] == started["item_id"]
        judged(line.sent)

    def test_what_follows_from_speech_may_change_while_it_lasts(self) -> None:
        """Turning `create_response` off in the middle of a turn does not lose the turn."""
        line = line_of()
        line.hear(tone(300_000))
        detection = {"type": "server_vad", "create_response": False}
        line.configure(audio={"input": {"turn_detection": detection}})
        kinds = types(line.hear(np.concatenate([tone(300_000), quiet(400_000)])))

        assert kinds[:2] == ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"]
        assert "response.created" not in kinds
