"""`kernel export`: what it leaves out is named, and raw needs its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kernel.cli.export import export as export_command
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from tests.kernel.query.test_export import picture, three_captures


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    return three_captures(DataDir(tmp_path / "data"))


def test_what_cannot_be_masked_is_left_out_and_named(data_dir: DataDir, tmp_path: Path) -> None:
    target = tmp_path / "out"
    done = CliRunner().invoke(
        export_command, [str(target), "--data-dir", str(data_dir.root), "--json"]
    )
    assert done.exit_code == 0, done.output
    reasons = json.loads((target / "report.json").read_text())["left_out"].values()
    assert sorted(reason.split(",")[0].split(":")[0] for reason in reasons) == [
        "it cannot be decoded",
        "its text was not read yet",
    ]


def test_raw_needs_its_words_and_then_copies_bytes(data_dir: DataDir, tmp_path: Path) -> None:
    run, at = CliRunner(), ["--data-dir", str(data_dir.root)]
    refused = run.invoke(export_command, [str(tmp_path / "a"), "--raw", "yes", *at])
    assert isinstance(refused.exception, KernelError)
    assert refused.exception.code == "confirmation-needed"
    assert not (tmp_path / "a").exists()
    done = run.invoke(export_command, [str(tmp_path / "a"), "--raw", "unmasked-evidence", *at])
    assert done.exit_code == 0, done.output
    contents = {path.read_bytes() for path in (tmp_path / "a" / "pictures").iterdir()}
    assert contents == {picture((250, 250, 250)), picture((9, 9, 9)), b"not a picture"}
