"""Stages in threads of the kernel, as under WSL: the real command, seen from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.functional.flips import (
    Person,
    Ticks,
    configure,
    flip,
    ticks_come,
    ticks_stand_still,
)
from tests.functional.outside import cpu_ns
from tests.functional.plain_user import as_plain_user
from tests.functional.rig import Rig, kill_9, make_rig, wait_until
from tests.functional.test_budgets_held import fill
from tests.functional.test_spine import results

UNIT_MS = 20
HOSTS = 2
SLACK_S = 0.25
"""Processor time of the kernel itself in the half second in which it is watched, generously."""
DEADLINE = "[hosts]\ntask_deadline_s = 0.5\nbeat_interval_ms = 100\n"


@pytest.fixture
def runtime() -> Iterator[str]:
    """A short place for the run dir of a user who has none."""
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as folder:
        yield folder


@pytest.fixture
def under_wsl(runtime: str) -> Callable[[Rig], Rig]:
    """The same data dir on what says to be WSL, for a user: a kernel of root has no threads."""
    before = as_plain_user()

    def become(rig: Rig) -> Rig:
        changes = {"WSL_DISTRO_NAME": "Debian", "XDG_RUNTIME_DIR": runtime}
        return Rig(rig.root, rig.environment | changes, before)

    return become


@pytest.fixture
def rig(tmp_path: Path, under_wsl: Callable[[Rig], Rig]) -> Rig:
    return under_wsl(make_rig(tmp_path))


def hosts(rig: Rig) -> list[dict[str, object]]:
    found: list[dict[str, object]] = rig.json("status", expect=None)["kernel"]["hosts"]
    return found


def ingest(rig: Rig, *texts: str) -> None:
    rig.ingest(*(rig.write(f"{n}.png", text, shade=n) for n, text in enumerate(texts)))


def stop(kernel: subprocess.Popen[str]) -> None:
    kernel.send_signal(signal.SIGTERM)
    assert kernel.wait(timeout=20) == 0


def test_under_wsl_frames_are_read_in_threads_and_no_process_is_started(rig: Rig) -> None:
    texts = [f"frame {number}" for number in range(6)]
    with rig.kernel("--profile", "idle") as kernel:
        ingest(rig, *texts)
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == len(texts))
        # One, or two where the machine is so busy that tasks pile up.
        assert {(host["hosting"], host["pid"]) for host in hosts(rig)} == {("in_process", None)}
        assert psutil.Process(kernel.pid).children(recursive=True) == []
        stop(kernel)
    assert results(rig) == len(texts)
    assert rig.json("verify")["ok"]
    checks = {check["name"]: check for check in rig.json("doctor", expect=None)["checks"]}
    assert checks["hosting"]["details"]["wsl"] is True
    assert checks["wsl"]["state"] in {"ok", "warn"}


def test_a_stage_in_a_thread_that_raises_fails_its_task_and_the_others_are_read(rig: Rig) -> None:
    ingest(rig, "one", "!raise:boom", "two", "!full:memory", "three")
    done = rig.json("process", "--until-drained", expect=None)
    assert (done["processed"], done["unfinished"]) == (3, 0)
    assert done["failed"] == 2
    assert results(rig) == 3


def test_a_thread_that_hangs_costs_its_task_and_the_next_host_is_a_process(
    tmp_path: Path, under_wsl: Callable[[Rig], Rig]
) -> None:
    rig = under_wsl(make_rig(tmp_path, profile=DEADLINE))
    release = tmp_path / "never"
    with rig.kernel("--profile", "idle") as kernel:
        ingest(rig, f"!hang:{release}", "one", "two")
        wait_until(lambda: any(host["hung"] for host in hosts(rig)), 60.0)
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["quarantined"] == 1, 60.0)
        rig.ingest(rig.write("late.png", "three", shade=9))
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == 3, 60.0)
        found = hosts(rig)
        assert {host["hosting"] for host in found if not host["hung"]} == {"subprocess"}
        assert len(found) <= 2, "the cap counts the thread that hangs"
        stop(kernel)
    assert results(rig) == 3


def test_kill_9_of_a_kernel_with_a_thread_at_work_loses_nothing(rig: Rig) -> None:
    ingest(rig, *(f"frame {number}" for number in range(4)), "!sleep:3")
    with rig.kernel("--profile", "idle") as kernel:
        wait_until(lambda: any(host["task_id"] for host in hosts(rig)))
        kill_9(kernel.pid)
        kernel.wait(timeout=10)
    done = rig.json("process", "--until-drained")
    assert (done["failed"], done["unfinished"]) == (0, 0)
    assert results(rig) == 5


def test_a_thread_at_work_stops_between_units_each_time_the_person_comes(
    tmp_path: Path, under_wsl: Callable[[Rig], Rig]
) -> None:
    rig = under_wsl(make_rig(tmp_path, plugin="greedy"))
    configure(rig, hosting="auto")
    ticks = Ticks(tmp_path / "ticks")
    ticks.make()
    frames = 12
    # They last as long as the person comes and goes: a late stop always finds something to stop.
    fill(rig, *[f"tick {UNIT_MS} 3600 {ticks.path}"] * frames)
    with rig.kernel() as kernel:
        flips = flip(
            rig,
            6,
            ticks_stand_still(ticks),
            ticks_come(ticks),
            used_ns=partial(cpu_ns, kernel.pid),
            kernel_pid=kernel.pid,
        )
        ticks.enough()
        flips.check()
        assert max(flips.used_s) <= HOSTS * UNIT_MS / 1000 + SLACK_S, sorted(flips.used_s)
        assert psutil.Process(kernel.pid).children(recursive=True) == []
        person = Person(rig)
        person.say("idle")
        wait_until(lambda: rig.json("status", expect=None)["backlog"]["done"] == frames, 60.0)
        stop(kernel)
    assert results(rig) == frames
    (stage,) = rig.json("stats")["stages"]
    assert (stage["runs"], stage["failures"]) == (frames, {})


def test_a_kernel_with_a_thread_at_work_ends_when_it_is_told_to(rig: Rig) -> None:
    with rig.kernel("--profile", "idle") as kernel:
        ingest(rig, "!progress:100000", "later")
        wait_until(lambda: any(host["task_id"] for host in hosts(rig)))
        begin_s = time.monotonic()
        stop(kernel)
        assert time.monotonic() - begin_s < 15.0
    assert rig.json("status", expect=None)["backlog"]["waiting"] >= 1, "what was in hand went back"


def test_where_a_level_is_demanded_there_are_no_threads_under_wsl_either(
    tmp_path: Path, under_wsl: Callable[[Rig], Rig]
) -> None:
    """E is what any machine has."""
    rig = under_wsl(make_rig(tmp_path, profile='[hosts]\nsandbox_level_required = "E"\n'))
    ingest(rig, "!sleep:60")
    with rig.kernel("--profile", "idle"):
        (host,) = wait_until(lambda: [host for host in hosts(rig) if host["task_id"]])
        assert host["hosting"] == "subprocess"
        assert host["sandbox_level"] in {"A", "B", "C", "D", "E"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose hosts must be somebody else")
def test_a_kernel_of_root_has_processes_of_the_service_user_under_wsl_too(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, profile='[hosts]\nhosting = "in_process"\n')
    rig.environment["WSL_DISTRO_NAME"] = "Debian"
    ingest(rig, "!sleep:60")
    with rig.kernel("--profile", "idle"):
        (host,) = wait_until(lambda: [host for host in hosts(rig) if host["task_id"]])
        assert host["hosting"] == "subprocess"
        assert isinstance(host["pid"], int)
        assert 0 not in psutil.Process(host["pid"]).uids()
