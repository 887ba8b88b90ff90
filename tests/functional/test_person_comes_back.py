"""ACTIVE stops what runs, whole and at once; what was in hand is done once afterwards.

The real kernel, and with it `kernel.boot.working`, seen from outside.
"""

from __future__ import annotations

import logging
import signal
import time
from pathlib import Path

import pytest

from tests.functional.flips import Clocks, Flips, Person, configure, flip, processes_stand_still
from tests.functional.outside import host_states
from tests.functional.rig import Rig, make_rig, wait_until
from tests.functional.test_budgets_held import fill
from tests.functional.test_spine import results

LOG = logging.getLogger(__name__)
HOSTS = 2
USED_S_MAX = 0.25
"""Processor time of one host after the person came. Two and a half times of what may pass on the
wall until it stands still, if it had a processor for itself; others' load cannot add to it."""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = make_rig(tmp_path, plugin="greedy")
    configure(made)
    return made


def flip_under_load(rig: Rig, count: int, frames: int) -> Flips:
    fill(rig, *["spin 2 1 0.4"] * frames)
    with rig.kernel() as kernel:
        clocks = Clocks(kernel.pid)
        flips = flip(
            rig,
            count,
            *processes_stand_still(kernel.pid),
            used_ns=clocks.look_ns,
            kernel_pid=kernel.pid,
        )
        rig.run("idle", "--for", "1h")
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == frames, 300.0)
        kernel.send_signal(signal.SIGTERM)
        assert kernel.wait(timeout=20) == 0
    (stage,) = rig.json("stats")["stages"]
    assert results(rig) == frames, "nothing was lost"
    assert stage["runs"] == frames, "nothing was done twice"
    assert stage["failures"] == {}
    flips.check()
    LOG.info("used after the signal: at most %.0f ms", 1000 * max(flips.used_s))
    assert max(flips.used_s) <= HOSTS * USED_S_MAX, sorted(flips.used_s)
    return flips


def test_hosts_stop_each_time_the_person_comes_and_the_work_is_done_once(rig: Rig) -> None:
    flips = flip_under_load(rig, 20, 24)
    LOG.info("p50 %.0f ms, worst %.0f ms", flips.quantile_ms(0.5), flips.quantile_ms(1.0))
    assert len(flips.stop_s) == 20


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_comings_and_goings_lose_and_repeat_nothing(rig: Rig) -> None:
    assert len(flip_under_load(rig, 200, 120).stop_s) == 200


def test_hosts_that_stand_still_for_long_give_their_memory_back_and_their_task_is_kept(
    rig: Rig,
) -> None:
    text = (rig.data_dir / "config.toml").read_text()
    text = text.replace("keep_warm_min_s = 3600.0", "keep_warm_min_s = 0.5\nkeep_warm_loads = 0.0")
    rig.settings(text)
    person = Person(rig)
    fill(rig, "spin 1 0 3.0")
    with rig.kernel() as kernel:
        person.signal(idle=True)
        wait_until(lambda: is_busy(rig, person))
        person.come(by_word=True)
        wait_until(lambda: not host_states(kernel.pid))
        status = rig.json("status", expect=None)
        assert status["kernel"]["hosts"] == []
        assert status["kernel"]["governor"]["mode"] == "active"
        assert status["kernel"]["activity"]["word"] == "active"
        assert status["kernel"]["activity"]["source"] == "signal_file"
        assert "seen by signal_file" in rig.run("status", expect=None).stdout
        assert "autocapture_hosts 0.0" in rig.run("stats", "--prometheus").stdout
        assert status["backlog"]["waiting"] == 1
        time.sleep(1.0)  # noqa: TID251 - nothing may start again
        assert not host_states(kernel.pid)
        rig.run("idle")
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == 1)
    assert results(rig) == 1


def is_busy(rig: Rig, person: Person) -> bool:
    """Whether a host has a task; the signal is kept fresh meanwhile."""
    person.signal(idle=True)
    kernel = rig.json("status", expect=None)["kernel"]
    return any(host["state"] == "busy" for host in kernel["hosts"])


def test_a_request_waits_while_the_person_paused_and_says_why(rig: Rig) -> None:
    fill(rig, "spin 0 0 0.1")
    rig.run("pause")
    done = rig.json("process", "--until-drained", expect=1)
    assert done["unfinished"] == 1
    assert "kernel resume" in done["stuck"]
    rig.run("resume")
    assert rig.json("process", "--until-drained")["processed"] == 1


def test_heavy_work_waits_for_room_on_the_disk_and_says_so(rig: Rig) -> None:
    fill(rig, "spin 0 0 0.1")
    rig.environment["KERNEL_DISK_YELLOW_FREE_BYTES"] = str(1 << 60)
    done = rig.json("process", "--until-drained", expect=1)
    assert "disk is yellow" in done["stuck"]
    assert results_if_any(rig) == 0


def results_if_any(rig: Rig) -> int:
    return results(rig) if (rig.data_dir / "derived.db").exists() else 0
