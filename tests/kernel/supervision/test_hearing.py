"""What hosts say: rubbish is counted and ends them in the end, and so does want of memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.supervision.hearing import OUT_OF_MEMORY, VIOLATIONS_MAX
from kernel.supervision.pool_events import HostDied, ProtocolViolation, TaskErrored
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with pool_rig(process_launcher(tmp_path)) as rig:
        yield rig


def test_a_host_that_talks_too_much_rubbish_is_stopped_and_named(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    endpoint = rig.endpoint_of(host_id)
    sent = 0
    while not rig.of(HostDied):
        if rig.pool.assign(host_id, task(f"send_garbage {endpoint}|{host_id}", sent + 1)):
            sent += 1
        rig.turn()
        assert sent <= 2 * VIOLATIONS_MAX
    (died,) = rig.of(HostDied)
    assert "protocol violation" in died.cause
    told = [event.count for event in rig.of(ProtocolViolation)]
    assert set(told) <= {1, 10, 100}


def test_a_host_that_met_its_memory_limit_gets_no_other_task_and_leaves_without_blame(
    rig: Rig,
) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    assert rig.pool.assign(host_id, task("out_of_memory"))
    failed = rig.wait_for_event(TaskErrored)
    assert (failed.code, failed.retry) == ("memory-limit", True)
    assert not rig.pool.assign(host_id, task("make_zombies", 2))
    died = rig.wait_for_event(HostDied)
    assert not died.crashed
    assert died.cause == OUT_OF_MEMORY
