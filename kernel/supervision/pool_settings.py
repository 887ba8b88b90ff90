"""What a pool is given: its limits and where quarantined plugins are listed.

Covers: plain data and one protocol. Does not cover: the pool (`pool`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kernel.supervision import lifecycle, restart
from kernel.supervision.sandbox_level import LevelSetting


class Quarantine(Protocol):
    """Durable list of plugins that may not run."""

    def contains(self, plugin_id: str) -> bool:
        """Whether the plugin is quarantined."""
        ...

    def last_cause(self, plugin_id: str) -> str:
        """Why the last of its hosts died, for people; empty when that is not known."""
        ...

    def add(self, plugin_id: str, causes: tuple[str, ...]) -> None:
        """Quarantine it, with the causes of its last crashes."""
        ...


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Limits of the pool; times in seconds."""

    max_hosts: int
    limits: lifecycle.Limits
    restart: restart.Policy
    contracts_lock: str
    plugins_lock: str
    sandbox_level_required: LevelSetting
    beat_interval_ms: int = 500
    affinity: tuple[int, ...] = ()
