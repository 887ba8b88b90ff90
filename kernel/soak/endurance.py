"""The soak itself: the kernel as a child, the person, the observers and the faults around it.

Covers: the order of starting, minding the kernel, the end of the day, the last accounts. Does not
cover: the verdict over the folder that is left (`kernel.soak.report`).
"""

from __future__ import annotations

import contextlib
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.preparing import prepare_all
from kernel.boot.stopping import StopSignal
from kernel.config.errors import KernelError
from kernel.soak.book import Book
from kernel.soak.checker import Checker
from kernel.soak.child import KernelChild
from kernel.soak.commands import run_command
from kernel.soak.day import Truth
from kernel.soak.driver import Driver
from kernel.soak.faults import Faults
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.plan import SoakPlan
from kernel.soak.reconcile import reconcile
from kernel.soak.sampler import Sampler
from kernel.soak.standstill import Clocks, find_standstill, read_clocks
from kernel.soak.storeview import StoreView
from kernel.soak.tree import ORPHAN_S
from kernel.soak.watcher import Watcher

TURN_S = 0.2
SAY_EVERY_S = 60.0
SAY_SHARE = 0.05
"""Short runs say how far they are after each such part of their length."""
RESTART_S = 1.0
"""After an end that nobody wanted, this long until the next start."""
STARTS_FAILED_MAX = 3
LAST_CHECKS_MIN, LAST_CHECKS_MAX = 4, 10
LAST_CHECK_EACH_S = 30.0
"""After the day one question for each such part of it, half of them while active."""
VERIFY_S_MAX = 3_600.0
TURN_PERSON_S = 30.0


@dataclass
class Parts:
    """What the soak is made of."""

    plan: SoakPlan
    folder: RunFolder
    child: KernelChild
    book: Book
    store: StoreView
    watcher: Watcher
    sampler: Sampler
    driver: Driver | None
    checker: Checker | None
    faults: Faults | None
    environment: dict[str, str]
    say: Callable[[str], None]
    resumed: bool = False

    def begin(self) -> None:
        """The day begins now: the start of the kernel is no part of it."""
        started_us = now_us()
        self.plan = replace(self.plan, started_us=started_us)
        self.folder.amend_plan(started_us=started_us)
        if self.driver is not None:
            self.driver.started_s = time.monotonic()
        if self.faults is not None:
            self.faults.started_us = started_us


@dataclass
class Endurance:
    """One run, or one part of a run that was interrupted; `run` belongs to the main thread."""

    parts: Parts
    stop: StopSignal
    _starts_failed: int = 0
    _down_since_us: int | None = None
    _say_at_s: float = 0.0
    _verify_at_s: float = 0.0
    _turned: Clocks = field(default_factory=read_clocks)
    _busy_s: float = 0.0

    def run(self) -> str:
        """Play the day to its end; returns ``finished``, ``interrupted`` or ``failed``.

        Whatever the reason, the accounts are made and nothing that was started is left.
        """
        parts = self.parts
        reason = "failed"
        try:
            parts.child.start("first start")
            if not parts.resumed:
                parts.begin()
            self._start_threads()
            reason = self._play()
            if reason == "finished":
                self._settle()
        except KernelError as error:
            parts.folder.event("note", name="failed", detail=error.message)
            parts.say(f"failed: {error.message}")
        finally:
            self._close(reason)
        return reason

    # --- the day -----------------------------------------------------------------------------

    def _start_threads(self) -> None:
        parts = self.parts
        prepare_all()
        parts.watcher.start()
        parts.sampler.start()
        for part in (parts.driver, parts.checker, parts.faults):
            if part is not None:
                part.start()
        self._verify_at_s = time.monotonic() + parts.plan.verify_every_s

    def _play(self) -> str:
        while now_us() < self.parts.plan.ends_us:
            if self._turn():
                return "interrupted"
        return "finished"

    def _settle(self) -> None:
        """After the day no more frames: let the kernel read what is left."""
        parts = self.parts
        if parts.driver is not None:
            parts.driver.resting = True
        parts.folder.event("phase", name="settle", truth="idle", length_s=parts.plan.settle_s_max)
        end_s = time.monotonic() + parts.plan.settle_s_max
        while time.monotonic() < end_s and not self._is_all_read():
            if self._turn():
                return
            # What waits for a host at work gets its chance as long as there is work.
            if parts.faults is not None and parts.store.unread() == 0:
                parts.faults.finish()
        if parts.checker is not None and parts.driver is not None:
            parts.checker.stop()
            # On a machine that others keep busy all may have been read after the last spell of
            # work: the person comes back once more to ask.
            self._turn_person(parts.driver, "active")
            parts.checker.check_read(_count_last_checks(parts.plan) // 2)
            self._turn_person(parts.driver, "idle")
            parts.checker.check_read(_count_last_checks(parts.plan) // 2)

    def _turn_person(self, driver: Driver, truth: Truth) -> None:
        driver.returned = truth == "active"
        end_s = time.monotonic() + TURN_PERSON_S
        while self.parts.watcher.truth != truth and time.monotonic() < end_s:
            _pause(TURN_S)

    def _is_all_read(self) -> bool:
        parts = self.parts
        if parts.faults is not None and parts.faults.busy:
            return False
        parts.store.follow()
        return not parts.book.pending() and parts.store.unread() == 0

    def _turn(self) -> bool:
        """Mind everything once; true when the run is to end."""
        parts = self.parts
        self._mind_clock()
        with self._working():
            self._mind_kernel()
        problems = [
            part.problem
            for part in (parts.watcher, parts.sampler, parts.driver, parts.checker, parts.faults)
            if part is not None and part.problem
        ]
        if problems:
            raise KernelError("soak-broken", "; ".join(problems))
        self._verify_now_and_then()
        self._say_how_far()
        _wait(self.stop, TURN_S)
        return self.stop.requested is not None

    def _mind_kernel(self) -> None:
        """Start it again when it ended; an end that no fault explains stays unexplained."""
        parts = self.parts
        faults = parts.faults
        if faults is not None and faults.restart_wanted:
            self._restart(faults)
            return
        status = parts.child.poll()
        if status is not None:
            self._down_since_us = now_us()
            cause = faults.kernel_fault if faults is not None else None
            parts.folder.event("kernel_exit", status=status, explained_by=cause)
            if cause is None:
                _wait(self.stop, RESTART_S)
        if parts.child.pid is None:
            cause = faults.kernel_fault if faults is not None else None
            self._start_again("after its end", cause)

    def _restart(self, faults: Faults) -> None:
        """Stop it in order and start it with other settings, as a fault asks."""
        parts = self.parts
        self._down_since_us = now_us()
        status = parts.child.stop()
        parts.folder.event("kernel_exit", status=status, explained_by=faults.restart_wanted)
        faults.before_restart()
        self._start_again("other settings", faults.restart_wanted)
        faults.restarted()

    def _start_again(self, why: str, cause: str | None) -> None:
        parts = self.parts
        try:
            parts.child.start(why)
        except KernelError:
            self._starts_failed += 1
            if self._starts_failed >= STARTS_FAILED_MAX:
                raise
            return
        self._starts_failed = 0
        from_us, self._down_since_us = self._down_since_us, None
        parts.folder.event("gap", from_us=from_us, to_us=now_us(), explained_by=cause)

    def _mind_clock(self) -> None:
        """A machine that slept, or a soak that stood still, is a gap."""
        before, self._turned = self._turned, read_clocks()
        busy_s, self._busy_s = self._busy_s, 0.0
        found = find_standstill(before, self._turned, busy_s=busy_s)
        if found is not None:
            to_us = now_us()
            from_us = to_us - int(1e6 * found.length_s)
            facts = {"from_us": from_us, "to_us": to_us, "explained_by": found.explained_by}
            self.parts.folder.event("gap", **facts)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """What the soak itself does meanwhile is no standstill."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            self._busy_s += time.monotonic() - began_s

    def _verify_now_and_then(self) -> None:
        if time.monotonic() < self._verify_at_s:
            return
        self._verify_at_s = time.monotonic() + self.parts.plan.verify_every_s
        with self._working():
            self._verify(quick=True)

    def _verify(self, *, quick: bool) -> dict[str, Any]:
        parts = self.parts
        where = ["--data-dir", str(parts.child.data_dir.root)]
        arguments = ["verify", "--json", *where, *(["--quick"] if quick else [])]
        said = run_command(arguments, parts.environment, seconds_max=VERIFY_S_MAX)
        document = said.document or {"ok": False, "findings": [said.complaint], "quick": quick}
        parts.folder.event(
            "note",
            name="verify_quick" if quick else "verify_full",
            detail={
                "ok": bool(document.get("ok")),
                "findings": document.get("findings", [])[:5],
                "took_ms": said.took_ms,
            },
        )
        return document

    def _say_how_far(self) -> None:
        parts, now_s = self.parts, time.monotonic()
        if now_s < self._say_at_s:
            return
        self._say_at_s = now_s + min(SAY_EVERY_S, max(5.0, SAY_SHARE * parts.plan.planned_s))
        parts.say(progress_line(parts))

    # --- the end -----------------------------------------------------------------------------

    def _close(self, reason: str) -> None:
        """Stop all, then make the accounts."""
        parts = self.parts
        for part in (parts.faults, parts.checker, parts.driver):
            if part is not None:
                part.stop()
        parts.watcher.turned("idle")
        self._wait_taken_over()
        parts.sampler.stop()
        status = parts.child.stop()
        parts.folder.event("kernel_exit", status=status, explained_by="the end of the run")
        self._look_for_orphans()
        parts.watcher.stop()
        parts.folder.write("verify.json", self._verify(quick=False))
        parts.store.follow()
        parts.folder.write("reconciliation.json", account(parts))
        ended = {"ended_us": now_us(), "reason": reason, "kernel_starts": parts.child.starts}
        parts.folder.write("ended.json", ended)

    def _wait_taken_over(self) -> None:
        """What lies in the inbox is taken in before the kernel is stopped."""
        end_s = time.monotonic() + 20.0
        while self.parts.book.pending() and time.monotonic() < end_s and self.parts.child.pid:
            _pause(TURN_S)

    def _look_for_orphans(self) -> None:
        """Twice, so far apart that what merely ends a little later is none."""
        parts = self.parts
        parts.watcher.tree.orphans(None, parts.child.run_ids)
        if parts.watcher.tree.suspects():
            _pause(ORPHAN_S + 0.5)
        parts.sampler.sample()


def account(parts: Parts) -> dict[str, Any]:
    """The reconciliation of this moment."""
    store, book = parts.store, parts.book
    if parts.driver is None:
        # On the person's own inbox: what was produced is known from the store alone.
        stored = dict(store.blobs)
        return reconcile(stored, (), stored, store.processed(), duplicates=0, as_of_us=now_us())
    return reconcile(
        dict(book.digests),
        book.pending_ids(),
        store.blobs,
        store.processed(),
        duplicates=store.duplicates,
        as_of_us=now_us(),
    )


def _count_last_checks(plan: SoakPlan) -> int:
    wished = int(plan.planned_s / LAST_CHECK_EACH_S)
    return min(LAST_CHECKS_MAX, max(LAST_CHECKS_MIN, wished))


def progress_line(parts: Parts) -> str:
    """How far the run is, in one line."""
    plan = parts.plan
    gone_s = max(0.0, (now_us() - plan.started_us) / 1e6)
    last = parts.sampler.last
    backlog = last.get("backlog", {})
    words = [
        f"{_clock(gone_s)}/{_clock(plan.planned_s)}",
        parts.driver.phase.name if parts.driver is not None else str(last.get("mode", "live")),
        f"frames {parts.book.count() or len(parts.store.blobs)}",
        f"waiting {backlog.get('waiting', 0) + backlog.get('unseen', 0)}",
        f"hosts {len(parts.watcher.look.hosts)}",
        f"tree {(last.get('tree_pss_bytes', 0)) >> 20} MiB",
    ]
    if parts.checker is not None:
        words.append(f"checks {parts.checker.found}/{parts.checker.done}")
    if parts.faults is not None:
        words.append(f"faults {parts.faults.recovered}/{parts.faults.injected} recovered")
    return ", ".join(words)


def _wait(stop: StopSignal, seconds: float) -> None:
    """Until then, or until the run is asked to stop."""
    poller = select.poll()
    poller.register(stop.fd, select.POLLIN)
    poller.poll(int(seconds * 1000))


def _pause(seconds: float) -> None:
    """Until then, whatever is asked."""
    threading.Event().wait(seconds)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
