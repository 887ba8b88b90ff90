"""Asks the governor at every tick whether heavy work may run.

Covers: when a tick is due, adding what was asked for to what is observed. Does not cover: the
decision (`kernel.scheduling.governor`), stopping hosts (`kernel.boot.working`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from kernel.config.sections import Settings
from kernel.scheduling.allowance import Allowance, read_allowance, write_allowance
from kernel.scheduling.governor import Decision, GovernorState, Observation, step
from kernel.scheduling.policies import governor_policy

TICK_IDLE_S = 0.5
TICK_WORKING_S = 0.05
"""While hosts work, the person's return must be seen well within 100 ms."""

Asked = Literal["nothing", "some", "all"]
"""What a request wants now: ``some`` spends the bounded budget, ``all`` is the person's word."""
Observe = Callable[[], Observation]
ENDLESS_S = float("inf")
KEEP_S = 1.0
"""What was spent is written this often while it is being spent."""


class Governing:
    """Keeps the governor's state and steps it when a tick is due."""

    def __init__(
        self,
        settings: Settings,
        *,
        observe: Observe,
        allowance_file: Path | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = governor_policy(settings)
        self._observe = observe
        self._now_s = now_s
        self._allowance_file = allowance_file
        self._kept_used_s, self._keep_at_s = 0.0, 0.0
        self._state = GovernorState(since_s=now_s(), explicit_left_s=self._left_before())
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
            "explicit_used_s": round(self._state.explicit_used_s, 2),
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
            if now_s >= self._keep_at_s:
                self._keep_at_s = now_s + KEEP_S
                self._keep()
        return self._decision

    def close(self) -> None:
        """Keep what is left for the kernel that comes next."""
        self._next_tick_s = 0.0
        self.decide()
        self._keep()

    def _left_before(self) -> float | None:
        """What kernels before this one left; None: all of it."""
        if self._allowance_file is None:
            return None
        now_us = time.time_ns() // 1000
        before = read_allowance(self._allowance_file, now_us)
        if before is None:
            return None
        policy = self._policy
        return before.left_at(
            now_us, cpu_s=policy.explicit_cpu_s, window_s=policy.explicit_window_s
        )

    def _keep(self) -> None:
        """Write what is left if some was spent since; a full drive keeps the figure before."""
        used_s = self._state.explicit_used_s
        if self._allowance_file is None or used_s == self._kept_used_s:
            return
        left = Allowance(self.explicit_left_s, time.time_ns() // 1000)
        with contextlib.suppress(OSError):
            write_allowance(self._allowance_file, left)
            self._kept_used_s = used_s
