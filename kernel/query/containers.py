"""Which parts of the screen belong together: windows, panes, columns of a page.

Covers: the innermost window or pane of each piece of text where a screen state tells of them,
columns side by side where the text alone shows them. Does not cover: how the state is made (a
plugin does that), tables and forms (`kernel.query.tables`, `kernel.query.forms`). Pure.

Columns are told by a gutter without text that runs through several rows, of which either the rows
left and right of it do not match, or a row of headings stands over both sides, each over more.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from contracts.base import Box
from contracts.screen import ScreenState

GUTTER = 1.2
"""The least width of a gutter in line heights."""
BAR_SHARE, BAR_PIECES_MIN = 0.955, 3
"""A task bar: so many pieces in a row, from this share of the height of the frame on."""
_ROWS_MIN = 3
_LOOSE_ROWS_MIN = 5
_FULLER_ROWS_MIN, _FULLER_SHARE_MIN = 2, 0.4
_MATCH_MAX = 0.55
_MATCH_HEIGHTS = 0.2
_EXACT_PX = 1.0
_TIGHT_HEIGHTS = 0.8
_ENTRY_LINES_MAX = 3
_START_HEIGHTS = 0.5
_INSET_HEIGHTS = 1.5
_FIRST_HEIGHTS = 4.0
_SET_OFF = 1.3
_BESIDE_HEIGHTS_MIN = 5.0
_STRIP_HEIGHTS = 2.2
_SLACK_PX = 2
_HELD_SHARE_MIN = 0.5
_ROLES = frozenset({"window", "pane", "table", "field"})
_HOLDERS = frozenset({"window", "pane"})


@dataclass(frozen=True, slots=True)
class Area:
    """A window, pane, table or field of a screen state."""

    role: str
    box: Box


@dataclass(slots=True)
class Regions:
    """For each piece (by index) its region; 0 is the frame itself.

    ``parent`` names the region around each, ``fields`` the field (by number) in which a piece
    stands, -1 for those in none.
    """

    of_piece: list[int]
    parent: list[int]
    fields: list[int]
    boxes: list[Box] = field(default_factory=list)

    def chain(self, piece: int) -> list[int]:
        """The regions around a piece, innermost first; the frame last."""
        found = [self.of_piece[piece]]
        while found[-1]:
            found.append(self.parent[found[-1]])
        return found


def areas_of(state: ScreenState) -> list[Area]:
    """The areas of a screen state that hold text together, in its order."""
    return [Area(e.role, e.box) for e in state.elements if e.role in _ROLES]


def regions_of(boxes: Sequence[Box], frame: tuple[int, int], areas: Sequence[Area] = ()) -> Regions:
    """The regions of pieces with such boxes on a frame of that size, with or without a state."""
    found = Regions([0] * len(boxes), [0], [-1] * len(boxes), [(0, 0, *frame)])
    height = statistics.median([b[3] - b[1] for b in boxes]) if boxes else 1
    holders = [area for area in areas if area.role in _HOLDERS and _holds_rows(area, boxes, height)]
    for area in sorted(holders, key=lambda a: -_size(a.box)):
        inside = [at for at, box in enumerate(boxes) if _holds(area.box, box)]
        if inside:
            found.parent.append(_innermost(found, area.box))
            found.boxes.append(area.box)
            for at in inside:
                found.of_piece[at] = len(found.parent) - 1
    fields = [area for area in areas if area.role == "field"]
    for number, area in enumerate(fields):
        for at, box in enumerate(boxes):
            if _holds(area.box, box):
                found.fields[at] = number
    _part_bar(found, boxes, BAR_SHARE * frame[1])
    tables = [area.box for area in areas if area.role == "table"]
    for region in range(len(found.parent)):
        _part(found, boxes, region, tables)
    return found


def _part_bar(found: Regions, boxes: Sequence[Box], edge: float) -> None:
    """A row of several pieces at the lower edge is a task bar, beside all that is over it."""
    low = [at for at, box in enumerate(boxes) if box[1] >= edge]
    if len(low) >= BAR_PIECES_MIN:
        found.parent.append(0)
        found.boxes.append(_around([boxes[at] for at in low]))
        for at in low:
            found.of_piece[at] = len(found.parent) - 1


def _innermost(found: Regions, box: Box) -> int:
    """The smallest region made so far around a box."""
    around = [at for at, other in enumerate(found.boxes) if at and _holds(other, box)]
    return min(around, key=lambda at: _size(found.boxes[at]), default=0)


def _size(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def _holds(outer: Box, inner: Box) -> bool:
    """Whether most of a box lies in another one."""
    wide = min(outer[2], inner[2]) - max(outer[0], inner[0])
    high = min(outer[3], inner[3]) - max(outer[1], inner[1])
    return wide > 0 and high > 0 and wide * high > _HELD_SHARE_MIN * max(1, _size(inner))


def _holds_rows(area: Area, boxes: Sequence[Box], height: float) -> bool:
    """Whether it is more than a stripe behind one row, as lists and fields have them."""
    inside = [box for box in boxes if _holds(area.box, box)]
    return area.box[3] - area.box[1] > _STRIP_HEIGHTS * height and len(_rows(inside)) > 1


@dataclass(frozen=True, slots=True)
class _Gutter:
    """Where a region is cut: the pieces left and right of it."""

    left: tuple[int, ...]
    right: tuple[int, ...]

    @property
    def rank(self) -> tuple[int, int]:
        return min(len(self.left), len(self.right)), len(self.left) + len(self.right)


def _part(found: Regions, boxes: Sequence[Box], region: int, tables: Sequence[Box]) -> None:
    """Cut a region along its gutters into columns, as long as there are some."""
    todo = [region]
    while todo:
        current = todo.pop()
        members = [at for at, home in enumerate(found.of_piece) if home == current]
        cut = max(_gutters(boxes, members, tables), key=lambda g: g.rank, default=None)
        if cut is None:
            continue
        for side in (cut.left, cut.right):
            found.parent.append(current)
            found.boxes.append(_around([boxes[at] for at in side]))
            todo.append(len(found.parent) - 1)
            for at in side:
                found.of_piece[at] = todo[-1]


def _gutters(
    boxes: Sequence[Box], members: Sequence[int], tables: Sequence[Box]
) -> Iterator[_Gutter]:
    if len(members) < 2 * _ROWS_MIN:
        return
    height = statistics.median([boxes[at][3] - boxes[at][1] for at in members])
    ordered = sorted(members, key=lambda at: (boxes[at][1] + boxes[at][3], boxes[at][0]))
    done: set[tuple[int, int, int]] = set()
    for start in _starts([boxes[at][0] for at in members], height):
        edge = start - GUTTER * height
        for inside in _unbroken(boxes, ordered, start, edge):
            left = [at for at in inside if boxes[at][2] <= edge]
            right = [at for at in inside if boxes[at][0] >= start - _SLACK_PX]
            if len(left) < _ROWS_MIN or len(right) < _ROWS_MIN:
                continue
            cut_at = (inside[0], len(left), len(right))
            if cut_at in done or not _are_beside(boxes, left, right, height):
                continue
            done.add(cut_at)
            if any(_is_cut(table, boxes, left, right) for table in tables):
                continue
            for band in _bands(boxes, left, right, height):
                yield _gutter_in(band, boxes, left, right)


def _starts(edges: Sequence[int], height: float) -> Iterator[int]:
    """Left edges at which several pieces begin."""
    ordered = sorted(edges)
    for at, edge in enumerate(ordered):
        if at and edge - ordered[at - 1] <= _SLACK_PX:
            continue
        near = bisect.bisect_right(ordered, edge + _FIRST_HEIGHTS * height) - at
        if near >= _ROWS_MIN:
            yield edge


def _unbroken(
    boxes: Sequence[Box], members: Sequence[int], start: float, edge: float
) -> Iterator[list[int]]:
    """The runs of pieces, top to bottom, between those that stand across the gutter."""
    run: list[int] = []
    for at in members:
        if boxes[at][0] < start - _SLACK_PX and boxes[at][2] > edge:
            yield run
            run = []
        else:
            run.append(at)
    yield run


def _are_beside(
    boxes: Sequence[Box], left: Sequence[int], right: Sequence[int], height: float
) -> bool:
    """Whether both sides have text at the same heights, over several lines."""
    top = max(min(boxes[at][1] for at in side) for side in (left, right))
    bottom = min(max(boxes[at][3] for at in side) for side in (left, right))
    return bottom - top >= _BESIDE_HEIGHTS_MIN * height


def _is_cut(table: Box, boxes: Sequence[Box], left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether a table has cells on both sides."""
    return all(any(_holds(table, boxes[at]) for at in side) for side in (left, right))


def _bands(
    boxes: Sequence[Box], left: Sequence[int], right: Sequence[int], height: float
) -> Iterator[tuple[float, float]]:
    """From where to where two sides are columns beside each other."""
    before, after = [boxes[at] for at in left], [boxes[at] for at in right]
    start = min(box[0] for box in after)
    first = [box for box in after if box[0] <= start + _FIRST_HEIGHTS * height]
    if len(first) < _ROWS_MIN:
        return
    nearest = _nearest([row[-1] for row in _rows(before)])
    for band in (_apart(nearest, first, height), _heads_over(before, after, height)):
        if band is not None:
            yield band


def _gutter_in(
    band: tuple[float, float], boxes: Sequence[Box], left: Sequence[int], right: Sequence[int]
) -> _Gutter:
    inside = [
        tuple(at for at in side if band[0] < _middle(boxes[at]) < band[1]) for side in (left, right)
    ]
    return _Gutter(inside[0], inside[1])


def _nearest(last: Sequence[Box]) -> list[Box]:
    """The column next to the gutter, of what stands last in the rows left of it."""
    edge = max(last, key=lambda box: box[2])
    return [box for box in last if box[2] > edge[0]]


def _apart(left: Sequence[Box], right: Sequence[Box], height: float) -> tuple[float, float] | None:
    """From where to where the rows of two sides are at heights of their own; None if nowhere."""
    top = max(min(b[1] for b in left), min(b[1] for b in right)) - height
    bottom = min(max(b[3] for b in left), max(b[3] for b in right)) + height
    sides = [
        _units(_rows([b for b in side if top < _middle(b) < bottom])) for side in (left, right)
    ]
    few, many = sorted(sides, key=len)
    places = sorted(place for unit in many for place in unit.places)
    matched = [unit.matches(places, _MATCH_HEIGHTS * height) for unit in few]
    exact = [unit.lines if unit.matches(places, _EXACT_PX) else 0 for unit in few]
    head, tail = _run(exact), _run(exact[::-1])
    kept = matched[head : len(matched) - tail]
    if len(kept) < _LOOSE_ROWS_MIN or sum(kept) > _MATCH_MAX * len(kept):
        return None
    first = min(few[head].places) - height if head else -math.inf
    last = max(few[len(few) - tail - 1].places) + height if tail else math.inf
    return first, last


def _run(lines: Sequence[int]) -> int:
    """How many entries match at the beginning: several lines are of a table over both sides."""
    found = next((at for at, count in enumerate(lines) if not count), len(lines))
    return found if sum(lines[:found]) >= _ROWS_MIN else 0


@dataclass(frozen=True, slots=True)
class _Unit:
    """An entry of one line or a few tight ones: the heights at which it may match others.

    Those are the middles of its first line, and the middle of all its lines.
    """

    places: frozenset[float]
    lines: int

    def matches(self, places: Sequence[float], reach: float) -> bool:
        """Whether it is at the height of one of the places, which are in order."""
        for place in self.places:
            at = bisect.bisect_left(places, place - reach)
            if at < len(places) and places[at] <= place + reach:
                return True
        return False


def _heads_over(
    left: Sequence[Box], right: Sequence[Box], height: float
) -> tuple[float, float] | None:
    """From where to where there are columns under a row with a heading on either side.

    The columns have rows that do not match, or several pieces in a row where the heading is one.
    """
    for head in _tops(right, height):
        across = [box for box in left if box[3] > head[1] and _on_one_line(box, head)]
        if not across:
            continue
        further = [box for box in right if box[0] > head[2] and _on_one_line(box, head)]
        other = max(across)
        edge = min(further)[0] if further else math.inf
        columns = (
            _under(other, left, math.inf),
            _under(head, right, edge),
        )
        if not all(columns):
            continue
        top = float(min(other[1], head[1]))
        if all(_is_fuller(column) for column in columns):
            return top, math.inf
        band = _apart(*columns, height)
        if band is not None:
            return top, band[1]
    return None


def _tops(side: Sequence[Box], height: float) -> Iterator[Box]:
    """What begins at the left edge and is set off from what is over it."""
    start = min(box[0] for box in side) + _INSET_HEIGHTS * height
    near = sorted((box for box in side if box[0] <= start), key=lambda b: (b[1], b[0]))
    for at, head in enumerate(near[:-1]):
        over = head[1] - near[at - 1][3] if at else math.inf
        under = max(near[at + 1][1] - head[3], _SLACK_PX)
        if over > _SET_OFF * under:
            yield head


def _under(head: Box, side: Sequence[Box], edge: float) -> list[Box]:
    """The column under a heading as far as the edge; empty where it begins elsewhere."""
    inset = _INSET_HEIGHTS * (head[3] - head[1])
    first = head[0] - inset
    below = [box for box in side if box[1] >= head[3] - _SLACK_PX and box[0] < edge - inset]
    column = [box for box in below if box[0] >= first]
    crossing = any(box[0] < first < box[2] for box in below)
    starts = bool(column) and min(box[0] for box in column) <= head[0] + inset
    return column if starts and not crossing else []


def _is_fuller(column: Sequence[Box]) -> bool:
    rows = _rows(column)
    fuller = sum(len(row) > 1 for row in rows)
    return len(rows[0]) > 1 and fuller >= max(_FULLER_ROWS_MIN, _FULLER_SHARE_MIN * len(rows))


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """The boxes row by row, each row left to right."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: (b[1] + b[3], b[0])):
        if rows and _on_one_line(rows[-1][0], box):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row) for row in rows]


def _on_one_line(first: Box, second: Box) -> bool:
    high = max(1, min(first[3] - first[1], second[3] - second[1]))
    return min(first[3], second[3]) - max(first[1], second[1]) > _START_HEIGHTS * high


def _units(rows: Sequence[Sequence[Box]]) -> list[_Unit]:
    """The entries of a column, top to bottom."""
    runs: list[list[Sequence[Box]]] = []
    for row in rows:
        over = runs[-1][-1][0] if runs else None
        if over and row[0][1] - over[3] <= _TIGHT_HEIGHTS * (row[0][3] - row[0][1]):
            runs[-1].append(row)
        else:
            runs.append([row])
    units = []
    for run in runs:
        entries = [run] if len(run) <= _ENTRY_LINES_MAX else [[row] for row in run]
        for entry in entries:
            whole = (entry[0][0][1] + entry[-1][0][3]) / 2
            places = frozenset((whole, *(_middle(box) for box in entry[0])))
            units.append(_Unit(places, len(entry)))
    return units


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
