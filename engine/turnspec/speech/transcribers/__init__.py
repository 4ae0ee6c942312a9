"""Engines that make out words: each is made where it is used, which may be another process."""

__all__: list[str] = []
