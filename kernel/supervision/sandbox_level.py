"""The order of sandbox levels, strongest first: A, B, C, D, E, none."""

from __future__ import annotations

LEVELS = ("A", "B", "C", "D", "E", "none")


def is_at_least(level: str, required: str) -> bool:
    """Whether ``level`` is as strong as ``required``; unknown names are the weakest."""
    strength = LEVELS.index(level) if level in LEVELS else len(LEVELS)
    return strength <= LEVELS.index(required)


def shortfall(level: str, required: str) -> str:
    """Why a host of this level must not run, for people; empty when it may."""
    if is_at_least(level, required):
        return ""
    return (
        f"sandbox level {level} is below the required {required}; "
        "kernel doctor shows which layers are missing"
    )
