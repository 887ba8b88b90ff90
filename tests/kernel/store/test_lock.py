"""The lock of a data dir: nothing that is done to its file lets a second writer in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.store import lock as lock_module
from kernel.store.evidence import EvidenceStore
from kernel.store.lock import (
    DataDirLock,
    held_for_a_moment,
    holding_pid,
    is_held,
    lock_problem,
    read_holder,
)
from tests.kernel.store.captures import draft


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data dir"
    folder.mkdir()
    return DataDir(folder).lock_file


@pytest.fixture
def held(path: Path) -> Iterator[DataDirLock]:
    lock = DataDirLock.acquire(path, started_at_us=1)
    yield lock
    lock.release()


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.write_text("{}")


@pytest.mark.parametrize("harm", [delete, replace])
def test_a_second_writer_is_refused_whatever_became_of_the_file(
    path: Path, held: DataDirLock, harm: object
) -> None:
    assert callable(harm)
    harm(path)
    assert is_held(path)
    with pytest.raises(KernelError) as refused:
        DataDirLock.acquire(path, started_at_us=2)
    assert (refused.value.code, refused.value.exit_code) == ("data-dir-busy", ExitCode.BUSY)
    assert f"process {os.getpid()}" in refused.value.message
    with held_for_a_moment(path) as is_free:
        assert not is_free
    assert f"process {os.getpid()} holds" in lock_problem(path)


@pytest.mark.parametrize("harm", [delete, replace])
def test_a_lock_file_that_went_is_made_anew_and_locked(
    path: Path, held: DataDirLock, harm: object
) -> None:
    assert not held.keep(), "nothing was wrong"
    assert callable(harm)
    harm(path)
    assert held.keep()
    assert lock_problem(path) == ""
    holder = read_holder(path)
    assert holder is not None
    assert (holder.pid, holding_pid(path)) == (os.getpid(), os.getpid())


def test_a_data_dir_that_was_replaced_is_not_written_to(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    store = EvidenceStore.open(place)
    store.append([draft(b"before")])
    place.root.rename(tmp_path / "moved")
    with EvidenceStore.open(place) as second:
        second.append([draft(b"of another")])
        for act in (store.require_own, store.keep_lock, lambda: store.append([draft(b"after")])):
            with pytest.raises(KernelError) as refused:
                act()
            assert refused.value.code == "data-dir-taken"
    files = {file: file.read_bytes() for file in place.anchors_dir.iterdir()}
    store.close()
    assert {file: file.read_bytes() for file in place.anchors_dir.iterdir()} == files
    with EvidenceStore.open(DataDir(tmp_path / "moved")) as first:
        assert first.count_events() == 1


def test_without_locks_on_folders_a_holder_whose_file_went_gives_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a network drive does, which locks only what was opened for writing.
    monkeypatch.setattr(lock_module, "_take_folder", lambda _: None)
    lock = DataDirLock.acquire(path, started_at_us=1)
    with pytest.raises(KernelError, match="is held by"):
        DataDirLock.acquire(path, started_at_us=2)
    lock.require()
    path.unlink()
    with pytest.raises(KernelError) as refused:
        lock.keep()
    assert refused.value.code == "data-dir-taken"
    lock.release()


def test_what_is_no_file_is_named_and_holds_nobody_up(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(KernelError) as refused:
        DataDirLock.acquire(path, started_at_us=1)
    assert refused.value.code == "data-dir-unusable"
    assert "no regular file" in lock_problem(path)
    assert read_holder(path) is None
    path.unlink()
    path.mkdir()
    with pytest.raises(KernelError, match="no regular file"):
        DataDirLock.acquire(path, started_at_us=1)


def test_a_lock_of_another_file_system_with_the_same_inode_is_not_ours(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.touch()
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        listed = Path("/proc/locks").read_text(encoding="ascii")
    inode = path.stat().st_ino
    line = next(one for one in listed.splitlines() if one.split()[-3].endswith(f":{inode}"))
    copy = tmp_path / "locks"
    monkeypatch.setattr(lock_module, "LOCKS_LIST", copy)
    copy.write_text(line + "\n")
    assert holding_pid(path) == os.getpid()
    device = line.split()[-3].rpartition(":")[0]
    copy.write_text(line.replace(f" {device}:", " ff:7f:") + "\n")
    assert holding_pid(path) is None
    assert not is_held(path)
