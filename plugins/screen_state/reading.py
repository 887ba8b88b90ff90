"""The tree of one frame: what its text and its rules say together.

Covers: regions to panes, tables, code, controls, blocks and lines. Does not cover: how each of
these is told (`windows`, `grid`, `columns`, `gutter`, `controls`, `caret`), ids (`identity`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box
from contracts.text import TextPage, Word
from plugins.screen_state.caret import find_caret
from plugins.screen_state.columns import find_columns
from plugins.screen_state.controls import CONTROL_PERMILLE, Control, find_controls
from plugins.screen_state.edges import Rules, find_rules
from plugins.screen_state.geometry import height, holds, middle, overlap, union
from plugins.screen_state.grid import Grid, find_grids
from plugins.screen_state.gutter import CodePane, find_code
from plugins.screen_state.panels import find_panels, nest, panel_at
from plugins.screen_state.pieces import Piece, cut, page_pieces
from plugins.screen_state.ruled import find_headed, find_ruled
from plugins.screen_state.tables import column_table, grid_table, ruled_table
from plugins.screen_state.tree import PANE_PERMILLE, Draft, in_order
from plugins.screen_state.windows import (
    Region,
    Window,
    find_regions,
    find_windows,
    region_at,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

BLOCK_GAP_SHARE: Final = 0.9
"""A line continues the block above it when the gap is at most this share of its height."""

CARD_PX_MIN: Final = 60
"""An upright rule of this length parts what stands beside it."""

SAMPLES: Final = 24
"""A fill is the median of so many by so many points."""

SLACK_PX: Final = 8
"""Boxes that lie in each other may stick out so far: borders, shadows."""

WINDOW_PERMILLE: Final = 900
PANEL_PERMILLE: Final = 700
CODE_PERMILLE: Final = 900
BLOCK_PERMILLE: Final = 600

Checkpoint = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the pixels show, for all regions."""

    rules: Rules
    grey: Pixels
    rgb: Pixels


def read_tree(page: TextPage, rgb: Pixels, grey: Pixels, checkpoint: Checkpoint) -> list[Draft]:
    """The roots of the frame's tree: windows, the one on top first, then what is in none.

    ``rgb`` is height x width x 3, ``grey`` the same frame in one channel.
    """
    rules = find_rules(grey)
    checkpoint(1, 4)
    pieces = page_pieces(page)
    size = (page.width_px, page.height_px)
    windows = find_windows(rules, pieces, *size)
    grids = find_grids(rules, *size)
    regions = find_regions(windows, rules, [grid.box for grid in grids], *size)
    titles = {window.title for window in windows}
    rest = [piece for piece in pieces if piece not in titles]
    parts = cut(rest, lambda word: region_at(middle(word.box), regions, windows))
    panels = _panels(rest, regions, rules, size)
    seen = _Seen(rules, grey, rgb)
    checkpoint(2, 4)
    roots = [_window(window, rgb) for window in windows]
    loose: list[Draft] = []
    for number, region in enumerate(regions):
        own = [grid for grid in grids if _home(grid, regions, windows) == number]
        found = _nested(seen, parts.get(number, []), region.box, own, panels.get(number, []))
        if region.is_pane:
            found = [_pane(region.box, found, rgb, PANE_PERMILLE)]
        (loose if region.window is None else roots[region.window].children).extend(found)
    checkpoint(3, 4)
    return roots + in_order(loose)


def _home(grid: Grid, regions: Sequence[Region], windows: Sequence[Window]) -> int:
    """The region of a table: that of its first cell."""
    return region_at(middle(grid.cells[0].box), regions, windows)


def _panels(
    pieces: Sequence[Piece], regions: Sequence[Region], rules: Rules, size: tuple[int, int]
) -> dict[int, list[Box]]:
    """Boxes of panels by the number of the region that they lie in, larger ones first."""
    taken = [region.box for region in regions]
    taken += [control.box for control in find_controls(pieces, rules)]
    panels: dict[int, list[Box]] = {}
    for box in find_panels(rules, pieces, *size, taken):
        number = next(
            (n for n, region in enumerate(regions) if holds(region.box, box, SLACK_PX)), None
        )
        if number is not None:
            panels.setdefault(number, []).append(box)
    return panels


def _nested(
    seen: _Seen,
    pieces: Sequence[Piece],
    box: Box,
    grids: Sequence[Grid],
    panels: Sequence[Box],
) -> list[Draft]:
    """What stands in one region: its panels, with what stands in them, and the rest."""
    tables = [grid.box for grid in grids]
    if panels:
        tables += [table.box for table in find_ruled(pieces, seen.rules, box, seen.grey)]
    # Cells and rows on another ground are parts of their table.
    boxes = [one for one in panels if not any(holds(t, one, SLACK_PX) for t in tables)]
    parts = cut(pieces, lambda word: panel_at(middle(word.box), boxes))
    homes: dict[int | None, list[Grid]] = {}
    for grid in grids:
        homes.setdefault(panel_at(middle(grid.cells[0].box), boxes), []).append(grid)
    parents = nest(boxes)
    inner: dict[int | None, list[Draft]] = {}
    for number in range(len(boxes) - 1, -1, -1):
        own = _region_parts(
            seen, parts.get(number, []), boxes[number], homes.get(number, [])
        ) + inner.get(number, [])
        if own:
            panel = _pane(boxes[number], own, seen.rgb, PANEL_PERMILLE)
            inner.setdefault(parents[number], []).append(panel)
    rest = _region_parts(seen, parts.get(None, []), box, homes.get(None, []))
    return rest + inner.get(None, [])


def _window(window: Window, rgb: Pixels) -> Draft:
    return Draft(
        role="window",
        role_standing="derived",
        box=window.box,
        order=window.depth,
        text=window.title.text,
        confidence_permille=WINDOW_PERMILLE,
        fill=_fill(rgb, window.bar),
    )


def _pane(box: Box, parts: list[Draft], rgb: Pixels, permille: int) -> Draft:
    x0, y0, x1, _ = box
    return Draft(
        role="pane",
        role_standing="derived",
        box=box,
        order=min((part.order for part in parts), default=y0 * (x1 + 1) + x0),
        confidence_permille=permille,
        fill=_fill(rgb, box),
        children=parts,
    )


def _region_parts(
    seen: _Seen, pieces: Sequence[Piece], box: Box, grids: Sequence[Grid]
) -> list[Draft]:
    """What stands in one region or panel; each piece in one part."""
    parts: list[Draft] = []
    rest = list(pieces)
    for grid in grids:
        table, rest = grid_table(grid, rest)
        parts.extend(table)
    for ruled in find_ruled(rest, seen.rules, box, seen.grey):
        drawn, rest = ruled_table(ruled, rest)
        parts.append(drawn)
    code = find_code(rest)
    if code is not None:
        parts.append(_code(code, seen.grey))
        rest = [piece for piece in rest if piece not in code.used]
    for beside in _between_rules(rest, seen.rules):
        for columns in find_columns(beside):
            parts.append(column_table(columns))
            rest = [piece for piece in rest if piece not in columns.used]
    controls = find_controls(rest, seen.rules)
    parts.extend(_control(control, seen.grey, seen.rgb) for control in controls)
    taken = {control.piece for control in controls}
    rest = _take_headed(seen, [piece for piece in rest if piece not in taken], parts)
    lines = [_line(piece, seen.grey) for piece in rest]
    return parts + _blocks(lines, seen.rules)


def _take_headed(seen: _Seen, pieces: list[Piece], parts: list[Draft]) -> list[Piece]:
    """Adds tables without rules to the parts; the pieces that are in none of them."""
    rest: list[Piece] = []
    for group in _between_rules(pieces, seen.rules):
        left = group
        for headed in find_headed(group, seen.grey):
            drawn, left = ruled_table(headed, left)
            parts.append(drawn)
        rest.extend(left)
    return sorted(rest, key=lambda piece: (piece.order, piece.box))


def _between_rules(pieces: Sequence[Piece], rules: Rules) -> list[list[Piece]]:
    """Pieces that stand between the same two upright rules: in one card, one column."""
    long = [rule for rule in rules.down if rule.length >= CARD_PX_MIN]
    groups: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        x, y = middle(piece.box)
        level = [rule.low for rule in long if rule.start <= y < rule.end]
        left = max((at for at in level if at <= x), default=-1)
        right = min((at for at in level if at > x), default=-1)
        groups.setdefault((left, right), []).append(piece)
    return list(groups.values())


def _control(control: Control, grey: Pixels, rgb: Pixels) -> Draft:
    return Draft(
        role=control.role,
        role_standing="derived",
        box=control.box,
        order=control.piece.order,
        text=control.piece.text,
        confidence_permille=CONTROL_PERMILLE[control.role],
        fill=_fill(rgb, control.box),
        caret_x=find_caret(grey, control.piece.box),
    )


def _line(piece: Piece, grey: Pixels) -> Draft:
    return Draft(
        role="line",
        role_standing="observed",
        box=piece.box,
        order=piece.order,
        text=piece.text,
        confidence_permille=piece.confidence_permille,
        caret_x=find_caret(grey, piece.box),
    )


def _code(code: CodePane, grey: Pixels) -> Draft:
    lines = []
    for at, row in enumerate(code.rows):
        boxes = [part.box for part in (row.text, row.number_word) if part is not None]
        lines.append(
            Draft(
                role="line",
                role_standing="observed",
                box=union(boxes),
                order=at,
                text=None if row.text is None else row.text.text,
                line_number=row.number,
                confidence_permille=_code_permille(row.text, row.number_word),
                caret_x=None if row.text is None else find_caret(grey, row.text.box),
            )
        )
    return Draft(
        role="code",
        role_standing="derived",
        box=union(line.box for line in lines),
        order=min(piece.order for piece in code.used),
        confidence_permille=CODE_PERMILLE,
        children=lines,
    )


def _code_permille(text: Piece | None, number: Word | None) -> int:
    if text is not None:
        return text.confidence_permille
    return 0 if number is None else number.confidence_permille


def _blocks(lines: Sequence[Draft], rules: Rules) -> list[Draft]:
    """Lines chained to the nearest line above them that begins or overlaps with them."""
    blocks: list[list[Draft]] = []
    for line in sorted(lines, key=lambda line: (line.box[1], line.box[0], line.order)):
        home = next((block for block in reversed(blocks) if _continues(block[-1], line)), None)
        if home is None or _is_parted(home[-1].box, line.box, rules):
            blocks.append([line])
        else:
            home.append(line)
    return [
        Draft(
            role="block",
            role_standing="derived",
            box=union(line.box for line in block),
            order=min(line.order for line in block),
            confidence_permille=BLOCK_PERMILLE,
            children=block,
        )
        for block in blocks
    ]


def _continues(above: Draft, line: Draft) -> bool:
    tall = max(height(above.box), height(line.box))
    low = min(height(above.box), height(line.box))
    gap = line.box[1] - above.box[3]
    if not -0.5 * low <= gap <= BLOCK_GAP_SHARE * low or tall > 1.5 * low:
        return False
    if line.box[1] <= above.box[1]:
        return False
    shared = overlap(above.box[0], above.box[2], line.box[0], line.box[2])
    return shared > 0 and (abs(above.box[0] - line.box[0]) <= 2 * low or shared >= 2 * low)


def _is_parted(above: Box, below: Box, rules: Rules) -> bool:
    """Whether a rule that goes beyond both texts stands between them: it parts entries."""
    left, right = min(above[0], below[0]), max(above[2], below[2])
    first, last = sorted((middle(above)[1], middle(below)[1]))
    return any(
        rule.start <= left and rule.end >= right for rule in rules.across_between(first, last)
    )


def _fill(rgb: Pixels, box: Box) -> int | None:
    """The median colour of the box."""
    x0, y0, x1, y1 = box
    step_x, step_y = max(1, (x1 - x0) // SAMPLES), max(1, (y1 - y0) // SAMPLES)
    patch = rgb[y0:y1:step_y, x0:x1:step_x].reshape(-1, 3)
    if not len(patch):
        return None
    red, green, blue = np.sort(patch, axis=0)[len(patch) // 2].tolist()
    return int(red) << 16 | int(green) << 8 | int(blue)
