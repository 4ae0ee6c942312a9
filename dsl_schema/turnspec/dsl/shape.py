"""Whether data has the shape of a kind of file, before anything that it refers to is looked for."""

from __future__ import annotations

from typing import Any

from turnspec.dsl.problems import Problem
from turnspec.dsl.reader import read_model
from turnspec.dsl.schema import KINDS
from turnspec.dsl.spans import Place, SpanTable


def problems_of_shape(kind: str, data: Any) -> list[Problem]:
    """What is wrong with plain data as a file of this kind; the published schema says the same of it."""
    model, _ = KINDS[kind]
    _, problems = read_model(model, data, Place(SpanTable(f"<{kind}>")))
    return problems
