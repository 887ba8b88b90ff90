"""One place in the pool, as status shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.supervision import lifecycle
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.pool_slot import Slot
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher, task


@pytest.mark.parametrize("hosting", ["in_process", "subprocess"])
def test_slot_tells_what_its_host_is_and_does(tmp_path: Path, hosting: str) -> None:
    launcher = ThreadLauncher() if hosting == "in_process" else process_launcher(tmp_path)
    with pool_rig(launcher) as rig:
        host_id = rig.start_ready(hostile("echo"))
        rig.pool.assign(host_id, task("hello"))
        rig.wait_for(lambda r: r.pool.statuses()[0].tasks_done == 1)
        (status,) = rig.pool.statuses()
        assert (status.host_id, status.plugin_id, status.state) == (host_id, "echo", "ready")
        assert status.hosting == hosting
        assert (status.pid is None) == (hosting == "in_process")
        assert (status.pid is None) or status.pid != status.root_pid
        assert status.age_s > 0
        assert not status.hung


@pytest.mark.parametrize(
    ("hosting", "step", "hung"),
    [
        ("in_process", "kill", True),
        ("in_process", "term", False),
        ("subprocess", "kill", False),
    ],
)
def test_only_a_thread_that_was_killed_and_is_still_there_hangs(
    tmp_path: Path,
    hosting: str,
    step: lifecycle.StopStep,
    hung: bool,  # noqa: FBT001 - a row
) -> None:
    launcher = ThreadLauncher() if hosting == "in_process" else process_launcher(tmp_path)
    with pool_rig(launcher) as rig:
        host_id = rig.start_ready(hostile("echo"))
        slot: Slot = rig.pool._slots[host_id]
        running = slot.host
        slot.host = lifecycle.Host(
            host_id=host_id, plugin_id="echo", state="draining", alarm_at_s=0.0, stop_step=step
        )
        assert slot.is_hung == hung
        slot.host = running
