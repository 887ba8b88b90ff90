"""A running kernel: stores, pool, pipeline, control socket, wired and driven by one loop.

The loop's thread owns pool and backlog; intake and inbox have threads of their own and wake
the loop through descriptors. Covers: the order of starting and stopping. Does not cover:
policy (all of it lives in the packages below), answers to requests (`kernel.boot.requests`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import zmq

from contracts.control import ControlRequest
from contracts.preparing import prepare_all
from kernel.boot import audit, requests
from kernel.boot.budgets import BudgetKeeper
from kernel.boot.governing import ENDLESS_S, Asked, Governing
from kernel.boot.grabbing import Grabbing
from kernel.boot.guard import Guard
from kernel.boot.heavy import HeavyWork
from kernel.boot.keeping import Keeper
from kernel.boot.observing import Observer
from kernel.boot.orphans import OrphanSweep
from kernel.boot.packing import open_packing
from kernel.boot.parts import Parts
from kernel.boot.progress import TEXT_STAGE, Progress
from kernel.boot.rates import Rates
from kernel.boot.spool_thread import SpoolThread
from kernel.boot.stopping import StopSignal
from kernel.boot.wordwatch import WordWatch
from kernel.boot.working import Working
from kernel.capture.inboxreport import InboxReport
from kernel.capture.inboxthread import open_inbox
from kernel.capture.intake import Intake
from kernel.capture.sink import IntakeSink
from kernel.config.machine import read_machine
from kernel.supervision.control import ControlServer, Drop, Reply
from kernel.supervision.pool_events import PoolEvent

POLL_MS = 250
POLL_WORKING_MS = 50
"""With hosts about, the loop looks at the person and the budgets this often."""
FEED_INTERVAL_S = 1.0
"""Evidence of writers that cannot wake the loop is found this soon."""
SHUTDOWN_DEADLINE_S = 3.0
CAUSE_CHARS_MAX = 300
WORK_PART = "giving out work"
FEED_PART = "looking for new evidence"


class Kernel:
    """Owns the loop. Make it, `run` it, `close` it; `close` is safe to repeat."""

    def __init__(self, parts: Parts, *, observer: Observer, stop: StopSignal) -> None:
        self._parts = parts
        self._stop = stop
        self._closed = False
        self._guard = Guard()
        self._feed_at_s = 0.0
        self._started_s = time.monotonic()
        self._end_s = float("inf")
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # From here on several threads decode.
        prepare_all()
        self._intake = Intake(parts.evidence)
        self._intake.start()
        self._control = ControlServer(
            parts.context, parts.control_path, self._serve, tell=self._note_drop
        )
        self._keeper = Keeper(parts, self._control, self._guard)
        self._orphans = OrphanSweep(parts)
        self._spool = SpoolThread(parts.evidence)
        if parts.loaded.settings.disk.spool_dir is not None:
            self._spool.start()
        settings = parts.loaded.settings
        self._budgets = observer.budgets = BudgetKeeper(
            settings,
            read_machine(),
            parts.pool,
            audit=parts.trail.append,
            killed_for_memory=parts.dispatcher.note_memory_kill,
        )
        self._observer = observer
        self._governing = Governing(
            settings, observe=observer.observe, allowance_file=parts.data_dir.allowance_file
        )
        self._packing = open_packing(parts)
        self._working = Working(parts, self._governing, self._budgets, packing=self._packing)
        self._words = WordWatch(observer.folders, parts.poller)
        self._rates = Rates()
        self._grabbing = Grabbing(settings.intake.grabber, parts.data_dir, self.inbox_dir)
        self._inbox_watched = False
        self._inbox_waiting = 0
        self._inbox_outcomes: dict[str, int] = {}
        self._inbox = open_inbox(
            parts.data_dir,
            parts.loaded.settings.intake,
            IntakeSink(self._intake, parts.evidence),
            on_report=self._note_inbox,
        )
        for key in (self._wake_fd, stop.fd, self._control.socket, self._control.wake_fd):
            parts.poller.register(key, zmq.POLLIN)

    # --- for the owner -------------------------------------------------------------------

    @property
    def parts(self) -> Parts:
        """The open parts."""
        return self._parts

    @property
    def intake(self) -> Intake:
        """Where sources put their captures."""
        return self._intake

    @property
    def inbox_dir(self) -> Path:
        """The folder that is watched for captures."""
        return self._parts.loaded.settings.intake.inbox_dir or self._parts.data_dir.inbox_dir

    def watch_inbox(self) -> None:
        """Start taking in what is dropped into the inbox."""
        self._inbox.start()
        self._inbox_watched = True

    def wake(self) -> None:
        """Make the loop look at the journal; from any thread."""
        os.eventfd_write(self._wake_fd, 1)

    def stop_after(self, seconds: float) -> None:
        """End the next `run` this long from now."""
        self._end_s = time.monotonic() + seconds

    def request_processing(
        self, asked: Asked = "all", *, lasts_s: float = ENDLESS_S, look_over: bool = False
    ) -> None:
        """Work on the backlog now whatever the person does: they asked for it.

        ``look_over``: also over what is stored; what is damaged is made again.
        """
        if look_over:
            self._parts.walks.mender.begin(lasts_s=lasts_s)
        self._working.ask(asked, lasts_s=lasts_s)
        self.wake()

    def retry_given_up(self) -> int:
        """Put failed and quarantined tasks back; returns how many."""
        return self._parts.backlog.retry_given_up()

    def progress(self) -> Progress:
        """Where the backlog stands."""
        parts = self._parts
        tally = parts.dispatcher.tally
        # What is still to be put in its place may make further tasks.
        behind = bool(parts.stages) and parts.walks.makes_tasks
        unfinished, looking = parts.backlog.unfinished() + behind, parts.walks.mender.is_behind
        return Progress(
            unfinished=unfinished,
            in_hand=parts.dispatcher.in_hand,
            done=tally.done,
            failed=tally.failed,
            stuck=self._why_stuck() if unfinished or looking or parts.problem else "",
            looking=looking,
            unread=parts.backlog.unfinished(TEXT_STAGE),
            done_by={stage.name: tally.done_by[stage.name] for stage in parts.stages},
        )

    def has_nothing_to_do(self) -> bool:
        """Nothing waits, or what waits may not run now."""
        now = self.progress()
        return now.is_drained or bool(now.stuck) or not self.heavy().allowed

    def governor_facts(self) -> dict[str, Any]:
        """As `live_facts` has them, without the rest."""
        return self._governing.facts()

    def heavy(self) -> HeavyWork:
        """Whether heavy work may run now."""
        return self._working.heavy()

    def live_facts(self) -> dict[str, Any]:
        """What only the running kernel knows; `kernel status` shows it."""
        parts = self._parts
        heavy, now, load = self.heavy(), self.progress(), self._intake.load()
        crashes = parts.pool.crashes
        return {
            "pid": os.getpid(),
            "run_id": parts.run_id,
            "profile": parts.loaded.profile,
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "heavy_work": {"allowed": heavy.allowed, "reason": heavy.reason},
            "governor": self._governing.facts(),
            "activity": self._observer.facts(),
            "budget": self._budgets.facts(),
            "gpu": self._observer.gpu_facts(),
            "hosts": [
                asdict(host)
                | self._budgets.host_facts(host.host_id)
                | {"restarts": crashes.get(host.plugin_id, 0)}
                for host in parts.pool.statuses()
            ],
            "hosts_max": parts.loaded.settings.hosts.max_hosts,
            "host_crashes": sum(crashes.values()),
            "rates": self._rates.facts(
                captured=load.acknowledged, done=now.done_by.get(TEXT_STAGE, 0)
            ),
            "tasks": {"done": now.done, "failed": now.failed, "in_hand": now.in_hand},
            "stages": self._stage_facts(now),
            "left_out": {name: error.message for name, error in parts.left_out},
            "stuck": now.stuck,
            "not_started": parts.pool.start_problem,
            "packing": self._packing.facts() if self._packing is not None else None,
            "quarantined": self._quarantined(),
            "problems": [
                problem
                for problem in (
                    *self._guard.problems.values(),
                    parts.trail.problem,
                    self._intake.problem,
                    self._spool.problem,
                    self._grabbing.problem,
                    parts.walks.mender.problem,
                )
                if problem
            ],
            "spool": self._spool_facts(),
            "control_dropped": dict(self._control.dropped),
            "grabber": self._grabbing.facts(),
            "intake": {"queued": load.queued_items, "acknowledged": load.acknowledged},
            "inbox": {
                "folder": str(self.inbox_dir),
                "watched": self._inbox_watched,
                "waiting": self._inbox_waiting,
                "problem": self._inbox.problem or "",
                "outcomes": dict(self._inbox_outcomes),
            },
        }

    def _spool_facts(self) -> dict[str, Any]:
        folder = self._parts.loaded.settings.disk.spool_dir
        return {
            "pending_segments": self._spool.segments_pending,
            "dir": str(folder) if folder is not None else None,
            "there": self._parts.evidence.last_disk_decision().spool_there,
        }

    def run(self, *, until: Callable[[Kernel], bool] | None = None) -> str:
        """Serve until told to stop, the time is over, or ``until`` holds; returns the reason."""
        self._guard.call(FEED_PART, self._parts.feeder.feed)
        self._working.is_awaited = until is not None
        while self._stop.requested is None:
            self._turn()
            if until is not None and until(self):
                return "done"
            if time.monotonic() >= self._end_s:
                return "the duration is over"
        return self._stop.requested

    def close(self) -> None:
        """Stop hosts, finish the intake, close the stores. Takes at most a few seconds."""
        if self._closed:
            return
        self._closed = True
        parts = self._parts
        self._governing.close()
        self._grabbing.close()
        self._spool.close()
        if self._packing is not None:
            self._packing.close()
        self._inbox.close()
        self._intake.close()
        for event in parts.pool.shutdown(SHUTDOWN_DEADLINE_S):
            self._guard.call("storing results", partial(self._take, event), rests=False)
        self._control.close()
        self._words.close()
        parts.trail.append("kernel-stopped", parts.run_id, {})
        parts.close()
        os.close(self._wake_fd)

    # --- the loop ------------------------------------------------------------------------

    def _turn(self) -> None:
        parts = self._parts
        ready = parts.poller.poll(POLL_WORKING_MS if parts.pool.statuses() else POLL_MS)
        keys = {key for key, _ in ready}
        # The person first, before anything that may take a moment.
        self._working.heed(news=self._words.has_news(keys))
        if self._wake_fd in keys:
            os.eventfd_read(self._wake_fd)
            self._feed_at_s = 0.0
        if time.monotonic() >= self._feed_at_s:
            self._feed_at_s = time.monotonic() + FEED_INTERVAL_S
            self._guard.call(FEED_PART, parts.feeder.feed)
            self._keeper.tick()
        if self._control.socket in keys:
            self._control.handle()
        self._control.flush()
        for event in parts.pool.handle(ready):
            self._guard.call("storing results", partial(self._take, event), rests=False)
        self._orphans.tick()
        resting = parts.dispatcher.in_hand == 0
        self._guard.call("keeping costs", partial(parts.costs.tick, is_resting=resting))
        self._guard.call(WORK_PART, self._working.work)
        if self._inbox_watched:
            self._grabbing.tick(self._governing.decide(), self._observer.disk_level)
        self._budgets.tick()
        parts.trail.tick()
        self._rates.tick(
            time.monotonic(),
            captured=self._intake.load().acknowledged,
            done=parts.dispatcher.tally.done_by[TEXT_STAGE],
        )

    def _stage_facts(self, now: Progress) -> dict[str, dict[str, Any]]:
        """The stages in force: who does them, and how many tasks since the start."""
        return {
            stage.name: {
                "plugin": f"{stage.plugin.plugin_id} {stage.plugin.version}",
                "done": now.done_by[stage.name],
            }
            for stage in self._parts.stages
        }

    def _quarantined(self) -> dict[str, str]:
        """Plugins of the stages in force that may not run now, and their last cause."""
        quarantine = self._parts.quarantine
        plugin_ids = {stage.plugin.plugin_id for stage in self._parts.stages}
        return {p: quarantine.last_cause(p) for p in sorted(plugin_ids) if quarantine.contains(p)}

    def _note_inbox(self, report: InboxReport) -> None:
        """Called in the inbox's thread."""
        self._inbox_waiting = report.waiting
        for happening in report.happenings:
            name = happening.outcome.value
            self._inbox_outcomes[name] = self._inbox_outcomes.get(name, 0) + 1
        self.wake()

    def _take(self, event: PoolEvent) -> None:
        self._parts.dispatcher.handle(event)
        if self._packing is not None:
            self._packing.handle(event)
        act = audit.act_of(event)
        if act is not None:
            self._parts.trail.append(act.act, act.subject, act.detail)

    def _note_drop(self, drop: Drop) -> None:
        act = audit.act_of_drop(drop)
        self._parts.trail.append(act.act, act.subject, act.detail)

    def _why_stuck(self) -> str:
        if self._parts.problem is not None:
            return self._parts.problem.message
        if WORK_PART in self._guard.problems:
            return self._guard.problems[WORK_PART]
        return self._quarantine_problem() or self._hung_problem() or self._working.why_refused()

    def _quarantine_problem(self) -> str:
        """Set when all that waits is for plugins in quarantine: what others do goes on."""
        parts = self._parts
        barred: set[str] = set()
        for stage in parts.stages:
            if parts.quarantine.contains(stage.plugin.plugin_id):
                barred.add(stage.plugin.plugin_id)
            elif parts.backlog.unfinished(stage.name):
                return ""
        told = [f"plugin {p} is quarantined: {self._last_cause(p)}" for p in sorted(barred)]
        if not told:
            return ""
        return f"{'; '.join(told)} (when it is mended: kernel plugins quarantine --lift ID)"

    def _last_cause(self, plugin_id: str) -> str:
        """Why, in a line."""
        cause = self._parts.quarantine.last_cause(plugin_id)
        return " ".join(cause.split())[:CAUSE_CHARS_MAX] or "kernel plugins list may say why"

    def _hung_problem(self) -> str:
        """Set when threads that do not give way hold every place: nothing can be read any more."""
        pool = self._parts.pool
        if pool.free_slots() > 0 or not all(host.hung for host in pool.statuses()):
            return ""
        return "every host is a thread that does not give way; start the kernel again"

    def _serve(self, request: ControlRequest, payload: bytes, reply: Reply) -> None:
        requests.serve(self, request, payload, reply)
