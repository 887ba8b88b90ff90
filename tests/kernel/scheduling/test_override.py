"""The person's word: kept, lapsing, and read with care."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.config.errors import KernelError
from kernel.config.smallfile import read_small_file
from kernel.scheduling.filelook import FileLook
from kernel.scheduling.override import Override, OverrideFile, read_override, write_override
from tests.kernel.scheduling.providers.test_background import until


def test_a_word_survives_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "new" / "override.json"
    word = Override("pause", set_us=5, until_us=9)
    write_override(path, word)
    assert read_override(path) == word
    assert [entry.name for entry in path.parent.iterdir()] == ["override.json"]


@pytest.mark.parametrize(("now_us", "word"), [(4, "none"), (5, "idle"), (8, "idle"), (9, "none")])
def test_a_word_with_an_end_lapses_and_so_it_does_before_its_beginning(
    now_us: int, word: str
) -> None:
    assert Override("idle", set_us=5, until_us=9).word_at(now_us) == word
    assert Override("pause", set_us=5).word_at(now_us) == "pause"


@given(st.binary(max_size=80))
def test_a_file_that_cannot_be_read_counts_as_the_word_active(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        assert read_override(Path(file.name)).word == "active"


@pytest.mark.parametrize("text", ["", "[]", "[" * 4_000, '{"schema": 1, "word": "pause"}'])
def test_the_running_kernel_reads_the_same_and_knows_why_it_cannot(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "override.json"
    file = OverrideFile(path, wait_s=30.0)
    assert file.read(time.monotonic()) == Override()
    write_override(path, Override("idle", set_us=5))
    assert file.read(time.monotonic()) == Override("idle", set_us=5)
    path.write_text(text)
    seen = file.read(time.monotonic())
    assert (seen.word, read_override(path).word) == ("active", "active")
    assert str(path) in seen.problem
    path.unlink()
    os.mkfifo(path)
    assert "no regular file" in file.read(time.monotonic()).problem
    assert "no regular file" in read_override(path).problem
    write_override(path, Override("pause", set_us=6))
    assert file.read(time.monotonic()) == Override("pause", set_us=6)
    file.close()


def test_a_drive_that_does_not_answer_counts_as_active_after_a_while(tmp_path: Path) -> None:
    path = tmp_path / "override.json"
    held = threading.Event()

    def read(path: Path, bytes_max: int) -> bytes:
        held.wait()
        return read_small_file(path, bytes_max)

    held.set()
    file = OverrideFile(path, look=FileLook(path, 4_096, wait_s=0.2, read=read))
    write_override(path, Override("idle", set_us=5))
    until(lambda: file.read(time.monotonic()).word == "idle")
    held.clear()
    assert file.read(time.monotonic()).word == "idle"
    for _ in range(1_000):
        assert file.read(time.monotonic() + 11.0).word == "active"
    assert "does not answer" in file.read(time.monotonic() + 11.0).problem
    held.set()
    file.close()


def test_no_file_is_no_word(tmp_path: Path) -> None:
    assert read_override(tmp_path / "none.json") == Override()


def test_a_place_that_cannot_be_written_is_an_operator_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KernelError, match="override-not-written"):
        write_override(tmp_path / "file" / "override.json", Override("pause"))
