"""Makes the contract's criterion from a row of the table and a figure. Pure.

Covers: comparing, rounding to thousandths, saying unknown. Does not cover: the figures.
"""

from __future__ import annotations

from contracts.soak import SoakCriterion
from kernel.soak.thresholds import Comparison, Threshold

FIGURE_MILLI_MAX = 2**53
DETAIL_CHARS_MAX = 2_000


def judged(
    row: Threshold, figure: float, detail: str = "", *, limit: float | None = None
) -> SoakCriterion:
    """Pass or fail of a measured figure; ``limit`` stands in where the run's plan names it.

    What is compared are the rounded thousandths that the record shows, so that nobody reads
    a figure that contradicts its state.
    """
    bound = row.limit if limit is None else limit
    if bound is None:
        return unknown(row, "the plan of the run names no limit", figure=figure)
    figure_milli, bound_milli = _milli(figure), _milli(bound)
    return SoakCriterion(
        name=row.name,
        state="pass" if holds(figure_milli, row.comparison, bound_milli) else "fail",
        unit=row.unit,
        figure_milli=figure_milli,
        comparison=row.comparison,
        threshold_milli=bound_milli,
        detail=detail[:DETAIL_CHARS_MAX],
    )


def unknown(
    row: Threshold, why: str, *, figure: float | None = None, limit: float | None = None
) -> SoakCriterion:
    """What could not be measured, and why; not a pass."""
    bound = row.limit if limit is None else limit
    return SoakCriterion(
        name=row.name,
        state="unknown",
        unit=row.unit,
        figure_milli=None if figure is None else _milli(figure),
        comparison=row.comparison,
        threshold_milli=_milli(bound or 0.0),
        detail=why[:DETAIL_CHARS_MAX],
    )


def holds(figure: int, comparison: Comparison, bound: int) -> bool:
    """Whether the figure is on the right side of the bound."""
    if comparison == "at_most":
        return figure <= bound
    if comparison == "at_least":
        return figure >= bound
    return figure == bound


def _milli(value: float) -> int:
    bounded = max(-FIGURE_MILLI_MAX / 1000, min(FIGURE_MILLI_MAX / 1000, value))
    return max(-FIGURE_MILLI_MAX, min(FIGURE_MILLI_MAX, round(bounded * 1000)))
