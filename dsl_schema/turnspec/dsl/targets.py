"""What of a target goes together: an agent, a process, an application, or an address alone."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.dsl.names import Text, texts_of
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.project import Ready, TargetSpec

_STARTED = ("start", "instances", "restart")
_NOT_OF_AN_AGENT = ("url", "asgi", "environment", *_STARTED, "backend", "headers", "auth")


def problems_of_parts(target: TargetSpec) -> Iterator[Problem]:
    """What is lacking, and what means nothing beside the rest."""
    if target.agent is not None:
        yield from _meaningless(
            target, _NOT_OF_AN_AGENT, "a target with `agent` is played by the engine itself"
        )
        return
    yield from _way_to_reach(target)
    if target.asgi is not None:
        told = "an application is run in turnspec's own process, anew for each call"
        yield from _meaningless(target, _STARTED, told)
    else:
        yield from _of_processes(target)
    if target.start is not None and target.start.ready is not None:
        yield from _of_readiness(target.start.ready)


def _meaningless(target: TargetSpec, keys: tuple[str, ...], why: str) -> Iterator[Problem]:
    for key in keys:
        if key in target.model_fields_set:
            message = f"{why}: `{key}` means nothing there"
            yield problem_at(target.place.child(key), "clash", message, hint="keep one of the two", key=True)


def _way_to_reach(target: TargetSpec) -> Iterator[Problem]:
    place = target.place
    hint = "write `agent: FILE` for a scripted agent, or `protocol:` and `url:` for a running one"
    reached = target.url is not None or target.asgi is not None
    if not target.protocol and not reached:
        yield problem_at(place, "missing-key", "this target does not say what to call", hint=hint, key=True)
    elif not target.protocol:
        message = "this target has no protocol"
        yield problem_at(place, "missing-key", message, hint="write protocol: twilio", key=True)
    elif not reached:
        yield problem_at(place, "missing-key", "this target has no url", hint=hint, key=True)


def _of_processes(target: TargetSpec) -> Iterator[Problem]:
    if target.environment:
        message = "only an application (`asgi:`) has its environment here"
        place = target.place.child("environment")
        yield problem_at(place, "clash", message, hint="write it below `start:`", key=True)
    for key in ("instances", "restart"):
        if key in target.model_fields_set and target.start is None:
            message = f"nothing is started here, so `{key}` means nothing"
            hint = "say under `start:` how it is started"
            yield problem_at(target.place.child(key), "clash", message, hint=hint, key=True)


def _of_readiness(ready: Ready) -> Iterator[Problem]:
    given = [key for key in ("http", "port", "line") if getattr(ready, key) is not None]
    if len(given) != 1:
        message = "ready has one of http, port and line"
        hint = "write ready: {port: true} if nothing else tells when it can be called"
        yield problem_at(ready.place, "clash" if given else "missing-key", message, hint=hint, key=True)


def texts_of_target(target: TargetSpec) -> Iterator[Text]:
    """All texts of a target that may be filled in."""
    place = target.place
    yield from texts_of(target.url, place.child("url"))
    yield from texts_of(target.headers, place.child("headers"))
    yield from texts_of(target.environment, place.child("environment"))
    if target.auth is not None:
        yield from texts_of(target.auth.bearer, target.auth.place.child("bearer"))
        yield from texts_of(target.auth.auth_token, target.auth.place.child("auth_token"))
    if (start := target.start) is not None:
        yield from texts_of(start.command, start.place.child("command"))
        yield from texts_of(start.environment, start.place.child("environment"))
        if start.ready is not None:
            yield from texts_of(start.ready.http, start.ready.place.child("http"))
            yield from texts_of(start.ready.line, start.ready.place.child("line"))
