"""What the supervisor does is told: verdict, doctor, quarantine, through the real command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.functional.rig import (
    KERNEL,
    TEXT_ALONE,
    Rig,
    host_pids,
    kill_9,
    make_rig,
    wait_until,
)
from tests.functional.test_spine import results

QUICK_RESTARTS = """
[restart]
backoff_base_s = 0.02
backoff_max_s = 0.05
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path, profile=QUICK_RESTARTS)


def status(rig: Rig) -> Any:  # noqa: ANN401 - JSON
    return rig.json("status", expect=None)


def findings(rig: Rig, expect: int | None = None) -> dict[str, dict[str, Any]]:
    """The doctor's checks by name."""
    return {check["name"]: check for check in rig.json("doctor", expect=expect)["checks"]}


def test_task_that_kills_two_hosts_is_quarantined_with_its_error_and_the_rest_is_done(
    rig: Rig,
) -> None:
    rig.ingest(
        rig.write("poison.png", "!kill", shade=0),
        *(rig.write(f"{number}.png", f"frame {number}", shade=number) for number in range(1, 6)),
    )
    done = rig.json("process", "--until-drained", expect=None)
    assert (done["processed"], done["failed"]) == (5, 1)
    assert results(rig) == 5
    backlog = status(rig)["backlog"]
    assert (backlog["done"], backlog["quarantined"], backlog["waiting"]) == (5, 1, 0)
    (error,) = backlog["errors"]
    assert error["state"] == "quarantined"
    assert "signal 9" in error["error"]


def test_plugin_in_a_crash_loop_is_named_and_a_lift_under_the_running_kernel_lets_it_go_on(
    rig: Rig,
) -> None:
    rig.settings(
        f'[pipeline]\ntext_plugin = "echo"\n{TEXT_ALONE}[restart]\nrestarts_max = 1\n'
        "backoff_base_s = 0.02\nbackoff_max_s = 0.05\n"
    )
    with rig.kernel("--profile", "idle") as kernel:
        rig.ingest(rig.write("poison.png", "!kill", shade=0))
        told = wait_until(
            lambda: (s := status(rig))["verdict"] == "degraded" and s["kernel"]["quarantined"] and s
        )
        assert "plugin echo is quarantined: killed by signal 9" in told["reason"]
        assert not told["healthy"]
        assert rig.run("status", expect=1).stdout.startswith("DEGRADED")
        found = findings(rig, expect=2)
        assert found["plugin echo"]["state"] == found["kernel"]["state"] == "fail"
        assert "--lift echo" in found["plugin echo"]["remedy"]
        rig.ingest(rig.write("good.png", "good", shade=1))
        wait_until(lambda: "cannot be processed" in status(rig)["reason"])
        assert "echo" in json.dumps(rig.json("plugins", "quarantine"))
        rig.run("plugins", "quarantine", "--lift", "echo")
        wait_until(lambda: status(rig)["backlog"]["done"] == 1)
        assert status(rig)["kernel"]["quarantined"] == {}
        assert kernel.poll() is None, "the kernel went on all the time"
    assert results(rig) == 1


def test_hosts_are_shown_with_what_they_use(rig: Rig) -> None:
    rig.ingest(rig.write("a.png", "!sleep:20"))
    with rig.kernel("--profile", "idle"):
        (host,) = wait_until(
            lambda: [
                h
                for h in (status(rig)["kernel"] or {"hosts": []})["hosts"]
                if h["state"] == "busy" and h["pss_bytes"] > 4 << 20
            ]
        )
        assert host["plugin_id"] == "echo"
        assert host["task_id"].startswith("t-")
        assert host["pss_bytes"] < 256 << 20
        assert (host["restarts"], host["processes"] > 0) == (0, True)
        assert host["threads"] >= 4
        assert host["descriptors"] > 3
        shown = rig.run("status", expect=None).stdout
        assert f"{host['host_id']}  echo  busy" in shown
        assert "0 restarts" in shown
        kill_9(host["pid"])
        wait_until(
            lambda: [h for h in status(rig)["kernel"]["hosts"] if h["restarts"] == 1], seconds=10.0
        )


def test_watch_redraws_until_interrupted_and_leaves_the_last_view(rig: Rig) -> None:
    """On a terminal of its own (script(1) makes one); Ctrl-C is no error."""
    # `exec`: a shell that stayed in between would get the Ctrl-C too, and end by it (dash does).
    command = f"exec {shlex.join([*KERNEL, 'status', '--watch'])}"
    watch = subprocess.Popen(
        ["script", "-qefc", command, "/dev/null"],
        env=rig.environment | {"TERM": "xterm"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert watch.stdin is not None
    assert watch.stdout is not None
    seen = b""
    while seen.count(b"Ctrl-C ends") < 2:
        piece = os.read(watch.stdout.fileno(), 65_536)
        assert piece, seen
        seen += piece
    watch.stdin.write(b"\x03")
    watch.stdin.flush()
    rest, _ = watch.communicate(timeout=20)
    assert watch.returncode == 0, rest
    assert b"\x1b[?1049h" in seen, "a screen of its own"
    assert rest.rpartition(b"\x1b[?1049l")[2].startswith((b"STOPPED", b"\x1b[?25hSTOPPED"))


def test_doctor_sees_a_stale_host_of_a_dead_kernel_and_reap_ends_it(rig: Rig) -> None:
    """A host that lost its kernel and did not die: its record stands in the run dir."""
    rig.ingest(rig.write("a.png", "!sleep:30"))
    with rig.kernel("--profile", "idle") as kernel:
        wait_until(lambda: host_pids(rig))
        run_dir = Path(json.loads((rig.data_dir / "run.json").read_text())["run_dir"])
        (record,) = [json.loads(p.read_text()) for p in (run_dir / "hosts").glob("*.json")]
        kill_9(kernel.pid)
        kernel.wait(timeout=5)
    wait_until(lambda: not Path(f"/proc/{record['stub']['pid']}").exists())
    # The same record over a live process that carries the dead kernel's mark.
    survivor = subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pause()"],
        env=os.environ
        | {"AUTOCAPTURE_RUN": record["nonce"], "AUTOCAPTURE_HOST": record["host_id"]},
        start_new_session=True,
    )
    try:
        write_record(run_dir, record, survivor.pid)
        check = findings(rig, expect=2)["stale hosts"]
        assert check["state"] == "fail"
        assert record["host_id"] in check["saw"]
        report = rig.json("doctor", "--reap")
        assert survivor.pid in [pid for action in report["actions"] for pid in action["pids"]]
        assert survivor.wait(timeout=5) < 0
        assert report["left_pids"] == []
        assert findings(rig)["stale hosts"]["state"] == "ok"
    finally:
        survivor.kill()
        survivor.wait()


def write_record(run_dir: Path, record: dict[str, Any], pid: int) -> None:
    """The record as it would stand had the host ``pid`` outlived its kernel."""
    from kernel.supervision.identity import read_identity

    identity = read_identity(pid)
    stub = {**record["stub"], "pid": identity.pid, "start_ticks": identity.start_ticks}
    path = run_dir / "hosts" / f"{record['host_id']}.json"
    path.write_text(json.dumps({**record, "stub": stub, "host": None}))
    path.chmod(0o600)


def test_doctor_and_status_tell_of_a_database_that_is_damaged(rig: Rig) -> None:
    rig.ingest(rig.write("a.png", "hello"))
    rig.json("process", "--until-drained")
    derived = rig.data_dir / "derived.db"
    damaged = bytearray(derived.read_bytes())
    damaged[4096:16_384] = b"\xa5" * (16_384 - 4096)
    derived.write_bytes(bytes(damaged))
    for leftover in (Path(f"{derived}-wal"), Path(f"{derived}-shm")):
        leftover.unlink(missing_ok=True)
    found = findings(rig, expect=2)
    check = found["database derived.db"]
    assert check["state"] == "fail"
    assert check["remedy"]
    journal = rig.data_dir / "journal.db"
    for path in (journal, Path(f"{journal}-wal")):
        if path.exists():
            path.write_bytes(b"garbage " * 2000)
    told = rig.json("status", expect=1)
    assert (told["verdict"], told["healthy"]) == ("degraded", False)
    assert "evidence cannot be read" in told["reason"]
    found = findings(rig, expect=2)
    assert found["kernel"]["state"] == found["database journal.db"]["state"] == "fail"


def test_a_run_dir_of_somebody_else_is_refused_and_told(rig: Rig) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    with rig.kernel():
        name = Path(json.loads((rig.data_dir / "run.json").read_text())["run_dir"]).name
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as runtime:
        (Path(runtime) / name).mkdir()
        os.chown(Path(runtime) / name, 65534, 65534)
        foreign = Rig(rig.root, rig.environment | {"XDG_RUNTIME_DIR": runtime})
        assert "run-dir-unsafe" in foreign.run("run", "--once", expect=None).stderr
        check = findings(foreign, expect=2)["run dir"]
        assert (check["state"], "not a directory of this user" in check["saw"]) == ("fail", True)


def test_full_drive_is_told_by_status_and_doctor(rig: Rig) -> None:
    full = Rig(rig.root, rig.environment | dict.fromkeys(DISK_SETTINGS, str(1 << 60)))
    with full.kernel():
        told = wait_until(lambda: (s := status(full))["verdict"] == "degraded" and s)
        assert "the drive is full: captures are refused" in told["reason"]
        assert findings(full, expect=2)["kernel"]["state"] == "fail"


@pytest.mark.parametrize("thread", ["inbox", "intake"])
def test_a_thread_that_ended_is_told_by_status_and_doctor(rig: Rig, thread: str) -> None:
    """The thread dies of an error that nobody foresaw."""
    (rig.root / "site" / "sitecustomize.py").write_text(BROKEN[thread])
    with rig.kernel():
        told = wait_until(lambda: (s := status(rig))["verdict"] == "degraded" and s)
        assert "thread" in told["reason"]
        assert findings(rig, expect=2)["kernel"]["state"] == "fail"


BROKEN = {
    "inbox": """
import sys
if "run" in sys.argv:
    from kernel.capture.inboxthread import InboxThread
    InboxThread._poll = lambda *_: sys.exit()
""",
    "intake": """
import sys
if "run" in sys.argv:
    from kernel.capture.intake import Intake
    Intake._take = lambda *_: sys.exit()
""",
}
DISK_SETTINGS = [f"KERNEL_DISK_{level}_FREE_BYTES" for level in ("YELLOW", "RED", "BLACK")]
