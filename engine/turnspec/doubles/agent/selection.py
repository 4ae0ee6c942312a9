"""Which response a local agent gives: a score for each, and why the others lost.

Points: words (`keywords`: any of them, `all_of`: every one) 10 once, `intents` 15, `modalities` 5, functions
on offer 8, `pattern` 12, 3 for each distinct content word that the caller's words share with the response's
own, at most 9, and `priority`. `excludes` and `turns` give none. A requirement that fails rules the response
out. The highest wins, the first in the file among equals; when nothing is left, `otherwise`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from turnspec.dsl import Reply, Response
from turnspec.dsl.patterns import TIME_LIMIT_S, compiled
from turnspec.speech.text import contains_words, content_words

WORDS: Final = 10
INTENTS: Final = 15
MODALITIES: Final = 5
FUNCTIONS: Final = 8
PATTERN: Final = 12
SHARED_WORD: Final = 3
MOST_SHARED: Final = 9

OTHERWISE: Final = "otherwise"
_NOT_UNDERSTOOD: Final = "needs words, and none were understood"
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to choose by in one caller turn; `turn` counts from 1, `text` None: not understood."""

    text: str | None
    modality: str
    turn: int
    functions: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    unlucky: frozenset[str] = frozenset()  # responses whose chance did not come up


@dataclass(frozen=True, slots=True)
class Choice:
    """The response chosen; `scores` has the points of each, or what ruled it out."""

    name: str
    scores: Mapping[str, float | str] = field(default_factory=dict)
    captured: Mapping[str, str] = field(default_factory=dict)


def choose(responses: Mapping[str, Response], moment: Moment) -> Choice:
    """The response with the most points; `otherwise` if every one is ruled out."""
    scores: dict[str, float | str] = {}
    best: tuple[float, str, Mapping[str, str]] | None = None
    for name, response in responses.items():
        points, captured = _score(name, response, moment)
        scores[name] = points
        if not isinstance(points, str) and (best is None or points > best[0]):
            best = (points, name, captured)
    return Choice(OTHERWISE, scores) if best is None else Choice(best[1], scores, best[2])


def _score(name: str, response: Response, moment: Moment) -> tuple[float | str, Mapping[str, str]]:
    if name in moment.unlucky:
        return f"its chance of {response.when.chance} did not come up", {}
    return score(response, moment)


def score(response: Response, moment: Moment) -> tuple[float | str, Mapping[str, str]]:
    """A response's points and what its pattern captured; a text instead of points says what is lacking."""
    points: float = response.priority
    for rule in _RULES:
        outcome = rule(response, moment)
        if isinstance(outcome, str):
            return outcome, {}
        points += outcome
    found = _pattern(response, moment)
    if isinstance(found, str):
        return found, {}
    return points + (PATTERN if response.when.pattern is not None else 0), found


def _words(response: Response, moment: Moment) -> int | str:
    when = response.when
    if not (when.keywords or when.all_of):
        return 0
    if moment.text is None:
        return _NOT_UNDERSTOOD
    if when.keywords and not any(contains_words(moment.text, word) for word in when.keywords):
        return f"none of {_listed(when.keywords)} was said"
    lacking = [word for word in when.all_of if not contains_words(moment.text, word)]
    return f"{_listed(lacking)} was not said" if lacking else WORDS


def _intents(response: Response, moment: Moment) -> int | str:
    wanted = response.when.intents
    if not wanted:
        return 0
    if moment.text is None:
        return _NOT_UNDERSTOOD
    return INTENTS if moment.intents.intersection(wanted) else f"not of intent {_listed(wanted, ' or ')}"


def _modalities(response: Response, moment: Moment) -> int | str:
    wanted = response.when.modalities
    if not wanted:
        return 0
    return (
        MODALITIES if moment.modality in wanted else f"came as {moment.modality}, not {' or '.join(wanted)}"
    )


def _turns(response: Response, moment: Moment) -> int | str:
    turns = response.when.turns
    if turns is None or moment.turn in turns:
        return 0
    return f"not in turn {moment.turn}"


def _excludes(response: Response, moment: Moment) -> int | str:
    said = [word for word in response.when.excludes if moment.text and contains_words(moment.text, word)]
    return f"{_listed(said)} was said" if said else 0


def _functions(response: Response, moment: Moment) -> int | str:
    wanted = [call.function for reply in chain(response) for call in reply.call]
    lacking = sorted(set(wanted) - moment.functions)
    if lacking:
        return f"{_listed(lacking)} is not on offer"
    return FUNCTIONS if wanted else 0


def _shared(response: Response, moment: Moment) -> int | str:
    if moment.text is None:
        # Not understood, so only a turn or a modality can speak for a response.
        return 0 if response.when.turns or response.when.modalities else _NOT_UNDERSTOOD
    own = {word for reply in chain(response) for word in content_words(_TEMPLATE.sub(" ", reply.say or ""))}
    return min(SHARED_WORD * len(own.intersection(content_words(moment.text))), MOST_SHARED)


_RULES: Final[tuple[Callable[[Response, Moment], int | str], ...]] = (
    _turns,
    _modalities,
    _words,
    _excludes,
    _intents,
    _functions,
    _shared,
)


def _pattern(response: Response, moment: Moment) -> Mapping[str, str] | str:
    pattern = response.when.pattern
    if pattern is None:
        return {}
    if moment.text is None:
        return _NOT_UNDERSTOOD
    try:
        found = compiled(pattern).search(moment.text, timeout=TIME_LIMIT_S)
    except TimeoutError:
        return f"its pattern took longer than {TIME_LIMIT_S} s"
    if found is None:
        return "its pattern does not match"
    return {name: part for name, part in found.groupdict().items() if part is not None}


def chain(reply: Reply) -> Iterator[Reply]:
    """A reply and all that follows the results of its calls."""
    step: Reply | None = reply
    while step is not None:
        yield step
        step = step.then


def _listed(names: list[str] | tuple[str, ...], between: str = ", ") -> str:
    return between.join(f"'{name}'" for name in names)
