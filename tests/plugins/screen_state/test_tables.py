"""Tables as parts of the tree: rows of cells, and what stands outside stays outside."""

from __future__ import annotations

from contracts.base import Box
from contracts.text import Word
from plugins.screen_state.grid import Cell, Grid
from plugins.screen_state.pieces import Piece
from plugins.screen_state.ruled import RuledRow, RuledTable
from plugins.screen_state.tables import grid_table, ruled_table


def piece(order: int, text: str, box: Box) -> Piece:
    word = Word(text=text, box=box, confidence_permille=900, start=0, end=len(text))
    return Piece(order, text, box, 900, (word,))


def test_lines_of_a_cell_are_parted_by_newlines_and_words_of_a_line_by_blanks() -> None:
    pieces = [
        piece(0, "Ferry", (10, 10, 50, 24)),
        piece(1, "line", (54, 10, 84, 24)),
        piece(2, "transfer", (10, 28, 70, 40)),
        piece(3, "-38.00", (210, 10, 260, 24)),
        piece(4, "below", (10, 90, 50, 104)),
    ]
    table, rest = ruled_table(RuledTable(0, 300, (RuledRow(0, 50, 1, (150,)),)), pieces)
    (row,) = table.children
    assert [cell.text for cell in row.children] == ["Ferry line\ntransfer", "-38.00"]
    assert [(cell.row, cell.column) for cell in row.children] == [(1, 0), (1, 1)]
    assert [one.text for one in rest] == ["below"]


def test_a_grid_with_hardly_any_text_is_no_table() -> None:
    cells = [Cell(r, c, (c * 50, r * 50, c * 50 + 50, r * 50 + 50)) for r in (0, 1) for c in (0, 1)]
    grid = Grid((0, 0, 100, 100), tuple(cells))
    outside = piece(0, "far", (200, 10, 240, 24))
    assert grid_table(grid, [outside]) == ([], [outside])
    tables, rest = grid_table(grid, [outside, piece(1, "a", (10, 10, 20, 24))])
    assert len(tables) == 1
    assert rest == [outside]
