"""Puts the planned faults in and watches until the system has recovered from each.

Covers: what is done for each kind of fault and what counts as recovered. Does not cover: the plan
(`kernel.soak.faultplan`), starting the kernel again (`kernel.soak.endurance`).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.config.errors import KernelError
from kernel.soak.book import Book
from kernel.soak.child import KernelChild
from kernel.soak.diskfill import DiskFill
from kernel.soak.driver import Driver
from kernel.soak.faultplan import IN_REST, IN_WORK, PlannedFault
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.garbage import throw_garbage
from kernel.soak.ledgerview import LedgerView
from kernel.soak.storeview import StoreView
from kernel.soak.tree import Host
from kernel.soak.watcher import Watcher
from kernel.supervision.address import control_socket_of

LOOK_S = 0.05
RECOVERY_S_MAX = 600.0
LEAK_FRAMES = 10
NEAR_FULL_S_MAX = 30.0
"""The drive stays nearly full until captures have reached the spool, but no longer than this."""
STOP_AGAIN_S = 0.02


@dataclass
class Faults:
    """Three threads: a fault of a host may wait for long, the others come in their time.

    ``restart_wanted`` and ``kernel_fault`` are for the main thread.
    """

    folder: RunFolder
    planned: Sequence[PlannedFault]
    started_us: int
    child: KernelChild
    watcher: Watcher
    driver: Driver
    book: Book
    store: StoreView
    ledger: LedgerView
    disk: DiskFill
    status: Callable[[], dict[str, Any]]
    seed: int
    problem: str = ""
    injected: int = 0
    recovered: int = 0
    restart_wanted: str | None = None
    kernel_fault: str | None = None
    _busy: set[str] = field(default_factory=set)
    _finish: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _restarted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._rng = random.Random(f"faults:{self.seed}")  # noqa: S311 - a script, no secret
        # What has to begin at its time does not wait for what may wait for a host.
        lanes = [
            [fault for fault in self.planned if fault.name in names]
            for names in (set(IN_REST) - {"plugin_leak"}, {"plugin_leak"}, set(IN_WORK))
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name="soak-faults", daemon=True)
            for lane in lanes
        ]

    def start(self) -> None:
        """Begin; faults whose time is over already are left out."""
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> bool:
        """Whether a fault is being put in or recovered from."""
        return bool(self._busy)

    def finish(self) -> None:
        """Put in no new fault; one that was begun is ended."""
        self._finish.set()

    def stop(self) -> None:
        """End at once and take back what would stay behind."""
        self._finish.set()
        self._stop.set()
        self._restarted.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(30.0)
        self.disk.remove()

    def before_restart(self) -> None:
        """The main thread has stopped the kernel and asks what is to be changed."""
        self.disk.configure()

    def restarted(self) -> None:
        """The main thread has started the kernel again."""
        self.restart_wanted = None
        self._restarted.set()

    # --- the thread --------------------------------------------------------------------------

    def _run(self, lane: Sequence[PlannedFault]) -> None:
        acts: dict[str, Callable[[PlannedFault], bool]] = {
            "host_killed": self._kill_host,
            "host_hung": self._hang_host,
            "plugin_leak": self._leak,
            "kernel_killed": self._kill_kernel,
            "socket_garbage": self._throw_garbage,
            "disk_full": self._fill_disk,
        }
        try:
            for fault in lane:
                if not self._wait_until(fault.at_s):
                    return
                if self._now_s() > fault.until_s:
                    self._skip(fault, "its time was over")
                    continue
                self._busy.add(fault.name)
                acts[fault.name](fault)
                self._busy.discard(fault.name)
        except (KernelError, OSError) as error:
            self.problem = f"a fault could not be put in: {error!r}"
        finally:
            self._busy -= {fault.name for fault in lane}

    def _wait_until(self, at_s: float) -> bool:
        return self._wait_for(lambda: self._now_s() >= at_s)

    def _now_s(self) -> float:
        return (now_us() - self.started_us) / 1e6

    def _skip(self, fault: PlannedFault, why: str) -> bool:
        self.folder.event("note", name=f"no {fault.name}", detail=why)
        return False

    def _begin(self, name: str, detail: str) -> str:
        self.injected += 1
        fault_id = f"x{self.injected:04d}-{now_us() // 1_000_000}"
        self.folder.event("fault", fault_id=fault_id, name=name, detail=detail)
        return fault_id

    def _end(self, fault_id: str, began_s: float, is_over: Callable[[], bool]) -> bool:
        """Wait until the system has recovered; what never recovers has no such line."""
        if not self._wait_for(is_over, RECOVERY_S_MAX, to_the_end=True):
            return False
        self.recovered += 1
        took_s = round(time.monotonic() - began_s, 2)
        self.folder.event("recovered", fault_id=fault_id, took_s=took_s)
        return True

    def _wait_for(
        self,
        is_so: Callable[[], bool],
        seconds: float = float("inf"),
        *,
        to_the_end: bool = False,
    ) -> bool:
        """Until it is so; false when the time is over or (unless ``to_the_end``) no more is due."""
        end_s = time.monotonic() + seconds
        over = self._stop if to_the_end else self._finish
        while not over.is_set() and time.monotonic() < end_s:
            if is_so():
                return True
            over.wait(LOOK_S)
        return False

    # --- hosts -------------------------------------------------------------------------------

    def _kill_host(self, fault: PlannedFault) -> bool:
        host = self._working_host()
        if host is None:
            return self._skip(fault, "no host worked")
        pid = max(stat.pid for stat in host.stats)
        began_s = time.monotonic()
        fault_id = self._begin(fault.name, f"SIGKILL to process {pid} of host {host.host_id}")
        _send(pid, signal.SIGKILL)
        return self._end(fault_id, began_s, lambda: self._is_replaced(host))

    def _hang_host(self, fault: PlannedFault) -> bool:
        host = self._working_host()
        if host is None:
            return self._skip(fault, "no host worked")
        pids = [stat.pid for stat in host.stats if stat.pid != host.root_pid]
        began_s = time.monotonic()
        fault_id = self._begin(fault.name, f"SIGSTOP to all processes of host {host.host_id}")

        def is_over() -> bool:
            # Again and again: the duty cycle would let it go on as any other.
            for _ in range(int(LOOK_S / STOP_AGAIN_S)):
                if self._is_present(host):
                    for pid in pids:
                        _send(pid, signal.SIGSTOP)
                self._stop.wait(STOP_AGAIN_S)
            return self._is_replaced(host)

        return self._end(fault_id, began_s, is_over)

    def _working_host(self) -> Host | None:
        """A host that has a task in hand, as soon as there is one."""
        chosen: list[Host] = []

        def is_working() -> bool:
            live = (self.status().get("kernel") or {}).get("hosts", [])
            busy = {host["host_id"] for host in live if host["state"] == "busy"}
            chosen[:] = [
                host
                for host in self.watcher.look.hosts
                if host.host_id in busy and len(host.stats) > 1
            ]
            return bool(chosen) and self.watcher.truth == "idle"

        self._wait_for(is_working)
        present = [host for host in chosen if self._is_present(host)]
        return present[0] if present else None

    def _is_present(self, host: Host) -> bool:
        return any(other.root_pid == host.root_pid for other in self.watcher.look.hosts)

    def _is_replaced(self, host: Host) -> bool:
        """It is gone, and another one works, or nothing is left to do, or nothing may be done."""
        if self._is_present(host):
            return False
        if self.watcher.look.hosts or self.watcher.truth == "active":
            return True
        self.store.follow()
        return self.store.unread() == 0

    def _leak(self, fault: PlannedFault) -> bool:
        if not self.child.leaky:
            return self._skip(fault, "there is no leaking copy of the text plugin in force")
        self.driver.pictures.mark_leaks(LEAK_FRAMES)
        before = self.ledger.count_renewed()
        if not self._wait_for(lambda: self.watcher.truth == "idle") or not self._working_host():
            return self._skip(fault, "no host worked")
        began_s = time.monotonic()
        fault_id = self._begin(fault.name, f"{LEAK_FRAMES} marked frames wait for the leaky plugin")
        return self._end(fault_id, began_s, lambda: self.ledger.count_renewed() > before)

    # --- the kernel --------------------------------------------------------------------------

    def _kill_kernel(self, fault: PlannedFault) -> bool:
        pid = self.child.serving_pid
        if pid is None:
            return self._skip(fault, "no kernel ran")
        began_s = time.monotonic()
        fault_id = self.kernel_fault = self._begin(fault.name, f"SIGKILL to the kernel, {pid}")
        self.child.kill()
        lost = set(self.book.pending_ids())

        def is_over() -> bool:
            # Served again, and what lay in the inbox meanwhile is taken over.
            again = self.child.serving_pid
            return again not in {None, pid} and not lost & set(self.book.pending_ids())

        done = self._end(fault_id, began_s, is_over)
        self.kernel_fault = None
        return done

    def _throw_garbage(self, fault: PlannedFault) -> bool:
        socket = control_socket_of(self.child.data_dir)
        if socket is None:
            return self._skip(fault, "the kernel has no control socket")
        began_s = time.monotonic()
        fault_id = self._begin(fault.name, f"at the sockets below {socket.parent}")
        thrown = throw_garbage(socket.parent, self._rng)
        self.folder.event("note", name="garbage", detail=thrown)
        return self._end(fault_id, began_s, self._answers)

    def _answers(self) -> bool:
        from kernel.observe.status import read_status

        return read_status(self.child.data_dir)["kernel"] is not None

    def _fill_disk(self, fault: PlannedFault) -> bool:
        why_not = self.disk.prepare()
        if why_not:
            return self._skip(fault, why_not)
        began_s = time.monotonic()
        fault_id = self._begin(fault.name, self.disk.describe())
        self._restart_with(fault_id)
        self.disk.fill()
        reached = self._wait_for(lambda: self._level() == "red", 60.0, to_the_end=True)
        self._wait_for(lambda: self.disk.spooled_bytes() > 0, NEAR_FULL_S_MAX, to_the_end=True)
        spooled = self.disk.spooled_bytes()
        self.disk.remove()
        facts = {"level_reached": reached, "spooled_bytes": spooled}
        self.folder.event("note", name="near_full", detail=facts)

        def is_over() -> bool:
            return reached and self._level() == "green" and self.disk.is_drained()

        if not self._wait_for(is_over, RECOVERY_S_MAX, to_the_end=True):
            return False
        self.disk.relax()
        self._restart_with(fault_id)
        return self._end(fault_id, began_s, lambda: self._level() == "green")

    def _restart_with(self, fault_id: str) -> None:
        self._restarted.clear()
        self.restart_wanted = fault_id
        self._restarted.wait(RECOVERY_S_MAX)

    def _level(self) -> str:
        kernel = self.status().get("kernel") or {}
        return str(kernel.get("activity", {}).get("disk", "unknown"))


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
