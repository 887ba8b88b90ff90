"""The person's word: kept, lapsing, and read with care."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from kernel.cli.override import active, idle, pause, resume
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
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
    path = Path("/proc/self/nothing")
    assert read_override(path).word == "none"
    assert read_from(data).word == "active"


def read_from(data: bytes) -> Override:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_override(Path(file.name))


def test_each_command_writes_its_word_for_the_kernel_to_read(tmp_path: Path) -> None:
    path = DataDir(tmp_path).override_file
    words = []
    for command, arguments in ((pause, []), (active, ["--for", "30m"]), (idle, []), (resume, [])):
        result = CliRunner().invoke(command, ["--data-dir", str(tmp_path), "--json", *arguments])
        assert result.exit_code == 0, result.output
        override = read_override(path)
        assert json.loads(result.output)["word"] == override.word
        lasts_s = None if override.until_us is None else (override.until_us - override.set_us) / 1e6
        words.append((override.word, lasts_s))
    assert words == [("pause", None), ("active", 1_800.0), ("idle", 3_600.0), ("none", None)]


@pytest.mark.parametrize("text", ["", "x", "-5m", "1w", "0s", "99999d"])
def test_a_strange_duration_is_a_usage_error(tmp_path: Path, text: str) -> None:
    result = CliRunner().invoke(pause, ["--data-dir", str(tmp_path), "--for", text])
    assert result.exit_code == 2
    assert not DataDir(tmp_path).override_file.exists()


def test_a_place_that_cannot_be_written_is_an_operator_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KernelError, match="override-not-written"):
        write_override(tmp_path / "file" / "override.json", Override("pause"))
