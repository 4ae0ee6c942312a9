"""The language: what may be written in YAML, read into frozen values that know their place."""

from turnspec.dsl import models
from turnspec.dsl.models import *  # noqa: F403 # `models` lists every model once

__all__ = [*models.__all__]
