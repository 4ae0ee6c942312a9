"""A free conversation with a target, and the scenario that is written from it."""

__all__: list[str] = []
