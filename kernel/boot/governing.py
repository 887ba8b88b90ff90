"""Asks the governor at every tick whether heavy work may run.

Covers: turning settings and observations into the governor's input. Does not cover: the
decision (`kernel.scheduling.governor`), stopping hosts (`kernel.supervision.pool`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from kernel.config.sections import Settings
from kernel.scheduling.governor import Decision, GovernorState, Observation, step
from kernel.scheduling.policies import governor_policy

TICK_IDLE_S = 0.5
TICK_WORKING_S = 0.05
"""While hosts work, the person's return must be seen well within 100 ms."""

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
        self._policy = governor_policy(settings)
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

    @property
    def worked_s(self) -> float:
        """The work clock: seconds during which heavy work could run."""
        return self._state.worked_s

    def decide(self) -> Decision:
        """The decision in force; a new one when the tick is due."""
        now_s = self._now_s()
        if now_s >= self._next_tick_s:
            self._state, self._decision = step(self._state, self._observe(), now_s, self._policy)
            self._next_tick_s = now_s + (TICK_WORKING_S if self._decision.run else TICK_IDLE_S)
        return self._decision
