"""One call's evidence, cut up by turn: what checks and measurements look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from turnspec.audio.edges import Segment, Speech, bridged
from turnspec.call import EvidenceView
from turnspec.call.derived import Derived
from turnspec.call.events import AgentMessaged, CallUp, Event, PlaybackFlushed, Side, TextBegan
from turnspec.checks.acts import Act, caller_acts
from turnspec.checks.fillers import filler_stretches, is_filler, without
from turnspec.checks.function_uses import function_uses
from turnspec.checks.playback import dry_spells
from turnspec.checks.recognised import Stretch, caller_stretches, stretches, unanswered
from turnspec.checks.told import Passage, passages, stretches_of, written_turns
from turnspec.checks.turns import Window, end_of_call, numbers, owner, windows
from turnspec.checks.voicing import Voicing, agent_speech, voicing_of
from turnspec.checks.words import AGENT, text_of, told_lines, transcript
from turnspec.plan.model import CallPlan, TurnPlan
from turnspec.results import FunctionUse, Line

STOP_US: Final = 600_000
"""How long the agent must stay silent for its speech to count as stopped."""


@dataclass(frozen=True, slots=True)
class TurnScene:
    """What happened in one turn. `act` is what the reply answers, also an act of a turn before it."""

    plan: TurnPlan
    window: Window
    end_us: int
    act: Act | None
    acts: tuple[Act, ...]
    speech: tuple[Segment, ...]
    texts: tuple[int, ...]  # when text began to arrive instead of audio
    lines: tuple[Line, ...]
    functions: tuple[FunctionUse, ...]
    reply_from_us: int = 0  # what began before is no answer to `act`
    fillers: tuple[Segment, ...] = ()  # when the agent said what is not the reply
    waited: bool = False  # the caller did no more than to keep silent

    @property
    def index(self) -> int:
        """Its number, from 0."""
        return self.plan.index

    @property
    def text(self) -> str:
        """All that the agent said in it, as heard; fillers are left out."""
        fillers = self.plan.fillers
        return text_of(line for line in self.lines if not is_filler(line.text, fillers))

    @property
    def agent_lines(self) -> tuple[Line, ...]:
        """The agent's lines of the turn."""
        return tuple(line for line in self.lines if line.who == AGENT)

    @property
    def reply(self) -> tuple[Segment, ...]:
        """The answer without its fillers."""
        return without(self.answer, self.fillers)

    @property
    def answer(self) -> tuple[Segment, ...]:
        """The agent's speech from when the caller began what it answers, until the reply was over."""
        # After the last turn the line is watched on: what is said then is no part of the reply.
        over_us = self.window.ended_us if self.window.how == "replied" else None
        return tuple(
            segment
            for segment in self.speech
            if segment.start_us >= self.reply_from_us and (over_us is None or segment.start_us < over_us)
        )

    @property
    def first_text_us(self) -> int | None:
        """When text of the reply began to arrive, of a reply without audio."""
        fillers = self.fillers
        return next((at for at in self.answer_texts if not any(one.holds(at) for one in fillers)), None)

    @property
    def answer_texts(self) -> tuple[int, ...]:
        """When each text of the answer, fillers among them, began to arrive."""
        since = self.window.began_us if self.act is None else max(self.act.start_us, self.reply_from_us)
        return tuple(at_us for at_us in self.texts if at_us >= since)

    @property
    def quiet_from_us(self) -> int:
        """From where on `silent` watches: the end of the caller's action, else the turn's beginning."""
        return self.act.end_us if self.act is not None else self.window.began_us


class Scene:
    """A call as far as it went, under the plan that it followed, with what was found out about it since."""

    def __init__(self, plan: CallPlan, view: EvidenceView, derived: tuple[Derived, ...] = ()) -> None:
        self.plan = plan
        self.view = view
        self.derived = derived
        self._speech_owners: dict[int, int | None] = {}

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """The turns that were begun."""
        return windows(self.view)

    @property
    def first(self) -> TurnPlan:
        """The turn that the call began with, or was to begin with."""
        return self.plan.turns[self.windows[0].index] if self.windows else self.plan.active[0]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The transcript."""
        return transcript(self.view, self.plan.words, self.derived)

    @property
    def unknown_words(self) -> tuple[Stretch, ...]:
        """The speech of both sides that somebody has to listen to before its words are known."""
        if not self.plan.recognises:
            return ()
        mine = ((segment, self._owner_of_speech(segment)) for segment in self.speech)
        written = written_turns(self.view, self.plan.words)
        agent = stretches(mine, told_lines(self.view, self.plan.words), written, self.derived)
        return tuple(unanswered((*caller_stretches(self.view), *agent), self.derived))

    @cached_property
    def told(self) -> tuple[Passage, ...]:
        """What is told of the agent's words, where that is to be held against the recording."""
        side = self.plan.words
        if self.plan.verifies is None or side is None:
            return ()
        return passages(self.view, side, [(each, self._owner_of_speech(each)) for each in self.speech])

    @property
    def unverified_words(self) -> tuple[Stretch, ...]:
        """The speech that somebody has to listen to before it is known whether it is what is told of it."""
        return tuple(unanswered(stretches_of(self.told), self.derived)) if self.view.agent is not None else ()

    @cached_property
    def speech(self) -> tuple[Segment, ...]:
        """The agent's speech as heard, in the whole call."""
        return self._agent_speech.segments

    @cached_property
    def fine_speech(self) -> tuple[Segment, ...]:
        """The same, with every pause in it."""
        return self._fine_speech.segments

    @cached_property
    def voicing(self) -> Voicing:
        """What says which of the agent's sounds are speech."""
        return voicing_of(self.derived, AGENT)

    @cached_property
    def _agent_speech(self) -> Speech:
        if self.view.agent is None:
            return self._fine_speech
        return bridged(self._fine_speech, self.voicing.bridge_us)

    @cached_property
    def _fine_speech(self) -> Speech:
        return agent_speech(self.view, self.voicing, every_pause=True)

    @cached_property
    def dry_spells(self) -> tuple[Segment, ...]:
        """When nothing was left to play between two pieces of the agent's audio."""
        return tuple(Segment(*spell) for spell in dry_spells(self.view))

    @cached_property
    def texts(self) -> tuple[Event, ...]:
        """The beginnings of what the agent wrote instead of speaking."""
        return tuple(
            event
            for event in self.view.events
            if isinstance(event, TextBegan) or (isinstance(event, AgentMessaged) and not event.stream)
        )

    @cached_property
    def functions(self) -> tuple[FunctionUse, ...]:
        """Every function call seen on the side that tells of them."""
        return function_uses(self.view, self.plan.calls, self.windows)

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """Everything that the caller did."""
        return caller_acts(self.view)

    @cached_property
    def up_us(self) -> int | None:
        """When the call was up."""
        return next((event.at_us for event in self.view.of(CallUp)), None)

    @cached_property
    def ended_us(self) -> int | None:
        """When the call ended; None while it goes on."""
        return end_of_call(self.view)

    @cached_property
    def last_us(self) -> int:
        """The latest moment that anything is known of."""
        return max((event.at_us for event in self.view.events), default=0)

    def window(self, index: int) -> Window | None:
        """The turn's part of the call; None if it was never begun."""
        return next((window for window in self.windows if window.index == index), None)

    def turn(self, index: int) -> TurnScene | None:
        """What happened in a turn; None if it was never begun."""
        window = self.window(index)
        if window is None:
            return None
        end = window.until_us if window.until_us is not None else self.last_us
        act = self._answered(index)
        return TurnScene(
            plan=self.plan.turns[index],
            window=window,
            end_us=end,
            act=act,
            acts=tuple(act for act in self.acts if act.turn == index),
            speech=self.speech_of(index, self.speech),
            texts=tuple(event.at_us for event in self.texts if self.owner_of(event) == index),
            lines=tuple(line for line in self.lines if line.turn == index),
            functions=tuple(use for use in self.functions if use.turn == index),
            reply_from_us=self._reply_from(act),
            fillers=self._fillers(index),
            waited=act is not None and all(one.waited for one in self.acts if one.turn == act.turn),
        )

    def _fillers(self, index: int) -> tuple[Segment, ...]:
        """When the agent said what is not the reply."""
        fillers = self.plan.turns[index].fillers
        if not fillers:
            return ()
        mine = (line for line in self.lines if line.who == AGENT and line.turn == index)
        return tuple(filler_stretches(mine, fillers, self.fine_speech))

    def _reply_from(self, act: Act | None) -> int:
        """Since when speech is the reply; what the agent broke off while the caller acted was none."""
        if act is None:
            return 0
        if act.interrupts:
            return self._old_reply_until(act.turn)
        flushed = [event.at_us for event in self.view.of(PlaybackFlushed)]
        return max([act.start_us, *(at_us for at_us in flushed if act.start_us <= at_us < act.end_us)])

    def owner(self, at_us: int) -> int | None:
        """The turn that owns a moment."""
        return owner(self.windows, at_us)

    def owner_of(self, event: Event) -> int | None:
        """The turn that owns an event of the record."""
        return owner(self.windows, event.at_us, self._numbers[id(event)])

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return numbers(self.view)

    def speech_of(self, index: int, speech: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """Those stretches of the agent's speech that belong to a turn."""
        return tuple(segment for segment in speech if self._owner_of_speech(segment) == index)

    def _owner_of_speech(self, segment: Segment) -> int | None:
        owners = self._speech_owners
        if segment.start_us not in owners:
            owners[segment.start_us] = self._speech_owner(segment.start_us)
        return owners[segment.start_us]

    def heard_span(self, index: int) -> tuple[int, int]:
        """From when to when what the agent is heard with belongs to a turn."""
        window = self.window(index)
        assert window is not None, "a turn that was begun"
        after = next((each.index for each in self.windows if each.index > index), None)
        until = self.last_us if window.until_us is None else window.until_us
        rest = self._old_reply_until(after) if after is not None else 0
        return max(window.began_us, self._old_reply_until(index)), max(until, rest)

    def interruption(self, index: int) -> Act | None:
        """The caller's clip of this turn that talked over the reply of the turn before."""
        return next((act for act in self.acts if act.turn == index and act.interrupts), None)

    def known(self, side: Side | None) -> bool:
        """Whether one side gave any account of the call."""
        return side is not None and any(event.side is side for event in self.view.events)

    def _speech_owner(self, start_us: int) -> int | None:
        """What is left of a reply that was talked over still belongs to its own turn."""
        index = self.owner(start_us)
        if index is None:
            return None
        for before in self._begun_before(index):
            if start_us >= self._old_reply_until(index):
                break
            index = before
        return index

    def _begun_before(self, index: int) -> Iterator[int]:
        """The turns that this call came through before one, the last first."""
        return (each.index for each in reversed(self.windows) if each.index < index)

    def _old_reply_until(self, index: int) -> int:
        """Until when what was begun is still of the reply that a turn talks over."""
        act, plan, window = self.interruption(index), self.plan.turns[index], self.window(index)
        if act is None or window is None:
            return 0
        flushed = [event.at_us for event in self.view.of(PlaybackFlushed) if event.at_us >= act.start_us]
        last_us = act.end_us
        if plan.hears_on:
            # Nothing else is waited for here than the end of that reply, which the next turn may talk over.
            after = next((each.index for each in self.windows if each.index > index), None)
            rest = 0 if after is None else self._old_reply_until(after)
            last_us = max(rest, self.last_us if window.ended_us is None else window.ended_us)
        return min([last_us, *flushed[:1], *self._stopped_by(act)])

    def _stopped_by(self, act: Act) -> list[int]:
        """The end of the first speech from `act` on that is followed by enough silence."""
        ends = [segment for segment in self.speech if segment.end_us >= act.start_us]
        starts = [segment.start_us for segment in ends[1:]]
        pairs = zip(ends, starts, strict=False)
        return next(([one.end_us] for one, following in pairs if following - one.end_us >= STOP_US), [])

    def _answered(self, index: int) -> Act | None:
        """The caller's last action that a reply in this turn answers."""
        for turn in (index, *self._begun_before(index)):
            if turn != index and self.plan.turns[turn].takes_reply:
                return None
            own = [act for act in self.acts if act.turn == turn]
            if own:
                return own[-1]
        return None
