"""An archive goes where nothing is lost by it: never onto evidence, of whomever."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import ignore_progress, verify
from tests.kernel.store.captures import START_US
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
        if path.is_file()
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
