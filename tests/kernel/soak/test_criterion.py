"""A record's state follows from the very figures that it shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.criterion import DETAIL_CHARS_MAX, FIGURE_MILLI_MAX, holds, judged, unknown
from kernel.soak.thresholds import Comparison, Threshold

FIGURES = st.floats(-1e15, 1e15)


def row(comparison: Comparison = "at_most", limit: float | None = 0.0) -> Threshold:
    return Threshold("name", "Title", "unit", comparison, limit, "Because.")


@given(
    figure=FIGURES,
    limit=FIGURES,
    comparison=st.sampled_from(["at_most", "at_least", "equal"]),
)
def test_the_state_is_that_of_the_shown_figures(
    figure: float, limit: float, comparison: Comparison
) -> None:
    made = judged(row(comparison, limit), figure)
    assert made.figure_milli is not None
    shown = holds(made.figure_milli, comparison, made.threshold_milli)
    assert made.state == ("pass" if shown else "fail")
    assert abs(made.figure_milli) <= FIGURE_MILLI_MAX


def test_half_a_thousandth_over_the_limit_is_not_shown_and_does_not_count() -> None:
    assert judged(row(limit=5.0), 5.0004).state == "pass"
    assert judged(row(limit=5.0), 5.0006).state == "fail"


def test_without_a_limit_nothing_can_be_judged() -> None:
    made = judged(row(limit=None), 3.0)
    assert (made.state, made.figure_milli) == ("unknown", 3_000)
    assert judged(row(limit=None), 3.0, limit=4.0).state == "pass"


def test_an_unknown_has_a_reason_and_perhaps_a_figure() -> None:
    assert unknown(row(), "no file").detail == "no file"
    assert unknown(row(), "no file").figure_milli is None
    assert unknown(row(), "x" * 9_999).detail == "x" * DETAIL_CHARS_MAX
