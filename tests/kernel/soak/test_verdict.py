"""A good run passes; whatever is spoiled turns the verdict, and the criterion names the figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.soak import SoakCriterion
from kernel.soak.runfiles import read_run
from kernel.soak.thresholds import THRESHOLDS
from kernel.soak.verdict import Verdict, judge, word
from kernel.soak.verdict_course import judge_course
from kernel.soak.verdict_evidence import judge_evidence
from kernel.soak.verdict_machine import judge_machine
from tests.kernel.soak.runfolder import RunFolder, at_us, good_run, truth_at
from tests.kernel.soak.spoils import SPOILED, Spoil

HOUR_S = 3_600.0


def verdict_of(run: RunFolder, folder: Path) -> Verdict:
    return judge(read_run(run.write(folder)))


def find(verdict: Verdict, name: str) -> SoakCriterion:
    return next(criterion for criterion in verdict.criteria if criterion.name == name)


@pytest.mark.parametrize(
    ("length_s", "interval_s"), [(300.0, 2.0), (HOUR_S, 10.0), (86_400.0, 10.0)]
)
def test_a_good_run_passes_whatever_its_length(
    tmp_path: Path, length_s: float, interval_s: float
) -> None:
    verdict = verdict_of(good_run(length_s=length_s, interval_s=interval_s), tmp_path)
    assert [c for c in verdict.criteria if c.state != "pass"] == []
    assert verdict.passed
    assert word(verdict.criteria) == "passed"


def test_a_good_run_without_faults_passes(tmp_path: Path) -> None:
    assert verdict_of(good_run(faults=False), tmp_path).passed


def test_the_verdict_is_its_three_sections_and_nothing_else(tmp_path: Path) -> None:
    run = read_run(good_run().write(tmp_path))
    sections = [*judge_evidence(run), *judge_machine(run), *judge_course(run)]
    assert list(judge(run).criteria) == sections


def test_a_long_problem_is_told_in_one_line(tmp_path: Path) -> None:
    run = good_run()
    run.checks[0] |= {"found": False, "answer": "", "problem": "Traceback:\n" + "  line\n" * 99}
    detail = find(verdict_of(run, tmp_path), "checks_found").detail
    assert "\n" not in detail
    assert len(detail) < 300


def test_every_criterion_of_the_table_is_judged_once(tmp_path: Path) -> None:
    names = [criterion.name for criterion in verdict_of(good_run(), tmp_path).criteria]
    assert len(names) == len(set(names))
    assert {row.name for row in THRESHOLDS} <= set(names)
    assert {name for name in names if name.startswith("recovery_")} == {
        "recovery_host_killed",
        "recovery_kernel_killed",
        "recovery_disk_full",
    }


@pytest.mark.parametrize(
    ("spoil", "name", "said"), SPOILED, ids=[spoil.__name__ for spoil, _, _ in SPOILED]
)
def test_what_is_spoiled_fails_and_is_named(
    tmp_path: Path, spoil: Spoil, name: str, said: str
) -> None:
    run = good_run()
    spoil(run)
    verdict = verdict_of(run, tmp_path)
    criterion = find(verdict, name)
    assert criterion.state == "fail", criterion
    assert said in criterion.detail
    assert not verdict.passed
    assert word(verdict.criteria) == "failed"


def test_every_criterion_can_fail() -> None:
    """Whoever adds one adds what spoils it; only the mere number of checks is always enough."""
    spoiled = {name for _, name, _ in SPOILED}
    names = {row.name for row in THRESHOLDS}
    assert names - spoiled == {"checks_made", "unreadable_lines"}


# --- what is missing is unknown ------------------------------------------------------------------

MISSING: list[tuple[str, set[str]]] = [
    ("reconciliation.json", {"lost_events", "unacknowledged_frames", "unsearchable_frames"}),
    ("verify.json", {"verify_findings"}),
    ("checks.jsonl", {"checks_made", "checks_found", "checks_cited", "checks_active"}),
    ("events.jsonl", {"faults_injected", "faults_recovered", "gaps_unexplained"}),
    ("metrics-*.jsonl", {"orphans", "hosts_peak", "zombies", "memory_slope", "memory_growth"}),
    ("metrics-*.jsonl", {"cpu_violations", "memory_violations", "heavy_while_active"}),
    ("plan.json", {"hosts_peak", "heavy_while_active", "stops_late", "duration", "artifacts"}),
    ("ended.json", {"duration"}),
    ("ledger.json", {"memory_renewals"}),
    ("produced.jsonl", {"lost_events"}),
]


@pytest.mark.parametrize(("name", "criteria"), MISSING)
def test_a_missing_file_makes_its_criteria_unknown_and_unknown_is_no_pass(
    tmp_path: Path, name: str, criteria: set[str]
) -> None:
    good_run().write(tmp_path)
    for path in tmp_path.glob(name):
        path.unlink()
    verdict = judge(read_run(tmp_path))
    assert criteria <= {criterion.name for criterion in verdict.unmeasured}
    assert verdict.failed == ()
    assert not verdict.passed
    assert word(verdict.criteria) == "not proven"


@pytest.mark.parametrize("name", ["reconciliation.json", "verify.json", "ended.json", "plan.json"])
def test_a_torn_document_is_as_good_as_none(tmp_path: Path, name: str) -> None:
    good_run().write(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-20])
    verdict = judge(read_run(tmp_path))
    assert not verdict.passed
    assert verdict.failed == ()


def test_an_empty_reconciliation_proves_nothing(tmp_path: Path) -> None:
    run = good_run()
    run.reconciliation = {}
    assert find(verdict_of(run, tmp_path), "lost_events").state == "unknown"


def test_a_quick_verify_is_not_the_full_one(tmp_path: Path) -> None:
    run = good_run()
    run.verify["quick"] = True
    assert find(verdict_of(run, tmp_path), "verify_findings").state == "unknown"


def test_a_run_that_produced_nothing_lost_nothing_and_proves_nothing(tmp_path: Path) -> None:
    run = good_run()
    run.produced = []
    run.reconciliation |= {"produced": 0, "acknowledged": 0, "stored": 0, "searchable": 0}
    assert find(verdict_of(run, tmp_path), "lost_events").state == "unknown"


# --- what is normal stays a pass -----------------------------------------------------------------


def test_a_torn_last_line_is_told_and_forgiven(tmp_path: Path) -> None:
    good_run().write(tmp_path)
    path = tmp_path / "events.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at_us": 17600000')
    verdict = judge(read_run(tmp_path))
    assert verdict.passed
    assert "events.jsonl: last line torn" in find(verdict, "unreadable_lines").detail


def test_a_damaged_line_in_the_middle_is_counted(tmp_path: Path) -> None:
    good_run().write(tmp_path)
    path = tmp_path / "metrics-0001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[40] = lines[40][:30] + b"\n"
    path.write_bytes(b"".join(lines))
    criterion = find(judge(read_run(tmp_path)), "unreadable_lines")
    assert criterion.state == "fail"
    assert "metrics-0001.jsonl: 1 damaged" in criterion.detail


def test_a_reboot_may_tear_a_line_and_is_a_gap_with_a_reason(tmp_path: Path) -> None:
    run = good_run()
    run.samples = [s for s in run.samples if not at_us(2_400) < s["at_us"] < at_us(2_600)]
    gap = {"at_us": at_us(2_600), "kind": "gap", "from_us": at_us(2_400), "to_us": at_us(2_600)}
    run.events.append({**gap, "explained_by": "reboot"})
    run.write(tmp_path)
    path = tmp_path / "metrics-0002.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[60] = lines[60][:30] + lines[61]
    path.write_bytes(b"".join(lines[:61] + lines[62:]))
    verdict = judge(read_run(tmp_path))
    assert find(verdict, "unreadable_lines").state == "pass"
    assert find(verdict, "gaps_unexplained").state == "pass"


def test_a_host_seen_right_after_its_kernel_was_killed_is_forgiven_and_told(
    tmp_path: Path,
) -> None:
    run = good_run()
    killed_us = next(e["at_us"] for e in run.events if e.get("name") == "kernel_killed")
    sample = min(run.samples, key=lambda s: abs(s["at_us"] - killed_us))
    sample |= {"at_us": killed_us + 1_500_000, "orphans": 2}
    criterion = find(verdict_of(run, tmp_path), "orphans")
    assert criterion.state == "pass"
    assert "1 more within 3 s of a kill" in criterion.detail


def test_a_renewal_around_a_leak_put_in_on_purpose_is_explained(tmp_path: Path) -> None:
    run = good_run()
    fault = next(e for e in run.events if e.get("name") == "host_killed")
    fault["name"] = "plugin_leak"
    run.ledger["renewals_us"] = [fault["at_us"] + 19_000_000, fault["at_us"] + 50_000_000]
    assert find(verdict_of(run, tmp_path), "memory_renewals").state == "pass"


def test_a_zombie_of_a_moment_is_none(tmp_path: Path) -> None:
    run = good_run()
    run.samples[100]["zombies"] = 5
    assert find(verdict_of(run, tmp_path), "zombies").state == "pass"


def test_heavy_work_until_the_stop_deadline_is_lawful(tmp_path: Path) -> None:
    """The person comes back a second before a sample; two hosts compute for the deadline."""
    run = good_run()
    returned_s = 600.0
    assert truth_at(returned_s, 300.0) == "active"
    for sample in run.samples:
        if sample["at_us"] > at_us(returned_s):
            sample["heavy_cpu_s"] += 1.0
    assert find(verdict_of(run, tmp_path), "heavy_while_active").state == "pass"


def test_a_restarted_kernel_counts_its_cpu_time_anew(tmp_path: Path) -> None:
    run = good_run()
    for sample in run.samples[200:]:
        sample["heavy_cpu_s"] -= 50.0
    assert find(verdict_of(run, tmp_path), "heavy_while_active").state == "pass"


def test_one_missed_answer_in_forty_is_within_the_limit(tmp_path: Path) -> None:
    run = good_run()
    run.checks[0] |= {"found": False, "answer": ""}
    verdict = verdict_of(run, tmp_path)
    assert find(verdict, "checks_found").state == "pass"
    assert find(verdict, "checks_found").figure_milli == 97_500


def test_without_a_return_that_met_hosts_no_stop_is_expected(tmp_path: Path) -> None:
    run = good_run()
    run.events = [event for event in run.events if event["kind"] != "stop"]
    assert find(verdict_of(run, tmp_path / "with"), "stops_late").state == "unknown"
    for sample in run.samples:
        sample["hosts"] = []
    assert find(verdict_of(run, tmp_path / "without"), "stops_late").state == "pass"


def test_a_live_run_is_not_asked_for_planted_facts(tmp_path: Path) -> None:
    run = good_run()
    run.plan["live"] = True
    run.checks = []
    verdict = verdict_of(run, tmp_path)
    assert verdict.passed
    assert not any(criterion.name.startswith("checks_") for criterion in verdict.criteria)


def cut_off(run: RunFolder, *frames: str) -> None:
    """The soak was cut off with these frames in hand, and resumed."""
    run.events.append(
        {
            "at_us": at_us(1_500),
            "kind": "gap",
            "from_us": at_us(1_490),
            "to_us": at_us(1_500),
            "explained_by": "reboot",
        }
    )
    for frame in frames:
        index = next(n for n, line in enumerate(run.produced) if line["frame_id"] == frame)
        line = {"frame_id": frame, "at_us": at_us(1_500), "in_hand": True}
        run.produced.insert(index + 1, line)
    for key in ("produced", "acknowledged", "stored", "searchable"):
        run.reconciliation[key] -= len(frames)


def test_a_frame_in_the_drivers_hand_at_a_cut_is_not_lost_and_is_told(tmp_path: Path) -> None:
    run = good_run()
    cut_off(run, "fr000496")
    verdict = verdict_of(run, tmp_path)
    assert verdict.passed
    assert "never handed over, not counted: fr000496" in find(verdict, "lost_events").detail
    assert "10 s in 1 cuts and suspends" in find(verdict, "duration").detail


def test_a_cut_excuses_one_frame_alone(tmp_path: Path) -> None:
    run = good_run()
    cut_off(run, "fr000496", "fr000495")
    verdict = verdict_of(run, tmp_path)
    assert [c.name for c in verdict.failed] == ["lost_events"]


def test_without_a_cut_no_frame_is_excused(tmp_path: Path) -> None:
    run = good_run()
    cut_off(run, "fr000496")
    run.events = [event for event in run.events if event["kind"] != "gap"]
    assert [c.name for c in verdict_of(run, tmp_path).failed] == ["lost_events"]


def test_a_gap_of_a_suspend_is_explained_and_told(tmp_path: Path) -> None:
    run = good_run()
    cut_off(run)
    run.events[-1]["explained_by"] = "suspend"
    run.samples = [s for s in run.samples if not at_us(1_490) < s["at_us"] < at_us(1_500)]
    verdict = verdict_of(run, tmp_path)
    assert verdict.passed
    assert "1 cuts and suspends" in find(verdict, "duration").detail


def test_a_fault_whose_recovery_was_cut_off_is_told_and_not_judged(tmp_path: Path) -> None:
    run = good_run()
    cut_off(run)
    fault = {"fault_id": "f9", "name": "host_hung", "kind": "fault"}
    run.events.append({"at_us": at_us(1_480), **fault})
    verdict = verdict_of(run, tmp_path)
    assert verdict.passed
    assert "cut off meanwhile: host_hung f9" in find(verdict, "faults_injected").detail
    run.events[-1]["at_us"] = at_us(1_300)
    assert "faults_recovered" in [c.name for c in verdict_of(run, tmp_path).failed]


def test_a_live_run_is_not_judged_by_moments_that_nobody_tells(tmp_path: Path) -> None:
    run = good_run(faults=False)
    run.plan["live"] = True
    run.events = [event for event in run.events if event["kind"] != "stop"]
    verdict = verdict_of(run, tmp_path)
    assert verdict.passed
    assert {"stops_late", "checks_made"}.isdisjoint(c.name for c in verdict.criteria)
