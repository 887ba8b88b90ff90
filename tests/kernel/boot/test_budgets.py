"""What the keeper of budgets tells of each host, over real ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kernel.boot.budgets import BudgetKeeper
from kernel.config.machine import read_machine
from kernel.config.sections import Settings
from tests.functional.outside import cpu_ns
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher, task

LONG_S = 120.0
TICKS_S = 0.05
"""The system tells processor time in ticks of 10 ms, of each process of a host."""


@pytest.mark.timeout(300)
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
        pids = {status.host_id: status.pid or 0 for status in rig.pool.statuses()}
        earliest = {host_id: cpu_ns(pid) for host_id, pid in pids.items()}
        keeper.tick()
        first = keeper.host_facts(busy)
        assert first["cpu_percent"] == 0.0, "one sample is no rate"
        early = {host_id: cpu_ns(pid) for host_id, pid in pids.items()}
        assert rig.pool.assign(busy, task("spin", timeout_s=LONG_S))
        # Hosts are polite: among many others this little may take long.
        rig.wait_for(lambda _: cpu_ns(pids[busy]) > early[busy] + 200_000_000, LONG_S)
        late = {host_id: cpu_ns(pid) for host_id, pid in pids.items()}
        now_s += 1.0
        keeper.tick()
        for host_id, pid in pids.items():
            told_s = keeper.host_facts(host_id)["cpu_percent"] / 100
            assert (late[host_id] - early[host_id]) / 1e9 - TICKS_S <= told_s
            assert told_s <= (cpu_ns(pid) - earliest[host_id]) / 1e9 + TICKS_S
        facts = keeper.host_facts(busy)
        assert 4 << 20 < facts["pss_bytes"] < 256 << 20
        assert facts["processes"] >= 2, "the host and what stands above it"
        assert facts["threads"] > facts["processes"]
        assert facts["descriptors"] > 6
        whole = keeper.facts()
        assert whole["memory_bytes"] > facts["pss_bytes"] + keeper.host_facts(idle)["pss_bytes"]
        assert whole["descriptors"] > facts["descriptors"]
        assert keeper.host_facts("h9-00000000")["pss_bytes"] == 0


@pytest.mark.timeout(300)
def test_what_a_killed_host_used_is_no_budget_for_the_next_one(tmp_path: Path) -> None:
    with pool_rig(process_launcher(tmp_path)) as rig:
        keeper = BudgetKeeper(Settings(), read_machine(), rig.pool, audit=lambda *_: None)

        def burn(seconds: float) -> tuple[str, float]:
            """What a new host of ours used, seen from outside."""
            host_id = rig.start_ready(hostile("hostile"))
            (pid,) = (s.pid or 0 for s in rig.pool.statuses() if s.host_id == host_id)
            assert rig.pool.assign(host_id, task("spin", timeout_s=LONG_S))

            def is_burnt(_: object) -> bool:
                keeper.tick()
                return cpu_ns(pid) > seconds * 1e9

            rig.wait_for(is_burnt, LONG_S)
            return host_id, cpu_ns(pid) / 1e9

        first, first_s = burn(0.8)
        rig.pool.kill_host(first, "the person came back", blame=False)
        rig.wait_for(lambda rig: not rig.pool.statuses(), LONG_S)
        keeper.tick()
        assert keeper.take_heavy_cpu_s() >= first_s - 0.3
        _, second_s = burn(0.4)
        # The limiter looks ten times a second.
        assert keeper.take_heavy_cpu_s() >= second_s - 0.3
