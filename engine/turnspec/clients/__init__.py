"""The imperative Python API."""

__all__: list[str] = []
