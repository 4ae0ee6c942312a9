"""The shell: loops, processes, targets, and the calls of a run."""

__all__: list[str] = []
