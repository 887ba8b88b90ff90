"""A host that gets no processor is not taken for one that hangs; one that hangs still is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.supervision import lifecycle
from kernel.supervision.pool_events import HostDied, HostStarved, HostStatus
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task
from tests.kernel.supervision.starving import starved

BEAT_TIMEOUT_S = 0.3
LIMITS = lifecycle.Limits(
    start_timeout_s=60.0,
    beat_timeout_s=BEAT_TIMEOUT_S,
    task_timeout_s=60.0,
    cancel_grace_s=0.3,
    term_grace_s=0.3,
    kill_grace_s=0.5,
)
LONG_S = 60.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with pool_rig(process_launcher(tmp_path), limits=LIMITS) as rig:
        yield rig


def needs_schedstat() -> None:
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("this system does not count how long a thread waits (CONFIG_SCHED_INFO)")


def status_of(rig: Rig, host_id: str) -> HostStatus:
    return next(status for status in rig.pool.statuses() if status.host_id == host_id)


def pid_of(rig: Rig, host_id: str) -> int:
    pid = status_of(rig, host_id).pid
    assert pid is not None
    return pid


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_host_that_gets_no_processor_misses_its_beats_and_lives(rig: Rig) -> None:
    needs_schedstat()
    host_id = rig.start_ready(hostile("hostile"))
    # Its worker has the interpreter whenever the host gets a turn: the loop comes last.
    rig.pool.assign(host_id, task("spin", timeout_s=LONG_S))
    with starved(pid_of(rig, host_id)):
        # Its beats are overdue: without its waiting it would be ended now.
        rig.wait_for(lambda r: bool(r.of(HostStarved) or r.of(HostDied)), LONG_S)
    assert rig.of(HostDied) == []
    (told,) = rig.of(HostStarved)
    assert (told.host_id, told.plugin_id, told.count) == (host_id, "hostile", 1)
    assert told.waited_s > 0
    assert status_of(rig, host_id).spared >= 1
    assert status_of(rig, host_id).waited_s > 0
    slot = rig.slot_of(host_id)
    rig.wait_for(lambda _: not slot.is_spared and slot.host.beat_lent_s == 0.0, LONG_S)
    assert rig.of(HostDied) == []
    rig.pool.kill_host(host_id, "enough", blame=False)


@pytest.mark.parametrize("attack", ["stop_itself", "sleep_with_the_lock"])
def test_a_host_whose_loop_stands_still_is_ended_at_once_where_others_starve(
    rig: Rig, attack: str
) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    starving = rig.start_ready(hostile("echo"))
    with starved(pid_of(rig, starving)):
        rig.pool.assign(host_id, task(attack, timeout_s=LONG_S))
        rig.wait_for(lambda r: any(e.host_id == host_id for e in r.of(HostDied)), LONG_S)
        died = next(event for event in rig.of(HostDied) if event.host_id == host_id)
        assert "no beat" in died.cause
        assert died.crashed
        assert not any(event.host_id == starving for event in rig.of(HostDied))


@pytest.mark.parametrize("attack", ["hold_gil", "spin"])
def test_waiting_for_a_processor_saves_no_host_for_ever(rig: Rig, attack: str) -> None:
    needs_schedstat()
    host_id = rig.start_ready(hostile("hostile"))
    with starved(pid_of(rig, host_id), politely=True):
        started_s = time.monotonic()
        rig.pool.assign(host_id, task(attack, timeout_s=BEAT_TIMEOUT_S))
        rig.wait_for(lambda r: bool(r.of(HostDied)), LONG_S)
        took_s = time.monotonic() - started_s
    (died,) = rig.of(HostDied)
    assert died.crashed
    assert rig.of(HostStarved), "it was spared for a while"
    ladder_s = LIMITS.cancel_grace_s + LIMITS.term_grace_s + LIMITS.kill_grace_s
    # The rest is for this process, which may wait for a processor too.
    assert took_s < lifecycle.PATIENCE * BEAT_TIMEOUT_S + ladder_s + 10
