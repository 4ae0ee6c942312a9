"""Evidence held against what was expected: findings and measurements, as plain callables."""

__all__: list[str] = []
