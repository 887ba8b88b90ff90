"""The note of who serves a data dir, and what stands in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.supervision.address import (
    NOTE_BYTES_MAX,
    NOTE_NAME,
    RunNote,
    control_socket_of,
    read_note,
    write_note,
)


def note() -> RunNote:
    return RunNote(
        pid=7,
        run_id="r",
        run_dir="/run/x",
        control_socket="/run/x/control",
        profile="default",
        started_at_us=1,
    )


def test_what_was_written_is_read_and_the_next_note_takes_its_place(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    assert read_note(data_dir) is None
    (tmp_path / NOTE_NAME).write_bytes(b"old")
    write_note(data_dir, note())
    assert read_note(data_dir) == note()


@pytest.mark.parametrize(
    "put",
    [
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_bytes(b" " * (NOTE_BYTES_MAX + 1)),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_bytes(b"{}"),
    ],
    ids=["pipe", "folder", "endless device", "too large", "no text", "no note"],
)
def test_whatever_else_stands_there_is_no_note_and_holds_nobody_up(
    tmp_path: Path, put: Callable[[Path], object]
) -> None:
    put(tmp_path / NOTE_NAME)
    assert read_note(DataDir(tmp_path)) is None


def test_without_a_kernel_that_holds_the_data_dir_there_is_no_address(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    write_note(data_dir, note())
    assert control_socket_of(data_dir) is None
