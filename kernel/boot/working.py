"""Lets hosts work, stops them and lets go of them, as the governor says.

Covers: stopping at once when the person is back, releasing hosts that stand still for long,
carrying out plans, turns of packing, retiring hosts without work. Does not cover: the decisions
(`kernel.scheduling`), measuring (`kernel.boot.budgets`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from kernel.boot.budgets import BudgetKeeper
from kernel.boot.governing import ENDLESS_S, Asked, Governing
from kernel.boot.heavy import HeavyWork
from kernel.boot.parts import Parts
from kernel.config.machine import read_machine
from kernel.pipeline.repacking import HOST_BYTES, Repacking
from kernel.scheduling.cgroup import HostGroup, find_delegated, open_host_group
from kernel.scheduling.governor import WORKING_MODES, Decision
from kernel.scheduling.policies import ram_policy
from kernel.scheduling.schedule import Budget, HostState, HostView
from kernel.scheduling.scheduler import plan_release
from kernel.scheduling.sharing import ShareFacts, SharePolicy, ShareState, next_turn
from kernel.supervision.pool_events import HostStatus
from kernel.supervision.process_tree import descendants

IDLE_HOST_KEEP_S = 10.0
RELEASE_INTERVAL_S = 1.0
DRAINING_KEEP_S = 2.0
"""A host that was leaving when the person came back is not kept standing for longer."""


class Working:
    """Called by the kernel's loop, `heed` first in each turn and `work` last."""

    def __init__(
        self,
        parts: Parts,
        governing: Governing,
        budgets: BudgetKeeper,
        *,
        packing: Repacking | None = None,
        shares: SharePolicy | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._packing = packing
        self._governing = governing
        self._budgets = budgets
        self._now_s = now_s
        self._stopped_since_s: float | None = None
        self._release_at_s = 0.0
        self._idle_since_s: float | None = None
        self._shares = shares or SharePolicy()
        self._share = ShareState()
        self._shared_at_s = governing.worked_s
        self._group = _open_group(parts)
        self._too_large = ""
        self.is_awaited = False
        """Whether somebody waits for the end of all work."""

    def ask(self, asked: Asked, *, lasts_s: float = ENDLESS_S) -> None:
        """Work on the backlog now, whatever the person does."""
        self._governing.ask(asked, lasts_s=lasts_s)

    def heavy(self) -> HeavyWork:
        """Whether heavy work may run now."""
        decision = self._governing.decide()
        return HeavyWork(allowed=decision.reads, reason=decision.reason)

    def why_refused(self) -> str:
        """Why work does not run that could or was asked for, or will not soon; else empty."""
        if self._too_large:
            return self._too_large
        decision = self._governing.decide()
        asked = self._governing.asked
        if decision.reads or asked == "nothing":
            return ""
        final = decision.mode in {"paused", "held"} or decision.packing_only or asked == "some"
        return decision.reason if final else ""

    def heed(self, *, news: bool) -> None:
        """Stop what must stand still now; ``news``: the person's word or the signal changed."""
        if news:
            self._governing.look_now()
        if self._governing.decide().run:
            return
        now_s = self._now_s()
        self._too_large = ""
        if self._stopped_since_s is None:
            self._stopped_since_s = now_s
        self._parts.pool.freeze()
        if self._packing is not None:
            self._packing.pause()
        if now_s >= self._release_at_s:
            self._release_at_s = now_s + RELEASE_INTERVAL_S
            self._release(now_s - self._stopped_since_s)

    def work(self) -> None:
        """Carry out one plan, if heavy work may run."""
        decision = self._governing.decide()
        if not decision.run:
            return
        parts = self._parts
        self._stopped_since_s = None
        parts.pool.thaw()
        budget = self._budgets.plan_budget(
            decision.hosts_allowed, self._memory_needs(), admit=decision.admit
        )
        if self.is_awaited or self._governing.asked == "all":
            budget = replace(budget, awaited=True)
        could_read = decision.reads and self._could_read()
        packs = self._has_turn(decision, budget, could_read=could_read)
        reads = decision.reads and not (packs and could_read)
        if reads:
            self._too_large = self._find_too_large(budget)
            parts.walks.step()
            parts.dispatcher.dispatch(budget, now_s=self._governing.worked_s)
        packs = packs and self._pack(decision, budget)
        self._enclose()
        if packs or parts.dispatcher.in_hand > 0 or parts.backlog.unfinished() > 0:
            self._idle_since_s = None
            return
        # Pages may wait for their places, or a replay to go on, though no task waits.
        if not (parts.stages and parts.walks.is_behind) and reads == decision.reads:
            self._governing.ask("nothing")
        now_s = self._now_s()
        self._idle_since_s = self._idle_since_s or now_s
        if now_s - self._idle_since_s > IDLE_HOST_KEEP_S:
            parts.dispatcher.retire_idle_hosts("nothing to do")

    def _could_read(self) -> bool:
        """Whether reading goes on or could: not with all that waits blocked, delayed or too large.

        Asked of what waits and not of the last plan: packing may have had the place it needed.
        """
        parts = self._parts
        if parts.dispatcher.in_hand or any(h.state != "ready" for h in self._reading_hosts()):
            return True
        if self._too_large:
            return False
        return any(
            parts.backlog.waiting(stage.name, stage.plugin.plugin_id).tasks
            and (parts.pool.free_slots() < 1 or parts.pool.may_start(stage.plugin.plugin_id))
            for stage in parts.stages
        )

    def _reading_hosts(self) -> list[HostStatus]:
        """All hosts but those that pack."""
        mine = self._packing.plugin_id if self._packing is not None else None
        return [host for host in self._parts.pool.statuses() if host.plugin_id != mine]

    def _has_turn(self, decision: Decision, budget: Budget, *, could_read: bool) -> bool:
        """Whether packing has its turn; if not, it gives way."""
        if self._packing is None:
            return False
        worked_s = self._governing.worked_s
        elapsed_s, self._shared_at_s = worked_s - self._shared_at_s, worked_s
        able = decision.mode in WORKING_MODES and budget.admit
        facts = ShareFacts(
            reads=could_read,
            packs=able and self._packing.wants_turn,
            in_hand=self._packing.is_busy,
            awaited=budget.awaited,
            packing_only=decision.packing_only,
        )
        self._share = next_turn(self._share, facts, elapsed_s, self._shares)
        if able and self._share.turn == "packing":
            return True
        # What a host has in hand is finished; nothing new is begun.
        self._packing.pause()
        self._packing.release_hosts("other work has its turn")
        return False

    def _pack(self, decision: Decision, budget: Budget) -> bool:
        """Go on with packing by one step; whether there is something to pack."""
        assert self._packing is not None
        pool = self._parts.pool
        leaving = any(host.state == "draining" for host in pool.statuses())
        lacks_place = pool.free_slots() < 1 or budget.memory_free_bytes < HOST_BYTES
        crowded = self._packing.needs_host and lacks_place and not leaving
        idle = [host.host_id for host in self._reading_hosts() if host.state == "ready"]
        for host_id in idle if decision.packing_only else idle[:crowded]:
            pool.stop_host(host_id, "packing has its turn")
        self._packing.step(memory_free_bytes=budget.memory_free_bytes)
        return self._packing.is_busy

    def _find_too_large(self, budget: Budget) -> str:
        """Of the models in force the one that would not fit though nothing runs; else empty."""
        parts = self._parts
        if parts.pool.statuses() or not budget.admit:
            return ""
        timings = parts.costs.timings()
        for stage in parts.stages:
            need_bytes = timings[stage.model_key].memory_bytes if stage.model_key in timings else 0
            waits = parts.backlog.waiting(stage.name, stage.plugin.plugin_id).tasks
            if waits and need_bytes > budget.memory_free_bytes:
                return (
                    f"plugin {stage.plugin.plugin_id} needs {need_bytes >> 20} MiB, "
                    f"{budget.memory_free_bytes >> 20} MiB are free below budget.ram_share_max"
                )
        return ""

    def _enclose(self) -> None:
        """Put hosts that are starting into the control group, where there is one."""
        if self._group is None:
            return
        for host in self._parts.pool.statuses():
            if host.root_pid is not None and host.state == "starting":
                self._group.add((host.root_pid, *descendants(host.root_pid)))

    def _memory_needs(self) -> dict[str, int]:
        """Host -> what its model is declared or was measured to take."""
        timings = self._parts.costs.timings()
        views = (_view_of(host) for host in self._parts.pool.statuses())
        return {
            view.host_id: timings[view.model_key].memory_bytes
            for view in views
            if view.model_key in timings
        }

    def _release(self, stopped_for_s: float) -> None:
        """End hosts whose memory the person may want; what they had in hand goes back."""
        parts, scheduler = self._parts, self._parts.loaded.settings.scheduler
        for host in parts.pool.statuses():
            if host.state == "draining" and stopped_for_s >= DRAINING_KEEP_S:
                parts.pool.kill_host(host.host_id, "it was leaving", blame=False)
        for action in plan_release(
            tuple(_view_of(host) for host in parts.pool.statuses()),
            parts.costs.timings(),
            stopped_for_s=stopped_for_s,
            keep_loads=scheduler.keep_warm_loads,
            keep_min_s=scheduler.keep_warm_min_s,
        ):
            cause = f"released: stopped for {stopped_for_s:.0f} s while the person works"
            # Not a drain: that would let it run to the end of its task under the person's hands.
            parts.pool.kill_host(action.host_id, cause, blame=False)


def _open_group(parts: Parts) -> HostGroup | None:
    settings, machine = parts.loaded.settings, read_machine()
    return open_host_group(
        find_delegated(),
        cores=machine.cores * settings.budget.cpu_share_max,
        memory_bytes=ram_policy(settings, machine).limit_bytes,
    )


def _view_of(status: HostStatus) -> HostView:
    """The host as the release policy sees it; a plugin without a model is its own model."""
    states: dict[str, HostState] = {"starting": "starting", "ready": "ready", "busy": "busy"}
    return HostView(
        host_id=status.host_id,
        model_key=status.model_key or status.plugin_id,
        state=states.get(status.state, "draining"),
        busy=int(status.task_id is not None),
    )
