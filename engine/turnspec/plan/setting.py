"""What the compiler must know of the far end: a target over one protocol, and what that can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from turnspec.call import Capabilities, Capability, Identity, Source
from turnspec.call.events import Side
from turnspec.dsl.models import Budgets, Duration, Fragment, FunctionSpec, Matcher, Verification
from turnspec.plan.model import TargetKind

Holds: TypeAlias = Callable[[str, Matcher, Mapping[str, Any]], bool | None]
DEFAULT_CALL_LIMIT_US = 300_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """A target over one protocol. `variables` are the project's, with `env` among them.

    `live`: a person can take part, in real time. `speaks`: a synthesiser can say texts. `agent_functions` are
    those of a local agent's script. `labels` tell this call from others of the same scenario: they are a part
    of its name. `holds` says whether a variable is as a matcher wants it, None where that cannot be said;
    without it the call itself decides.
    """

    target: str
    protocol: str
    kind: TargetKind
    capabilities: Capabilities
    identity: Identity
    live: bool = True
    speaks: bool = False
    recognises: bool = False  # words are made out of the sound where nobody tells them
    verify: Verification | None = None  # whether words that are told are held against the sound
    why_deaf: str = ""  # what to do where they are not
    why_mute: str = ""  # what to do where nothing does
    greets: bool | None = None
    budgets: tuple[Budgets, ...] = ()  # the target's, then the project's
    reply_ends_after: Duration | None = None
    filler: tuple[str, ...] | None = None
    call_limit: Duration | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    agent_functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    fragments: Mapping[str, Fragment] = field(default_factory=dict)  # by their path from the project folder
    holds: Holds | None = None
    row: Mapping[str, Any] = field(default_factory=dict)  # the row of `examples` that this call is made for

    def can(self, capability: Capability) -> bool:
        """Whether calls in this setting can do this. Keys show wherever the agent's audio can be heard."""
        heard = capability is Capability.KEYS_SEEN and self.capabilities.caller_format is not None
        return heard or capability in self.capabilities.can

    @property
    def listens(self) -> bool:
        """Whether words that nobody tells are made out of the sound of calls in this setting."""
        return self.recognises and self.capabilities.caller_format is not None

    @property
    def verifies(self) -> Verification | None:
        """How words that are told are held against the sound of calls in this setting; None: not at all."""
        is_on = self.verify is not None and self.verify.is_on
        tells = self.words is not None and self.capabilities.caller_format is not None
        return self.verify if is_on and tells else None

    @property
    def writes(self) -> bool:
        """Whether what is to be said is sent as text: nothing can say it, or nobody would hear it."""
        return self.can(Capability.TEXT) and not (self.speaks and self.can(Capability.AUDIO))

    @property
    def words(self) -> Side | None:
        """Whose account of the agent's words is taken."""
        return self._side(Source.WORDS)

    @property
    def calls(self) -> Side | None:
        """Whose account of function calls is taken."""
        return self._side(Source.CALLS)

    @property
    def heard(self) -> Side | None:
        """Whose account is taken of what the agent heard the caller say."""
        return self._side(Source.HEARD)

    def _side(self, source: Source) -> Side | None:
        if self.kind is TargetKind.AGENT:
            return Side.AGENT
        if self.kind is TargetKind.BACKEND:
            return Side.MODEL
        return self.capabilities.told_by if source in self.capabilities.gives else None
