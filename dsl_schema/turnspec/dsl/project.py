"""The project: targets under test, defaults, and names that scenarios may use."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.caller import Words
from turnspec.dsl.durations import Duration
from turnspec.dsl.engines import Engines
from turnspec.dsl.matchers import Regex
from turnspec.dsl.refusals import refusal
from turnspec.dsl.repeating import Percentiles, TimeLimit
from turnspec.dsl.spans import Span
from turnspec.dsl.verifying import Verification, verify_of
from turnspec.dsl.voice_activity import VoiceActivityEngine

_APPLICATION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


class Budgets(Model):
    """Limits of time, each for one measurement."""

    WORD = "budgets"

    connect: TimeLimit | None = None
    greeting: TimeLimit | None = None
    response: TimeLimit | None = None
    first_audio: TimeLimit | None = None
    first_response: TimeLimit | None = None
    function_call: TimeLimit | None = None
    function_return: TimeLimit | None = None
    barge_in: TimeLimit | None = None
    turn: TimeLimit | None = None
    speech: TimeLimit | None = None
    gap: TimeLimit | None = None
    overlap: TimeLimit | None = None
    underrun: TimeLimit | None = None
    call: TimeLimit | None = None

    def items(self) -> Iterator[tuple[str, Duration, Span]]:
        """The budgets of single calls that were written: name, limit, and where."""
        for name in type(self).model_fields:
            limit: Duration | Percentiles | None = getattr(self, name)
            if isinstance(limit, Duration):
                yield name, limit, self.span_of(name)

    def percentiles(self) -> Iterator[tuple[str, Percentiles]]:
        """The budgets of repeated runs that were written, by name."""
        for name in type(self).model_fields:
            limit: Duration | Percentiles | None = getattr(self, name)
            if isinstance(limit, Percentiles):
                yield name, limit

    def names(self) -> Iterator[str]:
        """What is limited here, in either way."""
        return (name for name in type(self).model_fields if getattr(self, name) is not None)


class Limits(Model):
    """Hard stops: of one call, and of the whole run."""

    WORD = "limits"

    call: Duration | None = None
    run: Duration | None = None


class Ready(Model):
    """When a started target can be called; exactly one of `http`, `port` and `line` is set."""

    WORD = "ready"

    http: str | None = None
    port: Literal[True] | None = None
    line: Regex | None = None
    within: Duration = Duration(20_000_000)


class StartSpec(Model):
    """How the engine starts the target as a process of its own."""

    WORD = "start"

    command: str = Field(min_length=1)
    environment: dict[str, str] = Field(default_factory=dict)
    ready: Ready | None = None


class Auth(Model):
    """What the engine shows to the target to be let in."""

    WORD = "auth"

    bearer: str | None = None
    auth_token: str | None = None


def _no_truth(written: object) -> object:
    # To Python, true is 1.
    return str(written).lower() if isinstance(written, bool) else written


def _application(written: str) -> str:
    """Where an ASGI application is, as `module:name`, both of them with dots in them if need be."""
    if _APPLICATION.fullmatch(written):
        return written
    message = f"'{written}' does not say where an application is"
    raise refusal("bad-application", message, hint="write module:name, such as bank.web:app")


class TargetSpec(Model):
    """What is under test. `options` are the adapter's own: its model validates them."""

    WORD = "a target"

    name: str = Field(default="", alias="<name>")
    protocol: tuple[str, ...] = ()
    url: str | None = None
    start: StartSpec | None = None
    asgi: Annotated[str, AfterValidator(_application)] | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    instances: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 1
    restart: Literal["run", "scenario"] = "run"
    backend: str | None = None
    agent: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    auth: Auth | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)
    budgets: Budgets = Field(default_factory=Budgets)
    reply_ends_after: Duration | None = None
    filler: tuple[Words, ...] | None = None
    voice_activity: VoiceActivityEngine | None = None
    verify: Verification | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # the signature is the base's
        """Make one protocol, and one filler, a list of it; a name alone is an engine's."""
        data = verify_of(data)
        engine = data.get("voice_activity")
        if isinstance(engine, str):
            place = data.place.child("voice_activity")
            data = data.but(voice_activity=Located({"engine": engine}, place))
        return listed(data, "protocol", "filler")


class Project(Model):
    """A folder of scenarios, what they call, and their common settings."""

    WORD = "turnspec.yaml"

    version: Annotated[Literal[1], BeforeValidator(_no_truth)]
    scenarios: tuple[str, ...] = ("scenarios",)
    targets: dict[str, TargetSpec] = Field(default_factory=dict)
    environment: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: dict[str, JsonValue] = Field(default_factory=dict)
    budgets: Budgets = Field(default_factory=Budgets)
    limits: Limits = Field(default_factory=Limits)
    intents: tuple[str, ...] = ()
    engines: Engines = Field(default_factory=Engines)
    allow_outside: Annotated[bool, Field(strict=True)] = False

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # the signature is the base's
        """Tell each target its name."""
        targets = data.get("targets")
        if not isinstance(targets, Located):
            return data
        named: dict[str, Any] = {
            name: target.but(**{"<name>": name}) if isinstance(target, Located) else target
            for name, target in targets.items()
        }
        return data.but(targets=Located(named, targets.place))
