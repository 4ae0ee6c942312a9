"""What a setting cannot do or cannot know, refused before any call is made."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.call import Capability
from turnspec.dsl.caller import over
from turnspec.dsl.models import (
    CallerAction,
    Dtmf,
    Expect,
    Microphone,
    Place,
    Play,
    Say,
    SendActivity,
    SendEvent,
    SendText,
)
from turnspec.dsl.problems import Problem, problem_at
from turnspec.plan.model import CallPlan, TurnPlan
from turnspec.plan.order import out_of_order
from turnspec.plan.setting import Setting

_WORDS = ("intent", "says", "does_not_say", "judge")
_CALLS = ("calls", "does_not_call", "returned")
_HEARD = ("transcript",)


def refusals(setting: Setting, plan: CallPlan) -> tuple[Problem, ...]:
    """Every reason not to make a call of this plan in `setting`."""
    return tuple(
        problem
        for turn in plan.active
        for problem in (
            *_actions(turn, setting),
            *out_of_order(turn, plan),
            *_sources(turn, setting),
            *_unseen(turn, setting),
            *_unheard(turn, setting),
            *_fillers(turn, plan, setting),
            *_refused_alone(turn, plan.active),
        )
    )


def _actions(turn: TurnPlan, setting: Setting) -> Iterator[Problem]:
    for action in turn.turn.caller:
        lacking = [need for need in _needs(action, setting) if not setting.can(need)]
        if lacking:
            yield _refusal(
                "cannot-do",
                f"target '{setting.target}' over {setting.protocol} cannot do this: {', '.join(lacking)}",
                action.place,
                _instead(action, setting),
            )
        elif isinstance(action, Microphone) and not setting.live:
            yield _refusal(
                "virtual-microphone",
                "a person speaks in real time, and this call is made in virtual time",
                action.place,
                "run it with --clock wall",
            )
        elif isinstance(action, Say) and not setting.speaks and not _can_be_text(action, setting):
            yield _refusal(
                "no-voice",
                "there is no voice to say this with",
                action.place,
                "; ".join(filter(None, (_RECORD_IT, _as_text(action), setting.why_mute))),
            )


_RECORD_IT = "record it and write audio: FILE (text: what is said)"


def _as_text(say: Say) -> str:
    return "over realtime it would be text" if over(say) is None else "what is written talks over nobody"


def _can_be_text(say: Say, setting: Setting) -> bool:
    """Whether words can be sent instead of spoken; written ones talk over nobody."""
    return setting.can(Capability.TEXT) and over(say) is None


def _needs(action: CallerAction, setting: Setting) -> list[Capability]:
    match action:
        case Play() | Microphone():
            needs = [Capability.AUDIO]
        case SendText():
            needs = [Capability.TEXT]
        case Dtmf():
            needs = [Capability.DTMF if action.in_band is None else Capability.AUDIO]
        case SendActivity():
            needs = [Capability.ACTIVITIES]
        case SendEvent():
            needs = [Capability.EVENTS]
        case Say() if setting.speaks and not setting.writes:
            needs = [Capability.AUDIO]
        case _:
            needs = []
    if over(action) is not None:
        needs += [Capability.AUDIO, Capability.INTERRUPT]
    return list(dict.fromkeys(needs))


def _instead(action: CallerAction, setting: Setting) -> str:
    offered = ", ".join(sorted(setting.capabilities.can))
    if isinstance(action, SendText):
        first = "use say or audio" if setting.speaks else "record it and write audio: FILE"
        return f"{first}; this target can do: {offered}"
    if isinstance(action, Dtmf) and setting.can(Capability.AUDIO):
        return f"press them as tones: write in_band: true beside dtmf; this target can do: {offered}"
    return f"use another target or protocol; this one can do: {offered}"


_SEEN = {
    "hangup": (Capability.HANGUP_SEEN, "the agent cannot end a call"),
    "transfer": (Capability.TRANSFER_SEEN, "the agent cannot give the call away"),
    "dtmf": (Capability.KEYS_SEEN, "the agent cannot press keys"),
    "activity": (Capability.ACTIVITIES_SEEN, "the agent sends no activities"),
    "event": (Capability.EVENTS_SEEN, "messages of the protocol are not seen"),
}


def _unseen(turn: TurnPlan, setting: Setting) -> Iterator[Problem]:
    """What the agent's side cannot do over this protocol, so that it would never be seen."""
    asked = [(expect, key) for expect in turn.expects() for key in _SEEN if key in expect.model_fields_set]
    for expect, key in asked:
        capability, what = _SEEN[key]
        if not setting.can(capability):
            yield _refusal(
                "cannot-do",
                f"over {setting.protocol} {what}",
                expect.place.child(key),
                "take it out, or write when: {supports: " + str(capability) + "} on the turn",
                key=True,
            )


def _unheard(turn: TurnPlan, setting: Setting) -> Iterator[Problem]:
    """What is about sound, where the call has none."""
    if setting.capabilities.caller_format is not None:
        return
    for expect in turn.expects():
        for key in sorted(expect.model_fields_set & {"plays", "stops", "keeps_speaking"}):
            message = f"target '{setting.target}' over {setting.protocol} carries no audio here"
            hint = "take it out, or write when: {supports: audio} on the turn"
            yield _refusal("cannot-do", message, expect.place.child(key), hint, key=True)


def _refused_alone(turn: TurnPlan, turns: tuple[TurnPlan, ...]) -> Iterator[Problem]:
    """A call that is refused has no turns: the one that expects it stands for all."""
    expect = turn.turn.expect
    if expect is None or expect.refused is None:
        return
    place = expect.place.child("refused")
    if len(turns) > 1:
        hint = "write a scenario of its own for the call that is refused"
        yield _refusal("refused-alone", "a call that is refused has no other turns", place, hint, key=True)
    elif turn.turn.caller:
        hint = "leave `caller` out: nobody listens to it"
        yield _refusal("refused-alone", "in a call that is refused nothing is said", place, hint, key=True)
    elif expect.model_fields_set != {"refused"}:
        others = ", ".join(sorted(expect.model_fields_set - {"refused"}))
        message = f"of a call that is refused nothing else can be expected, such as {others}"
        yield _refusal("refused-alone", message, place, "take the others out", key=True)


def _sources(turn: TurnPlan, setting: Setting) -> Iterator[Problem]:
    for expect in turn.expects():
        yield from _lacking_source(expect, setting)


def _lacking_source(expect: Expect, setting: Setting) -> Iterator[Problem]:
    words = setting.words is not None or setting.listens
    for names, source, what, fix in (
        (_WORDS, words, "what the agent says", _words_told(setting)),
        (_CALLS, setting.calls, "which functions the agent calls", "give the target a backend: script"),
        (_HEARD, setting.heard, "what the agent hears the caller say", _transcription(setting)),
    ):
        for name in names:
            if name in expect.model_fields_set and source in (None, False):
                yield _refusal(
                    "no-source",
                    f"target '{setting.target}' over {setting.protocol} gives no account of {what}",
                    expect.place.child(name),
                    f"{fix}, or test a local agent or a realtime target",
                    key=True,
                )


def _fillers(turn: TurnPlan, plan: CallPlan, setting: Setting) -> Iterator[Problem]:
    """What is a filler, where nobody knows the agent's words."""
    if turn.fillers and setting.words is None and not setting.listens:
        written = next((each for each in (turn.turn, plan.scenario) if each.filler is not None), None)
        place = plan.scenario.place.child("target") if written is None else written.place.child("filler")
        message = f"target '{setting.target}' over {setting.protocol} gives no account of what the agent says"
        hint = f"{_words_told(setting)}, or take `filler` out"
        yield _refusal("no-source", f"{message}, so a filler could not be told", place, hint, key=True)


def _words_told(setting: Setting) -> str:
    """How a target comes to tell what the agent says."""
    backend = "give the target a backend: (its transcript is read)"
    with_sound = setting.capabilities.caller_format is not None and setting.why_deaf
    return f"{setting.why_deaf}; {backend}" if with_sound else backend


def _transcription(setting: Setting) -> str:
    """How a target comes to tell what the agent hears."""
    if setting.protocol == "realtime":
        return "set options: {transcription: {}} on the target, or give it a backend:"
    return "give the target a backend: (its input transcription is read)"


def _refusal(kind: str, message: str, place: Place, hint: str, *, key: bool = False) -> Problem:
    return problem_at(place, kind, message, hint=hint, key=key)
