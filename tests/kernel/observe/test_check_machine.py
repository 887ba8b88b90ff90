"""Doctor is never greener than the reaper; limits are told whole."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.observe.check_machine import check_limits, check_stale_hosts
from kernel.supervision.identity import read_identity
from kernel.supervision.launch import HOST_ID_ENV, RUN_NONCE_ENV
from kernel.supervision.records import KernelRecord, write_kernel_record
from kernel.supervision.rundir import RunDir, run_dir_of


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of its own, short enough for sockets."""
    place = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place))
    return place


@pytest.fixture
def dead_run(runtime: Path, tmp_path: Path) -> tuple[DataDir, RunDir, str]:
    """A run dir whose kernel is gone; and its mark."""
    place = DataDir(tmp_path / "data")
    place.root.mkdir()
    run_dir = run_dir_of(place)
    run_dir.make()
    assert run_dir.root.is_relative_to(runtime)
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = read_identity(gone.pid)
    gone.communicate(b"\n")
    nonce = secrets.token_hex(16)
    write_kernel_record(run_dir, KernelRecord(identity, nonce, str(place.root)))
    return place, run_dir, nonce


def test_a_stray_that_only_its_mark_tells_of_is_a_warning(
    dead_run: tuple[DataDir, RunDir, str],
) -> None:
    place, _, nonce = dead_run
    assert check_stale_hosts(place).details["by_mark"] == []
    stray = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {RUN_NONCE_ENV: nonce, HOST_ID_ENV: "h1-00000000"},
    )
    try:
        assert stray.stdout is not None
        stray.stdout.readline()
        check = check_stale_hosts(place)
        assert check.state == "warn", check
        assert f"pid {stray.pid}" in check.saw
        assert "by its mark alone" in check.saw
        assert "--reap" in check.remedy
    finally:
        stray.communicate(b"\n")


def test_a_record_that_cannot_be_read_is_a_warning_that_names_it(
    dead_run: tuple[DataDir, RunDir, str],
) -> None:
    place, run_dir, _ = dead_run
    record = run_dir.hosts_dir / "h1-00000000.json"
    record.write_text(json.dumps({"host_id": 7}))
    check = check_stale_hosts(place)
    assert check.state == "warn", check
    assert str(record) in check.saw


def test_limits_of_processes_locked_memory_and_cores_are_told_too() -> None:
    check = check_limits()
    for name in ("open files", "processes", "locked memory bytes", "core file bytes"):
        assert f"{name} " in check.saw
        assert name in check.details


@pytest.mark.parametrize(("flag", "told"), [("n", "ulimit -n"), ("u", "ulimit -u")])
def test_a_limit_that_is_too_low_is_a_warning_with_the_command(flag: str, told: str) -> None:
    code = (
        "from kernel.observe.check_machine import check_limits as c; print(c().state, c().remedy)"
    )
    done = subprocess.run(
        ["bash", "-c", f'ulimit -S{flag} 200 && exec "$@"', "bash", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    if flag == "u" and "fork" in done.stderr:
        pytest.skip("this user runs too many processes to be limited here")
    assert done.stdout.startswith("warn"), done.stderr
    assert told in done.stdout
