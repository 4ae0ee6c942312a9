"""`turnspec measure`: a recorded conversation in figures, with no scenario."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from turnspec.checks.conversation import Conversation
from turnspec.checks.dialogue import Overlap, Response, Speaker, Turn
from turnspec.results import USAGE_EXIT
from turnspec.run.measured import Measured, MeasureError, measure

FORMAT = 1


def measure_command(paths: tuple[Path, ...], options: Mapping[str, Any]) -> int:
    """Print what was measured; returns the exit code."""
    try:
        measured = measure(paths, caller=options["caller"], option=options["voice_activity"])
    except MeasureError as error:
        print(error, file=sys.stderr)
        return USAGE_EXIT
    if options["as_json"]:
        print(json.dumps(_document(measured), ensure_ascii=False, indent=1))
        return 0
    for note in measured.notes:
        print(f"note: {note}", file=sys.stderr)
    print("\n".join(_told(measured)))
    return 0


def _told(measured: Measured) -> Iterator[str]:
    talk = measured.conversation
    files = " and ".join(str(path) for path in measured.files)
    yield f"{files}: {_clock(talk.length_us)}, {measured.rate_hz:,} Hz"
    yield f"speech found by {measured.engine}, times between both sides ± {_bars(talk)}"
    yield ""
    yield from _table(talk)
    yield ""
    yield from _summary(talk)
    for who, keys in measured.keys.items():
        if keys:
            pressed = " ".join(f"{key.digit} ({_clock(key.start_us)})" for key in keys)
            yield f"keys of the {who.value:<7} {pressed}"


def _bars(talk: Conversation) -> str:
    """How far off the responses may be: one for all, or the least and the most."""
    bars = {each.error_us for each in talk.responses if each.value_us is not None} or {talk.error_us}
    return _ms(max(bars)) if len(bars) == 1 else f"{_ms(min(bars))} to {_ms(max(bars))}"


def _table(talk: Conversation) -> Iterator[str]:
    if not talk.turns:
        yield "no turns"
        return
    answered = {_key(each.turn): each for each in talk.responses}
    yield f"{'turn':>4}  {'who':<6}  {'from':>9}  {'to':>9}  {'lasts':>9}  {'answered after':>14}"
    for number, turn in enumerate(talk.turns, start=1):
        response = _answered(answered.get(_key(turn)))
        times = f"{_clock(turn.start_us):>9}  {_clock(turn.end_us):>9}  {_ms(turn.end_us - turn.start_us):>9}"
        yield f"{number:>4}  {turn.who.value:<6}  {times}  {response:>14}".rstrip()


def _key(turn: Turn) -> tuple[Speaker, int]:
    return turn.who, turn.start_us


def _answered(response: Response | None) -> str:
    if response is None:
        return ""
    return "not at all" if response.value_us is None else _ms(response.value_us)


def _summary(talk: Conversation) -> Iterator[str]:
    times = [each.value_us for each in talk.responses if each.value_us is not None]
    if times:
        spread = f"{_ms(min(times))} to {_ms(max(times))}"
        percentiles = "".join(f", p{each.percent} {_ms(each.value_us)}" for each in talk.percentiles)
        yield f"responses           {len(times)} of {len(talk.responses)}, {spread}{percentiles}"
    for who in Speaker:
        yield f"{who.value + ' speaks':<19} {_ms(talk.spoken_us(who))}"
    if talk.talk_ppm is not None:
        yield f"agent's share       {talk.talk_ppm / 10_000:.0f} % of all speech"
    if talk.gaps:
        longest = max(talk.gaps, key=lambda gap: gap.duration_us)
        yield f"longest gap         {_ms(longest.duration_us)} at {_clock(longest.start_us)}"
    overlaps = talk.overlaps
    both = f", {_ms(sum(each.duration_us for each in overlaps))} in all" if overlaps else ""
    yield f"overlaps            {len(overlaps)}{both}"
    for who in Speaker:
        found = talk.interruptions(who)
        at = f" ({', '.join(_clock(each.start_us) for each in found)})" if found else ""
        yield f"{who.value + ' interrupts':<19} {len(found)}{at}"


def _ms(time_us: int) -> str:
    return f"{round(time_us / 1_000):,} ms"


def _clock(at_us: int) -> str:
    minutes, seconds = divmod(round(at_us / 10_000), 6_000)
    return f"{minutes}:{seconds / 100:05.2f}"


def _document(measured: Measured) -> dict[str, Any]:
    talk = measured.conversation
    return {
        "format": FORMAT,
        "files": [str(path) for path in measured.files],
        "length_us": talk.length_us,
        "rate_hz": measured.rate_hz,
        "engine": measured.engine,
        "error_us": talk.error_us,
        "notes": list(measured.notes),
        "turns": list(_turns(talk)),
        "percentiles": {f"p{each.percent}": each.value_us for each in talk.percentiles},
        "overlaps": [_overlap(each) for each in talk.overlaps],
        "gaps": [
            {"from_us": each.start_us, "to_us": each.end_us, "after": each.after, "before": each.before}
            for each in talk.gaps
        ],
        "speaks_us": {who.value: talk.spoken_us(who) for who in Speaker},
        "interruptions": {who.value: len(talk.interruptions(who)) for who in Speaker},
        "talk_ratio": None if talk.talk_ppm is None else talk.talk_ppm / 1_000_000,
        "keys": {
            who.value: [{"digit": key.digit, "from_us": key.start_us, "to_us": key.end_us} for key in keys]
            for who, keys in measured.keys.items()
        },
    }


def _turns(talk: Conversation) -> Iterator[dict[str, Any]]:
    answered = iter(talk.responses)  # one for each turn of the caller's, in order
    for turn in talk.turns:
        document: dict[str, Any] = {
            "who": turn.who.value,
            "from_us": turn.start_us,
            "to_us": turn.end_us,
            "speech": [[segment.start_us, segment.end_us] for segment in turn.segments],
        }
        if turn.who is Speaker.CALLER:
            response = next(answered)
            document["response_us"] = response.value_us
            if response.value_us is not None:
                document["response_error_us"] = response.error_us
        yield document


def _overlap(overlap: Overlap) -> dict[str, Any]:
    return {
        "from_us": overlap.start_us,
        "to_us": overlap.end_us,
        "by": overlap.by.value,
        "interrupts": overlap.interrupts,
    }
