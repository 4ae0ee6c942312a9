"""The language: what may be written in YAML, read into frozen values that know their place."""

from turnspec.dsl import models, problems
from turnspec.dsl.models import *  # noqa: F403 # `models` lists every model once
from turnspec.dsl.problems import *  # noqa: F403 # and `problems` its own

__all__: list[str] = []
__all__ += models.__all__
__all__ += problems.__all__
