"""What `kernel run` says around a soak; the run itself stands in tests/functional/test_soak.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kernel.cli.soak_run import print_verdict, run_soak
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.soak.report import conclude

RECORDED = Path(__file__).parents[2] / "fixtures" / "soak_run"
OPTIONS = {
    "run_dir": None,
    "resume": None,
    "frames": None,
    "seed": 1,
    "live": False,
    "no_faults": True,
}


def test_the_verdict_names_what_failed_and_where_the_report_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(RECORDED, run)
    accounts = json.loads((run / "reconciliation.json").read_text())
    accounts["lost"] = ["f0000003-0"]
    (run / "reconciliation.json").write_text(json.dumps(accounts))
    report = conclude(run)
    print_verdict(report, run, as_json=False)
    said = capsys.readouterr().out
    assert "fail: lost_events: 1, wanted at most 0 frames" in said
    assert said.splitlines()[-1].startswith("FAILED: ")
    assert str(run / "report.html") in said
    print_verdict(report, run, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document == {"event": "verdict", "passed": False, "run_dir": str(run)}


def test_a_folder_that_cannot_be_taken_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    data_dir = DataDir(tmp_path / "data")
    loaded = load_settings("dry-run", data_dir, {}, environment={}, user_config_dir=tmp_path / "u")
    with pytest.raises(KernelError, match="not empty"):
        run_soak(loaded, data_dir, {**OPTIONS, "run_dir": tmp_path}, as_json=True)
