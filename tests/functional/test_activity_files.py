"""Files that the loop looks at, replaced by what would hold whoever opens it; the real kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.flips import Person, configure, processes_stand_still
from tests.functional.rig import Rig, make_rig, wait_until
from tests.functional.test_budgets_held import fill

STILL_S_MAX = 10.0
"""Enough for a machine where many others compute; what blocks, blocks for ever."""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = make_rig(tmp_path, plugin="greedy")
    configure(made)
    fill(made, "spin 2 1 600", "spin 1 1 600")
    return made


def put_pipe(path: Path) -> None:
    """In place of the file, as a whole: one that nobody writes to."""
    pipe = path.with_name("pipe.tmp")
    os.mkfifo(pipe)
    pipe.replace(path)


def live(rig: Rig) -> dict[str, Any]:
    found: dict[str, Any] = rig.json("status", expect=None)["kernel"]
    return found


def wait_for_work(kernel: subprocess.Popen[str], tell: Callable[[], object]) -> None:
    _, stirs = processes_stand_still(kernel.pid)

    def works() -> bool:
        tell()
        return stirs()

    wait_until(works, 60.0)


def assert_ends(kernel: subprocess.Popen[str]) -> None:
    kernel.send_signal(signal.SIGTERM)
    assert kernel.wait(timeout=30) == 0


def test_a_pipe_in_place_of_the_signal_stops_the_hosts_and_not_the_kernel(rig: Rig) -> None:
    person = Person(rig)
    with rig.kernel() as kernel:
        wait_for_work(kernel, lambda: person.signal(idle=True))
        stand_still, stirs = processes_stand_still(kernel.pid)
        stirs()
        put_pipe(rig.data_dir / "activity.json")
        assert stand_still(time.monotonic()).after_s < STILL_S_MAX
        assert "no regular file" in live(rig)["activity"]["reason"]
        rig.run("active")
        wait_until(lambda: live(rig)["activity"]["word"] == "active")
        rig.run("resume")
        wait_for_work(kernel, lambda: person.signal(idle=True))
        put_pipe(rig.data_dir / "activity.json")
        assert_ends(kernel)


def test_a_pipe_in_place_of_the_word_counts_as_active_says_so_and_is_healed_by_resume(
    rig: Rig,
) -> None:
    person = Person(rig)
    rig.run("idle")
    with rig.kernel() as kernel:
        wait_for_work(kernel, lambda: None)
        stand_still, stirs = processes_stand_still(kernel.pid)
        stirs()
        put_pipe(rig.data_dir / "override.json")
        assert stand_still(time.monotonic()).after_s < STILL_S_MAX
        now = live(rig)
        assert "no regular file" in now["activity"]["word_problem"]
        assert "cannot be read" in now["heavy_work"]["reason"]
        assert "kernel resume" in now["heavy_work"]["reason"]
        rig.run("resume")
        wait_for_work(kernel, lambda: person.signal(idle=True))
        put_pipe(rig.data_dir / "override.json")
        assert_ends(kernel)


def test_a_kernel_that_starts_on_garbage_says_which_file_and_what_to_do(rig: Rig) -> None:
    (rig.data_dir / "override.json").write_text("[" * 4_000)
    put_pipe(rig.data_dir / "activity.json")
    said = rig.run("run", "--once").stdout
    assert "override.json" in said
    assert "kernel resume" in said
    rig.run("resume")
    said = rig.run("run", "--once").stdout
    assert "kernel doctor" in said, "unknown activity names a next step"
