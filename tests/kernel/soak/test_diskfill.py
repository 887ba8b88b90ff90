"""Room is really taken and given back; levels follow what is free."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.soak import diskfill as diskfill_module
from kernel.soak.diskfill import DiskFill
from kernel.store.drives import free_bytes
from kernel.store.pressure import DiskFacts, DiskLevel, DiskLimits, decide_disk


def make_fill(root: Path, written: list[dict[str, Any]]) -> DiskFill:
    for name in ("data", "spool"):
        (root / name).mkdir()
    return DiskFill(root, root / "data", root / "spool", written.append)


@pytest.fixture
def small_drive(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, so that nobody else's files move the levels."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_the_level_is_reached_with_the_file_and_left_without_it(
    small_drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("fallocate") is None:
        pytest.skip("there is no fallocate here")
    monkeypatch.setattr(diskfill_module, "IN_MEMORY", frozenset())
    monkeypatch.setattr(diskfill_module, "BLACK_BYTES", 1 << 20)
    monkeypatch.setattr(diskfill_module, "BELOW_BYTES", 1 << 20)
    written: list[dict[str, Any]] = []
    fill = make_fill(small_drive, written)
    assert fill.prepare() == ""
    fill.configure()
    limits = DiskLimits(*(written[0][f"disk.{n}_free_bytes"] for n in ("yellow", "red", "black")))
    limits = DiskLimits(limits.yellow_free_bytes, limits.red_free_bytes, 1 << 20, 0.0)

    def level(before: DiskLevel) -> DiskLevel:
        facts = DiskFacts(free_bytes(small_drive), spool_free_bytes=None)
        return decide_disk(facts, limits, before).level

    assert level(DiskLevel.GREEN) is DiskLevel.GREEN
    fill.fill()
    assert level(DiskLevel.GREEN) is DiskLevel.RED
    fill.remove()
    assert level(DiskLevel.RED) is DiskLevel.GREEN
    fill.relax()
    fill.configure()
    assert written[1] == {}
    fill.remove()


def test_room_that_is_memory_is_not_taken(small_drive: Path) -> None:
    assert "memory" in make_fill(small_drive, []).prepare()


def test_the_spool_is_drained_when_no_segment_waits(tmp_path: Path) -> None:
    fill = make_fill(tmp_path, [])
    packs, drained = (tmp_path / "spool" / "spool-1" / name for name in ("packs", "drained"))
    for folder in (packs, drained):
        folder.mkdir(parents=True)
    (drained / "pack-000001.seg").write_bytes(b"xx")
    assert fill.is_drained()
    (packs / "pack-000002.seg").write_bytes(b"xxx")
    assert fill.spooled_bytes() == 3
    assert not fill.is_drained()


def test_a_file_system_that_gives_no_room_is_an_error(tmp_path: Path) -> None:
    if shutil.which("fallocate") is None:
        pytest.skip("there is no fallocate here")
    fill = make_fill(tmp_path, [])
    fill._red_bytes = -(1 << 60)
    with pytest.raises(OSError, match="fallocate"):
        fill.fill()
    assert not fill.filler.exists()
