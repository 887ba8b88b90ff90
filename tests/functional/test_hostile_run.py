"""A hostile plugin under the real `kernel run`: the kernel stays, the others' work is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.functional.rig import Rig, install, make_rig, wait_until
from tests.functional.test_budgets_held import ledger
from tests.kernel.supervision.cap_sampler import sampling

MAX_HOSTS = 2
SETTINGS = f"""
[pipeline]
text_plugin = "echo"
state_plugin = "hostile"
delta_plugin = "none"
[hosts]
max_hosts = {MAX_HOSTS}
task_deadline_s = 2.0
stop_grace_s = 0.3
[restart]
restarts_max = 3
backoff_base_s = 0.02
backoff_max_s = 0.05
"""
GENEROUS_S = 120.0


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """The echo plugin reads; the hostile one makes states, and does what was read."""
    made = make_rig(tmp_path)
    install(made.root / "site", "hostile")
    made.settings(SETTINGS)
    made.run("plugins", "approve", "hostile", "--yes")
    return made


def status(rig: Rig) -> Any:  # noqa: ANN401 - JSON
    return rig.json("status", expect=None)


def errors(rig: Rig) -> str:
    """What tasks ended with, as status tells."""
    return " ".join(str(error) for error in status(rig)["backlog"]["errors"])


def read_on(rig: Rig, frames: int) -> None:
    """All frames so far are read: the other plugin's work."""
    wait_until(lambda: status(rig)["kernel"]["stages"]["text"]["done"] == frames, GENEROUS_S)


def test_attacks_leave_the_kernel_up_name_their_plugin_and_cost_nobody_else_anything(
    rig: Rig,
) -> None:
    shade = 0

    def ingest(*texts: str) -> None:
        nonlocal shade
        paths = [
            rig.write(f"{shade + n}.png", text, shade=shade + n) for n, text in enumerate(texts)
        ]
        shade += len(texts)
        rig.ingest(*paths)

    with rig.kernel("--profile", "idle") as kernel, sampling(MAX_HOSTS, root_pid=kernel.pid):
        ingest("fork_bomb", "first")
        # Its record is none of the stage's: the bomb hit its limit, and its task came to an end.
        wait_until(lambda: "contract-violation" in errors(rig), GENEROUS_S)
        ingest("memory_hog", "second")
        wait_until(lambda: "memory" in errors(rig), GENEROUS_S)
        # Each costs two hosts at most; the hog may have cost some, too.
        ingest("ignore_term", "ignore_term", "third")
        told = wait_until(lambda: (s := status(rig))["kernel"]["quarantined"] and s, GENEROUS_S)
        assert told["verdict"] == "degraded"
        assert "plugin hostile is quarantined: no progress" in told["reason"]
        ingest("fourth")
        read_on(rig, shade)
        live = status(rig)["kernel"]
        assert kernel.poll() is None
        assert len(live["hosts"]) <= MAX_HOSTS
        assert list(live["quarantined"]) == ["hostile"]
    crashed = ledger(rig, "host-crashed")
    assert {entry["detail"]["plugin"] for entry in crashed} == {"hostile"}
