"""Doubles that answer calls in an agent's or a model's place: each speaks one protocol's other side."""

__all__: list[str] = []
