"""One task as the plugin sees it: cancellation, progress, the gate."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from plugin_host.hooks import TaskCancelled
from plugin_host.task import Gate, RunningTask


def make(gate: Gate, seen: list[tuple[int, int]] | None = None) -> RunningTask:
    reports = seen if seen is not None else []
    return RunningTask(
        config={"a": 1},
        scratch_dir=Path("scratch"),
        gate=gate,
        report=lambda done, total: reports.append((done, total)),
    )


def test_checkpoint_reports_progress() -> None:
    seen: list[tuple[int, int]] = []
    task = make(Gate(), seen)
    task.checkpoint(1, 2)
    task.checkpoint(2, 2)
    assert seen == [(1, 2), (2, 2)]


def test_cancelled_task_stops_at_its_next_checkpoint() -> None:
    task = make(Gate())
    task.cancel()
    with pytest.raises(TaskCancelled):
        task.checkpoint(1)


def test_cancelling_frees_a_worker_that_stands_at_the_gate() -> None:
    gate = Gate()
    gate.close()
    task = make(gate)
    ended = threading.Event()

    def work() -> None:
        with pytest.raises(TaskCancelled):
            task.checkpoint(1)
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    task.cancel()
    assert ended.wait(5)
    thread.join()


def test_cancellation_is_no_exception_that_a_broad_handler_would_swallow() -> None:
    assert not issubclass(TaskCancelled, Exception)


def test_gate_says_whether_a_worker_stands_at_it() -> None:
    gate = Gate()
    gate.close()
    task = make(gate)
    thread = threading.Thread(target=lambda: task.checkpoint(1))
    thread.start()
    while not gate.is_holding:
        assert thread.is_alive()
    assert gate.is_closed
    gate.open()
    thread.join(5)
    assert not thread.is_alive()
