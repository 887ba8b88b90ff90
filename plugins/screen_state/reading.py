"""The tree of one frame: what its text and its rules say together.

Covers: regions to panes, tables, code, controls, blocks and lines. Does not cover: how each of
these is told (`windows`, `grid`, `columns`, `gutter`, `controls`, `caret`), ids (`identity`).
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box
from contracts.text import TextPage, Word
from plugins.screen_state.caret import find_caret
from plugins.screen_state.columns import Columns, find_columns
from plugins.screen_state.controls import CONTROL_PERMILLE, Control, find_controls
from plugins.screen_state.edges import Rules, find_rules
from plugins.screen_state.geometry import height, is_in, middle, overlap, union
from plugins.screen_state.grid import Grid, find_grids
from plugins.screen_state.gutter import CodePane, find_code
from plugins.screen_state.pieces import Piece, cut, join_text, page_pieces, text_rows
from plugins.screen_state.ruled import RuledTable, find_ruled
from plugins.screen_state.tree import Draft, in_order
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

TEXT_CELLS_SHARE: Final = 0.25
"""A drawn table has text in at least this share of its cells; a grid of pictures has not."""

CARD_PX_MIN: Final = 60
"""An upright rule of this length parts what stands beside it."""

SAMPLES: Final = 24
"""A fill is the median of so many by so many points."""

WINDOW_PERMILLE: Final = 900
PANE_PERMILLE: Final = 800
GRID_PERMILLE: Final = 950
RULED_PERMILLE: Final = 850
COLUMNS_PERMILLE: Final = 700
CODE_PERMILLE: Final = 900
BLOCK_PERMILLE: Final = 600

Checkpoint = Callable[[int, int], None]


def read_tree(page: TextPage, rgb: Pixels, grey: Pixels, checkpoint: Checkpoint) -> list[Draft]:
    """The roots of the frame's tree: windows, the one on top first, then what is in none.

    ``rgb`` is height x width x 3, ``grey`` the same frame in one channel.
    """
    rules = find_rules(grey)
    checkpoint(1, 4)
    pieces = page_pieces(page)
    windows = find_windows(rules, pieces, page.width_px, page.height_px)
    grids = find_grids(rules, page.width_px, page.height_px)
    tables = [grid.box for grid in grids]
    regions = find_regions(windows, rules, tables, page.width_px, page.height_px)
    titles = {window.title for window in windows}
    parts = cut(
        (piece for piece in pieces if piece not in titles),
        lambda word: region_at(middle(word.box), regions, windows),
    )
    checkpoint(2, 4)
    roots = [_window(window, rgb) for window in windows]
    loose: list[Draft] = []
    for number, region in enumerate(regions):
        own = [grid for grid in grids if _home(grid, regions, windows) == number]
        found = _region_parts(parts.get(number, []), region.box, own, rules, grey, rgb)
        if region.is_pane:
            found = [_pane(region, found, rgb)]
        (loose if region.window is None else roots[region.window].children).extend(found)
    checkpoint(3, 4)
    return roots + in_order(loose)


def _home(grid: Grid, regions: Sequence[Region], windows: Sequence[Window]) -> int:
    """The region of a table: that of its first cell."""
    return region_at(middle(grid.cells[0].box), regions, windows)


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


def _pane(region: Region, parts: list[Draft], rgb: Pixels) -> Draft:
    x0, y0, x1, _ = region.box
    return Draft(
        role="pane",
        role_standing="derived",
        box=region.box,
        order=min((part.order for part in parts), default=y0 * (x1 + 1) + x0),
        confidence_permille=PANE_PERMILLE,
        fill=_fill(rgb, region.box),
        children=parts,
    )


def _region_parts(
    pieces: Sequence[Piece],
    box: Box,
    grids: Sequence[Grid],
    rules: Rules,
    grey: Pixels,
    rgb: Pixels,
) -> list[Draft]:
    """What stands in one region; each piece in one part."""
    parts: list[Draft] = []
    rest = list(pieces)
    for grid in grids:
        table, rest = _grid_table(grid, rest)
        parts.extend(table)
    for ruled in find_ruled(rest, rules, box, grey):
        drawn, rest = _ruled_table(ruled, rest)
        parts.append(drawn)
    code = find_code(rest)
    if code is not None:
        parts.append(_code(code, grey))
        rest = [piece for piece in rest if piece not in code.used]
    for beside in _between_rules(rest, rules):
        for columns in find_columns(beside):
            parts.append(_column_table(columns))
            rest = [piece for piece in rest if piece not in columns.used]
    controls = find_controls(rest, rules)
    parts.extend(_control(control, grey, rgb) for control in controls)
    taken = {control.piece for control in controls}
    lines = [_line(piece, grey) for piece in rest if piece not in taken]
    return parts + _blocks(lines)


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


def _grid_table(grid: Grid, pieces: list[Piece]) -> tuple[list[Draft], list[Piece]]:
    """The table and the pieces that are not in it; no table where its cells hold no text."""
    finder = _CellFinder(grid)
    parts = cut(pieces, finder.find)
    inside = [place for place in parts if place is not None]
    if len(inside) < TEXT_CELLS_SHARE * len(grid.cells):
        return [], pieces
    cells = []
    for number, cell in enumerate(grid.cells):
        own = parts.get(number, [])
        text = _cell_text(own) if own else None
        cells.append((cell.row, cell.column, cell.box, text, _mean(own)))
    order = min(piece.order for place in inside for piece in parts[place])
    return [_table(cells, grid.box, order, GRID_PERMILLE)], parts.get(None, [])


class _CellFinder:
    """The cell of a word, by its middle."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._number = {(cell.row, cell.column): n for n, cell in enumerate(grid.cells)}
        self._tops = _firsts((cell.row, cell.box[1]) for cell in grid.cells)
        self._lefts = _firsts((cell.column, cell.box[0]) for cell in grid.cells)

    def find(self, word: Word) -> int | None:
        """The number of the cell, or None outside of the table."""
        x, y = middle(word.box)
        row = bisect.bisect_right(self._tops, y) - 1
        column = bisect.bisect_right(self._lefts, x) - 1
        # A cell over several rows or columns stands at the first of them.
        for at_row in range(row, -1, -1):
            for at_column in range(column, -1, -1):
                number = self._number.get((at_row, at_column))
                if number is not None:
                    return number if is_in((x, y), self._grid.cells[number].box) else None
        return None


def _firsts(places: Iterable[tuple[int, int]]) -> list[int]:
    least: dict[int, int] = {}
    for index, value in places:
        least[index] = min(value, least.get(index, value))
    return [least[index] for index in sorted(least)]


def _cell_text(pieces: Sequence[Piece]) -> str:
    """What stands in a cell: its lines, one below the other, parted by newlines."""
    return "\n".join(join_text(line) for line in text_rows(pieces))


def _ruled_table(ruled: RuledTable, pieces: list[Piece]) -> tuple[Draft, list[Piece]]:
    """The table and the pieces that are not in it."""
    parts = cut(pieces, ruled.find)
    places = sorted(place for place in parts if isinstance(place, tuple))
    cells = []
    for row, column in places:
        own = parts[row, column]
        box = union(piece.box for piece in own)
        cells.append((row, column, box, _cell_text(own), _mean(own)))
    order = min(piece.order for place in places for piece in parts[place])
    box = union(cell[2] for cell in cells)
    return _table(cells, box, order, RULED_PERMILLE), parts.get(None, [])


def _column_table(columns: Columns) -> Draft:
    cells = []
    for row, entries in enumerate(columns.rows):
        for column, piece in enumerate(entries):
            if piece is not None:
                cells.append((row, column, piece.box, piece.text, piece.confidence_permille))
    box = union(cell[2] for cell in cells)
    order = min(piece.order for piece in columns.used)
    return _table(cells, box, order, COLUMNS_PERMILLE)


def _table(
    cells: Sequence[tuple[int, int, Box, str | None, int]], box: Box, order: int, permille: int
) -> Draft:
    rows: dict[int, list[Draft]] = {}
    for row, column, cell_box, text, confidence in cells:
        rows.setdefault(row, []).append(
            Draft(
                role="cell",
                role_standing="derived",
                box=cell_box,
                order=column,
                text=text,
                row=row,
                column=column,
                confidence_permille=confidence,
            )
        )
    return Draft(
        role="table",
        role_standing="derived",
        box=box,
        order=order,
        confidence_permille=permille,
        children=[
            Draft(
                role="row",
                role_standing="derived",
                box=union(cell.box for cell in own),
                order=row,
                row=row,
                confidence_permille=permille,
                children=own,
            )
            for row, own in sorted(rows.items())
        ],
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


def _blocks(lines: Sequence[Draft]) -> list[Draft]:
    """Lines chained to the nearest line above them that begins or overlaps with them."""
    blocks: list[list[Draft]] = []
    for line in sorted(lines, key=lambda line: (line.box[1], line.box[0], line.order)):
        home = next((block for block in reversed(blocks) if _continues(block[-1], line)), None)
        if home is None:
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


def _mean(pieces: Sequence[Piece]) -> int:
    chars = sum(len(piece.text) for piece in pieces)
    if not chars:
        return 0
    return sum(piece.confidence_permille * len(piece.text) for piece in pieces) // chars


def _fill(rgb: Pixels, box: Box) -> int | None:
    """The median colour of the box."""
    x0, y0, x1, y1 = box
    step_x, step_y = max(1, (x1 - x0) // SAMPLES), max(1, (y1 - y0) // SAMPLES)
    patch = rgb[y0:y1:step_y, x0:x1:step_x].reshape(-1, 3)
    if not len(patch):
        return None
    red, green, blue = np.sort(patch, axis=0)[len(patch) // 2].tolist()
    return int(red) << 16 | int(green) << 8 | int(blue)
