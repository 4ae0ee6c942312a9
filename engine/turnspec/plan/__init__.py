"""Compiling a scenario to the plan of a call: the step graph, limits, sources."""
