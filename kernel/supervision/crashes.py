"""What the pool remembers of each plugin's crashes: backoff, intensity, quarantine.

Covers: applying the restart policy, counting for status, waiting while the machine cannot start a
host at all. Does not cover: the policy
(`restart`), the durable list (`quarantine`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kernel.supervision import restart
from kernel.supervision.pool_events import PluginQuarantined
from kernel.supervision.pool_settings import Quarantine

TOLD_S = 30.0
"""A hindrance is told this long after the time of the next try, if nobody tried."""


@dataclass(frozen=True, slots=True)
class _Hindered:
    streak: int
    until_s: float
    cause: str


class CrashBook:
    """The crashes since the pool was made, by plugin."""

    def __init__(
        self, policy: restart.Policy, quarantine: Quarantine, now_s: Callable[[], float]
    ) -> None:
        self._policy = policy
        self._quarantine = quarantine
        self._now_s = now_s
        self._histories: dict[str, restart.History] = {}
        self._not_before_s: dict[str, float] = {}
        self._counts: Counter[str] = Counter()
        self._hindered: dict[str, _Hindered] = {}

    def counts(self) -> dict[str, int]:
        """Crashes by plugin."""
        return dict(self._counts)

    def allows(self, plugin_id: str) -> bool:
        """Whether backoff and quarantine allow a host for the plugin now."""
        now_s = self._now_s()
        hindered = self._hindered.get(plugin_id)
        return (
            now_s >= self._not_before_s.get(plugin_id, 0.0)
            and (hindered is None or now_s >= hindered.until_s)
            and not self._quarantine.contains(plugin_id)
        )

    @property
    def hindrance(self) -> str:
        """What the machine lacks to start hosts; empty once nothing was refused for a while."""
        told_until_s = self._policy.backoff_max_s + TOLD_S
        now_s = self._now_s()
        causes = (h.cause for h in self._hindered.values() if now_s < h.until_s + told_until_s)
        return "; ".join(dict.fromkeys(causes))

    def hinder(self, plugin_id: str, cause: str) -> None:
        """A host could not be started, and not by the plugin: wait, and blame nobody."""
        before = self._hindered.get(plugin_id)
        streak = 1 if before is None else before.streak + 1
        until_s = self._now_s() + restart.backoff_s(plugin_id, streak, self._policy)
        self._hindered[plugin_id] = _Hindered(streak, until_s, cause)

    def note_started(self, plugin_id: str) -> None:
        """Nothing hinders the plugin's hosts any more."""
        self._hindered.pop(plugin_id, None)

    def note(self, plugin_id: str, cause: str, lived_s: float) -> PluginQuarantined | None:
        """Count a crash; returns the event when the plugin is quarantined for it."""
        self._counts[plugin_id] += 1
        history = self._histories.get(plugin_id, restart.History(plugin_id))
        crash = restart.Crash(self._now_s(), cause, lived_s)
        history, verdict = restart.record_crash(history, crash, self._policy)
        self._histories[plugin_id] = history
        self._not_before_s[plugin_id] = verdict.start_at_s
        if not verdict.quarantine:
            return None
        causes = tuple(crash.cause for crash in history.crashes)
        self._quarantine.add(plugin_id, causes)
        # Lifting the quarantine is a person's decision: it starts with a clean slate.
        self._histories[plugin_id] = restart.History(plugin_id)
        self._not_before_s[plugin_id] = 0.0
        return PluginQuarantined(plugin_id, causes)
