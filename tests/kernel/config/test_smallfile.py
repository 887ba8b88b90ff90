"""Small files that others may replace by anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel.config.smallfile import read_small_file


def test_a_file_is_read_whole_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)
    assert read_small_file(path, 10) == b"x" * 10
    with pytest.raises(ValueError, match="larger than 9 bytes"):
        read_small_file(path, 9)


def test_a_pipe_without_a_writer_a_folder_and_a_device_are_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        with pytest.raises(ValueError, match="no regular file"):
            read_small_file(path, 10)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_small_file(tmp_path / "none", 10)
