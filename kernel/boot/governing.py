"""Asks the governor at every tick whether heavy work may run.

Covers: when a tick is due, adding what was asked for to what is observed. Does not cover: the
decision (`kernel.scheduling.governor`), stopping hosts (`kernel.boot.working`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from kernel.config.sections import Settings
from kernel.scheduling.governor import Decision, GovernorState, Observation, step
from kernel.scheduling.policies import governor_policy

TICK_IDLE_S = 0.5
TICK_WORKING_S = 0.05
"""While hosts work, the person's return must be seen well within 100 ms."""

Asked = Literal["nothing", "some", "all"]
"""What a request wants now: ``some`` spends the bounded budget, ``all`` is the person's word."""
Observe = Callable[[], Observation]
ENDLESS_S = float("inf")


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
        self._state = GovernorState(since_s=now_s())
        self._decision = Decision(
            "active",
            run=False,
            hosts_allowed=0,
            admit=False,
            changed=False,
            reason="not looked yet",
        )
        self._next_tick_s = 0.0
        self._asked: Asked = "nothing"
        self._asked_until_s = 0.0

    @property
    def worked_s(self) -> float:
        """The work clock: seconds during which heavy work could run."""
        return self._state.worked_s

    @property
    def explicit_left_s(self) -> float:
        """CPU seconds that explicit requests may still spend while the person works."""
        left_s = self._state.explicit_left_s
        return self._policy.explicit_cpu_s if left_s is None else max(0.0, left_s)

    @property
    def asked(self) -> Asked:
        """What is asked for at this moment; a request that nobody repeats lapses."""
        return self._asked if self._now_s() < self._asked_until_s else "nothing"

    def facts(self) -> dict[str, Any]:
        """For `kernel status`."""
        decision = self.decide()
        return {
            "mode": decision.mode,
            "since_s": round(self._now_s() - self._state.since_s, 1),
            "hosts_allowed": decision.hosts_allowed,
            "admit": decision.admit,
            "asked": self.asked,
            "explicit_left_s": round(self.explicit_left_s, 2),
            "worked_s": round(self.worked_s, 1),
        }

    def ask(self, asked: Asked, *, lasts_s: float = ENDLESS_S) -> None:
        """Ask for work now, for so long unless it is asked again; the larger wish wins."""
        if asked == "some" and self.asked == "all":
            return
        if asked != self.asked:
            self._next_tick_s = 0.0
        self._asked, self._asked_until_s = asked, self._now_s() + lasts_s

    def look_now(self) -> None:
        """Something changed: let the next `decide` look, whatever the tick."""
        self._next_tick_s = 0.0

    def decide(self) -> Decision:
        """The decision in force; a new one when the tick is due."""
        now_s = self._now_s()
        if now_s >= self._next_tick_s:
            asked = self.asked
            observation = replace(
                self._observe(), explicit_wanted=asked == "some", asked_now=asked == "all"
            )
            self._state, self._decision = step(self._state, observation, now_s, self._policy)
            self._next_tick_s = now_s + (TICK_WORKING_S if self._decision.run else TICK_IDLE_S)
        return self._decision
