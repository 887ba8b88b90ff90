"""Cells of tables: the row by its key, the column by its head.

Covers: rows and heads found by the question's own words, columns told apart by order where
counts agree, by learnt or shared x ranges where they do not. Does not cover: tables whose
head is not on the frame. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.base import Box
from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.layout import Hit, PageLayout, Piece, union

_CELL = 320
_HEAD_CELLS_MIN = 2
_HEAD_WORDS_MAX = 4
_ROW_PITCH_MAX = 4.0
_KEY_WORDS_MAX = 8
_LEARN_ROWS_MAX = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of words in one column of one row."""

    line: int
    start: int
    end: int
    box: Box


def table_cells(layout: PageLayout, hits: PageHits) -> Iterator[Candidate]:
    """For every head and row key among the hits: the cell where they meet."""
    seen: set[tuple[Part, Part]] = set()
    flat = [(term, hit) for term, found in enumerate(hits.by_term) for hit in found]
    for head_term, head in flat:
        head_piece = layout.pieces[head.piece]
        head_row = _contiguous(layout.row_of(head_piece), head_piece)
        if not _can_be_head(head_row):
            continue
        for key_term, key in flat:
            if key_term == head_term or not _is_over(layout, head, key):
                continue
            found = _cell_at(layout, head_row, head, key)
            if found is None:
                continue
            head_cell, key_cell, cell = found
            answer = Part(cell.line, cell.start, cell.end)
            if (answer, key_cell) in seen:
                continue
            seen.add((answer, key_cell))
            yield _candidate(layout, head_cell, key_cell, answer)


def _can_be_head(row: Sequence[Piece]) -> bool:
    """Whether a row can be the head of a table: several short cells."""
    words = [len(piece.text.split()) for piece in row]
    if len(row) < _HEAD_CELLS_MIN:
        return False
    return len(row) * _HEAD_WORDS_MAX >= sum(words) and "." not in {p.text[-1:] for p in row}


def _is_one_table(layout: PageLayout, heads: Sequence[Piece], row: Sequence[Piece]) -> bool:
    """Whether rows of cells lead from the head to the row without a large gap."""
    left = min(piece.box[0] for piece in heads) - heads[0].height
    right = max(piece.box[2] for piece in heads) + 3 * heads[0].height
    top, bottom = heads[0].middle_y, row[0].middle_y
    rows: dict[int, int] = {}
    reach = top
    for piece in layout.between(top, bottom):
        if piece.box[2] < left or piece.box[0] > right:
            continue
        if piece.middle_y - reach > _ROW_PITCH_MAX * piece.height:
            return False
        reach = max(reach, piece.middle_y)
        rows[round(piece.middle_y / layout.height)] = 1 + rows.get(
            round(piece.middle_y / layout.height), 0
        )
    if bottom - reach > _ROW_PITCH_MAX * row[0].height:
        return False
    single = sum(count == 1 for count in rows.values())
    return single * 2 <= len(rows)


def _is_over(layout: PageLayout, head: Hit, key: Hit) -> bool:
    above, below = layout.pieces[head.piece], layout.pieces[key.piece]
    return above.box[3] <= below.box[1] + 0.4 * below.height


def _cell_at(
    layout: PageLayout, head_row: Sequence[Piece], head: Hit, key: Hit
) -> tuple[Part, Part, Cell] | None:
    key_piece = layout.pieces[key.piece]
    row = layout.row_of(key_piece)
    heads, cells = list(head_row), _contiguous(row, key_piece)
    if len(key_piece.text.split()) > _KEY_WORDS_MAX or not _is_one_table(layout, heads, cells):
        return None
    columns = _Columns.learn(layout, heads, cells)
    target = columns.head_of(layout, head)
    key_column = columns.column_of(layout.box_of(key.line, key.start, key.end))
    if target is None or key_column is None or key_column == target:
        return None
    cell = columns.cell(layout, cells, target)
    if cell is None:
        return None
    head_part = columns.head_part(target)
    key_part = Part(key_piece.line, key_piece.start, key_piece.end)
    if key_piece.line == cell.line:
        key_part = Part(key.line, key.start, key.end)
    return head_part, key_part, cell


def _contiguous(row: Sequence[Piece], piece: Piece) -> list[Piece]:
    """The part of the row around a piece without a huge gap (another window)."""
    at = row.index(piece)
    limit = 22 * piece.height
    first = last = at
    while first > 0 and row[first].box[0] - row[first - 1].box[2] <= limit:
        first -= 1
    while last < len(row) - 1 and row[last + 1].box[0] - row[last].box[2] <= limit:
        last += 1
    return list(row[first : last + 1])


@dataclass(frozen=True, slots=True)
class _Columns:
    """Column x ranges with the head cell of each."""

    ranges: tuple[tuple[int, int], ...]
    heads: tuple[Cell, ...]

    @classmethod
    def learn(cls, layout: PageLayout, heads: Sequence[Piece], cells: Sequence[Piece]) -> _Columns:
        """By order where a row has as many pieces as the head row, else word by word."""
        if len(heads) >= 3 or (len(heads) == len(cells) and len(heads) > 1):
            ranges = [[piece.box[0], piece.box[2]] for piece in heads]
            learnt = False
            for row in _rows_below(layout, heads, cells):
                if len(row) == len(heads) and _in_order(heads, row):
                    learnt = True
                    for span, piece in zip(ranges, row, strict=True):
                        span[0], span[1] = min(span[0], piece.box[0]), max(span[1], piece.box[2])
            if learnt:
                made = [Cell(p.line, p.start, p.end, p.box) for p in heads]
                return cls(tuple((a, b) for a, b in ranges), tuple(made))
        words = [word for piece in heads for word in words_of(layout, piece)]
        return cls(tuple((word.box[0], word.box[2]) for word in words), tuple(words))

    def head_of(self, layout: PageLayout, hit: Hit) -> int | None:
        """The column whose head holds the hit."""
        _ = layout
        for column, head in enumerate(self.heads):
            if head.line == hit.line and head.start < hit.end and head.end > hit.start:
                return column
        return None

    def head_part(self, column: int) -> Part:
        """The head cell as a part."""
        head = self.heads[column]
        return Part(head.line, head.start, head.end)

    def column_of(self, box: Box) -> int | None:
        """The column that shares most x with the box, or else the nearest within reach."""
        best, best_gain = None, -float(box[3] - box[1])
        for column, (left, right) in enumerate(self.ranges):
            gain = float(min(right, box[2]) - max(left, box[0]))
            if gain > best_gain:
                best, best_gain = column, gain
        return best

    def cell(self, layout: PageLayout, row: Sequence[Piece], column: int) -> Cell | None:
        """The words of a row that belong to a column; None for an empty cell."""
        words = [
            word
            for piece in row
            for word in words_of(layout, piece)
            if self.column_of(word.box) == column
        ]
        whole = [p for p in row if self._only_column(layout, p) == column]
        if whole:
            piece = whole[0]
            return Cell(piece.line, piece.start, piece.end, piece.box)
        words = [word for word in words if word.line == words[0].line]
        if not words:
            return None
        box = union([word.box for word in words])
        return Cell(words[0].line, words[0].start, words[-1].end, box)

    def _only_column(self, layout: PageLayout, piece: Piece) -> int | None:
        """The column of a piece that lies in one column; None when it crosses several."""
        column = self.column_of(piece.box)
        crossed = {
            at
            for at, (left, right) in enumerate(self.ranges)
            if min(right, piece.box[2]) - max(left, piece.box[0])
            > 0.5 * min(right - left, piece.box[2] - piece.box[0])
        }
        _ = layout
        return column if len(crossed) <= 1 else None


def words_of(layout: PageLayout, piece: Piece) -> list[Cell]:
    """The words of a piece as cells."""
    line = layout.page.lines[piece.line]
    words = [
        Cell(piece.line, word.start, word.end, word.box)
        for word in line.words
        if word.start >= piece.start and word.end <= piece.end
    ]
    return words or [Cell(piece.line, piece.start, piece.end, piece.box)]


def _rows_below(
    layout: PageLayout, heads: Sequence[Piece], cells: Sequence[Piece]
) -> Iterator[list[Piece]]:
    """Rows from the head down to the wanted row and on, each cut to the table's width."""
    yield list(cells)
    top = max(piece.box[3] for piece in heads)
    left = min(piece.box[0] for piece in heads) - 3 * heads[0].height
    right = max(piece.box[2] for piece in heads) + 12 * heads[0].height
    depth = max(piece.box[3] for piece in cells) - top
    bottom = top + max(depth, 0) + 12 * heads[0].height
    done: set[int] = set()
    for piece in layout.between(top, bottom):
        if piece.index in done or len(done) > _LEARN_ROWS_MAX * 16:
            continue
        row = [p for p in layout.row_of(piece) if p.box[0] >= left and p.box[2] <= right]
        done.update(p.index for p in row)
        if row:
            yield row


def _in_order(heads: Sequence[Piece], row: Sequence[Piece]) -> bool:
    """Whether each cell is nearer to its own head than a whole column away."""
    for at, (head, cell) in enumerate(zip(heads, row, strict=True)):
        if at + 1 < len(heads) and cell.box[0] >= heads[at + 1].box[2]:
            return False
        if at > 0 and cell.box[2] <= heads[at - 1].box[0]:
            return False
        _ = head
    return True


def _candidate(layout: PageLayout, head: Part, key: Part, answer: Part) -> Candidate:
    lines = layout.page.lines
    head_text = lines[head.line].text[head.start : head.end]
    key_text = lines[key.line].text[key.start : key.end]
    value = lines[answer.line].text[answer.start : answer.end]
    support: tuple[Part, ...] = (key, head)
    if key.line == answer.line:
        start, end = min(key.start, answer.start), max(key.end, answer.end)
        answer, support = Part(answer.line, start, end), (head,)
    text = f"{key_text} \u2014 {head_text}: {value}"
    return Candidate(Form.CELL, (answer,), support, text, value, _CELL)
