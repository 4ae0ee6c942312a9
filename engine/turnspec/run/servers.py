"""What serves an application, where that is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from turnspec.dsl.models import TargetSpec
from turnspec.dsl.problems import Problem, problem_at


def lacking(target: TargetSpec) -> Iterator[Problem]:
    """What must be installed before a target can be called."""
    if target.asgi is not None and importlib.util.find_spec("uvicorn") is None:
        message = "an application is served by uvicorn, which is not installed"
        hint = "pip install 'turnspec[asgi]'"
        yield problem_at(target.place.child("asgi"), "missing-extra", message, hint=hint)
