"""A backup goes into a folder without evidence, or into a backup of the same data dir."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.backup import back_up
from kernel.store.evidence import EvidenceStore
from kernel.store.restore import restore
from kernel.store.verify import ignore_progress
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.test_archive import contents
from tests.kernel.store.test_repair import fill, holds_all


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    return DataDir(quick_dir / "data")


def other_data_dir(quick_dir: Path, data_dir: DataDir) -> Path:
    other = DataDir(quick_dir / "other")
    fill(other)
    return other.root


def data_dir_without_lock(quick_dir: Path, data_dir: DataDir) -> Path:
    root = other_data_dir(quick_dir, data_dir)
    (root / "kernel.lock").unlink()
    return root


def lost_journal(quick_dir: Path, data_dir: DataDir) -> Path:
    root = data_dir_without_lock(quick_dir, data_dir)
    for path in root.glob("journal.db*"):
        path.unlink()
    return root


def damaged_journal(quick_dir: Path, data_dir: DataDir) -> Path:
    root = data_dir_without_lock(quick_dir, data_dir)
    (root / "journal.db").write_bytes(b"no database" * 1000)
    return root


def backup_without_manifest(quick_dir: Path, data_dir: DataDir) -> Path:
    back_up(DataDir(other_data_dir(quick_dir, data_dir)), quick_dir / "theirs", now_us=5)
    (quick_dir / "theirs" / "manifest.json").unlink()
    return quick_dir / "theirs"


def first_backup_cut_short(quick_dir: Path, data_dir: DataDir) -> Path:
    target = backup_without_manifest(quick_dir, data_dir)
    (target / "journal.db").rename(target / "journal.db.new")
    shutil.rmtree(target / "anchors")
    shutil.rmtree(target / "packs")
    return target


def archive(quick_dir: Path, data_dir: DataDir) -> Path:
    target = quick_dir / "cold"
    target.mkdir()
    with EvidenceStore.open(data_dir) as store:
        store.archive(target, older_than_us=START_US + 1, progress=ignore_progress)
    return target


def restored_and_used(quick_dir: Path, data_dir: DataDir) -> Path:
    """It has the same identity, and captures that are nowhere else."""
    root = quick_dir / "restored"
    back_up(data_dir, quick_dir / "first", now_us=5)
    restore(quick_dir / "first", DataDir(root))
    with EvidenceStore.open(DataDir(root)) as store:
        store.append([draft(b"only here")])
    return root


@pytest.mark.parametrize(
    "make",
    [
        other_data_dir, data_dir_without_lock, lost_journal, damaged_journal,
        backup_without_manifest, first_backup_cut_short, archive, restored_and_used,
    ],
)  # fmt: skip
def test_evidence_of_another_is_never_touched(
    data_dir: DataDir, quick_dir: Path, make: Callable[[Path, DataDir], Path]
) -> None:
    fill(data_dir)
    target = make(quick_dir, data_dir)
    before = contents(target)
    with pytest.raises(KernelError) as refused:
        back_up(data_dir, target, now_us=9)
    assert refused.value.code == "backup-foreign"
    assert contents(target) == before


@pytest.mark.parametrize("name", ["data", "data/backup", "x/../data/new/deep", "link", "link/b"])
def test_no_backup_goes_into_its_own_data_dir(
    data_dir: DataDir, quick_dir: Path, name: str
) -> None:
    filled = fill(data_dir)
    (quick_dir / "x").mkdir()
    (quick_dir / "link").symlink_to(data_dir.root)
    before = contents(data_dir.root)
    with pytest.raises(KernelError) as refused:
        back_up(data_dir, quick_dir / name, now_us=5)
    assert refused.value.code == "folder-overlaps"
    assert contents(data_dir.root) == before
    assert not (data_dir.root / "backup").exists()
    assert holds_all(data_dir, filled)


@pytest.mark.parametrize("left", ["journal.db", "journal.db.new", "half", "nothing"])
def test_an_own_first_backup_that_was_cut_short_is_gone_on_with(
    data_dir: DataDir, quick_dir: Path, left: str
) -> None:
    filled, target = fill(data_dir), quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    for name in ("manifest.json", "packs/pack-000002.seg"):
        (target / name).unlink()
    shutil.rmtree(target / "anchors")
    journal = target / "journal.db"
    if left != "journal.db":
        journal.rename(target / "journal.db.new")
    if left == "half":
        (target / "journal.db.new").write_bytes(b"half" * 100)
    if left == "nothing":
        (target / "journal.db.new").unlink()
    assert back_up(data_dir, target, now_us=6).ok
    restore(target, DataDir(quick_dir / "restored"))
    with EvidenceStore.open_read_only(DataDir(quick_dir / "restored")) as store:
        assert all(store.read_blob(event.blob) == data for event, data in filled)
    assert holds_all(data_dir, filled)


def test_a_folder_with_other_files_takes_a_backup(data_dir: DataDir, quick_dir: Path) -> None:
    fill(data_dir)
    (quick_dir / "drive" / "packs").mkdir(parents=True)
    (quick_dir / "drive" / "photo.png").write_bytes(b"of the person")
    assert back_up(data_dir, quick_dir / "drive", now_us=5).ok
    assert (quick_dir / "drive" / "photo.png").read_bytes() == b"of the person"
