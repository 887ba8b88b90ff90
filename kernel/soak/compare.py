"""Two soaks side by side: each criterion's figures, their ratio, which got worse. Pure.

Covers: the comparison. Does not cover: reading the runs (`report`), printing (`kernel.cli.soak`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.soak import SoakCriterion, SoakReport

NOTABLE_RATIO = 1.1
"""A figure that moved by less than a tenth is the same: no two runs are."""
STATES: dict[str, int] = {"pass": 0, "unknown": 1, "fail": 2}

Change = Literal["same", "better", "worse", "only in A", "only in B"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One criterion in both runs; None where a run has it not."""

    name: str
    before: SoakCriterion | None
    after: SoakCriterion | None
    ratio: float | None
    change: Change

    @property
    def is_setback(self) -> bool:
        """Whether the state itself got worse: what passed does not any more."""
        if self.before is None or self.after is None:
            return False
        return STATES[self.after.state] > STATES[self.before.state]


def compare_reports(before: SoakReport, after: SoakReport) -> tuple[Pair, ...]:
    """All criteria of both, in the order of the first, then what only the second has."""
    first = {criterion.name: criterion for criterion in before.criteria}
    second = {criterion.name: criterion for criterion in after.criteria}
    return tuple(_pair(name, first.get(name), second.get(name)) for name in {**first, **second})


def _pair(name: str, before: SoakCriterion | None, after: SoakCriterion | None) -> Pair:
    if before is None or after is None:
        return Pair(name, before, after, None, "only in B" if before is None else "only in A")
    ratio = None
    if before.figure_milli and after.figure_milli is not None:
        ratio = after.figure_milli / before.figure_milli
    return Pair(name, before, after, ratio, _change(before, after))


def _change(before: SoakCriterion, after: SoakCriterion) -> Change:
    """By state first; with equal states by the figure, in the direction that the limit says."""
    if before.state != after.state:
        return "worse" if STATES[after.state] > STATES[before.state] else "better"
    if before.figure_milli is None or after.figure_milli is None:
        return "same"
    # Where a limit is reached from below (found, duration), less is worse.
    sign = 1 if after.comparison == "at_most" else -1
    moved = sign * (after.figure_milli - before.figure_milli)
    larger = max(abs(before.figure_milli), abs(after.figure_milli))
    smaller = min(abs(before.figure_milli), abs(after.figure_milli))
    same_sign = before.figure_milli * after.figure_milli > 0
    if moved == 0 or (same_sign and larger <= smaller * NOTABLE_RATIO):
        return "same"
    return "worse" if moved > 0 else "better"
