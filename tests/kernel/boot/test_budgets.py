"""What the keeper of budgets tells of each host, over real ones."""

from __future__ import annotations

import time
from pathlib import Path

from kernel.boot.budgets import BudgetKeeper
from kernel.config.machine import read_machine
from kernel.config.sections import Settings
from tests.functional.outside import cpu_ns
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher, task


def test_each_host_is_told_with_what_its_tree_uses(tmp_path: Path) -> None:
    with pool_rig(process_launcher(tmp_path)) as rig:
        now_s = time.monotonic()
        keeper = BudgetKeeper(
            Settings(),
            read_machine(),
            rig.pool,
            audit=lambda *_: None,
            now_s=lambda: now_s,
        )
        idle = rig.start_ready(hostile("echo"))
        busy = rig.start_ready(hostile("hostile"))
        keeper.tick()
        first = keeper.host_facts(busy)
        assert first["cpu_percent"] == 0.0, "one sample is no rate"
        pids = {status.host_id: status.pid or 0 for status in rig.pool.statuses()}
        before_ns = cpu_ns(pids[busy])
        rig.pool.assign(busy, task("spin"))
        rig.wait_for(lambda _: cpu_ns(pids[busy]) > before_ns + 500_000_000)
        now_s += 1.0
        keeper.tick()
        facts = keeper.host_facts(busy)
        assert facts["cpu_percent"] > 45, "half a second in what counts as one"
        assert keeper.host_facts(idle)["cpu_percent"] < facts["cpu_percent"]
        assert 4 << 20 < facts["pss_bytes"] < 256 << 20
        assert facts["processes"] >= 2, "the host and what stands above it"
        assert facts["threads"] > facts["processes"]
        assert facts["descriptors"] > 6
        whole = keeper.facts()
        assert whole["memory_bytes"] > facts["pss_bytes"] + keeper.host_facts(idle)["pss_bytes"]
        assert whole["descriptors"] > facts["descriptors"]
        assert keeper.host_facts("h9-00000000")["pss_bytes"] == 0
