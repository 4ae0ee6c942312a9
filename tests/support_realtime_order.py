"""The order of a Realtime session: one machine per response, one for the conversation, over every frame.

What is documented to follow at once must follow at once: an item after its `committed`, the pair of an item
that is done, `conversation.item.added` after `response.output_item.added`, the rate limits after a response.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]

# The beta's words for the events that follow the same order.
GA_NAMES = {
    "conversation.item.created": "conversation.item.added",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
LONGEST_DELTA_MS = 200
BYTES_PER_MS = {
    "audio/pcm": 48,
    "audio/pcmu": 8,
    "audio/pcma": 8,
    "pcm16": 48,
    "g711_ulaw": 8,
    "g711_alaw": 8,
}
STATUSES = ("completed", "cancelled", "incomplete", "failed")
TRANSCRIPTION = "conversation.item.input_audio_transcription."


@dataclass
class Output:
    """One output item of a response."""

    index: int
    kind: str
    stage: str = "open"
    part: str | None = None  # the part that is open
    text: str = ""
    arguments: str = ""
    status: str = "in_progress"


@dataclass
class Reply:
    """One response."""

    created: Event
    outputs: dict[str, Output] = field(default_factory=dict)
    done: bool = False

    @property
    def is_default(self) -> bool:
        """Whether its items enter the conversation."""
        return self.created["conversation_id"] is not None

    @property
    def speaks(self) -> bool:
        """Whether it is to have audio."""
        return "audio" in (self.created.get("output_modalities") or self.created["modalities"])


@dataclass
class Expected:
    """What must come next."""

    kind: str
    holds: Callable[[Event], bool]


class SequenceJudge:
    """`take` fails at the first step out of order. `beta`: the session speaks the beta."""

    def __init__(self, *, beta: bool = False) -> None:
        self.beta = beta
        self.event_ids: set[str] = set()
        self.chain: list[str] = []
        self.previous: dict[str, str | None] = {}  # of every item that there ever was
        self.items: dict[str, Event] = {}  # as they were last seen
        self.done_items: set[str] = set()
        self.deleted: set[str] = set()
        self.responses: dict[str, Reply] = {}
        self.speech: str | None = None
        self.listens_afresh = False
        self.transcripts: dict[str, str] = {}  # what the deltas of an item said so far
        self.transcribed: set[str] = set()
        self.conversation_id: str | None = None
        self.position_ms = 0
        self.expected: list[Expected] = []
        self.begun = False

    def take(self, event: Event) -> None:
        """Check the next server event."""
        kind = str(event["type"])
        kind = GA_NAMES.get(kind, kind) if self.beta else kind
        assert event["event_id"] not in self.event_ids, "event ids are used once"
        self.event_ids.add(event["event_id"])
        assert self.begun == (kind != "session.created"), "session.created comes first, and once"
        self.begun = True
        if self.expected:
            expected = self.expected.pop(0)
            assert kind == expected.kind, f"{expected.kind} comes next, not {kind}"
            assert expected.holds(event), f"{kind} does not belong to what came before it"
        self._step(kind, event)

    def over(self) -> None:
        """Nothing may be left open."""
        assert not self.expected, f"{self.expected[0].kind} is missing"
        unfinished = [name for name, reply in self.responses.items() if not reply.done]
        assert not unfinished, "every response has its response.done"
        if not self.beta:
            assert set(self.chain) <= self.done_items, "every item is done"

    def _expect(self, kind: str, holds: Callable[[Event], bool] = lambda _: True) -> None:
        if not (self.beta and kind == "conversation.item.done"):
            self.expected.append(Expected(kind, holds))

    def _step(self, kind: str, event: Event) -> None:
        if kind.startswith("response."):
            self._of_response(kind.removeprefix("response."), event)
        elif kind.startswith(TRANSCRIPTION):
            self._transcription(kind.removeprefix(TRANSCRIPTION), event)
        elif kind.startswith("conversation.item."):
            self._of_item(kind.removeprefix("conversation.item."), event)
        elif kind.startswith("input_audio_buffer."):
            self._of_buffer(kind.removeprefix("input_audio_buffer."), event)
        else:
            self.listens_afresh = self.listens_afresh or kind == "session.updated"
            assert kind.startswith(("session.", "error", "rate_limits.", "mcp_list_tools.", "conversation."))

    # --- the caller's audio -------------------------------------------------------------------

    def _of_buffer(self, kind: str, event: Event) -> None:
        match kind:
            case "speech_started":
                # Other settings of turn detection make the server listen afresh, in the middle of speech too.
                assert self.speech is None or self.listens_afresh, "speech that began is not over yet"
                self.listens_afresh = False
                self._forward(event["audio_start_ms"])
                self.speech = event["item_id"]
                assert self.speech not in self.previous, "its item is still to come"
            case "speech_stopped":
                assert event["item_id"] == self.speech, "speech stops where it began"
                self._forward(event["audio_end_ms"])
                self._expect("input_audio_buffer.committed", _names("item_id", self.speech))
            case "timeout_triggered":
                assert self.speech is None or self.listens_afresh, "nobody is silent who speaks"
                assert event["audio_start_ms"] <= event["audio_end_ms"]
                self._expect("input_audio_buffer.committed", _names("item_id", event["item_id"]))
            case "committed":
                self.speech = None
                item_id, previous = event["item_id"], event["previous_item_id"]
                self._expect(
                    "conversation.item.added",
                    lambda added: (added["item"]["id"], added["previous_item_id"]) == (item_id, previous),
                )
            case "cleared":
                self.speech = None
            case _:
                raise AssertionError(f"input_audio_buffer.{kind} is unknown here")

    def _forward(self, position_ms: int) -> None:
        assert position_ms >= 0
        self.position_ms = position_ms

    def _transcription(self, kind: str, event: Event) -> None:
        item_id = event["item_id"]
        assert item_id in self.previous, "only an item can be transcribed"
        assert item_id not in self.transcribed, "an item is transcribed once"
        match kind:
            case "delta":
                self.transcripts[item_id] = self.transcripts.get(item_id, "") + event["delta"]
            case "segment":
                assert event["text"] in self.transcripts[item_id]
            case "completed":
                assert event["transcript"] == self.transcripts.get(item_id, ""), "the deltas add up"
                self.transcribed.add(item_id)
            case "failed":
                assert item_id not in self.transcripts, "what fails has no words"
                self.transcribed.add(item_id)

    # --- items --------------------------------------------------------------------------------

    def _of_item(self, kind: str, event: Event) -> None:
        match kind:
            case "added":
                self._added(event["item"], event["previous_item_id"])
            case "done":
                self._item_done(event["item"], event["previous_item_id"])
            case "deleted":
                self.chain.remove(event["item_id"])
                self.deleted.add(event["item_id"])
            case "retrieved":
                assert event["item"]["id"] in self.chain, "what is retrieved is there"
            case "truncated":
                assert event["item_id"] in self.chain, "what is truncated is there"
            case _:
                raise AssertionError(f"conversation.item.{kind} is unknown here")

    def _added(self, item: Event, previous: str | None) -> None:
        item_id = item["id"]
        assert item_id not in self.chain, "an item is in the conversation once"
        if previous is None:
            self.chain.insert(0, item_id)
        else:
            assert previous in self.chain, "previous_item_id is an item of the conversation"
            self.chain.insert(self.chain.index(previous) + 1, item_id)
        self.previous[item_id] = previous
        self.items[item_id] = item
        self.done_items.discard(item_id)
        if item.get("status") == "in_progress":
            assert self._response_of(item_id), "only a response of the conversation has items in progress"
        else:
            self._expect(
                "conversation.item.done",
                lambda done: (done["item"], done["previous_item_id"]) == (item, previous),
            )

    def _item_done(self, item: Event, previous: str | None) -> None:
        item_id = item["id"]
        assert item_id in self.chain, "done only after added"
        assert item_id not in self.done_items, "done only once"
        assert previous == self.previous[item_id], "previous_item_id does not change"
        assert item.get("status", "completed") in ("completed", "incomplete")
        self.done_items.add(item_id)
        self.items[item_id] = item
        reply = self._response_of(item_id)
        if reply is not None and reply.outputs[item_id].stage != "done":
            self._expect("response.output_item.done", lambda done: bool(done["item"] == item))

    def _response_of(self, item_id: str) -> Reply | None:
        default = (reply for reply in self.responses.values() if reply.is_default and not reply.done)
        return next((reply for reply in default if item_id in reply.outputs), None)

    # --- responses ----------------------------------------------------------------------------

    def _of_response(self, kind: str, event: Event) -> None:
        if kind == "created":
            self._created(event["response"])
            return
        if kind == "done":
            self._done(event["response"])
            return
        reply = self.responses.get(event["response_id"])
        assert reply is not None, "nothing before response.created"
        assert not reply.done, "nothing after response.done"
        if kind == "output_item.added":
            self._output_added(reply, event)
            return
        item_id = event["item"]["id"] if kind == "output_item.done" else event["item_id"]
        output = reply.outputs[item_id]
        assert event["output_index"] == output.index
        self._advance(kind, reply, output, event)

    def _created(self, response: Event) -> None:
        assert response["id"] not in self.responses, "response ids are used once"
        assert (response["status"], response["output"], response["usage"]) == ("in_progress", [], None)
        reply = Reply(response)
        if reply.is_default:
            open_ones = [each for each in self.responses.values() if each.is_default and not each.done]
            assert not open_ones, "one response at a time in the conversation"
            assert self.conversation_id in (None, response["conversation_id"]), "there is one conversation"
            self.conversation_id = response["conversation_id"]
        self.responses[response["id"]] = reply

    def _output_added(self, reply: Reply, event: Event) -> None:
        item = event["item"]
        assert event["output_index"] == len(reply.outputs), "outputs are counted"
        assert all(output.stage == "done" for output in reply.outputs.values()), "one output after another"
        assert item["status"] == "in_progress"
        assert item.get("content", []) == [], "it has nothing yet"
        assert item.get("arguments", "") == "", "it has nothing yet"
        assert item["id"] not in self.previous, "item ids are used once"
        reply.outputs[item["id"]] = Output(event["output_index"], item["type"])
        if reply.is_default:
            self._expect("conversation.item.added", lambda added: bool(added["item"] == item))

    def _advance(self, kind: str, reply: Reply, output: Output, event: Event) -> None:
        match kind, output.stage:
            case "content_part.added", "open":
                assert event["part"]["type"] == ("audio" if reply.speaks else "text")
                output.part, output.stage = event["part"]["type"], "part"
            case "output_text.delta", "part" if output.part == "text":
                output.text += event["delta"]
            case "output_audio_transcript.delta", "part" if output.part == "audio":
                output.text += event["delta"]
            case "output_audio.delta", "part" if output.part == "audio":
                self._sound(reply, event["delta"])
            case "output_text.done", "part" if output.part == "text":
                assert event["text"] == output.text, "the deltas add up"
                output.stage = "text done"
            case "output_audio.done", "part" if output.part == "audio":
                output.stage = "audio done"
            case "output_audio_transcript.done", "audio done":
                assert event["transcript"] == output.text, "the deltas add up"
                output.stage = "text done"
            case "content_part.done", "text done":
                part = event["part"]
                assert part["type"] == output.part
                assert part.get("transcript", part.get("text")) == output.text
                output.stage = "part done"
            case "function_call_arguments.delta", "open":
                assert output.kind == "function_call"
                output.arguments += event["delta"]
            case "function_call_arguments.done", "open":
                assert event["arguments"] == output.arguments, "the deltas add up"
                output.stage = "part done"
            case "output_item.done", "part done" | "open":
                self._output_done(reply, output, event["item"])
            case _:
                raise AssertionError(f"response.{kind} of an item that is {output.stage!r}")

    def _sound(self, reply: Reply, delta: str) -> None:
        assert delta, "no delta is empty"
        if delta.startswith("<"):
            return  # a wire log tells the length alone
        spoken = reply.created.get("audio", {}).get("output", {}).get("format", {}).get("type")
        size = BYTES_PER_MS[spoken or reply.created["output_audio_format"]]
        assert len(base64.b64decode(delta)) <= LONGEST_DELTA_MS * size, "deltas are short"

    def _output_done(self, reply: Reply, output: Output, item: Event) -> None:
        cut_call = output.kind == "function_call" and item["status"] == "incomplete"
        assert output.stage == "part done" or cut_call, "an item is done after its parts"
        assert item.get("arguments", output.arguments) == output.arguments
        output.stage, output.status = "done", item["status"]
        pending = reply.is_default and item["id"] not in self.done_items and item["id"] not in self.deleted
        if pending:
            self._expect("conversation.item.done", lambda done: bool(done["item"] == item))

    def _done(self, response: Event) -> None:
        reply = self.responses.get(response["id"])
        assert reply is not None, "response.done only after response.created"
        assert not reply.done, "a response is done once"
        reply.done = True
        assert [item["id"] for item in response["output"]] == list(reply.outputs)
        assert all(output.stage == "done" for output in reply.outputs.values()), "items before their response"
        for key in ("metadata", "conversation_id", "max_output_tokens", "object"):
            assert response[key] == reply.created[key], f"{key} does not change"
        self._check_status(response, reply)
        if response["usage"] is not None:
            _check_usage(response["usage"], response["max_output_tokens"])
        self._expect("rate_limits.updated")

    def _check_status(self, response: Event, reply: Reply) -> None:
        status, details = response["status"], response["status_details"]
        assert status in STATUSES
        assert (details is None) == (status == "completed")
        assert details is None or details["type"] == status
        assert details is None or set(details) - {"type"} == ({"error"} if status == "failed" else {"reason"})
        states = [output.status for output in reply.outputs.values()]
        assert "incomplete" not in states[:-1], "only the last item can be cut"
        assert status != "completed" or "incomplete" not in states


def _names(key: str, value: str | None) -> Callable[[Event], bool]:
    return lambda event: bool(event[key] == value)


def _check_usage(usage: Event, most: Any) -> None:
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"], "totals add up"
    for name in ("input", "output"):
        detail = usage[f"{name}_token_details"]
        parts = [detail.get(f"{kind}_tokens", 0) for kind in ("text", "audio", "image")]
        assert usage[f"{name}_tokens"] == sum(parts), "details add up"
    assert usage["input_token_details"]["cached_tokens"] <= usage["input_tokens"]
    assert most == "inf" or usage["output_tokens"] <= most, "no more tokens than are allowed"


ID_FORM = re.compile(r"(event|item|resp|sess|conv|call|seg|mcpl)_[A-Za-z0-9]{21}")
