"""What a dead kernel left is found though the environment that named its run dir is another one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.functional.rig import Rig, kill_9, make_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as folder:
        made = make_rig(tmp_path)
        yield Rig(made.root, made.environment | {"XDG_RUNTIME_DIR": folder})


@pytest.fixture
def elsewhere(rig: Rig) -> Iterator[Rig]:
    """The same data dir on another day: another place for run dirs."""
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as folder:
        yield Rig(rig.root, rig.environment | {"XDG_RUNTIME_DIR": folder})


def killed_run(rig: Rig) -> dict[str, Any]:
    """The note of a kernel that was killed."""
    with rig.kernel() as kernel:
        kill_9(kernel.pid)
        kernel.wait(timeout=10)
    note: dict[str, Any] = json.loads((rig.data_dir / "run.json").read_text())
    return note


@contextmanager
def stray(nonce: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the mark of a run and left everything else behind."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import signal; print(flush=True); signal.pause()"],
        env={"AUTOCAPTURE_RUN": nonce, "AUTOCAPTURE_HOST": "h1-00000001"},
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_reap_looks_into_the_run_dir_on_record(rig: Rig, elsewhere: Rig) -> None:
    note = killed_run(rig)
    with stray(note["run_id"]) as left:
        report = elsewhere.json("doctor", "--reap")
        assert [action["pids"] for action in report["actions"]] == [[left.pid]]
        assert left.wait(timeout=10) < 0
    assert [one["run_dir"] for one in report["run_dirs"]] == [note["run_dir"]]
    assert not Path(note["run_dir"]).exists()


def test_the_next_start_does_too_and_takes_the_old_run_dir_away(rig: Rig, elsewhere: Rig) -> None:
    note = killed_run(rig)
    with stray(note["run_id"]) as left, elsewhere.kernel():
        assert left.wait(timeout=10) < 0
        assert not Path(note["run_dir"]).exists()


def test_a_stray_is_found_though_the_run_dir_was_swept_away_under_it(rig: Rig) -> None:
    """As at the end of a login session."""
    note = killed_run(rig)
    shutil.rmtree(note["run_dir"])
    with stray(note["run_id"]) as left:
        report = rig.json("doctor", "--reap")
        assert [action["pids"] for action in report["actions"]] == [[left.pid]]
        assert left.wait(timeout=10) < 0


def test_a_living_kernels_hosts_are_kept_by_a_reap_on_a_copy_of_its_data_dir(
    rig: Rig, tmp_path: Path
) -> None:
    with rig.kernel():
        note = json.loads((rig.data_dir / "run.json").read_text())
        copy = tmp_path / "copy"
        copy.mkdir(mode=0o700)
        shutil.copy(rig.data_dir / "run.json", copy / "run.json")
        with stray(note["run_id"]) as host:
            report = Rig(rig.root, rig.environment | {"KERNEL_DATA_DIR": str(copy)}).json(
                "doctor", "--reap"
            )
            assert host.pid not in [pid for one in report["actions"] for pid in one["pids"]]
            assert host.poll() is None


def test_a_host_record_that_says_nothing_does_not_keep_the_run_dir(rig: Rig) -> None:
    note = killed_run(rig)
    broken = Path(note["run_dir"]) / "hosts" / "h9-00000000.json"
    broken.write_text('{"garbage')
    report = rig.json("doctor", "--reap")
    assert report["unreadable"] == []
    (action,) = report["actions"]
    assert (action["host_id"], action["outcome"]) == ("h9-00000000", "forgotten")
    assert "no process carries its mark" in action["reason"]
    assert not Path(note["run_dir"]).exists()


def test_a_host_record_that_says_nothing_is_kept_while_a_process_carries_its_mark(
    rig: Rig,
) -> None:
    """Of a run that nobody knows: it is for a person to judge."""
    note = killed_run(rig)
    broken = Path(note["run_dir"]) / "hosts" / "h1-00000001.json"
    broken.write_text('{"garbage')
    with stray("a-run-of-somebody-else") as marked:
        done = rig.run("doctor", "--reap", expect=1)
        assert f"process {marked.pid} carries its mark: look at it, end it" in done.stdout
        assert "no stale host is left" not in done.stdout
        assert marked.poll() is None
    assert "no stale host is left" in rig.run("doctor", "--reap").stdout
    assert not Path(note["run_dir"]).exists()


def test_a_run_dir_is_left_alone_by_who_may_not_own_it(rig: Rig) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    note = killed_run(rig)
    os.chown(note["run_dir"], 65534, 65534)
    with stray(note["run_id"]) as left:
        report = rig.json("doctor", "--reap")
        # Its records are not believed; the note in the data dir is.
        assert [action["pids"] for action in report["actions"]] == [[left.pid]]
    assert Path(note["run_dir"]).exists()
    shutil.rmtree(note["run_dir"])
