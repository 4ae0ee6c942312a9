"""A scenario written from a conversation: ready to run, and laid out to be edited."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from turnspec.dsl.matchers import MATCHER_WORDS
from turnspec.results import FunctionUse
from turnspec.run.talk.exchanges import Exchange
from turnspec.run.talk.salient import salient

WIDTH: Final = 110
INDENT: Final = 8
STEP_US: Final = 500_000
LEAST_US: Final = 1_000_000
NAME_WORDS: Final = 5
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_ .,!?'-]*[A-Za-z0-9.!?]|[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Header:
    """What is written above the turns. `greeting_us` is how soon the agent spoke, if it did by itself."""

    name: str
    target: str
    told: tuple[str, ...] = ()
    greeting_us: int | None = None


def clip_name(number: int) -> str:
    """The recording of a turn, counted from 1."""
    return f"turn-{number}.flac"


def written(
    header: Header, turns: Sequence[Exchange], intent_of: Callable[[str], str | None], *, calls: bool
) -> str:
    """The text of the scenario; `intent_of` tells what a reply means, `calls` whether functions are seen."""
    document = CommentedMap(scenario=_quoted(header.name), target=_quoted(header.target))
    if header.greeting_us is not None:
        document["budgets"] = CommentedMap(greeting=_limit(header.greeting_us))
        document["budgets"].yaml_add_eol_comment(_measured(header.greeting_us), "greeting")
    writing = _Writing(intent_of, calls)
    document["turns"] = CommentedSeq(writing.turn(number, each) for number, each in _numbered(turns))
    for number in range(1, len(turns)):
        document["turns"].yaml_set_comment_before_after_key(number, before="\n")
    if header.told:
        document.yaml_set_start_comment("\n".join(header.told))
    return _text(document)


def _numbered(turns: Sequence[Exchange]) -> list[tuple[int, Exchange]]:
    """Turns with the number of their recording: a greeting has none."""
    first = 0 if turns and turns[0].said is None else 1
    return list(enumerate(turns, start=first))


@dataclass(frozen=True, slots=True)
class _Writing:
    intent_of: Callable[[str], str | None]
    calls: bool

    def turn(self, number: int, exchange: Exchange) -> CommentedMap:
        turn = CommentedMap(turn=_name(number, exchange))
        if exchange.said is not None:
            turn["caller"] = _caller(number, exchange)
        if expect := self._expect(exchange):
            turn["expect"] = expect
        if budget := _budget(exchange):
            turn["budget"] = budget
        return turn

    def _expect(self, exchange: Exchange) -> CommentedMap:
        expect = CommentedMap()
        if exchange.after_us is not None:
            expect["stops" if exchange.stopped else "keeps_speaking"] = True
        text = exchange.text
        if exchange.interrupted:  # what was heard of it depends on when it was broken off
            words = text.split()
            text = " ".join(words[: len(words) // 2])
        if text and (intent := self.intent_of(text)):
            expect["intent"] = intent
        elif words_said := salient(text):
            expect["says"] = _literal(words_said)
        if self.calls and exchange.functions:
            expect["calls"] = CommentedSeq(map(_call, exchange.functions))
        if exchange.hung_up:
            expect["hangup"] = True
        if exchange.text and expect:
            expect.yaml_set_start_comment(_wrapped(f"It said: {exchange.text}"), indent=6)
        return expect


def _name(number: int, exchange: Exchange) -> str:
    if exchange.said is None:
        return "Greeting"
    words = (exchange.said.understood or "").replace("{", "").replace("}", "").replace("%", "").split()
    told = " ".join(words[:NAME_WORDS]) + (" ..." if len(words) > NAME_WORDS else "")
    return _quoted(f"Turn {number}: {told}") if told else f"Turn {number}"


def _caller(number: int, exchange: Exchange) -> CommentedMap:
    assert exchange.said is not None
    caller = CommentedMap(audio=clip_name(number))
    if exchange.said.understood:
        caller["text"] = _literal(exchange.said.understood)
    else:
        caller.yaml_add_eol_comment("nobody told what is said in it: add text:", "audio")
    if exchange.after_us is not None:
        way = "interrupt" if exchange.stopped else "backchannel"
        after = CommentedMap(after=f"{exchange.after_us // 100_000 * 100} ms")
        after.fa.set_flow_style()
        caller[way] = after
    return caller


def _budget(exchange: Exchange) -> CommentedMap | None:
    if exchange.response_us is None or exchange.response_us < 0 or exchange.after_us is not None:
        return None
    budget = CommentedMap(response=_limit(exchange.response_us))
    budget.yaml_add_eol_comment(_measured(exchange.response_us), "response")
    return budget


def _limit(measured_us: int) -> str:
    """Twice what was measured, to the next half second: no call is quite like another."""
    limit_us = max(LEAST_US, -(-2 * measured_us // STEP_US) * STEP_US)
    return f"{limit_us / 1_000_000:g} s"


def _measured(measured_us: int) -> str:
    return f"measured: {round(measured_us / 1_000)} ms"


def _call(use: FunctionUse) -> Any:
    arguments = _arguments(use.arguments)
    if arguments is None:
        return _quoted(use.name)
    matching = CommentedMap(_matching(arguments))
    if not any(isinstance(each, dict | list) for each in matching.values()):
        matching.fa.set_flow_style()
    return CommentedMap({_quoted(use.name): matching})


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _matching(value: Any) -> Any:
    """A value as it must come again, also where it reads like a template or a matcher."""
    match value:
        case str():
            return _literal(value) if value not in ("any", "absent") else CommentedMap(equals=value)
        case list():
            return [_matching(each) for each in value]
        case dict():
            inside = {_quoted(key): _matching(each) for key, each in value.items()}
            return CommentedMap(equals=inside) if value and MATCHER_WORDS.issuperset(value) else inside
        case _:
            return value


def _literal(text: str) -> str:
    """A text in which nothing is filled in."""
    marks: Mapping[str, str] = {mark: f'{{{{ "{mark}" }}}}' for mark in ("{{", "{%", "{#")}
    found, at = "", 0
    while at < len(text):
        mark = text[at : at + 2]
        found += marks.get(mark, text[at])
        at += 2 if mark in marks else 1
    return _quoted(found)


def _quoted(text: str) -> str:
    """Text in quotes, unless it is so plain that nobody could take it for anything else."""
    return text if _PLAIN.fullmatch(text) else DoubleQuotedScalarString(text)


def _wrapped(text: str) -> str:
    return "\n".join(wrap(" ".join(text.split()), WIDTH - INDENT))


def _text(document: CommentedMap) -> str:
    yaml = YAML()
    yaml.width = WIDTH
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
