"""Windows and panes, from the rules of a frame and the titles that stand between them.

A window is a bar with a title in it, as wide as what hangs below: its lower edge runs as far as
its upper one, and its sides go on down. A pane is a part of a window that a rule cuts off from
side to side. What overlaps is told apart by whose edges are seen where both are.

Covers: boxes, titles, which lies on which, panes and bars. Does not cover: windows without a
visible bar or without a title (their text belongs to the frame itself: nothing is guessed).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.base import Box
from plugins.screen_state.edges import Rule, Rules
from plugins.screen_state.geometry import common, grow, height, is_in, middle, overlap, width
from plugins.screen_state.pieces import Piece

BAR_PX: Final = (18, 100)
"""A title bar's height, least and most."""

WINDOW_PX_MIN: Final = (160, 60)
"""A window's width, and its height below the bar."""

SLACK_PX: Final = 8
"""How far ends of rules that belong together may lie apart: rounded corners, borders."""

CORNER_PX: Final = 16
"""A round corner makes the upper edge of a bar so much shorter at an end."""

BARS_MAX: Final = 4
SIDE_PX: Final = 2
"""A bar ends so near to the sides of its window."""

SHADOW_PX: Final = 24
"""A window's shadow reaches so far beyond its edges."""

PANE_SHARE: Final = 0.85
"""A rule over this share of a window's height cuts it into panes."""

PANE_PX_MIN: Final = 60
EDGE_BAR_PX: Final = 72
"""Bars of tools stand at a window's edges, and are at most this high."""

FULL_SHARE: Final = 0.9
"""A rule over this share of the frame's width goes from side to side."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window: its box, its bar, its title and how deep it lies (0 is on top)."""

    box: Box
    bar: Box
    title: Piece
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Region:
    """A place where text stands: a pane, the rest of a window, or the frame itself.

    ``window`` is the number of its window, None for what is in none.
    """

    box: Box
    window: int | None
    is_pane: bool


def find_windows(
    rules: Rules, pieces: Sequence[Piece], width_px: int, height_px: int
) -> list[Window]:
    """Windows, the one on top first."""
    found: list[Window] = []
    tall = (rule for rule in rules.down if rule.length >= WINDOW_PX_MIN[1])
    sides = Rules(rules.across, tuple(tall))
    for bar in _find_bars(rules, width_px):
        box = _hang(bar, sides, width_px, height_px)
        title = None if box is None else _title(bar, pieces)
        if box is not None and title is not None and not _is_inner_bar(bar, found):
            found.append(Window(box, bar, title))
    return _stack(found, rules)


def find_regions(
    windows: Sequence[Window], rules: Rules, tables: Sequence[Box], width_px: int, height_px: int
) -> list[Region]:
    """Where text stands, what lies on top first; the last is the frame itself.

    The rules of ``tables`` cut no panes, nor do those of a window that lies above.
    """
    regions: list[Region] = []
    for number, window in enumerate(windows):
        x0, _, x1, y1 = window.box
        content = (x0, window.bar[3], x1, y1)
        hidden = [grow(other.box, SHADOW_PX) for other in windows[:number]]
        hidden += [grow(table, SLACK_PX) for table in tables]
        panes = _split(content, _seen_outside(rules, hidden))
        regions.extend(Region(pane, number, is_pane=True) for pane in panes if len(panes) > 1)
        regions.append(Region(window.box, number, is_pane=False))
    bottom = _screen_bottom(rules, width_px, height_px)
    if bottom < height_px:
        regions.append(Region((0, bottom, width_px, height_px), None, is_pane=True))
    regions.append(Region((0, 0, width_px, height_px), None, is_pane=False))
    return regions


def region_at(point: tuple[int, int], regions: Sequence[Region], windows: Sequence[Window]) -> int:
    """Number of the topmost region that holds the point; the last one holds all."""
    top = next((n for n, window in enumerate(windows) if is_in(point, window.box)), None)
    for number, region in enumerate(regions[:-1]):
        if region.window == top and is_in(point, region.box):
            return number
    return len(regions) - 1


def _find_bars(rules: Rules, width_px: int) -> list[Box]:
    """Strips between two rules of one stretch, top to bottom; no rule crosses them."""
    bars: set[Box] = set()
    for top in _tops(rules, width_px):
        if top.length < WINDOW_PX_MIN[0]:
            continue
        below = [rule for rule in rules.across if BAR_PX[0] <= rule.low - top.high <= BAR_PX[1]]
        low = min((rule.low for rule in below if _spans(top, rule, below)), default=None)
        if low is None:
            continue
        edge = max(rule.high for rule in below if rule.low == low)
        level = [rule for rule in below if rule.low == low]
        start = min(top.start, *(rule.start for rule in level if _begins(top, rule)))
        ends = [rule.end for rule in level if abs(rule.end - top.end) <= CORNER_PX]
        end = max(top.end, *ends)
        start = 0 if start <= SLACK_PX else start
        end = width_px if end >= width_px - SLACK_PX else end
        bar = (start, top.low, end, edge)
        if not any(_crosses(rule, bar) for rule in rules.down):
            bars.add(bar)
    return sorted(bars, key=lambda bar: (bar[1], bar[0], bar))


def _tops(rules: Rules, width_px: int) -> list[Rule]:
    """What could be the upper edge of a bar: the frame's own, rules, rules with a gap in them."""
    level: dict[int, list[Rule]] = {}
    for rule in sorted(rules.across, key=lambda rule: (rule.low, rule.start)):
        level.setdefault(rule.low, []).append(rule)
    joined = [
        Rule(first.low, max(first.high, second.high), first.start, second.end)
        for same in level.values()
        for first, second in itertools.pairwise(same)
        if 0 < second.start - first.end <= SHADOW_PX
    ]
    return [Rule(0, 0, 0, width_px), *rules.across, *joined]


def _begins(top: Rule, rule: Rule) -> bool:
    """Whether both begin at the left side of one bar, whose upper corners may be round."""
    return -SLACK_PX <= top.start - rule.start <= CORNER_PX


def _spans(top: Rule, rule: Rule, level: Sequence[Rule]) -> bool:
    """Whether the lower rule runs as far as the top one, itself or with a gap that hides it."""
    if not _begins(top, rule):
        return False
    if -SLACK_PX <= rule.end - top.end <= CORNER_PX:
        return True
    return any(
        other.low == rule.low
        and -SLACK_PX <= other.end - top.end <= CORNER_PX
        and other.start > rule.end
        for other in level
    )


def _crosses(rule: Rule, bar: Box) -> bool:
    inside = bar[0] + 2 * SLACK_PX < rule.low < bar[2] - 2 * SLACK_PX
    return inside and rule.start <= bar[1] + 4 and rule.end > bar[3] + SLACK_PX


def _hang(bar: Box, rules: Rules, width_px: int, height_px: int) -> Box | None:
    """The window below a bar, or None where no sides go on down."""
    x0, y0, x1, y1 = bar
    if x0 <= SLACK_PX and x1 >= width_px - SLACK_PX:
        bottom = _screen_bottom(rules, width_px, height_px)
        return (x0, y0 if y0 > SLACK_PX else 0, x1, bottom) if bottom > y1 else None
    ends = [
        rule.end
        for rule in rules.down
        if any(abs(x - side) <= SIDE_PX for x in (rule.low, rule.high) for side in (x0, x1))
        and rule.start <= y0 + CORNER_PX
        and rule.end >= y1 + WINDOW_PX_MIN[1]
        and rule.start >= y0 - SLACK_PX
    ]
    return (x0, y0, x1, max(ends)) if ends else None


def _screen_bottom(rules: Rules, width_px: int, height_px: int) -> int:
    """Where a bar at the frame's foot begins; the frame's height without one."""
    tops = [
        rule.low
        for rule in rules.across
        if rule.length >= FULL_SHARE * width_px and BAR_PX[0] <= height_px - rule.low <= BAR_PX[1]
    ]
    return max(tops, default=height_px)


def _title(bar: Box, pieces: Sequence[Piece]) -> Piece | None:
    """The first text in the bar; None where there is none or it fills less than a third."""
    inside = [piece for piece in pieces if is_in(middle(piece.box), bar)]
    inside = [piece for piece in inside if height(piece.box) * 3 >= height(bar)]
    return min(inside, key=lambda piece: (piece.box[0], piece.order), default=None)


def _is_inner_bar(bar: Box, windows: Sequence[Window]) -> bool:
    """Whether the bar is a part of a window that was found: menus, tools, a heading."""
    for window in windows:
        same = abs(window.box[0] - bar[0]) <= SLACK_PX and abs(window.box[2] - bar[2]) <= SLACK_PX
        if same and bar[1] < window.box[3] - SLACK_PX:
            return True
    return False


def _stack(windows: list[Window], rules: Rules) -> list[Window]:
    """The windows, topmost first."""
    below = [0] * len(windows)
    for first in range(len(windows)):
        for second in range(first + 1, len(windows)):
            a, b = windows[first].box, windows[second].box
            if not common(a, b):
                continue
            on_top = _seen(a, b, rules) > _seen(b, a, rules)
            below[second if on_top else first] += 1
    order = sorted(range(len(windows)), key=lambda n: (below[n], windows[n].box))
    return [
        Window(windows[n].box, windows[n].bar, windows[n].title, depth)
        for depth, n in enumerate(order)
    ]


def _seen(box: Box, other: Box, rules: Rules) -> int:
    """Pixels of the box's edges that are seen inside of the other one."""
    seen = 0
    for side in (box[1], box[3]):
        if other[1] + SLACK_PX < side < other[3] - SLACK_PX:
            start, end = max(box[0], other[0]), min(box[2], other[2])
            seen += _covered(rules.across, side, start, end)
    for side in (box[0], box[2]):
        if other[0] + SLACK_PX < side < other[2] - SLACK_PX:
            start, end = max(box[1], other[1]), min(box[3], other[3])
            seen += _covered(rules.down, side, start, end)
    return seen


def _covered(rules: Sequence[Rule], place: int, start: int, end: int) -> int:
    near = [rule for rule in rules if rule.low - 2 <= place <= rule.high + 2]
    return max((overlap(rule.start, rule.end, start, end) for rule in near), default=0)


def _seen_outside(rules: Rules, hidden: Sequence[Box]) -> Rules:
    """Rules without those that lie for the most part in one of the boxes."""
    across = [r for r in rules.across if not any(_lies(r, box) for box in hidden)]
    turned = [(box[1], box[0], box[3], box[2]) for box in hidden]
    down = [r for r in rules.down if not any(_lies(r, box) for box in turned)]
    return Rules(tuple(across), tuple(down))


def _lies(rule: Rule, box: Box) -> bool:
    inside = box[1] <= rule.low <= box[3]
    return inside and overlap(rule.start, rule.end, box[0], box[2]) * 2 > rule.length


def _split(box: Box, rules: Rules) -> list[Box]:
    """Panes of a window's content: bars at its upper and lower edge, columns between."""
    bars: list[Box] = []
    rest = box
    cuts = [rule for rule in rules.across if _cuts_across(rule, box)]
    if len(cuts) > BARS_MAX:
        # So many are the rows of a list or of marked lines.
        cuts = []
    for rule in cuts:
        if PANE_PX_MIN // 4 <= rule.low - rest[1] <= EDGE_BAR_PX:
            bars.append((rest[0], rest[1], rest[2], rule.high))
            rest = (rest[0], rule.high, rest[2], rest[3])
    feet: list[Box] = []
    for rule in reversed(cuts):
        if rule.low > rest[1] and PANE_PX_MIN // 4 <= rest[3] - rule.high <= EDGE_BAR_PX:
            feet.append((rest[0], rule.low, rest[2], rest[3]))
            rest = (rest[0], rest[1], rest[2], rule.low)
    columns: list[Box] = []
    for rule in rules.down:
        tall = overlap(rule.start, rule.end, rest[1], rest[3]) >= PANE_SHARE * height(rest)
        if tall and rule.low - rest[0] >= PANE_PX_MIN <= rest[2] - rule.high:
            columns.append((rest[0], rest[1], rule.high, rest[3]))
            rest = (rule.high, rest[1], rest[2], rest[3])
    return [*bars, *columns, rest, *reversed(feet)]


def _cuts_across(rule: Rule, box: Box) -> bool:
    # A bar is of another colour than what lies beside it: one edge, where a line would have two.
    inside = rule.low == rule.high and box[1] < rule.low < box[3]
    return inside and overlap(rule.start, rule.end, box[0], box[2]) >= 0.97 * width(box)
