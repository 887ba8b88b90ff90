"""Where a dead kernel's run dir is looked for, and how its run is told from a living one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.supervision.address import RunNote, write_note
from kernel.supervision.run_places import find_places
from kernel.supervision.rundir import RunDir, run_dir_of


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Today's XDG_RUNTIME_DIR: short, and nobody else's."""
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def place(tmp_path: Path) -> DataDir:
    made = DataDir(tmp_path / "data")
    made.root.mkdir(mode=0o700)
    return made


def note_of(place: DataDir, run_dir: Path, pid: int, started_s: float) -> None:
    note = RunNote(
        pid=pid,
        run_id="earlier",
        run_dir=str(run_dir),
        control_socket=str(run_dir / "control"),
        profile="default",
        started_at_us=int(started_s * 1e6),
    )
    write_note(place, note)


def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def made(path: Path) -> RunDir:
    run_dir = RunDir(path)
    run_dir.make()
    return run_dir


def test_the_place_of_today_comes_first_though_nothing_is_there_yet(
    place: DataDir, runtime: Path
) -> None:
    places = find_places(place)
    assert places.run_dirs[0] == run_dir_of(place)
    assert places.run_dirs[0].root.parent == runtime
    assert places.over == frozenset()


def test_the_place_on_record_is_looked_at_whatever_the_environment_says_today(
    place: DataDir, runtime: Path, tmp_path: Path
) -> None:
    earlier = made(tmp_path / "elsewhere" / "autocapture-0")
    note_of(place, earlier.root, dead_pid(), time.time())
    places = find_places(place)
    assert earlier in places.run_dirs
    assert places.over == {"earlier"}


def test_every_base_is_looked_at_where_no_note_is_left(
    place: DataDir, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    earlier = run_dir_of(place)
    assert earlier.root.parent != runtime
    earlier.make()
    try:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        assert earlier in find_places(place).run_dirs
    finally:
        earlier.hosts_dir.rmdir()
        earlier.root.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own a folder as somebody else")
def test_a_place_of_somebody_else_is_not_believed(
    place: DataDir, runtime: Path, tmp_path: Path
) -> None:
    foreign = made(tmp_path / "autocapture-0")
    os.chown(foreign.root, 65534, 65534)
    note_of(place, foreign.root, dead_pid(), time.time())
    assert foreign not in find_places(place).run_dirs


def test_a_run_whose_kernel_lives_is_not_over_in_a_copy_of_its_data_dir_either(
    place: DataDir, runtime: Path, tmp_path: Path
) -> None:
    """Nobody holds the copy; the process that wrote the note is older than the note."""
    note_of(place, tmp_path / "run", os.getpid(), time.time())
    assert find_places(place).over == frozenset()


def test_a_run_is_over_when_somebody_younger_got_its_pid(
    place: DataDir, runtime: Path, tmp_path: Path
) -> None:
    note_of(place, tmp_path / "run", os.getpid(), time.time() - 7 * 86_400)
    assert find_places(place).over == {"earlier"}


def test_a_data_dir_is_idle_while_nobody_holds_it(place: DataDir, runtime: Path) -> None:
    assert find_places(place).is_idle
    with EvidenceStore.open(place):
        assert not find_places(place).is_idle
        assert find_places(place, is_ours=True).is_idle
