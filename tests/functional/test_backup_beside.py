"""A backup beside a running kernel is in the kernel's ledger."""

from __future__ import annotations

from pathlib import Path

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from tests.functional.rig import make_rig


def test_a_backup_beside_a_running_kernel_is_ledgered(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(rig.write("one.png", "one"))
    with rig.kernel():
        told = rig.json("backup", str(tmp_path / "copy"))
        assert told["manifest"]["events"] == 1
        with EvidenceStore.open_read_only(DataDir(rig.data_dir)) as store:
            entries = store.ledger.entries(limit_rows=1000)
            (made,) = [entry for entry in entries if entry.act == "backup.made"]
            assert made.detail["head"] == told["manifest"]["evidence_head"]
