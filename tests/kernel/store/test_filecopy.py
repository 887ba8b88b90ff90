"""A copy takes a name that is free, or none: nothing is ever written over."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kernel.store.filecopy import copy_bytes, copy_part, take_free_name


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"evidence" * 1000)
    return path


def test_a_file_is_not_copied_onto_itself_nor_over_another(tmp_path: Path, source: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"what was here")
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for target in (source, other, tmp_path / "link", tmp_path / "dangling"):
        with pytest.raises(FileExistsError):
            copy_bytes(source, target, 8000)
    assert source.read_bytes() == b"evidence" * 1000
    assert other.read_bytes() == b"what was here"
    assert not list(tmp_path.glob("*.part"))


def test_a_name_that_is_taken_meanwhile_is_left(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "target"
    part = copy_part(source, target, 8000)
    target.write_bytes(b"came first")
    with pytest.raises(FileExistsError):
        take_free_name(part, target)
    assert target.read_bytes() == b"came first"
    assert not part.exists()


def test_a_part_that_a_kill_left_is_not_written_to(tmp_path: Path, source: Path) -> None:
    # Between the taking of the name and the end of the part, both are one file.
    left = tmp_path / "target.1.part"
    os.link(source, left)
    assert copy_bytes(source, tmp_path / "target", 8000) == 8000
    assert left.read_bytes() == source.read_bytes() == (tmp_path / "target").read_bytes()


def test_a_drive_without_hard_links_takes_copies_too(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "target"
    assert copy_bytes(source, target, 4000) == 4000
    assert target.read_bytes() == source.read_bytes()[:4000]
    with pytest.raises(FileExistsError):
        take_free_name(copy_part(source, target, 8), target)
    assert target.stat().st_size == 4000
