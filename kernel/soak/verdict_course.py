"""Criteria on the course of the run: faults, gaps, length, the state of its records. Pure.

Covers: recovery by kind of fault, silences, duration, size, damaged lines. Does not cover: what
was measured in between (`verdict_machine`, `verdict_evidence`).
"""

from __future__ import annotations

from contracts.soak import SoakCriterion
from kernel.soak import thresholds
from kernel.soak.criterion import judged, unknown
from kernel.soak.runfiles import ENDED, EVENTS, METRICS, PLAN, REBOOT, FaultSpan, Run
from kernel.soak.silence import SUSPEND, explained_gaps, untold_silences
from kernel.soak.thresholds import Threshold, threshold

RECOVERY_PREFIX = "recovery_"
NAME_CHARS_MAX = 64


def judge_course(run: Run) -> list[SoakCriterion]:
    """Faults, gaps, length, records."""
    return [*_faults(run), _gaps(run), _duration(run), _artifacts(run), _unreadable(run)]


def _faults(run: Run) -> list[SoakCriterion]:
    injected, recovered = threshold("faults_injected"), threshold("faults_recovered")
    if EVENTS in run.problems:
        why = f"{EVENTS} is {run.problems[EVENTS]}"
        return [unknown(injected, why), unknown(recovered, why)]
    spans = run.faults()
    if run.plan.faults is None and not spans:
        why = f"{PLAN} does not say whether faults were on"
        return [unknown(injected, why), unknown(recovered, why)]
    if run.plan.faults is False and not spans:
        return [judged(injected, 0, "faults were switched off", limit=0), judged(recovered, 0)]
    judgeable = [span for span in spans if not span.cut]
    missed = [span for span in judgeable if span.to_us is None]
    named = ", ".join(f"{span.name} {span.fault_id}" for span in missed)
    cut = [f"{span.name} {span.fault_id}" for span in spans if span.cut]
    told = f"not counted, for the soak was cut off meanwhile: {', '.join(cut)}" if cut else ""
    return [
        judged(injected, len(judgeable), told),
        judged(recovered, len(missed), named),
        *_recoveries(judgeable),
    ]


def _recoveries(spans: list[FaultSpan]) -> list[SoakCriterion]:
    """The slowest recovery of each kind; unknown where none recovered at all."""
    found = []
    for name in sorted({span.name for span in spans}):
        limit_s = thresholds.recovery_limit_s(name)
        row = Threshold(
            f"{RECOVERY_PREFIX}{name[:NAME_CHARS_MAX]}",
            f"Slowest recovery: {name}",
            "s",
            "at_most",
            limit_s,
            thresholds.RECOVERY_WHY,
        )
        mine = [span for span in spans if span.name == name]
        took = [span.took_s for span in mine if span.took_s is not None]
        if took:
            found.append(judged(row, max(took), f"{len(took)} of {len(mine)} recovered"))
        else:
            found.append(unknown(row, f"none of {len(mine)} was seen to recover"))
    return found


def _gaps(run: Run) -> SoakCriterion:
    row = threshold("gaps_unexplained")
    if METRICS in run.problems or EVENTS in run.problems:
        missing = [name for name in (METRICS, EVENTS) if name in run.problems]
        return unknown(row, f"{', '.join(missing)}: {run.problems[missing[0]]}")
    told, explained, silent = run.events_of("gap"), explained_gaps(run), untold_silences(run)
    unexplained = [gap for gap in told if gap not in explained]
    details = [f"{len(explained)} explained"]
    details += [
        f"{(gap.from_us or gap.at_us) / 1e6 - run.started_us / 1e6:.0f} s into the run: "
        f"explained by {gap.explained_by or 'nothing'}"
        for gap in unexplained
    ]
    details += [
        f"no sample from {(from_us - run.started_us) / 1e6:.0f} s "
        f"to {(to_us - run.started_us) / 1e6:.0f} s"
        for from_us, to_us in silent
    ]
    return judged(row, len(unexplained) + len(silent), "; ".join(details))


def _duration(run: Run) -> SoakCriterion:
    row, planned_s = threshold("duration"), run.plan.planned_s
    figure = (run.ended_us - run.started_us) / 1e6
    if run.ended is None:
        why = f"{ENDED} is {run.problems[ENDED]}: the run goes on, or was cut off"
        return unknown(row, why, figure=figure, limit=planned_s)
    if run.ended.reason != "finished":
        detail = f"{run.ended.reason} after {figure:.0f} s"
        # Cut off after its time is no full run either.
        return judged(row, min(figure, (planned_s or figure) - 1), detail, limit=planned_s)
    starts = run.ended.kernel_starts
    said = [f"the kernel was started {starts} times"] if starts is not None else []
    return judged(row, figure, "; ".join(said + _away(run)), limit=planned_s)


def _away(run: Run) -> list[str]:
    """How much of the run's length the machine was off or slept."""
    gaps = [gap for gap in run.events_of("gap") if gap.explained_by in {REBOOT, SUSPEND}]
    away_s = sum((gap.to_us or gap.at_us) - (gap.from_us or gap.at_us) for gap in gaps) / 1e6
    return [f"of this, {away_s:.0f} s in {len(gaps)} cuts and suspends"] if gaps else []


def _artifacts(run: Run) -> SoakCriterion:
    row, budget = threshold("artifacts"), run.plan.artifact_budget_bytes
    limit = None if budget is None else budget / 1e6
    return judged(row, run.artifact_bytes / 1e6, limit=limit)


def _unreadable(run: Run) -> SoakCriterion:
    """Torn last lines are told, not counted; a reboot tears one line of each file in the middle."""
    row = threshold("unreadable_lines")
    reboots = sum(1 for gap in run.events_of("gap") if gap.explained_by == REBOOT)
    figure = sum(max(0, count - reboots) for count in run.bad_lines.values())
    details = [f"{name}: {count} damaged" for name, count in sorted(run.bad_lines.items())]
    details += [f"{name}: last line torn" for name in sorted(set(run.torn))]
    if not run.samples and not run.events:
        return unknown(row, "there are no records to read", figure=figure)
    return judged(row, figure, "; ".join(details))
