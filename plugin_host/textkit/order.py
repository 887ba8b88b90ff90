"""Reading order of line boxes on a page of panes, columns and tables.

Lines that stand above each other form blocks; rows that stand beside each other line for line
form tables, which are read row by row; blocks are then put in the order of T. M. Breuel, "High
Performance Document Layout Analysis" (2003): a block comes before another when it is above it
and their columns overlap, or when it is entirely to the left and nothing between them in height
spans both columns.

Covers: order as indices over plain boxes. Does not cover: what the blocks mean.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.base import Box
from plugin_host.textkit.reading import overlap_px

LINE_GAP_SHARE: Final = 2.6
"""A line continues the block above when the gap is at most this share of a line's height."""

COLUMN_SHARE: Final = 0.5
"""Two lines are of one column when they share this much of the wider one's width, or begin, end
or centre together."""

ROW_SHARE: Final = 0.6
"""Two boxes are of one row when they share this much of the lower one's height."""

TABLE_ROWS_MIN: Final = 3
TABLE_ALIGNED_SHARE: Final = 0.7
"""Two blocks are columns of one table when this share of the shorter one's lines has a line of
the other on its row, ..."""

TABLE_FILLED_SHARE: Final = 0.5
"""... and this share of the longer one's lines, as far as they stand beside the shorter one:
beside a sidebar with a line here and there stands a list, not a column."""

TABLE_OFFSET_SHARE: Final = 0.25
"""Cells of a row have their middles this near, as a share of the lower one's height."""

TABLE_PITCH_SHARE: Final = 0.35
TABLE_REGULAR_SHARE: Final = 0.8
"""This share of a table's rows stands apart by the median distance, give or take
`TABLE_PITCH_SHARE` of it. Cards of a board stand in a grid too, but close within, wide between."""

TABLE_CELL_ASPECT_MAX: Final = 14.0
"""A table has narrow cells: the median line of one of two columns is at most this many times as
wide as high. Prose in two panes is wider, and must not be read across."""


@dataclass(slots=True)
class _Block:
    box: Box
    lines: list[int] = field(default_factory=list)


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Indices of ``boxes`` in reading order: every index once.

    Depends only on the boxes and, between equal ones, on their given order. Time grows with the
    square of the number of lines.
    """
    # Sorted once, so that every tie below is broken by the boxes and not by who was found first.
    place = sorted(range(len(boxes)), key=lambda i: (boxes[i][1], boxes[i][0], boxes[i], i))
    lines = [boxes[i] for i in place]
    blocks = _absorb(lines, _merge_tables(lines, _find_blocks(lines)))
    blocks = _merge_interleaved(lines, blocks)
    blocks = _merge_rows(lines, blocks)
    ordered: list[int] = []
    for block in _sort_blocks(blocks):
        ordered.extend(_sort_rows(lines, block.lines))
    return [place[i] for i in ordered]


def _find_blocks(boxes: Sequence[Box]) -> list[_Block]:
    """Lines chained to the nearest line above them in their column."""
    indices = sorted(range(len(boxes)), key=lambda i: (boxes[i][1], boxes[i][0], i))
    parent = list(range(len(boxes)))
    # What ends further above than this is in no line's block, whatever stands between.
    reach = LINE_GAP_SHARE * max((box[3] - box[1] for box in boxes), default=0)
    for position, low in enumerate(indices):
        best: tuple[int, int] | None = None
        for high in reversed(indices[:position]):
            gap = boxes[low][1] - boxes[high][3]
            if gap > reach:
                continue
            if _is_same_column(boxes[high], boxes[low]) and (best is None or gap < best[0]):
                best = (gap, high)
        if best is None:
            continue
        gap, high = best
        height = max(boxes[high][3] - boxes[high][1], boxes[low][3] - boxes[low][1])
        if -0.5 * height <= gap <= LINE_GAP_SHARE * height:
            parent[low] = high
    groups: dict[int, list[int]] = {}
    root_of: dict[int, int] = {}
    for index in indices:
        root = root_of[index] = index if parent[index] == index else root_of[parent[index]]
        groups.setdefault(root, []).append(index)
    return [_block(boxes, lines) for lines in groups.values()]


def _is_same_column(above: Box, below: Box) -> bool:
    shared = overlap_px(above[0], above[2], below[0], below[2])
    if shared <= 0 or below[1] < above[1]:
        return False
    wider = max(above[2] - above[0], below[2] - below[0])
    height = min(above[3] - above[1], below[3] - below[1])
    offsets = (
        abs(above[0] - below[0]),
        abs(above[2] - below[2]),
        abs(above[0] + above[2] - below[0] - below[2]) // 2,
    )
    return shared >= COLUMN_SHARE * wider or min(offsets) <= height // 2


def _merge_tables(boxes: Sequence[Box], blocks: list[_Block]) -> list[_Block]:
    """Blocks that are columns of one table put together, until nothing changes."""
    merged = list(blocks)
    changed = True
    while changed:
        changed = False
        for first in range(len(merged)):
            for second in range(first + 1, len(merged)):
                if _is_table(boxes, merged[first], merged[second]):
                    lines = merged[first].lines + merged[second].lines
                    merged[first] = _block(boxes, lines)
                    del merged[second]
                    changed = True
                    break
            if changed:
                break
    return merged


def _is_table(boxes: Sequence[Box], a: _Block, b: _Block) -> bool:
    short, long = sorted((a, b), key=lambda block: (len(block.lines), block.box))
    if len(short.lines) < TABLE_ROWS_MIN:
        return False
    if overlap_px(a.box[1], a.box[3], b.box[1], b.box[3]) <= 0:
        return False
    if all(_aspect(boxes, block) > TABLE_CELL_ASPECT_MAX for block in (a, b)):
        return False
    beside = [
        i
        for i in long.lines
        if overlap_px(boxes[i][1], boxes[i][3], short.box[1], short.box[3]) > 0
    ]
    return (
        _share_aligned(boxes, short.lines, beside) >= TABLE_ALIGNED_SHARE
        and _share_aligned(boxes, beside, short.lines) >= TABLE_FILLED_SHARE
        and _is_regular(boxes, [*short.lines, *beside])
    )


def _is_regular(boxes: Sequence[Box], lines: Sequence[int]) -> bool:
    """Whether the rows of ``lines`` stand at even distances."""
    rows = _group_rows(boxes, lines)
    middles = [statistics.mean((boxes[i][1] + boxes[i][3]) / 2 for i in row) for row in rows]
    pitches = [low - high for high, low in itertools.pairwise(middles)]
    if not pitches:
        return False
    median = statistics.median(pitches)
    even = sum(abs(pitch - median) <= TABLE_PITCH_SHARE * median for pitch in pitches)
    return even >= TABLE_REGULAR_SHARE * len(pitches)


def _share_aligned(boxes: Sequence[Box], lines: Sequence[int], others: Sequence[int]) -> float:
    """Share of ``lines`` on whose row one of ``others`` stands."""
    if not lines or not others:
        return 0.0
    aligned = sum(any(_is_level(boxes[i], boxes[j]) for j in others) for i in lines)
    return aligned / len(lines)


def _is_level(a: Box, b: Box) -> bool:
    offset = abs((a[1] + a[3]) - (b[1] + b[3])) / 2
    return offset <= TABLE_OFFSET_SHARE * max(a[3] - a[1], b[3] - b[1])


def _aspect(boxes: Sequence[Box], block: _Block) -> float:
    return statistics.median(
        (boxes[i][2] - boxes[i][0]) / max(1, boxes[i][3] - boxes[i][1]) for i in block.lines
    )


def _is_same_row(a: Box, b: Box) -> bool:
    lower = min(a[3] - a[1], b[3] - b[1])
    return overlap_px(a[1], a[3], b[1], b[3]) >= ROW_SHARE * lower


def _absorb(boxes: Sequence[Box], blocks: list[_Block]) -> list[_Block]:
    """Small blocks that stand inside a larger one and on its rows made part of it.

    An indented line in code, a lone cell in a column of its own.
    """
    kept: list[_Block] = []
    for block in sorted(blocks, key=lambda b: (-len(b.lines), b.box)):
        home = next((big for big in kept if _holds(boxes, big, block)), None)
        if home is None:
            kept.append(block)
        else:
            home.lines.extend(block.lines)
    return kept


def _holds(boxes: Sequence[Box], big: _Block, small: _Block) -> bool:
    (x0, y0, x1, y1), inner = big.box, small.box
    if len(big.lines) < TABLE_ROWS_MIN or len(big.lines) <= len(small.lines):
        return False
    if inner[0] < x0 or inner[1] < y0 or inner[2] > x1 or inner[3] > y1:
        return False
    return any(_is_same_row(boxes[i], boxes[j]) for i in small.lines for j in big.lines)


def _merge_interleaved(boxes: Sequence[Box], blocks: list[_Block]) -> list[_Block]:
    """Blocks whose lines take turns in one column made one, until nothing changes.

    Indentation alone parts the lines of code, of an outline or of a thread into blocks.
    """
    merged = sorted(blocks, key=lambda block: block.box)
    is_changed = True
    while is_changed:
        is_changed = False
        for first, second in itertools.permutations(range(len(merged)), 2):
            if _is_interleaved(boxes, merged[first], merged[second]):
                merged[first] = _block(boxes, merged[first].lines + merged[second].lines)
                del merged[second]
                is_changed = True
                break
    return merged


def _is_interleaved(boxes: Sequence[Box], outer: _Block, inner: _Block) -> bool:
    """Whether a line of ``inner`` stands between two lines of ``outer`` that follow each other.

    Between in height, and in width: it is below or above what they say, not beside it. Where it
    overlaps only one of them, nothing of the two blocks may stand on one row: columns do.
    """
    if not _overlap(outer.box, inner.box):
        return False
    sides = [_enclosing_sides(boxes, outer, line) for line in inner.lines]
    if any(all(shared) for shared in sides):
        return True
    return any(any(shared) for shared in sides) and not any(
        _is_same_row(boxes[i], boxes[j]) for i in outer.lines for j in inner.lines
    )


def _overlap(a: Box, b: Box) -> bool:
    return overlap_px(a[0], a[2], b[0], b[2]) > 0 and overlap_px(a[1], a[3], b[1], b[3]) > 0


def _enclosing_sides(boxes: Sequence[Box], block: _Block, line: int) -> tuple[bool, bool]:
    """Whether the next lines of ``block`` above, and below, ``line`` overlap it in width.

    Neither counts where those two stand too far apart to follow each other.
    """
    x0, top, x1, bottom = boxes[line]
    middle = (top + bottom) / 2
    above = [boxes[i] for i in block.lines if boxes[i][3] <= middle]
    below = [boxes[i] for i in block.lines if boxes[i][1] >= middle]
    if not above or not below:
        return False, False
    high, low = max(above, key=lambda box: box[3]), min(below, key=lambda box: box[1])
    if low[1] - high[3] > LINE_GAP_SHARE * max(high[3] - high[1], low[3] - low[1]):
        return False, False
    return (
        any(overlap_px(a[0], a[2], x0, x1) > 0 for a in above if _is_same_row(a, high)),
        any(overlap_px(b[0], b[2], x0, x1) > 0 for b in below if _is_same_row(b, low)),
    )


def _merge_rows(boxes: Sequence[Box], blocks: list[_Block]) -> list[_Block]:
    """Single lines beside each other (a menu bar, tabs) as one block, read across."""
    singles = sorted(
        (block for block in blocks if len(block.lines) == 1), key=lambda block: block.box
    )
    merged = [block for block in blocks if len(block.lines) > 1]
    rows: list[_Block] = []
    for single in singles:
        for index, row in enumerate(rows):
            if _is_same_row(row.box, single.box) and not _stands_between(merged, row, single):
                rows[index] = _block(boxes, row.lines + single.lines)
                break
        else:
            rows.append(single)
    return merged + rows


def _stands_between(blocks: list[_Block], left: _Block, right: _Block) -> bool:
    gap = (left.box[2], right.box[0])
    return any(
        overlap_px(block.box[0], block.box[2], *gap) > 0
        and overlap_px(block.box[1], block.box[3], left.box[1], left.box[3]) > 0
        for block in blocks
    )


def _sort_blocks(blocks: list[_Block]) -> list[_Block]:
    """Topological order; where the rules run in a circle the topmost block goes first."""
    waiting = sorted(blocks, key=lambda block: (block.box[1], block.box[0], block.box))
    count = len(waiting)
    before = [
        {j for j in range(count) if j != i and _precedes(waiting, j, i)} for i in range(count)
    ]
    ordered: list[_Block] = []
    left = list(range(count))
    while left:
        free = [i for i in left if not before[i].intersection(left)]
        chosen = free[0] if free else left[0]
        ordered.append(waiting[chosen])
        left.remove(chosen)
    return ordered


def _precedes(blocks: Sequence[_Block], first: int, second: int) -> bool:
    a, b = blocks[first].box, blocks[second].box
    if overlap_px(a[0], a[2], b[0], b[2]) > 0:
        return (a[1], a[0]) < (b[1], b[0])
    if a[0] > b[0]:
        return False
    top, bottom = min(a[3], b[3]), max(a[1], b[1])
    return not any(
        overlap_px(c.box[0], c.box[2], a[0], a[2]) > 0
        and overlap_px(c.box[0], c.box[2], b[0], b[2]) > 0
        and top <= (c.box[1] + c.box[3]) / 2 <= bottom
        for index, c in enumerate(blocks)
        if index not in {first, second}
    )


def _sort_rows(boxes: Sequence[Box], lines: Sequence[int]) -> list[int]:
    """Rows top to bottom, each left to right."""
    rows = _group_rows(boxes, lines)
    return [i for row in rows for i in sorted(row, key=lambda i: (boxes[i][0], i))]


def _group_rows(boxes: Sequence[Box], lines: Sequence[int]) -> list[list[int]]:
    rows: list[list[int]] = []
    for index in sorted(lines, key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i][0], i)):
        if rows and all(_is_same_row(boxes[index], boxes[other]) for other in rows[-1]):
            rows[-1].append(index)
        else:
            rows.append([index])
    return rows


def _block(boxes: Sequence[Box], lines: Sequence[int]) -> _Block:
    return _Block(
        box=(
            min(boxes[i][0] for i in lines),
            min(boxes[i][1] for i in lines),
            max(boxes[i][2] for i in lines),
            max(boxes[i][3] for i in lines),
        ),
        lines=list(lines),
    )
