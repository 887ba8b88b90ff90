"""Each run leaves behind what it worked under, to be found by the ledger's digest.

The real kernel, and with it `kernel.boot.runrecord`.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from contracts.canonical import digest_bytes
from contracts.run import RunManifest
from tests.functional.rig import make_rig
from tests.functional.test_budgets_held import ledger


def test_the_effective_configuration_of_each_run_is_kept_by_its_digest(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.run("run", "--once")
    rig.run("run", "--once", "--max-hosts", "3")
    rig.run("run", "--once")
    runs = rig.data_dir / "runs"
    started = ledger(rig, "kernel-started")
    assert len(started) == 3
    for entry, hosts_max in zip(started, (None, 3, None), strict=True):
        digest = entry["detail"]["config"]
        stored = (runs / f"config-{digest}.json").read_bytes()
        assert digest_bytes(stored) == digest
        if hosts_max is not None:
            assert json.loads(stored)["hosts"]["max_hosts"] == hosts_max
        manifest = msgspec.json.decode(
            (runs / f"{entry['subject']}.json").read_bytes(), type=RunManifest
        )
        assert manifest.run_id == f"r-{entry['subject']}"
        assert manifest.config_digest == digest
        assert manifest.plugins[0].plugin_id == "echo"
    assert len(list(runs.glob("config-*.json"))) == 2
