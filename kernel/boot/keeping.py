"""What a running kernel must not lose to somebody's hand: its lock file and its run dir.

Both can be made anew under a kernel that holds the data dir. Covers: looking at each about once a
second, making anew what went, telling the ledger. Does not cover: the lock (`kernel.store.lock`).
"""

from __future__ import annotations

import os

from kernel.boot.guard import Guard
from kernel.boot.parts import Parts
from kernel.supervision.control import ControlServer
from kernel.supervision.identity import read_identity
from kernel.supervision.records import KernelRecord, write_kernel_record


class Keeper:
    """Used from the kernel's loop."""

    def __init__(self, parts: Parts, control: ControlServer, guard: Guard) -> None:
        self._parts = parts
        self._control = control
        self._guard = guard

    def tick(self) -> None:
        """Look at both.

        Raises `KernelError` ``data-dir-taken``: a kernel that may not write does not run.
        """
        self._parts.evidence.require_own()
        self._guard.call("keeping the lock", self._keep_lock)
        self._guard.call("keeping the run dir", self._keep_run_dir)

    def _keep_lock(self) -> None:
        if self._parts.evidence.keep_lock():
            self._parts.trail.append("lock-restored", self._parts.data_dir.lock_file.name, {})

    def _keep_run_dir(self) -> None:
        parts = self._parts
        if parts.run_dir.kernel_record.exists() and parts.control_path.exists():
            return
        parts.run_dir.make()
        record = KernelRecord(read_identity(os.getpid()), parts.run_id, str(parts.data_dir.root))
        write_kernel_record(parts.run_dir, record)
        self._control.listen_again()
        parts.trail.append("run-dir-restored", str(parts.run_dir.root), {})
