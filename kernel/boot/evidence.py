"""Opening the evidence for writing as the settings of its data dir say.

Every writer goes by the same disk levels and the same spool, whether it is the kernel or a
command that runs for a moment. Covers: one opening. Does not cover: reading
(`EvidenceStore.open_read_only`), the settings themselves (`kernel.config`).
"""

from __future__ import annotations

from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.config.settings import load_settings
from kernel.scheduling.policies import disk_limits
from kernel.store.evidence import EvidenceStore


def open_evidence(data_dir: DataDir, settings: Settings | None = None) -> EvidenceStore:
    """The store for the one writer; ``settings`` None: those in force for the data dir.

    Raises as `EvidenceStore.open`, and `KernelError` ``config-invalid``.
    """
    settings = settings or load_settings(None, data_dir, {}).settings
    return EvidenceStore.open(
        data_dir,
        disk_limits=disk_limits(settings),
        spool_dir=settings.disk.spool_dir,
    )
