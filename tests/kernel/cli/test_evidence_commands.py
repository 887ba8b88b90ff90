"""The commands that check, mend, copy and move evidence: what they print and how they exit."""

from __future__ import annotations

from pathlib import Path

import msgspec
from click.testing import CliRunner

from contracts.canonical import encode
from kernel.cli.archive import archive as archive_command
from kernel.cli.backup import backup as backup_command
from kernel.cli.repair import repair as repair_command
from kernel.cli.restore import restore as restore_command
from kernel.cli.verify import verify as verify_command
from kernel.config.paths import DataDir
from kernel.store.report import VerifyReport
from tests.kernel.store.test_repair import fill
from tests.kernel.store.test_verify_damage import events_of, tamper


def test_verify_says_what_is_damaged_and_exits_1(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    fill(data_dir)
    run = CliRunner()
    clean = run.invoke(verify_command, ["--data-dir", str(data_dir.root)])
    assert clean.exit_code == 0
    assert clean.output.startswith("clean: 24 events")
    victim = events_of(data_dir)[4]
    changed = encode(msgspec.structs.replace(victim, app="other"))
    tamper(data_dir, "UPDATE event SET record = ? WHERE seq = 5", values=(changed,))
    damaged = run.invoke(verify_command, ["--quick", "--data-dir", str(data_dir.root)])
    assert damaged.exit_code == 1
    assert victim.event_id in damaged.output
    for_programs = run.invoke(verify_command, ["--json", "--data-dir", str(data_dir.root)])
    assert for_programs.exit_code == 1
    report = msgspec.json.decode(for_programs.output, type=VerifyReport)
    assert report.findings[0].code == "event-damaged"


def test_repair_tells_its_acts(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    fill(data_dir)
    data_dir.journal_db.unlink()
    done = CliRunner().invoke(repair_command, ["--data-dir", str(data_dir.root)])
    # Every event is back; the ledger is not, and that stays told until a backup brings it back.
    assert done.exit_code == 1, done.output
    assert "journal-rebuilt" in done.output
    assert "ledger-lost" in done.output
    assert "1 damaged: 24 events, 24 blobs" in done.output


def test_the_commands_back_up_restore_and_archive(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    fill(data_dir)
    run = CliRunner()
    (tmp_path / "cold").mkdir()
    at = ["--data-dir", str(data_dir.root)]
    done = run.invoke(backup_command, [str(tmp_path / "b"), *at])
    assert done.exit_code == 0, done.output
    assert "clean: 24 events" in done.output
    told = msgspec.json.decode(
        run.invoke(backup_command, [str(tmp_path / "b"), "--json", *at]).output
    )
    assert told["manifest"]["events"] == 24
    into = ["--data-dir", str(tmp_path / "r")]
    done = run.invoke(restore_command, [str(tmp_path / "b"), *into])
    assert done.exit_code == 0, done.output
    done = run.invoke(
        archive_command, [str(tmp_path / "cold"), "--older-than-days", "20000", *into]
    )
    assert done.exit_code == 0, done.output
    assert "0 segments, 0 bytes moved" in done.output
    assert "1 segments stay: still written to" in done.output
    assert "2 segments stay: with a capture of the last 20000 days" in done.output
    assert list((tmp_path / "cold").iterdir()) == []
    done = run.invoke(archive_command, [str(tmp_path / "cold"), "--older-than-days", "0", *into])
    assert done.exit_code == 0, done.output
    assert "moved pack-000001.seg" in done.output
