"""`kernel soak`: the exit status is the verdict, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from contracts.soak import SoakReport
from kernel.cli.main import main
from tests.kernel.soak.runfolder import RunFolder, good_run


def spoiled() -> RunFolder:
    run = good_run()
    run.samples[170]["orphans"] = 1
    return run


def test_a_run_that_passed_exits_0_and_one_that_did_not_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["soak", "report", str(good_run().write(tmp_path / "good"))]) == 0
    said = capsys.readouterr().out
    assert "passed: 29 of 29 criteria passed" in said
    assert f"report: {tmp_path / 'good' / 'report.html'}" in said
    assert main(["soak", "report", str(spoiled().write(tmp_path / "bad"))]) == 1
    said = capsys.readouterr().out
    assert said.startswith("fail     Hosts without a kernel: 1 processes, at most 0  (1 of 361")
    assert "failed: 28 of 29 criteria passed" in said


def test_what_is_not_proven_exits_1_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = good_run().write(tmp_path)
    (folder / "verify.json").unlink()
    assert main(["soak", "report", str(folder)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("unknown  Damage found by the full verify")
    assert "not proven: 28 of 29" in said


def test_json_is_the_record_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", "report", str(spoiled().write(tmp_path)), "--json"]) == 1
    report = msgspec.json.decode(capsys.readouterr().out, type=SoakReport)
    assert not report.passed
    kept = (tmp_path / "report.json").read_bytes()
    assert msgspec.json.decode(kept, type=SoakReport) == report


def test_a_folder_that_is_no_run_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["soak", "report", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "soak-no-run"
    assert main(["soak", "compare", str(tmp_path), str(tmp_path)]) == 2
    assert "soak-no-run" in capsys.readouterr().err


def test_compare_names_what_no_longer_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = good_run().write(tmp_path / "a"), spoiled().write(tmp_path / "b")
    assert main(["soak", "compare", str(good), str(bad)]) == 1
    assert "no longer passed: orphans" in capsys.readouterr().out
    assert not (good / "report.json").exists(), "comparing writes nothing"
    assert main(["soak", "compare", str(bad), str(good), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["setbacks"] == []
    assert document["passed"] == [False, True]
    changes = {row["name"]: row["change"] for row in document["criteria"]}
    assert changes["orphans"] == "better"
    assert changes["duration"] == "same"


def test_simulate_says_whether_a_machine_keeps_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["soak", "simulate", "--data-dir", str(tmp_path), "--cadence", "5s"]
    assert main([*common, "--cores", "4", "--memory-gb", "16", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["keeps_up"] is True
    assert document["cadence_s"] == 5.0
    assert document["wall_s"] < 60
    slow = [*common, "--cores", "1", "--memory-gb", "16", "--monitors", "8", "--cadence", "1s"]
    assert main(slow) == 1
    assert "does not keep up" in capsys.readouterr().out


def test_costs_are_taken_from_a_data_dir_or_a_run_and_from_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["soak", "simulate", "--data-dir", str(tmp_path), "--from", str(tmp_path), "--json"]
    assert main(arguments) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "soak-no-evidence"


def test_a_report_is_kept_where_one_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = good_run().write(tmp_path / "run"), tmp_path / "to keep"
    assert main(["soak", "report", str(folder), "--out", str(out), "--note", "Commit 1."]) == 0
    said = capsys.readouterr().out
    page, picture = sorted(out.iterdir())
    assert f"kept: {page}" in said
    assert f"kept: {picture}" in said
    assert "- Commit 1." in page.read_text()
