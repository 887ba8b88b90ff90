"""What is kept of a run: a page of text and a picture that stand alone and are small."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kernel.config.errors import KernelError
from kernel.soak.charts import make_charts
from kernel.soak.keepsake import CHARTS, keep_report
from kernel.soak.report import conclude
from kernel.soak.runfiles import read_run
from tests.kernel.soak.runfolder import RunFolder, good_run
from tests.kernel.soak.spoils import lose_a_frame

SVG = "{http://www.w3.org/2000/svg}"


def keep(run: RunFolder, tmp_path: Path, note: str = "") -> tuple[str, ET.Element, Path]:
    folder = run.write(tmp_path / "run")
    report = conclude(folder)
    page, picture = keep_report(read_run(folder), report, tmp_path / "kept", note=note)
    return page.read_text(), ET.fromstring(picture.read_text()), picture  # noqa: S314 - our own


def test_the_page_holds_every_criterion_and_fault_and_the_note(tmp_path: Path) -> None:
    run = good_run()
    page, _, picture = keep(run, tmp_path, "At the *last* commit.")
    assert page.startswith("# mini-soak of 2025-10-09: passed\n")
    assert page.count("| ✓ pass |") == 29
    assert page.count("| disk\\_full |") == 1
    assert "- At the *last* commit." in page
    assert f"]({picture.name})" in page
    assert "4 cores, 16 GB of memory, Linux" in page
    assert len({line.count(" | ") for line in page.splitlines() if "pass |" in line}) == 1


def test_what_failed_is_said_and_nothing_seen_is_taken_for_markup(tmp_path: Path) -> None:
    run = good_run()
    lose_a_frame(run)
    run.reconciliation["lost"] = ["a|b <script>"]
    page, _, _ = keep(run, tmp_path)
    assert page.splitlines()[0].endswith(": failed")
    assert "| ✗ fail | Frames lost | 1 frames |" in page
    assert "a\\|b \\<script>" in page


def test_the_picture_is_one_small_drawing_that_asks_for_nothing(tmp_path: Path) -> None:
    _, root, picture = keep(good_run(length_s=86_400.0), tmp_path)
    assert picture.stat().st_size < 400_000
    assert root.tag == f"{SVG}svg"
    inner = root.findall(f"{SVG}svg")
    assert len(inner) == 1 + len(CHARTS)
    bottoms = [int(i.get("y", "")) + int(i.get("height", "")) for i in inner]
    assert bottoms == sorted(bottoms)
    assert bottoms[-1] == int(root.get("height", ""))
    text = picture.read_text()
    assert not re.search(r"url\(|@import|href=|<script", text)
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]


def test_charts_that_are_kept_exist(tmp_path: Path) -> None:
    run = read_run(good_run().write(tmp_path))
    assert set(CHARTS) <= {chart.key for chart in make_charts(run)}


def test_a_run_of_which_little_is_known_is_kept_all_the_same(tmp_path: Path) -> None:
    run = good_run()
    run.samples = []
    page, root, _ = keep(run, tmp_path)
    assert "not proven" in page or "failed" in page
    assert 1 <= len(root.findall(f"{SVG}svg")) < 1 + len(CHARTS)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = good_run().write(tmp_path / "run")
    report = conclude(folder)
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(KernelError) as refused:
        keep_report(read_run(folder), report, tmp_path / "kept")
    assert refused.value.code == "soak-report-unwritable"
