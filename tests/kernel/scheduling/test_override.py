"""The person's word: kept, lapsing, and read with care."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.config.errors import KernelError
from kernel.scheduling.override import Override, read_override, write_override


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


def test_no_file_is_no_word(tmp_path: Path) -> None:
    assert read_override(tmp_path / "none.json") == Override()


def test_a_place_that_cannot_be_written_is_an_operator_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KernelError, match="override-not-written"):
        write_override(tmp_path / "file" / "override.json", Override("pause"))
