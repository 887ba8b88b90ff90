"""The order of sandbox levels, strongest first: A, B, C, D, E, none; and which one is demanded.

Covers: the setting `hosts.sandbox_level_required` and what it asks of a process and of a thread.
Does not cover: which level a host has (`plugin_host.sandbox`).
"""

from __future__ import annotations

from typing import Final, Literal

from kernel.supervision.runner import Hosting

Level = Literal["A", "B", "C", "D", "E", "none"]
LevelSetting = Literal["auto", "A", "B", "C", "D", "E", "none"]
LEVELS: Final[tuple[Level, ...]] = ("A", "B", "C", "D", "E", "none")
AUTO: Final[LevelSetting] = "auto"
"""Nobody demanded a level: a process has to reach `PROCESS_LEVEL`, a thread has no walls anyway."""
PROCESS_LEVEL: Final[Level] = "D"


def allows_threads(setting: LevelSetting) -> bool:
    """Whether the setting leaves room for hosts without walls."""
    return setting in {AUTO, "none"}


def level_for(setting: LevelSetting, hosting: Hosting) -> Level:
    """The level that the setting demands of a host of this kind."""
    if setting != "auto":
        return setting
    return PROCESS_LEVEL if hosting == "subprocess" else "none"


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
