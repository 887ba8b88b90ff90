"""Status never says healthy while nothing can be processed: through the real command."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.functional.rig import TEXT_ALONE, Rig, make_rig, wait_until

TEXT_OFF = f'[pipeline]\ntext_plugin = "none"\n{TEXT_ALONE}'


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


def frames(rig: Rig, count: int = 3) -> None:
    rig.ingest(*(rig.write(f"{n}.png", f"frame {n}", shade=n) for n in range(count)))


def settled(rig: Rig) -> dict[str, Any]:
    """The status once the kernel has looked at what was taken in."""

    def look() -> Any:  # noqa: ANN401 - JSON
        document = rig.json("status", expect=None)
        return document if document["kernel"] else None

    found: dict[str, Any] = wait_until(look)
    return found


def test_with_text_switched_off_it_is_capturing_only_with_the_reason(rig: Rig) -> None:
    rig.settings(TEXT_OFF)
    frames(rig)
    with rig.kernel("--profile", "idle"):
        document = settled(rig)
        assert (document["verdict"], document["healthy"]) == ("capturing only", True)
        assert 'pipeline.text_plugin = "none"' in document["reason"]
        assert "3 captures wait unread" in document["reason"]
        assert rig.run("status").stdout.startswith("CAPTURING ONLY: pipeline.text_plugin")


def test_with_no_host_to_come_it_is_degraded(rig: Rig) -> None:
    rig.settings('[pipeline]\ntext_plugin = "not_there"\n' + TEXT_ALONE)
    frames(rig)
    with rig.kernel("--profile", "idle"):
        document = settled(rig)
        assert (document["verdict"], document["healthy"]) == ("degraded", False)
        assert "not_there is not installed" in document["reason"]
        assert document["remedies"]


def test_damage_is_told_where_no_kernel_runs(rig: Rig) -> None:
    frames(rig, 1)
    for path in rig.data_dir.glob("journal.db*"):
        path.write_bytes(b"garbage " * 2000)
    shown = rig.run("status", expect=1).stdout
    assert shown.startswith("DEGRADED: evidence cannot be read")
    assert "do      stop the kernel, then: kernel verify" in shown
    checks = {c["name"]: c for c in rig.json("doctor", expect=2)["checks"]}
    assert checks["kernel"]["state"] == checks["database journal.db"]["state"] == "fail"


def test_a_kernel_whose_run_dir_was_taken_away_is_told_with_the_next_step(rig: Rig) -> None:
    with rig.kernel() as kernel:
        kernel.send_signal(signal.SIGSTOP)  # else it would have made it anew before anybody asks
        shutil.rmtree(json.loads((rig.data_dir / "run.json").read_text())["run_dir"])
        document = rig.json("status", expect=1)
        assert "no control socket" in document["reason"]
        (remedy,) = document["remedies"]
        assert f"kill -TERM {kernel.pid}" in remedy
        check = {c["name"]: c for c in rig.json("doctor", expect=2)["checks"]}["kernel"]
        assert check["remedy"] == remedy
        kernel.send_signal(signal.SIGCONT)
        wait_until(lambda: rig.json("status", expect=None)["kernel"], 60.0)
        kernel.terminate()
        kernel.wait(timeout=60)
    assert rig.json("status")["verdict"] == "stopped"


def test_a_person_whom_nothing_sees_is_told_in_status(rig: Rig) -> None:
    rig.environment["KERNEL_ACTIVITY_PROVIDERS"] = "x11"
    rig.environment["DISPLAY"] = ""
    frames(rig)
    with rig.kernel():
        document = wait_until(
            lambda: (s := settled(rig))["verdict"] == "capturing only" and s["notes"] and s
        )
        assert "count as active for ever" in document["reason"]
        assert "kernel idle" in document["notes"][0]


def test_doctor_shows_the_settings_of_the_kernel_that_runs(rig: Rig) -> None:
    with rig.kernel("--profile", "idle", "--max-hosts", "1"):
        checks = {c["name"]: c for c in rig.json("doctor", expect=None)["checks"]}
    assert "profile idle, of the kernel that runs" in checks["settings"]["saw"]
    assert checks["hosting"]["saw"].startswith("at most 1 hosts")
    assert checks["activity"]["saw"] == "counts as idle by the settings"


def test_doctor_s_bundle_errors_are_told_before_anything_is_looked_at(rig: Rig) -> None:
    there = rig.root / "there.zip"
    there.write_text("mine")
    done: subprocess.CompletedProcess[str]
    for path, code in ((there, "bundle-exists"), (rig.root / "no" / "x.zip", "bundle-unwritable")):
        done = rig.run("doctor", "--json", "--bundle", str(path), expect=2)
        assert json.loads(done.stdout)["error"]["code"] == code
        assert "Traceback" not in done.stderr
    assert there.read_text() == "mine"
