"""The pool over thread hosts and process hosts: one suite, one loop, two transports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.canonical import decode
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.pool_events import HostDied, TaskErrored, TaskLost, TaskSucceeded
from kernel.supervision.runner import Launcher
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task


@pytest.fixture(params=["thread", "process"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    launcher: Launcher = (
        ThreadLauncher() if request.param == "thread" else process_launcher(tmp_path)
    )
    with pool_rig(launcher) as rig:
        yield rig


def test_task_goes_in_and_its_record_comes_out(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    assert rig.pool.assign(host_id, task("hello"))
    done = rig.wait_for_event(TaskSucceeded)
    page = decode(done.record, TextPage)
    assert page.lines[0].text == "hello"
    assert done.task_id == task("hello").task_id


def test_plugin_that_raises_fails_its_task_and_the_host_lives_on(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.assign(host_id, task("!raise:boom", 1))
    failed = rig.wait_for_event(TaskErrored)
    assert (failed.code, failed.retry) == ("plugin-raised", True)
    assert "boom" in failed.message
    assert rig.pool.assign(host_id, task("still here", 2))
    rig.wait_for_event(TaskSucceeded)


def test_plugin_that_leaves_the_interpreter_fails_its_task_and_the_host_lives_on(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.assign(host_id, task("!leave:now", 1))
    failed = rig.wait_for_event(TaskErrored)
    assert (failed.code, failed.retry) == ("plugin-raised", True)
    assert "SystemExit" in failed.message
    assert rig.pool.assign(host_id, task("still here", 2))
    rig.wait_for_event(TaskSucceeded)


def test_plugin_that_returns_no_record_fails_its_task_and_the_host_lives_on(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.assign(host_id, task("!not-a-record", 1))
    failed = rig.wait_for_event(TaskErrored)
    assert failed.code == "not-a-record"
    assert rig.pool.assign(host_id, task("still here", 2))
    rig.wait_for_event(TaskSucceeded)


def test_slow_task_without_a_checkpoint_is_left_alone_while_its_deadline_lasts(rig: Rig) -> None:
    """Longer than the beat's deadline: the loop beats while plugin code is busy."""
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.assign(host_id, task("!sleep:2", 1, timeout_s=10.0))
    rig.wait_for_event(TaskSucceeded)
    assert rig.of(HostDied) == []


def test_retry_that_a_plugin_asks_for_is_passed_on(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.assign(host_id, task("!retry:later", 1))
    failed = rig.wait_for_event(TaskErrored)
    assert (failed.code, failed.message, failed.retry) == ("try-again", "later", True)


def test_cap_holds_for_starting_hosts_too(rig: Rig) -> None:
    rig.pool.start_host(hostile("echo"), {})
    rig.pool.start_host(hostile("echo"), {})
    with pytest.raises(KernelError) as caught:
        rig.pool.start_host(hostile("echo"), {})
    assert caught.value.code == "pool-full"


def test_task_without_progress_is_taken_back(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.assign(host_id, task("!progress:100000", 1, timeout_s=5.0))
    rig.turn()
    rig.pool.stop_host(host_id, "told to stop", now=True)
    lost = rig.wait_for_event(TaskLost)
    assert (lost.cause, lost.blame) == ("told to stop", False)
    died = rig.wait_for_event(HostDied)
    assert not died.crashed
    assert rig.pool.statuses() == ()


def test_frozen_host_does_no_work_until_it_is_thawed(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    rig.pool.freeze()
    rig.pool.assign(host_id, task("waits"))
    for _ in range(20):
        rig.turn(10)
    assert rig.of(TaskSucceeded) == []
    rig.pool.thaw()
    rig.wait_for_event(TaskSucceeded)


def test_changed_plugin_is_refused_before_its_code_runs(rig: Rig) -> None:
    rig.pool.start_host(hostile("echo", digest="0" * 64), {})
    died = rig.wait_for_event(HostDied)
    assert died.crashed
    assert died.cause.startswith("plugin-changed")


def test_plugin_that_fails_in_setup_is_quarantined_after_the_restart_limit(rig: Rig) -> None:
    while not rig.quarantine.plugins:
        if rig.pool.may_start("echo") and rig.pool.free_slots() == 2:
            rig.pool.start_host(hostile("echo"), {"setup": "raise"})
        rig.turn(5)
    assert len(rig.of(HostDied)) == 4
    assert "told to fail in setup" in rig.quarantine.plugins["echo"][0]
    with pytest.raises(KernelError) as caught:
        rig.pool.start_host(hostile("echo"), {})
    assert caught.value.code == "plugin-quarantined"


def test_thread_that_does_not_give_way_loses_its_task_keeps_its_slot_and_is_told(
    tmp_path: Path,
) -> None:
    launcher = ThreadLauncher()
    release = tmp_path / "release"
    with pool_rig(launcher) as rig:
        host_id = rig.start_ready(hostile("echo"))
        rig.pool.assign(host_id, task(f"!hang:{release}", 1, timeout_s=0.2))
        lost = rig.wait_for_event(TaskLost)
        assert (lost.cause, lost.blame) == ("no progress before the deadline", True)
        (status,) = rig.pool.statuses()
        assert status.hung
        assert rig.pool.free_slots() == 1, "the cap counts it"
        assert launcher.has_hung("echo")
        assert not launcher.has_hung("hostile")
        release.touch()
        died = rig.wait_for_event(HostDied)
        assert died.crashed
        assert len(rig.of(TaskLost)) == 1, "told once"
        assert rig.pool.free_slots() == 2
        rig.start_ready(hostile("echo"))


def test_other_threads_of_a_plugin_that_hangs_leave_before_they_are_given_the_same_task(
    tmp_path: Path,
) -> None:
    release = tmp_path / "release"
    with pool_rig(ThreadLauncher()) as rig:
        idle = rig.start_ready(hostile("echo"))
        host_id = rig.start_ready(hostile("echo"))
        rig.pool.assign(host_id, task(f"!hang:{release}", 1, timeout_s=0.2))
        rig.wait_for_event(TaskLost)
        assert not rig.pool.assign(idle, task(f"!hang:{release}", 1))
        died = rig.wait_for_event(HostDied)
        assert (died.host_id, died.crashed) == (idle, False)
        assert rig.pool.free_slots() == 1
        release.touch()
        rig.wait_for_event(HostDied, 2)


def test_pool_closes_in_time_over_a_thread_that_hangs(tmp_path: Path) -> None:
    release = tmp_path / "release"
    with pool_rig(ThreadLauncher()) as rig:
        host_id = rig.start_ready(hostile("echo"))
        rig.pool.assign(host_id, task(f"!hang:{release}", 1))
        rig.turn()
        started_s = time.monotonic()
        rig.pool.shutdown(1.0)
        assert time.monotonic() - started_s < 2.0
        release.touch()
