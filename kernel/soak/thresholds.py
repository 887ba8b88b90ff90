"""What a soak is judged by: every criterion with its limit, in one table.

Covers: names, limits, units, reasons. Does not cover: the figures (`verdict_evidence`,
`verdict_machine`, `verdict_course`, `memory`). docs/soak-verdict.md explains each row, and a test
holds the page to this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Comparison = Literal["at_most", "at_least", "equal"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """One criterion: ``limit`` is in ``unit``; None where the plan of the run names it."""

    name: str
    title: str
    unit: str
    comparison: Comparison
    limit: float | None
    why: str


THRESHOLDS: tuple[Threshold, ...] = (
    Threshold(
        "lost_events", "Frames lost", "frames", "at_most", 0, "What was acknowledged is kept."
    ),
    Threshold(
        "unacknowledged_frames",
        "Frames never acknowledged",
        "frames",
        "at_most",
        0,
        "Every frame that was dropped into the inbox is taken in before the run ends.",
    ),
    Threshold(
        "duplicate_events",
        "Frames stored twice",
        "frames",
        "at_most",
        0,
        "A frame taken up again after a kill is recognised.",
    ),
    Threshold(
        "unsearchable_frames",
        "Frames not searchable after the last idle window",
        "frames",
        "at_most",
        0,
        "What was captured is understood as soon as the person is away.",
    ),
    Threshold(
        "verify_findings",
        "Damage found by the full verify",
        "findings",
        "at_most",
        0,
        "Nothing that is stored is damaged.",
    ),
    Threshold(
        "checks_made",
        "Self-checks that could be judged",
        "checks",
        "at_least",
        1,
        "A run that asked nothing proves nothing.",
    ),
    Threshold(
        "checks_active",
        "Self-checks while the person was active",
        "checks",
        "at_least",
        1,
        "Questions are asked while one works.",
    ),
    Threshold(
        "checks_found", "Self-checks found", "%", "at_least", 95, "Reading misses a word at times."
    ),
    Threshold(
        "checks_cited",
        "Answers with the right citation",
        "%",
        "equal",
        100,
        "A citation that leads to another event or place is worse than no answer.",
    ),
    Threshold(
        "orphans", "Hosts without a kernel", "processes", "at_most", 0, "A dead kernel leaves none."
    ),
    Threshold(
        "hosts_peak", "Hosts at a time", "hosts", "at_most", None, "The cap is never passed."
    ),
    Threshold(
        "zombies",
        "Zombies that nobody collects",
        "processes",
        "at_most",
        0,
        "Dead children are collected.",
    ),
    Threshold(
        "crashes",
        "Ends of the kernel that no fault explains",
        "exits",
        "at_most",
        0,
        "The kernel runs until it is asked to stop.",
    ),
    Threshold(
        "memory_slope",
        "Memory slope after warm-up",
        "MB/h",
        "at_most",
        5,
        "What grows for ever ends the machine. The steepest line that fits (r2 over 0.5), else 0.",
    ),
    Threshold(
        "memory_growth",
        "Memory growth after warm-up",
        "MB",
        "at_most",
        100,
        "Growth counts whatever its shape.",
    ),
    Threshold(
        "memory_renewals",
        "Hosts ended for their memory, unasked",
        "hosts",
        "at_most",
        0,
        "A plugin that leaks is renewed at its cap again and again: nothing grows, and it leaks.",
    ),
    Threshold(
        "cpu_violations",
        "Samples over the CPU budget",
        "samples",
        "at_most",
        0,
        "Half of the machine stays with the person.",
    ),
    Threshold(
        "memory_violations",
        "Samples over the memory budget",
        "samples",
        "at_most",
        0,
        "Half of the machine stays with the person.",
    ),
    Threshold(
        "heavy_while_active",
        "Heavy CPU time while the person was active, beyond the stop deadline",
        "s",
        "at_most",
        0,
        "A person at work feels nothing.",
    ),
    Threshold(
        "stops_late",
        "Stops slower than the deadline",
        "stops",
        "at_most",
        0,
        "Heavy work ends at once when the person is back.",
    ),
    Threshold(
        "faults_injected",
        "Faults put in",
        "faults",
        "at_least",
        1,
        "A run with faults on that saw none proves nothing.",
    ),
    Threshold(
        "faults_recovered",
        "Faults without recovery",
        "faults",
        "at_most",
        0,
        "Every fault is recovered from.",
    ),
    Threshold(
        "gaps_unexplained",
        "Gaps that nothing explains",
        "gaps",
        "at_most",
        0,
        "A silence is told and has a reason.",
    ),
    Threshold(
        "duration",
        "Length of the run",
        "s",
        "at_least",
        None,
        "Twenty-four hours are twenty-four hours.",
    ),
    Threshold(
        "artifacts",
        "Size of the run's own records",
        "MB",
        "at_most",
        None,
        "The measurement does not fill the disk.",
    ),
    Threshold(
        "unreadable_lines",
        "Damaged lines in the records",
        "lines",
        "at_most",
        0,
        "A torn last line is what a kill leaves; anything else was written wrongly.",
    ),
)

RECOVERY_WHY = "A fault is over within the time that its kind needs."
RECOVERY_S: dict[str, float] = {
    "host_killed": 60,
    "host_hung": 120,
    "plugin_leak": 600,
    "disk_full": 300,
    "kernel_killed": 60,
    "socket_garbage": 60,
}
"""Longest recovery by the fault's name, in seconds."""
RECOVERY_OTHER_S = 300.0
"""Longest recovery of a fault with another name."""

SLOPE_R2_MIN = 0.5
"""Below this a line does not describe the samples, and its slope says nothing."""
SLOPE_SPAN_FULL_S = 2400.0
"""From this span on, what a run of an hour leaves, the limit holds as it is; see `memory`."""
TREE_RISE_MIN_MB = 10.0
"""A shorter line must rise by more than this before its slope counts."""
HOST_RISE_MIN_MB = 25.0
"""The same for lines of single hosts, whose caches of bounded size fill while they live."""
HOST_WARM_UP_CPU_S = 15.0
"""A host's memory is judged once it has computed for so long: caches fill with work, not with
time, and on a crowded machine a model takes a minute to load."""
HOST_WARM_UP_S = 180.0
"""The same in time, where CPU seconds were not measured."""

RESTART_WARM_UP_MAX_S = 20.0
"""A kernel that was started again is warm after this: its run was warmed up before."""
QUIET_FAULTS = frozenset(
    {"host_killed", "host_hung", "kernel_killed", "socket_garbage", "disk_full"}
)
"""Faults that take no memory: what is measured during them counts. All others are left out."""

LEAK_FAULT = "plugin_leak"
LEAK_MARGIN_S = 60.0
"""Around a leak that was put in on purpose."""
ZOMBIE_LASTS_S = 10.0
"""A zombie in every sample for so long is one that nobody collects."""
ORPHAN_GRACE_S = 3.0
"""After the end of a kernel or a fault: hosts are gone within 2 s, and a sample takes time."""
CPU_WINDOW_S = 10.0
"""The budget holds over this window; shorter samples are joined."""
CPU_TOLERANCE = 0.02
"""Share of the machine that an outside sampler may be wrong by."""
CPU_TICKS_S = 0.02
"""Two ticks of the system's CPU clock: less than this in one interval is no measurement."""
BOX_IOU_MIN_MILLI = 300
"""Intersection over union of the cited box and the fact's: right ones measure 600 to 750, for a
reader's box is tight around the ink; a neighbouring line measures 0."""
GAP_INTERVALS = 5
"""The sampler counts as silent after this many of its intervals without a line."""
GAP_MIN_S = 30.0


def threshold(name: str) -> Threshold:
    """The row of this name; raises `KeyError` for an unknown one."""
    for row in THRESHOLDS:
        if row.name == name:
            return row
    raise KeyError(name)


def recovery_limit_s(fault_name: str) -> float:
    """How long the recovery from a fault of this name may take."""
    return RECOVERY_S.get(fault_name, RECOVERY_OTHER_S)
