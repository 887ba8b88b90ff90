"""A kernel with a grabber takes the screen in by itself, and none is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.functional.rig import Rig, make_rig, wait_until

pytest.importorskip("mss", reason="the extra `grab` is not installed")

SETTINGS = '[pipeline]\ntext_plugin = "none"\n[intake]\ngrabber = "grab_mss"\n'


@pytest.fixture
def rig(tmp_path: Path, display: str) -> Rig:
    made = make_rig(tmp_path)
    made.settings(SETTINGS)
    made.environment["DISPLAY"] = display
    return made


def grabber_pid(rig: Rig) -> int | None:
    pid: int | None = rig.json("status", expect=None)["kernel"]["grabber"]["pid"]
    return pid


def test_the_screen_is_evidence_and_a_dead_grabber_is_started_again(rig: Rig) -> None:
    with rig.kernel() as kernel:
        wait_until(lambda: rig.json("status", expect=None)["evidence"]["events"] >= 1, 60.0)
        first = wait_until(lambda: grabber_pid(rig))
        os.kill(first, signal.SIGKILL)
        again = wait_until(lambda: grabber_pid(rig) not in {None, first} and grabber_pid(rig), 60.0)
        wait_until(lambda: rig.json("status", expect=None)["evidence"]["events"] >= 2, 60.0)
        status = rig.json("status", expect=None)
        assert status["evidence"]["last_event"]["source"] == "grab_mss"
        assert status["kernel"]["grabber"]["starts"] >= 2
        kernel.send_signal(signal.SIGTERM)
        assert kernel.wait(timeout=20) == 0
        assert not psutil.pid_exists(again)


def test_kill_9_of_the_kernel_ends_its_grabber(rig: Rig) -> None:
    with rig.kernel() as kernel:
        pid = wait_until(lambda: grabber_pid(rig), 60.0)
        kernel.kill()
        kernel.wait()
        wait_until(
            lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", 60.0
        )
