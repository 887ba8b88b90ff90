"""An archive goes where nothing is lost by it: never onto evidence, of whomever."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.backup import back_up
from kernel.store.evidence import EvidenceStore
from kernel.store.report import Progress
from kernel.store.verify import ignore_progress, verify
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.test_repair import fill, holds_all


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    return DataDir(quick_dir / "data")


def archive(data_dir: DataDir, target: Path) -> tuple[str, ...]:
    with EvidenceStore.open(data_dir) as store:
        done = store.archive(target, older_than_us=START_US + 1, progress=ignore_progress)
    return done.moved


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


@pytest.mark.parametrize(
    "name", ["data", "data/packs", "data/in", "link", "x/../data", "", "by packs"]
)
def test_the_data_dir_is_no_place_for_its_archive(
    data_dir: DataDir, quick_dir: Path, name: str
) -> None:
    filled = fill(data_dir)
    (data_dir.root / "in").mkdir()
    (quick_dir / "x").mkdir()
    (quick_dir / "link").symlink_to(data_dir.root)
    (quick_dir / "by packs").mkdir()
    (quick_dir / "by packs" / "packs").symlink_to(data_dir.packs_dir)
    before = contents(data_dir.packs_dir)
    with pytest.raises(KernelError) as refused:
        archive(data_dir, quick_dir / name)
    assert refused.value.code == "folder-overlaps"
    assert contents(data_dir.packs_dir) == before
    assert not (quick_dir / name / "volume.json").exists()
    assert holds_all(data_dir, filled)
    assert verify(data_dir, quick=False).ok


@pytest.mark.parametrize("kind", ["data dir", "backup", "lost journal", "cut backup", "unread"])
def test_another_ones_evidence_is_no_place_for_an_archive(
    data_dir: DataDir, quick_dir: Path, kind: str
) -> None:
    other, target = DataDir(quick_dir / "other"), quick_dir / "other"
    filled, theirs = fill(data_dir), fill(other)
    if "backup" in kind:
        target = quick_dir / "backup"
        back_up(other, target, now_us=5)
    if kind == "cut backup":
        (target / "manifest.json").unlink()
        (target / "journal.db").unlink()
    if kind == "lost journal":
        # What is left of a data dir: its packs, and no name that tells of a kernel.
        for path in [*target.iterdir()]:
            if path.is_file():
                path.unlink()
        shutil.rmtree(other.anchors_dir)
    if kind == "unread":
        target = quick_dir / "mount"
        target.mkdir()
        (target / "volume.json").write_text("{")
    before = contents(target)
    with pytest.raises(KernelError) as refused:
        archive(data_dir, target)
    assert refused.value.code == "archive-foreign"
    assert contents(target) == before
    assert holds_all(data_dir, filled)
    if kind in {"data dir", "backup"}:
        assert holds_all(DataDir(target), theirs)


def test_no_file_of_an_archive_is_written_over_and_a_copy_that_a_kill_left_is_used(
    data_dir: DataDir, quick_dir: Path
) -> None:
    target = quick_dir / "cold"
    with EvidenceStore.open(data_dir, segment_bytes_max=1) as store:
        acks = [store.append([draft(f"{number}".encode() * 500)])[0] for number in range(5)]
    filled = [(ack.event, f"{number}".encode() * 500) for number, ack in enumerate(acks)]
    target.mkdir()
    (target / "a photograph.png").write_bytes(b"of the person")
    first, second, third = sorted(path.name for path in data_dir.packs_dir.iterdir())[:3]

    def place_files(progress: Progress) -> None:
        if not (data_dir.packs_dir / first).exists() and not (target / "packs" / third).exists():
            shutil.copy(data_dir.packs_dir / second, target / "packs" / second)
            (target / "packs" / third).write_bytes(b"of somebody else")

    with EvidenceStore.open(data_dir) as store, pytest.raises(KernelError) as refused:
        store.archive(target, older_than_us=START_US + 1, progress=place_files)
    assert refused.value.code == "archive-foreign"
    assert (target / "packs" / third).read_bytes() == b"of somebody else"
    assert not (data_dir.packs_dir / second).exists()
    assert (data_dir.packs_dir / third).exists()
    assert (target / "a photograph.png").read_bytes() == b"of the person"
    assert holds_all(data_dir, filled)
    (target / "packs" / third).rename(quick_dir / "taken away")
    assert third in archive(data_dir, target)
    assert holds_all(data_dir, filled)
