"""Public fakes and the pytest plugin."""

__all__: list[str] = []
