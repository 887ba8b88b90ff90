"""The report's files: a record by contract, and a page that stands alone."""

from __future__ import annotations

import json
import re
import shutil
import stat
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from contracts import canonical
from contracts.soak import SoakReport
from kernel.config.errors import KernelError
from kernel.soak.report import UNKNOWN_DIGEST, conclude
from kernel.soak.report_html import criterion_title
from kernel.soak.runfiles import read_run
from kernel.soak.thresholds import THRESHOLDS
from tests.architecture.tree import REPOSITORY
from tests.kernel.soak.runfolder import MB, at_us, good_run


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A concluded day with faults, a gap, a slow leak and an unanswered question."""
    run = good_run(length_s=86_400.0)
    for number, sample in enumerate(run.samples):
        sample["tree_pss_bytes"] += number * MB // 50
    run.samples = run.samples[:3_000] + run.samples[3_200:]
    gap = {"at_us": at_us(32_000), "kind": "gap", "from_us": at_us(30_000)}
    run.events.append({**gap, "to_us": at_us(32_000), "explained_by": "reboot"})
    run.checks[3] |= {"found": False, "answer": "", "problem": "<b>nothing</b> & no one"}
    folder = run.write(tmp_path_factory.mktemp("day"))
    conclude(folder)
    return folder


def test_the_record_reads_back_by_its_contract(tmp_path: Path) -> None:
    report = conclude(good_run().write(tmp_path))
    data = (tmp_path / "report.json").read_bytes()
    assert msgspec.json.decode(data, type=SoakReport) == report
    assert canonical.decode(canonical.encode(report), SoakReport) == report
    assert data.count(b"\n") > 100, "made for reading"
    assert report.passed
    assert report.run_ids == ("r-" + "1" * 32,)
    assert (report.events_produced, report.events_stored, report.samples) == (1_200, 1_200, 361)
    assert [fault.name for fault in report.faults] == ["host_killed", "kernel_killed", "disk_full"]
    assert report.contracts_lock == "c" * 64
    assert "cores 4" in report.machine


def test_a_recorded_real_run_is_judged_on_its_figures(tmp_path: Path) -> None:
    """Two minutes of the real kernel without faults; its data dir and ledger are gone."""
    folder = tmp_path / "run"
    shutil.copytree(REPOSITORY / "tests" / "fixtures" / "soak_run", folder)
    report = conclude(folder)
    assert [c.name for c in report.criteria if c.state == "unknown"] == ["memory_renewals"]
    assert [c.name for c in report.criteria if c.state == "fail"] == []
    found = {c.name: c for c in report.criteria}
    assert found["checks_found"].figure_milli == found["checks_cited"].figure_milli == 100_000
    assert (report.events_produced, report.events_stored) == (52, 52)


def test_concluding_twice_says_the_same(tmp_path: Path) -> None:
    folder = good_run().write(tmp_path)
    assert conclude(folder) == conclude(folder)


def test_a_run_that_goes_on_has_a_report_so_far(tmp_path: Path) -> None:
    run = good_run()
    run.write(tmp_path)
    for name in ("ended.json", "verify.json", "reconciliation.json"):
        (tmp_path / name).unlink()
    report = conclude(tmp_path)
    assert not report.passed
    assert report.ended_at_us == at_us(3_600)


def test_without_a_plan_the_record_holds_no_made_up_digest(tmp_path: Path) -> None:
    good_run().write(tmp_path)
    (tmp_path / "plan.json").unlink()
    report = conclude(tmp_path)
    assert {report.contracts_lock, report.plugins_lock, report.config_digest} == {UNKNOWN_DIGEST}
    assert not report.passed


def test_a_folder_that_cannot_be_written_to_is_an_error_for_people(tmp_path: Path) -> None:
    folder = good_run().write(tmp_path)
    # Its name is taken by a folder: also root cannot replace that.
    (folder / "report.json").mkdir()
    with pytest.raises(KernelError) as refused:
        conclude(folder)
    assert refused.value.code == "soak-report-unwritable"


def test_the_page_of_a_day_is_small_and_asks_nobody_for_anything(day: Path) -> None:
    page = (day / "report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 1_000_000
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert re.findall(r"(?:src|href)=\"(?!data:)[^\"]*", page) == []
    assert re.findall(r"url\(|@import|https?://", page) == []
    assert stat.S_IMODE((day / "report.html").stat().st_mode) == 0o600


def test_what_the_run_says_cannot_become_markup(day: Path) -> None:
    page = (day / "report.html").read_text(encoding="utf-8")
    assert "<b>nothing</b>" not in page
    assert "&lt;b&gt;nothing&lt;/b&gt; &amp; no one" in page


def test_every_picture_has_a_title_a_description_axes_and_marks(day: Path) -> None:
    page = (day / "report.html").read_text(encoding="utf-8")
    found = re.findall(r"<svg id=.*?</svg>", page, re.DOTALL)
    pictures = [ET.fromstring(svg) for svg in found]  # noqa: S314 - our own page
    assert len(pictures) == 9
    for svg in pictures:
        title, about = svg.find("title"), svg.find("desc")
        assert title is not None
        assert title.text
        assert about is not None
        assert about.text
        ids = {title.get("id"), about.get("id")}
        assert ids == set(str(svg.get("aria-labelledby")).split())
        assert len(svg.findall(".//line[@class='mark']")) == 3
        assert len(svg.findall(".//rect[@class='idle']")) > 10
        assert len(svg.findall(".//rect[@class='gap']")) == 1
        assert len(svg.findall(".//line[@class='axis']")) > 4
    limits = [svg.get("id") for svg in pictures if svg.find(".//line[@class='limit']") is not None]
    assert limits == ["chart-cpu", "chart-hosts", "chart-latency"]
    assert "The memory budget, 8,000 MB, lies above the picture." in page


def test_the_page_says_the_verdict_and_why(day: Path) -> None:
    page = (day / "report.html").read_text(encoding="utf-8")
    report = msgspec.json.decode((day / "report.json").read_bytes(), type=SoakReport)
    assert '<p class="word">Failed</p>' in page
    failed = [c.name for c in report.criteria if c.state == "fail"]
    assert failed == ["memory_slope", "memory_growth"]
    for row in THRESHOLDS:
        assert escape(criterion_title(row.name)) in page
    assert "<td>kernel_killed</td>" in page


def test_numbers_of_the_table_are_there_for_readers_of_text(day: Path) -> None:
    page = (day / "report.html").read_text(encoding="utf-8")
    table = page.split('<table class="figures">')[1].split("</table>")[0]
    assert table.count("<tr>") == 25
    assert "Memory: whole tree (MB)" in table


def test_a_run_without_samples_has_a_page_too(tmp_path: Path) -> None:
    run = good_run()
    run.samples = []
    folder = run.write(tmp_path)
    for path in folder.glob("metrics-*"):
        path.unlink()
    conclude(folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Memory: nothing was measured." in page
    assert json.loads((folder / "report.json").read_bytes())["passed"] is False
    assert read_run(folder).samples == ()
