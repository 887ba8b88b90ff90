"""The order of sandbox levels, strongest first: A, B, C, D, E, none."""

from __future__ import annotations

LEVELS = ("A", "B", "C", "D", "E", "none")


def is_at_least(level: str, required: str) -> bool:
    """Whether ``level`` is as strong as ``required``; unknown names are the weakest."""
    strength = LEVELS.index(level) if level in LEVELS else len(LEVELS)
    return strength <= LEVELS.index(required)
