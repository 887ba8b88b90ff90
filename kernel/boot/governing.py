"""Asks the governor at every tick whether heavy work may run.

Covers: turning settings and observations into the governor's input. Does not cover: the
decision (`kernel.scheduling.governor`), stopping hosts (`kernel.supervision.pool`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from kernel.config.sections import Settings
from kernel.scheduling.governor import Decision, GovernorPolicy, GovernorState, Observation, step

TICK_S = 0.5

Observe = Callable[[], Observation]


class Governing:
    """Keeps the governor's state and steps it when a tick is due."""

    def __init__(
        self,
        settings: Settings,
        *,
        observe: Observe,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = GovernorPolicy(
            idle_after_s=settings.activity.idle_after_s,
            hosts_max=settings.hosts.max_hosts,
            cpu_share_max=settings.budget.cpu_share_max,
            ram_share_max=settings.budget.ram_share_max,
            ramp_step_s=settings.budget.ramp_step_s,
            explicit_cpu_s=settings.budget.explicit_cpu_s,
            explicit_window_s=settings.budget.explicit_window_s,
            assume_idle=settings.activity.assume_idle,
        )
        self._observe = observe
        self._now_s = now_s
        self._state = GovernorState()
        self._decision = Decision(
            "active",
            run=False,
            hosts_allowed=0,
            admit=False,
            changed=False,
            reason="not looked yet",
        )
        self._next_tick_s = 0.0

    def decide(self) -> Decision:
        """The decision in force; a new one when the tick is due."""
        now_s = self._now_s()
        if now_s >= self._next_tick_s:
            self._next_tick_s = now_s + TICK_S
            self._state, self._decision = step(self._state, self._observe(), now_s, self._policy)
        return self._decision
