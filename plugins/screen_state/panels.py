"""Cards and panels: rectangles with four sides of their own that hold more than a control does.

Sides are drawn lines or the edges of a fill; corners may be round. At least one upright side ends
where the sides across meet it; the others may be parts of longer rules (a list below the bar of
a window, two boxes that share a side).

Covers: boxes, and which lies in which. Does not cover: panes from side to side of a window
(`windows`), buttons and fields (`controls`), tables (`grid`, `ruled`).
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.base import Box
from plugins.screen_state.edges import Rule, Rules
from plugins.screen_state.geometry import area, common, height, holds, iou, is_in, middle, width
from plugins.screen_state.pieces import Piece, text_rows

CORNER_PX: Final = 16
"""Sides end this far from a corner where it is round."""

END_PX: Final = 4
"""A side that meets a longer one ends at it."""

PANEL_PX_MIN: Final = (80, 24)
NEAR_PX: Final = 6
CROSSING_MAX: Final = 12
"""So many rules are tried at each end of a side."""

SAME_IOU: Final = 0.85
LINE_CHARS_MIN: Final = 25
"""A single text shorter than that in a box is an entry, a label or a control."""

GAP_CHARS: Final = 3.0
PANELS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class _Sides:
    """Rules by where they stand."""

    rules: tuple[Rule, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> _Sides:
        ordered = tuple(sorted(rules))
        return cls(ordered, tuple(rule.low for rule in ordered))

    def near(self, place: int, slack: int) -> Sequence[Rule]:
        """Rules that stand at ``place``, give or take ``slack``."""
        first = bisect.bisect_left(self.places, place - slack)
        return self.rules[first : bisect.bisect_right(self.places, place + slack)]


def find_panels(
    rules: Rules, pieces: Sequence[Piece], width_px: int, height_px: int, taken: Sequence[Box]
) -> list[Box]:
    """Boxes of panels, larger ones first; none that is one of ``taken`` (windows and panes)."""
    boxes = {
        box
        for box in _closed(rules)
        if width(box) >= PANEL_PX_MIN[0] and height(box) >= PANEL_PX_MIN[1]
    }
    found: list[Box] = []
    for box in sorted(boxes, key=lambda box: (area(box), box)):
        if area(box) >= SAME_IOU * width_px * height_px:
            break
        if any(iou(box, other) >= SAME_IOU for other in taken):
            continue
        if any(_crosses(box, other) for other in found) or not _holds_text(box, pieces):
            continue
        found.append(box)
        if len(found) >= PANELS_MAX:
            break
    return found[::-1]


def nest(boxes: Sequence[Box]) -> list[int | None]:
    """For each of the boxes (larger ones first) the number of the smallest one that holds it."""
    parents: list[int | None] = []
    for at, box in enumerate(boxes):
        around = [n for n in range(at) if holds(boxes[n], box, END_PX)]
        parents.append(around[-1] if around else None)
    return parents


def panel_at(point: tuple[int, int], boxes: Sequence[Box]) -> int | None:
    """The number of the smallest of the boxes (larger ones first) that holds the point."""
    for number in range(len(boxes) - 1, -1, -1):
        if is_in(point, boxes[number]):
            return number
    return None


def _closed(rules: Rules) -> Iterable[Box]:
    """Rectangles with one upright side of their own, from corner to corner."""
    across = _Sides.of(rule for rule in rules.across if rule.length >= PANEL_PX_MIN[0] // 2)
    down = _Sides.of(rules.down)
    for side in rules.down:
        tops = _ends(across, side, side.start)
        lows = _ends(across, side, side.end)
        for top in tops:
            for low in lows:
                if low.low - top.high >= PANEL_PX_MIN[1] - 2:
                    yield from _from_side(side, top, low, down)


def _ends(across: _Sides, side: Rule, end: int) -> list[Rule]:
    """Rules across that make a corner with an upright side: sharp ones, else round ones."""
    found = [rule for rule in across.near(end, CORNER_PX) if _reaches(rule, side, end)]
    sharp = [rule for rule in found if _short(rule, end) <= END_PX]
    return (sharp or found)[:CROSSING_MAX]


def _short(rule: Rule, end: int) -> int:
    """How far from the rule across an upright side ends."""
    return min(abs(end - rule.low), abs(end - rule.high))


def _reaches(rule: Rule, side: Rule, end: int) -> bool:
    """Whether a rule across comes to this side, at its end."""
    if not rule.start - CORNER_PX <= side.low <= rule.end + CORNER_PX:
        return False
    # Both stay as far from a round corner; a side that meets a longer rule goes as far as that.
    bend = max(rule.start - side.low, side.low - rule.end, 0)
    return abs(_short(rule, end) - bend) <= END_PX


def _from_side(side: Rule, top: Rule, low: Rule, down: _Sides) -> Iterable[Box]:
    """Boxes with this side at their left or right, whose other side is where a rule ends."""
    ends = {rule.end for rule in (top, low) if rule.end > side.high + CORNER_PX}
    starts = {rule.start for rule in (top, low) if rule.start < side.low - CORNER_PX}
    for x in ends:
        other = _upright(down, x, top, low)
        if other is not None and _spans(top, low, side.low, other.low):
            yield (side.low, top.low, max(other.low, other.high), max(low.low, low.high))
    for x in starts:
        other = _upright(down, x, top, low)
        if other is not None and _spans(top, low, other.low, side.low):
            yield (other.low, top.low, max(side.low, side.high), max(low.low, low.high))


def _upright(down: _Sides, x: int, top: Rule, low: Rule) -> Rule | None:
    """The upright rule at the end of a rule across, if it goes from ``top`` to ``low``."""
    found = [
        rule
        for rule in down.near(x, CORNER_PX)
        if rule.start <= top.high + CORNER_PX and rule.end >= low.low - CORNER_PX
    ]
    return min(found, key=lambda rule: (abs(rule.low - x), rule), default=None)


def _spans(top: Rule, low: Rule, left: int, right: int) -> bool:
    """Whether both rules go from one side to the other, but for round corners."""
    return all(
        rule.start <= left + CORNER_PX and rule.end >= right - CORNER_PX for rule in (top, low)
    )


def _crosses(box: Box, other: Box) -> bool:
    """Whether two boxes are the same, or neither holds the other and they share ground."""
    if iou(box, other) >= SAME_IOU:
        return True
    if holds(box, other, NEAR_PX) or holds(other, box, NEAR_PX):
        return False
    return common(box, other) > NEAR_PX * max(height(box), width(box))


def _holds_text(box: Box, pieces: Sequence[Piece]) -> bool:
    """Whether there is more in it than in a control: two lines, or a long one."""
    inside = [piece for piece in pieces if is_in(middle(piece.box), box)]
    if not inside or not all(box[0] <= p.box[0] + NEAR_PX for p in inside):
        return False
    rows = text_rows(inside)
    if len(rows) > 1:
        return True
    # Texts far apart in one row are the parts of a bar.
    near = all(b.box[0] - a.box[2] <= GAP_CHARS * a.char_px for a, b in itertools.pairwise(rows[0]))
    return near and sum(len(piece.text) for piece in inside) >= LINE_CHARS_MIN
