"""Times of a soak during which nothing was measured, and which of them have a reason. Pure.

Covers: gaps that the run tells, silences that it does not. Does not cover: judging them
(`verdict_course`).
"""

from __future__ import annotations

from itertools import pairwise

from kernel.soak import thresholds
from kernel.soak.runfiles import REBOOT, Event, Run

SUSPEND = "suspend"


def explained_gaps(run: Run) -> list[Event]:
    """Gaps with a reason that can be checked: a fault of this run, a reboot, a sleep."""
    known = {span.fault_id for span in run.faults()} | {REBOOT, SUSPEND}
    return [gap for gap in run.events_of("gap") if gap.explained_by in known]


def untold_silences(run: Run) -> list[tuple[int, int]]:
    """From-to in UTC without any sample that no gap of the run covers, from start to end."""
    longest_us = max(run.interval_s * thresholds.GAP_INTERVALS, thresholds.GAP_MIN_S) * 1e6
    told = [(gap.from_us or gap.at_us, gap.to_us or gap.at_us) for gap in run.events_of("gap")]
    times = sorted([run.started_us, *(s.at_us for s in run.samples), run.ended_us])
    return [
        (before, after)
        for before, after in pairwise(times)
        if after - before > longest_us
        and not any(from_us <= after and before <= to_us for from_us, to_us in told)
    ]
