"""Tables as parts of the tree: rows of cells with what stands in them.

Covers: drafts of drawn tables, of rows parted by rules and of printed columns. Does not cover:
where the rows and columns are (`grid`, `ruled`, `columns`).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Final

from contracts.base import Box
from contracts.text import Word
from plugins.screen_state.columns import Columns
from plugins.screen_state.geometry import is_in, middle, union
from plugins.screen_state.grid import Grid
from plugins.screen_state.pieces import Piece, cut, join_text, text_rows
from plugins.screen_state.ruled import RuledTable
from plugins.screen_state.tree import Draft

TEXT_CELLS_SHARE: Final = 0.25
"""A drawn table has text in at least this share of its cells; a grid of pictures has not."""

GRID_PERMILLE: Final = 950
RULED_PERMILLE: Final = 850
COLUMNS_PERMILLE: Final = 700


def grid_table(grid: Grid, pieces: list[Piece]) -> tuple[list[Draft], list[Piece]]:
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


def ruled_table(ruled: RuledTable, pieces: list[Piece]) -> tuple[Draft, list[Piece]]:
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


def column_table(columns: Columns) -> Draft:
    """The table of printed columns."""
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


def _mean(pieces: Sequence[Piece]) -> int:
    chars = sum(len(piece.text) for piece in pieces)
    if not chars:
        return 0
    return sum(piece.confidence_permille * len(piece.text) for piece in pieces) // chars
