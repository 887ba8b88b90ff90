"""Criteria on what was captured and what is known of it: loss, search, checks, damage. Pure.

Covers: reconciliation, self-checks, verify. Does not cover: the machine (`verdict_machine`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from contracts.soak import SoakCriterion
from kernel.soak import thresholds
from kernel.soak.criterion import judged, unknown
from kernel.soak.runfiles import CHECKS, PRODUCED, RECONCILIATION, VERIFY, CheckLine, Run
from kernel.soak.thresholds import threshold

NAMED_MAX = 5
PROBLEM_CHARS_MAX = 160


def judge_evidence(run: Run) -> list[SoakCriterion]:
    """Loss, search, verify, self-checks."""
    # Nobody planted a fact on a person's own screen.
    return [*_reconciled(run), _verified(run), *([] if run.plan.live else _checked(run))]


def _reconciled(run: Run) -> list[SoakCriterion]:
    found = run.reconciliation
    names = ("lost_events", "unacknowledged_frames", "duplicate_events", "unsearchable_frames")
    if found is None:
        why = f"{RECONCILIATION} is {run.problems[RECONCILIATION]}"
        return [unknown(threshold(name), why) for name in names]
    return [_lost(run), _unacknowledged(run), _duplicates(run), _unsearchable(run)]


def _lost(run: Run) -> SoakCriterion:
    """The frames named as lost, those that are merely missing in the counts, the larger."""
    row, found = threshold("lost_events"), run.reconciliation
    assert found is not None
    if found.lost is None or found.stored is None or found.produced is None:
        return unknown(row, f"{RECONCILIATION} does not say what was produced, stored and lost")
    as_of_us = found.as_of_us if found.as_of_us is not None else run.ended_us
    recorded = sum(1 for at_us in run.produced_at_us.values() if at_us <= as_of_us)
    figure = max(len(found.lost), (found.acknowledged or 0) - found.stored)
    details = [f"{found.produced} produced, {found.stored} stored"]
    if run.in_hand:
        said = "in the driver's hand at a cut and never handed over, not counted"
        details.append(f"{said}: {_some(run.in_hand)}")
    if found.lost:
        details.append(f"lost: {_some(found.lost)}")
    if recorded > found.produced:
        figure = max(figure, recorded - found.produced)
        details.append(f"{recorded} frames are on record as produced: the rest is not accounted")
    if not found.produced:
        return unknown(row, "no frame was produced", figure=figure)
    # A torn last line may hold one; more are no record of what was produced.
    if recorded + 1 < found.produced and not figure and not run.plan.live:
        why = f"{PRODUCED} holds {recorded} of {found.produced} frames"
        return unknown(row, why, figure=figure)
    return judged(row, figure, "; ".join(details))


def _unacknowledged(run: Run) -> SoakCriterion:
    row, found = threshold("unacknowledged_frames"), run.reconciliation
    assert found is not None
    if found.produced is None or found.acknowledged is None:
        return unknown(row, f"{RECONCILIATION} does not count acknowledged frames")
    detail = f"{found.acknowledged} of {found.produced} acknowledged"
    return judged(row, max(0, found.produced - found.acknowledged), detail)


def _duplicates(run: Run) -> SoakCriterion:
    row, found = threshold("duplicate_events"), run.reconciliation
    assert found is not None
    if found.duplicates is None:
        return unknown(row, f"{RECONCILIATION} does not count duplicates")
    if isinstance(found.duplicates, int):
        return judged(row, found.duplicates)
    return judged(row, len(found.duplicates), _some(found.duplicates))


def _unsearchable(run: Run) -> SoakCriterion:
    row, found = threshold("unsearchable_frames"), run.reconciliation
    assert found is not None
    if found.unsearchable is None:
        return unknown(row, f"{RECONCILIATION} does not say what is searchable")
    figure = len(found.unsearchable)
    if found.searchable is not None and found.stored is not None:
        figure = max(figure, found.stored - found.searchable)
    named = f"; not searchable: {_some(found.unsearchable)}" if found.unsearchable else ""
    return judged(row, figure, f"{found.searchable} of {found.stored} searchable{named}")


def _verified(run: Run) -> SoakCriterion:
    row, found = threshold("verify_findings"), run.verify
    if found is None:
        return unknown(row, f"{VERIFY} is {run.problems[VERIFY]}")
    if found.ok is None or found.findings is None:
        return unknown(row, f"{VERIFY} holds no result")
    if found.quick:
        return unknown(row, "only a quick verify was made at the end")
    figure = len(found.findings) + found.findings_left_out
    if not found.ok:
        figure = max(1, figure)
    return judged(row, figure, _some(found.findings) if found.findings else "clean")


def _checked(run: Run) -> list[SoakCriterion]:
    names = ("checks_made", "checks_active", "checks_found", "checks_cited")
    if CHECKS in run.problems:
        why = f"{CHECKS} is {run.problems[CHECKS]}"
        return [unknown(threshold(name), why) for name in names]
    # Facts that no idle window could reach yet are asked for, but nothing is expected.
    due = [check for check in run.checks if not check.pending]
    # That nothing is known yet is an answer too, and shows that questions are answered now.
    active = sum(1 for c in run.checks if c.during == "active" and (c.found or c.answer))
    waiting = len(run.checks) - len(due)
    ages = [check.age_s for check in due if check.age_s is not None]
    oldest = f"; oldest fact {max(ages) / 60:.0f} min" if ages else ""
    made = judged(threshold("checks_made"), len(due), f"{waiting} more were not due yet{oldest}")
    return [made, judged(threshold("checks_active"), active), _found(due), _cited(run.checks)]


def _found(due: Sequence[CheckLine]) -> SoakCriterion:
    row = threshold("checks_found")
    if not due:
        return unknown(row, "no self-check was made")
    found = sum(1 for check in due if check.found)
    missed = [check for check in due if not check.found]
    detail = f"{found} of {len(due)} found"
    return judged(row, 100.0 * found / len(due), detail + _problems(missed))


def _cited(checks: Sequence[CheckLine]) -> SoakCriterion:
    """Of all answers given, those asked too early too: an answer without a citation is made up."""
    row = threshold("checks_cited")
    answered = [check for check in checks if check.found or check.answer]
    if not any(check.found for check in answered):
        return unknown(row, "no self-check was answered")
    wrong = [check for check in answered if not is_cited_right(check)]
    right = len(answered) - len(wrong)
    detail = f"{right} of {len(answered)} answers cite the right event and place"
    # Rounded down: 99.9996 % is not 100 %.
    share = int(100_000 * right / len(answered)) / 1000
    return judged(row, share, detail + _problems(wrong))


def is_cited_right(check: CheckLine) -> bool:
    """Whether the citation resolves to the event of the fact and to its place on the screen.

    An answer that does not hold the fact is judged by whether it cites anything at all; that
    it is not the fact counts as not found.
    """
    if not check.found:
        return bool(check.cited)
    return bool(
        check.cited
        and check.event_ok
        and check.box_iou_milli is not None
        and check.box_iou_milli >= thresholds.BOX_IOU_MIN_MILLI
    )


def _problems(checks: Sequence[CheckLine]) -> str:
    if not checks:
        return ""
    # A problem may be a whole traceback.
    counts = Counter(_one_line(check.problem or "no reason given") for check in checks)
    said = ", ".join(f"{count} x {problem}" for problem, count in counts.most_common(NAMED_MAX))
    return f"; {_some([check.fact_id for check in checks])}: {said}"


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= PROBLEM_CHARS_MAX else f"{words[: PROBLEM_CHARS_MAX - 4]} ..."


def _some(things: Sequence[Any]) -> str:
    named = ", ".join(str(thing) for thing in things[:NAMED_MAX])
    more = len(things) - NAMED_MAX
    return f"{named} and {more} more" if more > 0 else named
