"""`kernel pause|resume|active|idle`: the word that lands in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kernel.cli.override import active, idle, pause, resume
from kernel.config.paths import DataDir
from kernel.scheduling.override import read_override


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


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("3s", "3 s"),
        ("59.5s", "59.5 s"),
        ("90s", "1.5 min"),
        ("30m", "30 min"),
        ("8h", "8 h"),
        ("2d", "2 d"),
        ("366d", "366 d"),
    ],
)
def test_people_are_told_what_holds_and_for_how_long(tmp_path: Path, given: str, told: str) -> None:
    result = CliRunner().invoke(pause, ["--data-dir", str(tmp_path), "--for", given])
    assert result.output == f"heavy work is paused; capture goes on for {told}\n"
