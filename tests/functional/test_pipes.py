"""A pipe in place of a file that the kernel reads holds no command up: it is named instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.config.approvals import read_plugin_locks
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.observe.check_data import check_data_dir
from kernel.observe.status import read_status
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.supervision.reaper import reap
from kernel.supervision.rundir import RunDir
from tests.kernel.store.captures import draft

NAMES = ("journal.db", "journal.db-wal", "derived.db", "backlog.db", "run.json", "kernel.lock")
LOOK_S_MAX = 120


@pytest.fixture
def place(tmp_path: Path) -> DataDir:
    data_dir = DataDir(tmp_path / "data")
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"pixels")])
    DerivedStore.open(data_dir).close()
    Backlog.open(data_dir).close()
    return data_dir


def put_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


LOOK = """
import sys
from pathlib import Path
from tests.functional.test_pipes import look
look(Path(sys.argv[1]))
"""


def look(root: Path) -> None:
    """In a process of its own: what hangs in a library hears no signal."""
    for name in NAMES:
        place = DataDir(root / name)
        with EvidenceStore.open(place) as store:
            store.append([draft(b"pixels")])
        DerivedStore.open(place).close()
        Backlog.open(place).close()
        put_pipe(place.root / name)
        document = read_status(place)
        told = " ".join(document["problems"])
        assert name in told, f"{name}: {told}"


def test_no_look_waits_for_a_pipe_and_each_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=LOOK_S_MAX,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr


def run_once(place: DataDir) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KERNEL_DATA_DIR": str(place.root)}
    environment["KERNEL_PIPELINE_TEXT_PLUGIN"] = "none"
    return subprocess.run(
        [sys.executable, "-m", "kernel.cli", "run", "--once"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LOOK_S_MAX,
        check=False,
    )


def test_a_kernel_starts_beside_pipes_in_place_of_what_can_be_made_again(place: DataDir) -> None:
    for name in ("derived.db", "backlog.db", "run.json"):
        put_pipe(place.root / name)
    done = run_once(place)
    assert done.returncode == 0, done.stderr
    assert read_status(place)["problems"] == []


def test_a_pipe_among_the_records_of_hosts_is_unreadable(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "run")
    run_dir.make()
    os.mkfifo(run_dir.hosts_dir / "h1-00000001.json")
    os.mkfifo(run_dir.kernel_record)
    report = reap([run_dir])
    assert len(report.unreadable) == 2
    assert all("no regular file" in line for line in report.unreadable)


def test_a_pipe_in_place_of_the_approvals_is_an_unreadable_lock(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    os.mkfifo(place.plugin_approvals)
    with pytest.raises(KernelError, match="no regular file") as refused:
        read_plugin_locks(place)
    assert refused.value.code == "plugins-lock-unreadable"


def test_names_that_something_else_has_are_told_and_end_nothing(place: DataDir) -> None:
    names = ("inbox", "reserve.bin", "quarantine", "crops")
    for name in names:
        if (place.root / name).is_dir():
            (place.root / name).rmdir()
        put_pipe(place.root / name)
    done = run_once(place)
    assert done.returncode == 0, done.stderr
    told = " ".join(read_status(place)["problems"])
    check = check_data_dir(place)
    assert check.state == "fail"
    for name in names:
        assert f"{place.root / name} is a pipe" in told
        assert f"{place.root / name} is a pipe" in check.saw


@pytest.mark.parametrize("name", ["packs", "anchors", "kernel.lock"])
def test_without_what_evidence_needs_the_kernel_says_so_and_does_not_start(
    place: DataDir, name: str
) -> None:
    if name == "kernel.lock":
        put_pipe(place.lock_file)
    else:
        (place.root / name).rename(place.root / f"{name}.away")
        os.mkfifo(place.root / name)
    assert not read_status(place)["healthy"]
    with pytest.raises(KernelError) as refused:
        EvidenceStore.open(place)
    assert refused.value.code == "data-dir-unusable"
    assert str(place.root / name) in refused.value.message


def test_settings_that_are_no_file_are_refused_and_not_passed_over(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(KernelError, match="no regular file") as refused:
        load_settings(None, place, {})
    assert refused.value.code == "config-invalid"
