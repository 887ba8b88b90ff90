"""Everything a running kernel consists of, in one place and already open.

Covers: the bundle and closing it in order. Does not cover: making it (`kernel.boot.assemble`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import zmq

from kernel.boot.trail import AuditTrail
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings
from kernel.pipeline.costs import Costs
from kernel.pipeline.dispatcher import Dispatcher
from kernel.pipeline.feeder import Feeder
from kernel.pipeline.stages import Stage
from kernel.pipeline.walks import Walks
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.vectors import VectorStore
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_settings import Quarantine
from kernel.supervision.run_remains import leave_run_dir
from kernel.supervision.rundir import RunDir


@dataclass(frozen=True, slots=True)
class Parts:
    """The open parts of one kernel."""

    data_dir: DataDir
    run_dir: RunDir
    run_id: str
    loaded: LoadedSettings
    contracts_lock: str
    plugins_lock: str
    context: zmq.Context[zmq.Socket[bytes]]
    poller: zmq.Poller
    evidence: EvidenceStore
    trail: AuditTrail
    derived: DerivedStore
    backlog: Backlog
    costs: Costs
    stages: tuple[Stage, ...]
    packing: Stage | None
    """The plugin that packs frames in idle time; None: frames stay as they came."""
    problem: KernelError | None
    """Why nothing can be processed (the plugin may not run), or None."""
    left_out: tuple[tuple[str, KernelError], ...]
    """Stages that are done without, each with the reason: the others go on."""
    pool: HostPool
    dispatcher: Dispatcher
    feeder: Feeder
    vectors: VectorStore | None
    walks: Walks
    quarantine: Quarantine

    @property
    def control_path(self) -> Path:
        """Where the control socket is bound."""
        return self.run_dir.control_socket

    def close(self) -> None:
        """Close the stores, the evidence (and with it the lock) last."""
        self.costs.close()
        self.backlog.close()
        self.derived.close()
        if self.vectors is not None:
            self.vectors.close()
        self.context.destroy(linger=0)
        leave_run_dir(self.run_dir)
        self.evidence.close()
