"""A good run passes; whatever is spoiled turns the verdict, and the criterion names the figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.soak import SoakCriterion
from kernel.soak.runfiles import read_run
from kernel.soak.thresholds import THRESHOLDS
from kernel.soak.verdict import Verdict, judge, word
from kernel.soak.verdict_course import judge_course
from kernel.soak.verdict_evidence import judge_evidence
from kernel.soak.verdict_machine import judge_machine
from tests.kernel.soak.runfolder import MB, RunFolder, at_us, good_run, truth_at

Spoil = Callable[[RunFolder], Any]
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


# --- one thing spoiled at a time -----------------------------------------------------------------


def leak_in_the_kernel(run: RunFolder) -> None:
    """Twelve megabytes in an hour: a line at once, 100 MB never in this run."""
    for number, sample in enumerate(run.samples):
        grown = round(12 * MB * number / len(run.samples))
        sample["kernel_pss_bytes"] += grown
        sample["tree_pss_bytes"] += grown


def leak_in_a_plugin(run: RunFolder) -> None:
    """Each host grows by half a megabyte a second while it lives, and is renewed."""
    for sample in run.samples:
        for host in sample["hosts"]:
            born_us = at_us(float(host["host_id"][1:].split("-")[0]) * 300.0)
            grown = round((sample["at_us"] - born_us) / 1e6 * 0.5 * MB)
            host["pss_bytes"] += grown
            sample["tree_pss_bytes"] += grown


def step_of_memory(run: RunFolder) -> None:
    """150 MB more from the middle on: no line, but growth."""
    for sample in run.samples[len(run.samples) // 2 :]:
        sample["tree_pss_bytes"] += 150 * MB


def lose_a_frame(run: RunFolder) -> None:
    run.reconciliation["lost"] = ["fr000042"]
    run.reconciliation["stored"] -= 1
    run.reconciliation["searchable"] -= 1


def lose_a_frame_silently(run: RunFolder) -> None:
    """The counts disagree though no frame is named."""
    run.reconciliation["stored"] -= 1
    run.reconciliation["searchable"] -= 1


def forget_frames(run: RunFolder) -> None:
    """The reconciliation knows fewer frames than were produced."""
    for key in ("produced", "acknowledged", "stored", "searchable"):
        run.reconciliation[key] -= 3


def leave_frames_in_the_inbox(run: RunFolder) -> None:
    run.reconciliation |= {"acknowledged": 1_198, "stored": 1_198, "searchable": 1_198}


def leave_a_frame_unread(run: RunFolder) -> None:
    run.reconciliation |= {"searchable": 1_199, "unsearchable": ["fr000007"]}


def store_a_frame_twice(run: RunFolder) -> None:
    run.reconciliation["duplicates"] = 2


def leave_an_orphan(run: RunFolder) -> None:
    run.samples[170]["orphans"] = 1


def keep_a_zombie(run: RunFolder) -> None:
    for sample in run.samples[100:103]:
        sample["zombies"] = 2


def pass_the_cap(run: RunFolder) -> None:
    run.samples[45]["hosts_count"] = 3


def pass_the_cap_between_samples(run: RunFolder) -> None:
    run.events.append({"at_us": at_us(450), "kind": "host_peak", "count": 4})


def cite_another_event(run: RunFolder) -> None:
    run.checks[5] |= {"event_ok": False, "problem": "the citation names another event"}


def cite_another_place(run: RunFolder) -> None:
    run.checks[5] |= {"box_iou_milli": 0, "problem": "no cited box overlaps the planted one"}


def cite_nothing(run: RunFolder) -> None:
    run.checks[5] |= {"cited": False}


def make_an_answer_up(run: RunFolder) -> None:
    """Asked before it could be read, and answered without a citation."""
    run.checks.append({**run.checks[-1], "answer": "42", "cited": False, "pending": True})


def find_too_little(run: RunFolder) -> None:
    for check in run.checks[:3]:
        check |= {"found": False, "answer": "", "problem": "nothing found"}


def ask_only_while_idle(run: RunFolder) -> None:
    for check in run.checks:
        check["while"] = "idle"


def renew_a_leaking_plugin(run: RunFolder) -> None:
    """Never over a budget, never growing: ended at its cap, started again."""
    run.ledger["renewals_us"] = [at_us(400), at_us(420)]


def exceed_the_cpu_budget(run: RunFolder) -> None:
    run.samples[50]["cpu_budget_exceeded"] = True


def use_too_much_cpu_unflagged(run: RunFolder) -> None:
    run.samples[50]["cpu_share"] = run.samples[51]["cpu_share"] = 0.61


def exceed_the_memory_budget(run: RunFolder) -> None:
    run.samples[50]["ram_budget_exceeded"] = True


def use_too_much_memory_unflagged(run: RunFolder) -> None:
    run.samples[50]["tree_swap_bytes"] = 7_999 * MB


def compute_while_active(run: RunFolder) -> None:
    """Three CPU seconds in the middle of a spell of work."""
    for sample in run.samples:
        if sample["at_us"] >= at_us(750):
            sample["heavy_cpu_s"] += 3.0


def compute_between_two_samples(run: RunFolder) -> None:
    """Seen by the closer watch alone: the sample before was idle."""
    for sample in run.samples[200:]:
        sample["heavy_active_cpu_s"] = 1.25


def stop_late(run: RunFolder) -> None:
    stop = next(event for event in run.events if event["kind"] == "stop")
    stop["took_ms"] = 2_750.0


def never_recover(run: RunFolder) -> None:
    run.events = [e for e in run.events if (e["kind"], e.get("fault_id")) != ("recovered", "f2")]


def recover_late(run: RunFolder) -> None:
    recovered = next(e for e in run.events if e["kind"] == "recovered" and e["fault_id"] == "f0")
    recovered["took_s"] = 61.5


def put_in_no_fault(run: RunFolder) -> None:
    run.events = [e for e in run.events if e["kind"] not in {"fault", "recovered"}]
    for event in run.events:
        if event.get("explained_by") == "f1":
            event["explained_by"] = "the end of the run"


def leave_a_gap(run: RunFolder) -> None:
    run.events.append(
        {
            "at_us": at_us(1_500),
            "kind": "gap",
            "from_us": at_us(1_200),
            "to_us": at_us(1_500),
            "explained_by": None,
        }
    )


def explain_a_gap_by_a_fault_that_never_was(run: RunFolder) -> None:
    leave_a_gap(run)
    run.events[-1]["explained_by"] = "f77"


def fall_silent(run: RunFolder) -> None:
    run.samples = [s for s in run.samples if not at_us(2_000) < s["at_us"] < at_us(2_200)]


def fall_silent_at_the_end(run: RunFolder) -> None:
    run.samples = run.samples[:-30]


def crash(run: RunFolder) -> None:
    run.events.append({"at_us": at_us(900), "kind": "kernel_exit", "explained_by": None})
    run.events.append({"at_us": at_us(901), "kind": "kernel_start"})


def crash_unseen_by_the_driver(run: RunFolder) -> None:
    for sample in run.samples[200:]:
        sample["kernel_pid"] = 777


def damage_a_segment(run: RunFolder) -> None:
    run.verify |= {"ok": False, "findings": [{"code": "blob-damaged", "where": "segment 1"}]}


def stop_early(run: RunFolder) -> None:
    run.ended |= {"ended_us": at_us(3_000), "reason": "interrupted"}
    run.samples = [s for s in run.samples if s["at_us"] <= at_us(3_000)]


def fail_at_the_last_moment(run: RunFolder) -> None:
    run.ended["reason"] = "failed"


def fill_the_disk_with_records(run: RunFolder) -> None:
    run.plan["artifact_budget_bytes"] = 100_000


SPOILED: list[tuple[Spoil, str, str]] = [
    (leak_in_the_kernel, "memory_slope", "tree without hosts"),
    (leak_in_a_plugin, "memory_slope", "hosts: "),
    (step_of_memory, "memory_growth", "whole tree"),
    (lose_a_frame, "lost_events", "lost: fr000042"),
    (lose_a_frame_silently, "lost_events", "1199 stored"),
    (forget_frames, "lost_events", "1200 frames are on record"),
    (leave_frames_in_the_inbox, "unacknowledged_frames", "1198 of 1200"),
    (leave_a_frame_unread, "unsearchable_frames", "fr000007"),
    (store_a_frame_twice, "duplicate_events", ""),
    (leave_an_orphan, "orphans", "1 of 361 samples"),
    (keep_a_zombie, "zombies", ""),
    (pass_the_cap, "hosts_peak", "samples show 3"),
    (pass_the_cap_between_samples, "hosts_peak", "closer watch 4"),
    (cite_another_event, "checks_cited", "F000005: 1 x the citation names another event"),
    (cite_another_place, "checks_cited", "39 of 40"),
    (cite_nothing, "checks_cited", "39 of 40"),
    (make_an_answer_up, "checks_cited", "40 of 41"),
    (find_too_little, "checks_found", "37 of 40 found; F000000, F000001, F000002"),
    (ask_only_while_idle, "checks_active", ""),
    (renew_a_leaking_plugin, "memory_renewals", "400 s into the run; 420 s into the run"),
    (exceed_the_cpu_budget, "cpu_violations", "of 50%"),
    (use_too_much_cpu_unflagged, "cpu_violations", "61.0% of 50%"),
    (exceed_the_memory_budget, "memory_violations", "of 8000 MB"),
    (use_too_much_memory_unflagged, "memory_violations", "of 8000 MB"),
    (compute_while_active, "heavy_while_active", "worst 3.00 s before 750 s into the run"),
    (compute_between_two_samples, "heavy_while_active", "the closer watch saw 1.25 s"),
    (stop_late, "stops_late", "the slowest 2750 of 500 ms"),
    (never_recover, "faults_recovered", "disk_full f2"),
    (recover_late, "recovery_host_killed", ""),
    (put_in_no_fault, "faults_injected", ""),
    (leave_a_gap, "gaps_unexplained", "1200 s into the run: explained by nothing"),
    (explain_a_gap_by_a_fault_that_never_was, "gaps_unexplained", "explained by f77"),
    (fall_silent, "gaps_unexplained", "no sample from 2000 s to 2200 s"),
    (fall_silent_at_the_end, "gaps_unexplained", "to 3601 s"),
    (crash, "crashes", "900 s into the run"),
    (crash_unseen_by_the_driver, "crashes", "2000 s into the run"),
    (damage_a_segment, "verify_findings", "blob-damaged"),
    (stop_early, "duration", "interrupted after 3000 s"),
    (fail_at_the_last_moment, "duration", "failed"),
    (fill_the_disk_with_records, "artifacts", ""),
]


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
