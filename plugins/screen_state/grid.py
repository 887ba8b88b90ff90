"""Tables that are drawn: cells between rules that cross.

The smallest rectangle whose four corners are crossings of its own sides is a cell; cells that
share corners are a table. (The way pdfplumber and others read ruled tables of PDF pages.)

Covers: boxes of cells with row and column. Does not cover: tables without rules (`columns`), the
text in the cells.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.base import Box
from plugins.screen_state.edges import Rule, Rules
from plugins.screen_state.geometry import area, height, width

CROSS_PX: Final = 6
"""Rules cross when they come this near."""

CELL_PX_MIN: Final = 10
CELL_SHARE_MAX: Final = (0.5, 0.3)
"""A cell is at most this share of the frame wide and high; larger boxes are panes."""

REACH: Final = 16
"""A cell ends at one of so many next rules."""

CELLS_MIN: Final = 4


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A cell's place in its table, counted from 0, and its box."""

    row: int
    column: int
    box: Box


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its cells by row and column."""

    box: Box
    cells: tuple[Cell, ...]


def find_grids(rules: Rules, width_px: int, height_px: int) -> list[Grid]:
    """Tables of at least two rows and two columns, top to bottom."""
    most = (CELL_SHARE_MAX[0] * width_px, CELL_SHARE_MAX[1] * height_px)
    boxes = [box for box in _cells(rules) if width(box) <= most[0] and height(box) <= most[1]]
    grids = [_grid(group) for group in _groups(boxes)]
    return sorted(
        (grid for grid in grids if _is_table(grid)), key=lambda grid: (grid.box[1], grid.box)
    )


def _cells(rules: Rules) -> Iterable[Box]:
    across = [rule for rule in rules.across if rule.length >= 2 * CELL_PX_MIN]
    down = [rule for rule in rules.down if rule.length >= CELL_PX_MIN]
    on_across = [[j for j, v in enumerate(down) if _meet(h, v)] for h in across]
    on_down: list[list[int]] = [[] for _ in down]
    for i, crossing in enumerate(on_across):
        for j in crossing:
            on_down[j].append(i)
    meets = [set(crossing) for crossing in on_across]
    for i, crossing in enumerate(on_across):
        for place, j in enumerate(crossing):
            box = _cell_from(i, j, crossing[place + 1 :], on_down[j], meets, across, down)
            if box is not None:
                yield box


def _cell_from(  # noqa: PLR0913, PLR0917 - one step of a search over one set of tables
    i: int,
    j: int,
    rights: Sequence[int],
    lows: Sequence[int],
    meets: Sequence[set[int]],
    across: Sequence[Rule],
    down: Sequence[Rule],
) -> Box | None:
    """The smallest cell with its upper left corner where rule ``i`` meets rule ``j``."""
    top, left = across[i], down[j]
    under = [k for k in lows if across[k].low - top.high >= CELL_PX_MIN][:REACH]
    beside = [k for k in rights if down[k].low - left.high >= CELL_PX_MIN][:REACH]
    for right in beside:
        for low in under:
            if right in meets[low]:
                return (left.high, top.high, down[right].low, across[low].low)
    return None


def _meet(h: Rule, v: Rule) -> bool:
    return (
        h.start - CROSS_PX <= v.high
        and v.low <= h.end + CROSS_PX
        and v.start - CROSS_PX <= h.high
        and h.low <= v.end + CROSS_PX
    )


def _groups(boxes: Iterable[Box]) -> list[list[Box]]:
    """Cells that touch, side by side or one above the other; each cell once.

    A double rule makes two of a cell: places nearer than two rules' slack are one.
    """
    every = sorted(set(boxes), key=lambda box: (area(box), box))
    across = _places([x for box in every for x in (box[0], box[2])])
    down = _places([y for box in every for y in (box[1], box[3])])
    cells: dict[Box, Box] = {}
    for box in every:
        x0, x1 = _index(across, box[0]), _index(across, box[2])
        y0, y1 = _index(down, box[1]), _index(down, box[3])
        cells.setdefault((x0, y0, x1, y1), box)
    parent = {place: place for place in cells}

    def root(at: Box) -> Box:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    sides: dict[tuple[str, int, int, int], Box] = {}
    for place in cells:
        x0, y0, x1, y1 = place
        for side in (("|", x0, y0, y1), ("|", x1, y0, y1), ("-", y0, x0, x1), ("-", y1, x0, x1)):
            other = sides.setdefault(side, place)
            parent[root(place)] = root(other)
    groups: dict[Box, list[Box]] = {}
    for place, box in cells.items():
        groups.setdefault(root(place), []).append(box)
    return list(groups.values())


def _grid(boxes: Sequence[Box]) -> Grid:
    tops = _places(box[1] for box in boxes)
    lefts = _places(box[0] for box in boxes)
    cells = sorted(Cell(_index(tops, box[1]), _index(lefts, box[0]), box) for box in boxes)
    around = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    return Grid(around, tuple(cells))


def _places(values: Iterable[int]) -> list[int]:
    """Where rows (or columns) begin."""
    places: list[int] = []
    for value in sorted(values):
        if not places or value - places[-1] > 2 * CROSS_PX:
            places.append(value)
    return places


def _index(places: Sequence[int], value: int) -> int:
    return bisect.bisect_right(places, value) - 1


def _is_table(grid: Grid) -> bool:
    rows = {cell.row for cell in grid.cells}
    columns = {cell.column for cell in grid.cells}
    two = 2
    full = len(grid.cells) >= 0.5 * len(rows) * len(columns)
    return len(rows) >= two <= len(columns) and len(grid.cells) >= CELLS_MIN and full
