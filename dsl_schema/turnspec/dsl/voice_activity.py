"""What a project, or a target of it, finds speech by in what is heard."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from turnspec.dsl.base import Model
from turnspec.dsl.durations import Duration
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.refusals import refusal

MEANT_FOR = {"threshold": "silero", "mode": "webrtc"}
"""Settings that one engine knows, and which."""

_OURS = ("webrtc", "silero", "energy", "none")

MOST: Final = Duration(2_000_000)
"""No longer sound is taken for none, and no longer silence is passed over."""


def _short(written: Duration) -> Duration:
    if written > MOST:
        raise refusal("out-of-range", f"whole turns take less than {written}", hint=f"write at most {MOST}")
    return written


Length = Annotated[Duration, AfterValidator(_short)]


class VoiceActivityEngine(Model):
    """What says which sound is speech: `auto`, `none` (energy alone), or an engine by name.

    `threshold` is how sure a neural engine must be, `mode` how strict WebRTC's is; speech lasts `min_speech`
    at least, and silence of less than `bridge` does not part it. None leaves it to the engine. `live` is when
    it is asked while a call is up.
    """

    WORD = "voice_activity"

    engine: str = Field(default="auto", min_length=1)
    threshold: Annotated[float, Field(strict=True, gt=0, lt=1)] | None = None
    mode: Annotated[int, Field(strict=True, ge=0, le=3)] | None = None
    min_speech: Length | None = None
    bridge: Length | None = None
    live: Literal["noise", "always", "never"] = "noise"


def problems_of_voice_activity(spec: VoiceActivityEngine | None) -> Iterator[Problem]:
    """Settings that mean nothing to the engine that is named."""
    if spec is None:
        return
    for key, engine in MEANT_FOR.items():
        if key in spec.model_fields_set and spec.engine != engine and spec.engine in _OURS:
            message = f"the engine '{spec.engine}' has no {key}"
            hint = f"take it out, or write engine: {engine}"
            yield problem_at(spec.place.child(key), "clash", message, hint=hint, key=True)
