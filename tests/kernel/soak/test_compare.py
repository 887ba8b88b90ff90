"""Two runs side by side: the direction of a figure is that of its limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.soak import SoakReport
from kernel.soak.compare import Pair, compare_reports
from kernel.soak.report import conclude, read_report
from tests.kernel.soak.runfolder import RunFolder, good_run


def report_of(run: RunFolder, folder: Path) -> SoakReport:
    return conclude(run.write(folder))


def pair(pairs: tuple[Pair, ...], name: str) -> Pair:
    return next(pair for pair in pairs if pair.name == name)


def test_a_run_is_no_better_or_worse_than_itself(tmp_path: Path) -> None:
    report = report_of(good_run(), tmp_path)
    pairs = compare_reports(report, report)
    assert {pair.change for pair in pairs} == {"same"}
    assert not any(pair.is_setback for pair in pairs)
    assert pair(pairs, "duration").ratio == 1.0


def test_what_got_worse_is_named_and_the_way_back_is_better(tmp_path: Path) -> None:
    worse = good_run()
    worse.samples[170]["orphans"] = 1
    worse.checks[0] |= {"found": False, "answer": ""}
    for event in worse.events:
        if event["kind"] == "recovered" and event["fault_id"] == "f0":
            event["took_s"] = 40.0
    before, after = report_of(good_run(), tmp_path / "a"), report_of(worse, tmp_path / "b")
    pairs = compare_reports(before, after)
    assert pair(pairs, "orphans").change == "worse"
    assert pair(pairs, "orphans").is_setback
    # Within the limit still, and within a tenth: 97.5 of 100 %.
    assert pair(pairs, "checks_found").change == "same"
    recovery = pair(pairs, "recovery_host_killed")
    assert (recovery.change, recovery.ratio, recovery.is_setback) == ("worse", 2.0, False)
    back = compare_reports(after, before)
    assert pair(back, "orphans").change == "better"
    assert pair(back, "recovery_host_killed").change == "better"


def test_less_is_worse_where_more_is_wanted(tmp_path: Path) -> None:
    short = good_run(length_s=1_800.0)
    before, after = report_of(good_run(), tmp_path / "a"), report_of(short, tmp_path / "b")
    assert pair(compare_reports(before, after), "duration").change == "worse"


def test_an_unknown_after_a_pass_is_a_setback(tmp_path: Path) -> None:
    before = report_of(good_run(), tmp_path / "a")
    folder = good_run().write(tmp_path / "b")
    (folder / "verify.json").unlink()
    pairs = compare_reports(before, conclude(folder))
    assert pair(pairs, "verify_findings").is_setback


def test_criteria_of_one_run_alone_are_shown(tmp_path: Path) -> None:
    before = report_of(good_run(), tmp_path / "a")
    after = report_of(good_run(faults=False), tmp_path / "b")
    pairs = compare_reports(before, after)
    assert pair(pairs, "recovery_disk_full").change == "only in A"
    assert pair(compare_reports(after, before), "recovery_disk_full").change == "only in B"


@pytest.mark.parametrize("keep", ["folder", "file", "bare folder"])
def test_a_kept_report_is_as_good_as_the_run(tmp_path: Path, keep: str) -> None:
    folder = good_run().write(tmp_path / "run")
    report = conclude(folder)
    if keep == "folder":
        assert read_report(folder) == report
        return
    kept = tmp_path / "kept"
    kept.mkdir()
    (folder / "report.json").rename(kept / "report.json")
    assert read_report(kept if keep == "bare folder" else kept / "report.json") == report
