"""Run folders are read as far as they can be, and what cannot be read is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.config.errors import KernelError
from kernel.soak.report import make_report
from kernel.soak.runfiles import read_run
from kernel.soak.silence import explained_gaps, untold_silences
from kernel.soak.verdict import judge
from tests.kernel.soak.runfolder import at_us, good_run


def test_all_records_are_read(tmp_path: Path) -> None:
    run = read_run(good_run().write(tmp_path))
    assert len(run.samples) == 361
    assert len(run.checks) == 41
    assert len(run.produced_at_us) == 1_200
    assert [fault.name for fault in run.faults()] == ["host_killed", "kernel_killed", "disk_full"]
    assert run.problems == {}
    assert run.bad_lines == {}
    assert run.torn == ()
    assert run.interval_s == 10.0


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    with pytest.raises(KernelError) as refused:
        read_run(tmp_path)
    assert refused.value.code == "soak-no-run"


def test_fields_of_a_newer_driver_are_passed_over(tmp_path: Path) -> None:
    run = good_run()
    run.plan["later"] = {"x": 1}
    run.samples[3]["later"] = [1]
    run.events[0]["later"] = "x"
    assert read_run(run.write(tmp_path)).bad_lines == {}


def test_a_value_of_the_wrong_kind_makes_its_line_bad(tmp_path: Path) -> None:
    run = good_run()
    run.samples[3]["zombies"] = "many"
    assert read_run(run.write(tmp_path)).bad_lines == {"metrics-0001.jsonl": 1}


def test_the_data_dir_inside_is_no_artifact(tmp_path: Path) -> None:
    good_run().write(tmp_path)
    before = read_run(tmp_path).artifact_bytes
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.db").write_bytes(b"x" * 10_000)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kernel.log").write_bytes(b"x" * 77)
    assert read_run(tmp_path).artifact_bytes == before + 77


def test_without_a_plan_the_times_come_from_the_lines(tmp_path: Path) -> None:
    good_run().write(tmp_path)
    (tmp_path / "plan.json").unlink()
    (tmp_path / "ended.json").unlink()
    run = read_run(tmp_path)
    assert run.started_us == at_us(0)
    assert run.ended_us == at_us(3_600)
    assert run.interval_s == 10.0


@given(cut=st.integers(0, 4_000), name=st.sampled_from(["events.jsonl", "checks.jsonl"]))
def test_a_file_cut_anywhere_loses_its_last_line_at_most(
    tmp_path_factory: pytest.TempPathFactory, cut: int, name: str
) -> None:
    folder = good_run(length_s=300.0, interval_s=10.0).write(tmp_path_factory.mktemp("run"))
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-cut] if cut else whole)
    run = read_run(folder)
    assert run.bad_lines == {}
    complete = (folder / name).read_bytes().count(b"\n")
    found = len(run.events if name == "events.jsonl" else run.checks)
    assert found in {complete, complete + 1}


@given(
    noise=st.binary(min_size=1, max_size=300),
    name=st.sampled_from(
        [
            "plan.json",
            "metrics-0001.jsonl",
            "events.jsonl",
            "produced.jsonl",
            "checks.jsonl",
            "reconciliation.json",
            "verify.json",
            "ended.json",
        ]
    ),
)
def test_whatever_lies_in_a_file_there_is_a_verdict(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, name: str
) -> None:
    folder = good_run(length_s=300.0, interval_s=2.0).write(tmp_path_factory.mktemp("run"))
    assert judge(read_run(folder)).passed
    (folder / name).write_bytes(noise)
    run = read_run(folder)
    report = make_report(run, judge(run))
    assert report.criteria
    assert not report.passed


def test_gaps_need_a_reason_that_can_be_checked(tmp_path: Path) -> None:
    run = good_run()
    for explained_by in ("reboot", "suspend", "f0", "f99", "because", None):
        gap = {"at_us": at_us(900), "kind": "gap", "from_us": at_us(890), "to_us": at_us(900)}
        run.events.append({**gap, "explained_by": explained_by})
    read = read_run(run.write(tmp_path))
    assert [gap.explained_by for gap in explained_gaps(read)] == ["reboot", "suspend", "f0"]
    assert untold_silences(read) == []


def test_a_silence_is_seen_where_no_gap_tells_it(tmp_path: Path) -> None:
    run = good_run()
    run.samples = [s for s in run.samples if not at_us(100) < s["at_us"] < at_us(400)]
    assert untold_silences(read_run(run.write(tmp_path))) == [(at_us(100), at_us(400))]
