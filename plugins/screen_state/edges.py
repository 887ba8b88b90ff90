"""Long straight edges of a frame: the rules of tables, the sides of windows, fields and panes.

An edge is a place where neighbouring rows (or columns) differ over a run of pixels. Runs are
found eight pixels at a time (`numpy.packbits`: a byte of ones is a stretch of edge), so the cost
is a few milliseconds for a frame. A line of ink has two edges; edges that lie together are one
`Rule`.

Covers: rules, across and down. Does not cover: what they enclose (`grid`, `windows`, `controls`).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_MIN: Final = 4
"""Neighbours that differ by this much (0..255) are an edge: a dark sidebar differs by 6 from the
editor beside it; gradients of title bars differ by 1 or 2 from row to row."""

RUN_GAP_PX: Final = 4
"""An edge goes on over gaps up to this: where rules cross, they hide each other."""

THICK_PX: Final = 3
"""Edges this near, one beside the other, are the sides of one line of ink."""

LENGTH_MIN_PX: Final = 18
"""Shorter edges are strokes of letters."""

RULES_MAX: Final = 500
RUNS_MAX: Final = 8000
"""The longest are kept; a frame with more shows a picture, not a form."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """A straight line: ``low`` to ``high`` is where it stands, ``start`` to ``end`` its stretch.

    Down the frame for a rule across (``low`` is a y), across it for a rule that goes down.
    """

    low: int
    high: int
    start: int
    end: int

    @property
    def length(self) -> int:
        """Length in pixels."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a frame: ``across`` by y, ``down`` by x."""

    across: tuple[Rule, ...]
    down: tuple[Rule, ...]

    def across_between(self, top: int, bottom: int) -> tuple[Rule, ...]:
        """Rules across from one height to below another; `across` is in order."""
        first = bisect.bisect_left(self.across, top, key=lambda rule: rule.low)
        return self.across[first : bisect.bisect_left(self.across, bottom, key=lambda r: r.low)]


def find_rules(grey: NDArray[np.uint8]) -> Rules:
    """The rules of a frame given as height x width greys."""
    height_px, width_px = grey.shape
    if min(height_px, width_px) < 2:  # noqa: PLR2004 - no two neighbours
        return Rules((), ())
    steps_down = _steps(grey[:-1], grey[1:])
    steps_across = _steps(grey[:, :-1], grey[:, 1:])
    # On a rule one side is even ground; in a photograph nothing is.
    across = steps_down.copy()
    across[:, 1:] &= ~(steps_across[:-1] & steps_across[1:])
    down = steps_across
    down[1:] &= ~(steps_down[:, :-1] & steps_down[:, 1:])
    return Rules(across=_find(across), down=_find(np.ascontiguousarray(down.T)))


def _steps(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    steps: NDArray[np.bool_] = np.maximum(first, second) - np.minimum(first, second) >= STEP_MIN
    return steps


def _find(steps: NDArray[np.bool_]) -> tuple[Rule, ...]:
    runs = _join(_runs(steps))
    rules = [rule for rule in _thicken(runs) if rule.length >= LENGTH_MIN_PX]
    rules.sort(key=lambda rule: (-rule.length, rule))
    return tuple(sorted(rules[:RULES_MAX]))


def _runs(steps: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Runs of true as (row, start, end), at least those of 15 pixels."""
    if not steps.size:
        return []
    width = steps.shape[1]
    full = np.packbits(steps, axis=1) == 0xFF  # noqa: PLR2004 - eight ones
    padded = np.zeros((full.shape[0], full.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = full
    turns = np.diff(padded, axis=1)
    rows, firsts = np.nonzero(turns == 1)
    _, lasts = np.nonzero(turns == -1)
    starts, ends = firsts * 8, lasts * 8
    for _ in range(7):
        grows = (starts > 0) & steps[rows, np.maximum(starts - 1, 0)]
        starts = starts - grows
        grows = (ends < width) & steps[rows, np.minimum(ends, width - 1)]
        ends = ends + grows
    if len(rows) > RUNS_MAX:
        longest = np.sort(np.argsort(starts - ends, kind="stable")[:RUNS_MAX])
        rows, starts, ends = rows[longest], starts[longest], ends[longest]
    # The edge between row y - 1 and row y stands at y.
    return list(zip((rows + 1).tolist(), starts.tolist(), ends.tolist(), strict=True))


def _join(runs: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Runs of one row put together over small gaps."""
    joined: list[tuple[int, int, int]] = []
    for row, start, end in runs:
        if joined and joined[-1][0] == row and start - joined[-1][2] <= RUN_GAP_PX:
            joined[-1] = (row, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((row, start, end))
    return joined


def _thicken(runs: Iterable[tuple[int, int, int]]) -> list[Rule]:
    """Runs of neighbouring rows over the same stretch as one rule."""
    done: list[Rule] = []
    open_rules: list[Rule] = []
    for row, start, end in runs:
        still = [rule for rule in open_rules if row - rule.high <= THICK_PX]
        if len(still) != len(open_rules):
            done.extend(rule for rule in open_rules if row - rule.high > THICK_PX)
            open_rules = still
        for index, rule in enumerate(open_rules):
            if _is_same_stretch(rule, start, end) and row - rule.low <= 2 * THICK_PX:
                open_rules[index] = Rule(rule.low, row, min(rule.start, start), max(rule.end, end))
                break
        else:
            open_rules.append(Rule(row, row, start, end))
    return done + open_rules


def _is_same_stretch(rule: Rule, start: int, end: int) -> bool:
    slack = 2 * RUN_GAP_PX
    return abs(rule.start - start) <= slack and abs(rule.end - end) <= slack
