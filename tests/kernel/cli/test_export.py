"""`kernel export`: what it leaves out is named, and raw needs its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.ledger import LedgerEntry
from kernel.boot import sinks
from kernel.cli.export import export as export_command
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.backup import back_up
from kernel.store.evidence import EvidenceStore
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


def exports_of(data_dir: DataDir) -> list[LedgerEntry]:
    with EvidenceStore.open_read_only(data_dir) as store:
        return [entry for entry in store.ledger.entries() if entry.act.startswith("export.")]


def test_an_export_is_ledgered_raw_or_masked(data_dir: DataDir, tmp_path: Path) -> None:
    run, at = CliRunner(), ["--data-dir", str(data_dir.root)]
    raw = ["--raw", "unmasked-evidence", "--from", "2020-01-01T00:00:00Z"]
    assert run.invoke(export_command, [str(tmp_path / "masked"), *at]).exit_code == 0
    assert run.invoke(export_command, [str(tmp_path / "raw"), *raw, *at]).exit_code == 0
    told = exports_of(data_dir)
    assert [(entry.act, entry.subject, entry.detail["form"]) for entry in told] == [
        ("export.begun", str(tmp_path / "masked"), "masked"),
        ("export.made", str(tmp_path / "masked"), "masked"),
        ("export.begun", str(tmp_path / "raw"), "raw"),
        ("export.made", str(tmp_path / "raw"), "raw"),
    ]
    assert told[1].detail["events"] == told[3].detail["events"] == "3"
    assert (told[1].detail["pictures"], told[3].detail["pictures"]) == ("1", "3")
    assert (told[1].detail["from_us"], told[3].detail["from_us"]) == ("0", "1577836800000000")


def test_what_cannot_be_ledgered_is_not_exported(
    data_dir: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "LOCK_WAIT_S", 0.0)
    with EvidenceStore.open(data_dir):
        done = CliRunner().invoke(
            export_command, [str(tmp_path / "out"), "--data-dir", str(data_dir.root)]
        )
    assert isinstance(done.exception, KernelError)
    assert done.exception.code == "data-dir-busy"
    assert not (tmp_path / "out").exists()


def test_a_refused_export_is_no_act(data_dir: DataDir, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    done = CliRunner().invoke(
        export_command, [str(tmp_path / "full"), "--data-dir", str(data_dir.root)]
    )
    assert isinstance(done.exception, KernelError)
    assert exports_of(data_dir) == []


def test_a_backup_is_not_written_to_by_an_export(data_dir: DataDir, tmp_path: Path) -> None:
    back_up(data_dir, tmp_path / "backup", now_us=5)
    before = {path: path.read_bytes() for path in (tmp_path / "backup").rglob("*.db")}
    done = CliRunner().invoke(
        export_command, [str(tmp_path / "out"), "--data-dir", str(tmp_path / "backup")]
    )
    assert isinstance(done.exception, KernelError)
    assert done.exception.code == "export-from-backup"
    assert not (tmp_path / "out").exists()
    assert {path: path.read_bytes() for path in before} == before
    assert back_up(data_dir, tmp_path / "backup", now_us=6).ok
