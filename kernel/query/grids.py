"""Tables of a page in one form, whether a screen state tells of them or the layout does.

Covers: heads and rows, those rows alone in which words of the question stand. Does not cover:
which cell is meant (`kernel.query.row_questions`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kernel.query.candidates import PageHits, Part
from kernel.query.layout import PageLayout, Piece
from kernel.query.screen_tables import ScreenTable, parts_of
from kernel.query.tables import contiguous_row, is_head_row, row_under
from kernel.query.words import units_of

_KEY_WORDS_MAX = 6
_HEAD_ROWS_MAX = 24


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its cells and the heads over them, by column; columns are counted from the left."""

    heads: Mapping[int, tuple[Part, ...]]
    cells: Mapping[int, tuple[Part, ...]]


def rows_with(layout: PageLayout, hits: PageHits, tables: Sequence[ScreenTable]) -> Iterator[Row]:
    """The rows in which any word of the question makes up a cell with others of it."""
    yield from _stored(layout, hits, tables)
    yield from _laid_out(layout, hits)


def _stored(layout: PageLayout, hits: PageHits, tables: Sequence[ScreenTable]) -> Iterator[Row]:
    for table in tables:
        heads = _row_of(layout, table, table.head)
        for row in table.rows:
            cells = _row_of(layout, table, row)
            if any(is_named(layout, hits, parts) for parts in cells.values()):
                yield Row(heads, cells)


def _row_of(layout: PageLayout, table: ScreenTable, row: int) -> dict[int, tuple[Part, ...]]:
    found = {
        at[1]: parts_of(layout.page, cell)
        for at, cell in sorted(table.cells.items())
        if at[0] == row
    }
    return {column: parts for column, parts in found.items() if parts}


def _laid_out(layout: PageLayout, hits: PageHits) -> Iterator[Row]:
    heads = _head_rows(layout)
    done: set[tuple[int, int]] = set()
    for index in hits.pieces():
        key = layout.pieces[index]
        over = [head for head in heads if head.box[3] <= key.box[1] + 0.4 * key.height]
        over = [head for head in over if layout.together(head, key)]
        nearest = max(over, key=lambda head: head.box[1], default=None)
        row = contiguous_row(layout, key)[0]
        if nearest is None or (nearest.index, row.index) in done:
            continue
        done.add((nearest.index, row.index))
        cells = row_under(layout, nearest, key)
        if layout.prompt_over(key) is None and not _are_whole(layout, cells.values()):
            # Prose below a table has words in all of its columns.
            continue
        named = {Part(key.line, key.start, key.end), *cells.values()}
        if any(is_named(layout, hits, (part,)) for part in named):
            ordered = sorted(cells, key=lambda part: layout.box_of(part.line, part.start, part.end))
            yield Row(
                {at: (head,) for at, head in enumerate(ordered)},
                {at: (cells[head],) for at, head in enumerate(ordered)},
            )


def _are_whole(layout: PageLayout, cells: Iterable[Part]) -> bool:
    pieces = ((cell, layout.piece_at(cell.line, cell.start)) for cell in cells)
    return all((p.start, p.end) == (cell.start, cell.end) for cell, p in pieces)


def _head_rows(layout: PageLayout) -> list[Piece]:
    """A piece of each row that heads a table."""
    found: dict[int, Piece] = {}
    for piece in layout.pieces:
        row = layout.row_of(piece)
        if len(found) < _HEAD_ROWS_MAX and row[0].index not in found and is_head_row(layout, piece):
            found[row[0].index] = piece
    return list(found.values())


def is_named(layout: PageLayout, hits: PageHits, parts: Sequence[Part]) -> bool:
    """Whether words of the question make up a whole cell of one line."""
    if len(parts) != 1:
        return False
    part = parts[0]
    text = layout.page.lines[part.line].text[part.start : part.end]
    units = list(units_of(text))
    return 0 < len(units) <= 2 * _KEY_WORDS_MAX and all(
        hits.within(part.line, part.start + unit.start, part.start + unit.end) for unit in units
    )


def text_of(layout: PageLayout, parts: Sequence[Part]) -> str:
    """The words of a cell."""
    lines = layout.page.lines
    return " ".join(lines[part.line].text[part.start : part.end] for part in parts)
