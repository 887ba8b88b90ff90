"""What can go wrong in a soak: each spoils a good run in one place, and says what must be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kernel.soak.runfolder import MB, RunFolder, at_us

Spoil = Callable[[RunFolder], Any]


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


def pass_the_cap_by_hosts_that_were_not_counted(run: RunFolder) -> None:
    run.samples[45]["hosts"] = [{"host_id": f"h{number}-0", "pid": number} for number in range(3)]


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


def recover_late_once_of_twice(run: RunFolder) -> None:
    fault = {"fault_id": "f9", "name": "host_killed"}
    run.events.append({"at_us": at_us(2_900), "kind": "fault", **fault})
    run.events.append({"at_us": at_us(2_999), "kind": "recovered", "fault_id": "f9"})


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
    (pass_the_cap_by_hosts_that_were_not_counted, "hosts_peak", "samples show 3"),
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
    (recover_late_once_of_twice, "recovery_host_killed", "2 of 2 recovered"),
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
