"""Cells of tables: the row by its key, the column by its head.

Covers: rows and heads found by the question's own words; columns told apart by order where
counts agree, by learnt or shared x ranges where they do not. Does not cover: tables whose
head is not on the frame. Pure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.base import Box
from kernel.query.candidates import Candidate, Form, PageHits, Part, label_fit
from kernel.query.layout import Hit, PageLayout, Piece, union
from kernel.query.prints import is_fixed_pitch

_CELL = 320
_SUBJECT = 60
_HEAD_WORDS_MAX = 4
_HEAD_FIT_MIN = 500
_IMPLIED = -1
_KEY_WORDS_MAX = 8
_CELL_WORDS_MAX = 6
_ROW_PITCH_MAX = 4.0
_WINDOW_GAP = 22
_EDGE_SHARE_MIN = 0.5
_EDGE_SHARE_SURE = 0.75
_EDGE_HEIGHTS = 0.6
_TABLE_CELLS_MIN = 3
_KEYED_CELLS_MIN = 2
_LEARN_ROWS_MAX = 80
_OTHER_ROW_PX = 4
_TABLE_REACH = 120
"""In line heights: how far over a row the head of its table may be."""
_PERIOD = re.compile(r"(?:19|20)\d\d|[QHW]\d{1,2}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of words in one column of one row."""

    line: int
    start: int
    end: int
    box: Box


def table_cells(layout: PageLayout, hits: PageHits) -> Iterator[Candidate]:
    """For every head (named or implied) and row key among the hits: where they meet."""
    grids: dict[tuple[int, int], _Grid | None] = {}
    nearest: dict[int, list[int]] = {}
    seen: set[tuple[Part, Part]] = set()
    flat = [(term, hit) for term, found in enumerate(hits.by_term) for hit in found]
    keys = [(term, hit) for term, hit in flat if _can_be_key(layout, hit)]
    heads = [*flat, *((_IMPLIED, hit) for hit in hits.implied)]
    for head_term, head in heads:
        head_row = _cells_around(layout, layout.pieces[head.piece])
        if not can_be_head(head_row) or _is_of_a_form(layout, head_row):
            continue
        for key_term, key in keys:
            if key_term == head_term or not _is_over(layout, head, key):
                continue
            if key.piece not in nearest:
                nearest[key.piece] = _heads_over(layout, layout.pieces[key.piece])
            if any(top >= layout.pieces[head.piece].box[3] for top in nearest[key.piece]):
                # Another table begins between the two.
                continue
            place = (head_row[0].index, key.piece)
            if place not in grids:
                row = contiguous_row(layout, layout.pieces[key.piece])
                grids[place] = _Grid.learn(layout, head_row, row)
            found = grids[place]
            implied = head_term == _IMPLIED
            candidate = found and found.lookup(layout, hits, head, key, implied=implied)
            if candidate and (candidate.answer[0], candidate.support[0]) not in seen:
                seen.add((candidate.answer[0], candidate.support[0]))
                yield candidate


def row_under(layout: PageLayout, head: Piece, key: Piece) -> dict[Part, Part]:
    """The cells of a key's row by the heads beside a head over it; none where they are no table."""
    heads = _cells_around(layout, head)
    if len(heads) < _KEYED_CELLS_MIN or not _is_over_piece(head, key):
        return {}
    if any(top >= head.box[3] for top in _heads_over(layout, key)):
        return {}
    grid = _Grid.learn(layout, heads, contiguous_row(layout, key))
    return grid.cells(layout) if grid else {}


def only_ones(
    layout: PageLayout, hits: PageHits, cells: Sequence[Candidate]
) -> Iterator[Candidate]:
    """Those of the cells whose row is the only one with what the question says of it.

    Where several rows do, and their cells under one head differ, none is the one asked for.
    """
    rows = [_terms_of_row(layout, hits, cell) for cell in cells]
    for cell, (place, terms) in zip(cells, rows, strict=True):
        if not any(
            other.support[-1] == cell.support[-1]
            and other.value != cell.value
            and abs(at - place) > _OTHER_ROW_PX
            and layout.of_one_command(_home(layout, cell), _home(layout, other))
            and not _is_keyed_before(layout, cell, other)
            and all(any(piece <= there for there in held) for piece in terms)
            for other, (at, held) in zip(cells, rows, strict=True)
        ):
            yield cell


def _is_keyed_before(layout: PageLayout, cell: Candidate, other: Candidate) -> bool:
    """Whether a cell's row is named in a column further left than that of another one.

    "Base freight" is a row; "Fuel surcharge", "of base freight" is another one.
    """
    key, beside = (layout.piece_at(c.support[0].line, c.support[0].start) for c in (cell, other))
    return key.box[2] < beside.box[0]


def _terms_of_row(
    layout: PageLayout, hits: PageHits, cell: Candidate
) -> tuple[float, frozenset[frozenset[int]]]:
    """Where a cell's row is, and the terms that stand on it, piece by piece."""
    home = _home(layout, cell)
    held = {
        frozenset(hits.within(piece.line, piece.start, piece.end))
        for piece in contiguous_row(layout, home)
    }
    return home.middle_y, frozenset(held)


def _home(layout: PageLayout, cell: Candidate) -> Piece:
    part = cell.value_at or cell.answer[0]
    return layout.piece_at(part.line, part.start)


def row_subjects(layout: PageLayout, hits: PageHits, asked: frozenset[int]) -> Iterator[Candidate]:
    """The first cell of a row whose other cells hold the terms: "which pod is in ..."."""
    for index in hits.pieces():
        key = layout.pieces[index]
        row = contiguous_row(layout, key)
        subject = row[0]
        if len(row) < _TABLE_CELLS_MIN or subject.index == index or _is_number(subject):
            continue
        yield Candidate(
            form=Form.CARD,
            answer=(Part(subject.line, subject.start, subject.end),),
            support=(Part(key.line, key.start, key.end),),
            text=f"{subject.text} \u2014 {key.text}",
            value=subject.text,
            bonus=_SUBJECT,
            speaks_for=asked,
        )


def is_head_row(layout: PageLayout, piece: Piece) -> bool:
    """Whether the piece stands in the head of a table: short words over cells, no row above."""
    row = contiguous_row(layout, piece)
    if len(row) < _TABLE_CELLS_MIN or not can_be_head(row):
        return False
    headed = sum(
        any(_share_edge(member, under) for under in layout.below(member, reach=2.2)[:1])
        for member in row
    )
    above = [over for member in row for over in layout.above(member, reach=2.2)[:1]]
    rows_above = [contiguous_row(layout, over) for over in above]
    return 3 * headed >= 2 * len(row) and all(
        2 * len(over) <= len(row) or _are_letters(over) for over in rows_above
    )


def is_head_as_data(layout: PageLayout, candidate: Candidate) -> bool:
    """Whether a head of a table is given as a value, of another head or of what is outside."""
    pieces = [
        layout.piece_at(part.line, part.start) for part in (*candidate.answer, *candidate.support)
    ]
    row = {piece.index for piece in contiguous_row(layout, pieces[0])}
    paired = all(piece.index in row for piece in pieces)
    # In a form of several columns a label and its value stand on one row.
    told = paired if candidate.form is Form.CARD else not paired
    return told and len(pieces) > 1 and is_head_row(layout, pieces[0])


def _heads_over(layout: PageLayout, key: Piece) -> list[int]:
    """The upper edges of the rows that head tables, among what is over a key in its column."""
    return [
        over.box[1] for over in layout.above(key, reach=_TABLE_REACH) if is_head_row(layout, over)
    ]


def _share_edge(first: Piece, second: Piece) -> bool:
    reach = _EDGE_HEIGHTS * first.height
    return any(abs(first.box[side] - second.box[side]) <= reach for side in (0, 2))


def _is_number(piece: Piece) -> bool:
    return piece.text.strip("#.").isdigit()


def contiguous_row(layout: PageLayout, piece: Piece) -> list[Piece]:
    """The part of its row around a piece without a huge gap (another window)."""
    row = layout.row_of(piece)
    at = next(index for index, other in enumerate(row) if other.index == piece.index)
    limit = _WINDOW_GAP * piece.height
    first = last = at
    while first > 0 and row[first].box[0] - row[first - 1].box[2] <= limit:
        first -= 1
    while last < len(row) - 1 and row[last + 1].box[0] - row[last].box[2] <= limit:
        last += 1
    return row[first : last + 1]


def _cells_around(layout: PageLayout, piece: Piece) -> list[Piece]:
    """The short pieces of the row around a piece, as far as the next long one."""
    row = contiguous_row(layout, piece)
    at = next(index for index, other in enumerate(row) if other.index == piece.index)
    long = [index for index, other in enumerate(row) if len(other.text.split()) > _CELL_WORDS_MAX]
    first = max((index + 1 for index in long if index < at), default=0)
    last = min((index for index in long if index > at), default=len(row))
    return row[first:last]


def can_be_head(row: Sequence[Piece]) -> bool:
    """Several short cells, few of them with figures (years and quarters apart)."""
    words = sum(len(piece.text.split()) for piece in row)
    if words < _TABLE_CELLS_MIN or words > len(row) * _HEAD_WORDS_MAX or _are_letters(row):
        return False
    figures = sum(any(ch.isdigit() for ch in _PERIOD.sub("", piece.text)) for piece in row)
    return 3 * figures <= len(row) and not any(p.text.endswith((".", ":")) for p in row)


def _are_letters(row: Sequence[Piece]) -> bool:
    """Whether these are the letters that a spreadsheet sets over its columns."""
    return all(len(piece.text) == 1 for piece in row)


def _is_of_a_form(layout: PageLayout, row: Sequence[Piece]) -> bool:
    """Whether the row holds a label of a form and its value: it heads no table."""
    fields = layout.regions.fields
    return any(p.index in layout.form_labels or fields[p.index] >= 0 for p in row)


def _can_be_key(layout: PageLayout, hit: Hit) -> bool:
    return len(layout.pieces[hit.piece].text.split()) <= _KEY_WORDS_MAX


def _is_over(layout: PageLayout, head: Hit, key: Hit) -> bool:
    return _is_over_piece(layout.pieces[head.piece], layout.pieces[key.piece])


def _is_over_piece(above: Piece, below: Piece) -> bool:
    return above.box[3] <= below.box[1] + 0.4 * below.height


@dataclass(frozen=True, slots=True)
class _Grid:
    """The columns between a head row and one row below it."""

    ranges: tuple[tuple[int, int], ...]
    heads: tuple[Cell, ...]
    row: tuple[Piece, ...]

    @classmethod
    def learn(
        cls, layout: PageLayout, heads: Sequence[Piece], row: Sequence[Piece]
    ) -> _Grid | None:
        """None where head and row are no table: a gap between them, nothing lines up."""
        between = _rows_between(layout, heads, row)
        if between is None:
            return None
        words = tuple(word for piece in heads for word in words_of(layout, piece))
        body = [word for piece in row for word in words_of(layout, piece)]
        share = min(
            _edge_share(words, body, layout.height), _edge_share(body, words, layout.height)
        )
        by_word = cls(tuple((w.box[0], w.box[2]) for w in words), words, tuple(row))
        cut = len(heads) == len(row) and _in_order(heads, row)
        if not is_fixed_pitch([(w.end - w.start, w.box[2] - w.box[0]) for w in (*words, *body)]):
            # Words of prose that stand over words are no heads.
            share = 0.0
        if share >= _EDGE_SHARE_SURE and not cut:
            # A terminal: every word under its own head, however the engine cut the lines.
            return by_word
        complete = [r for r in between if len(r) == len(heads) and _in_order(heads, r)]
        if len(heads) >= _TABLE_CELLS_MIN and _line_up([list(heads), *complete], layout.height):
            ranges = [[piece.box[0], piece.box[2]] for piece in heads]
            for cells in complete:
                for span, piece in zip(ranges, cells, strict=True):
                    span[0], span[1] = min(span[0], piece.box[0]), max(span[1], piece.box[2])
            made = tuple(Cell(p.line, p.start, p.end, p.box) for p in heads)
            return cls(tuple((a, b) for a, b in ranges), made, tuple(row))
        return by_word if share >= _EDGE_SHARE_MIN else None

    def lookup(
        self,
        layout: PageLayout,
        hits: PageHits,
        head: Hit,
        key: Hit,
        *,
        implied: bool,
    ) -> Candidate | None:
        """The cell under the head in the key's row."""
        target = self._headed(head)
        key_column = self._column_of(layout.box_of(key.line, key.start, key.end))
        if target is None or key_column == target:
            return None
        if key_column is None and layout.pieces[key.piece].box[2] > self.ranges[0][0]:
            # The first cells of rows may have no head: "Mem:" of a terminal.
            return None
        named = self.heads[target]
        head_part = Part(named.line, named.start, named.end)
        fit = head.quality * 9 // 10 if implied else label_fit(layout, hits, head_part)
        cell = self._cell(layout, target)
        if cell is None or fit < _HEAD_FIT_MIN:
            return None
        piece = layout.pieces[key.piece]
        key_part = Part(piece.line, piece.start, piece.end)
        if piece.line == cell.line:
            key_part = _whole_words(layout, key)
        answer = Part(cell.line, cell.start, cell.end)
        return _candidate(layout, head_part, key_part, answer, fit)

    def cells(self, layout: PageLayout) -> dict[Part, Part]:
        """What stands in the row, by the heads of the columns."""
        found = {head: self._cell(layout, at) for at, head in enumerate(self.heads)}
        return {
            Part(head.line, head.start, head.end): Part(cell.line, cell.start, cell.end)
            for head, cell in found.items()
            if cell is not None
        }

    def _headed(self, head: Hit) -> int | None:
        """The column with that head."""
        return next(
            (
                column
                for column, cell in enumerate(self.heads)
                if cell.line == head.line and cell.start < head.end and cell.end > head.start
            ),
            None,
        )

    def _column_of(self, box: Box) -> int | None:
        """The column that shares most x with the box, or else the nearest within reach."""
        best, best_gain = None, -float(box[3] - box[1])
        for column, (left, right) in enumerate(self.ranges):
            gain = float(min(right, box[2]) - max(left, box[0]))
            if gain > best_gain:
                best, best_gain = column, gain
        return best

    def _cell(self, layout: PageLayout, column: int) -> Cell | None:
        """What of the row belongs to a column; None for an empty cell."""
        for piece in self.row:
            if self._column_of(piece.box) == column and not self._crosses(piece):
                return Cell(piece.line, piece.start, piece.end, piece.box)
        words = [
            word
            for piece in self.row
            for word in words_of(layout, piece)
            if self._column_of(word.box) == column
        ]
        words = [word for word in words if word.line == words[0].line]
        if not words:
            return None
        box = union([word.box for word in words])
        return Cell(words[0].line, words[0].start, words[-1].end, box)

    def _crosses(self, piece: Piece) -> bool:
        """Whether a piece lies in several columns."""
        width = piece.box[2] - piece.box[0]
        crossed = sum(
            min(right, piece.box[2]) - max(left, piece.box[0]) > 0.5 * min(right - left, width)
            for left, right in self.ranges
        )
        return crossed > 1


def _whole_words(layout: PageLayout, key: Hit) -> Part:
    """The hit with the rest of its words: a path keeps its first slash."""
    words = [
        word
        for word in layout.page.lines[key.line].words
        if word.start < key.end and word.end > key.start
    ]
    start = min((word.start for word in words), default=key.start)
    return Part(key.line, start, max((word.end for word in words), default=key.end))


def words_of(layout: PageLayout, piece: Piece) -> list[Cell]:
    """The words of a piece as cells."""
    line = layout.page.lines[piece.line]
    words = [
        Cell(piece.line, word.start, word.end, word.box)
        for word in line.words
        if word.start >= piece.start and word.end <= piece.end
    ]
    return words or [Cell(piece.line, piece.start, piece.end, piece.box)]


def _rows_between(
    layout: PageLayout, heads: Sequence[Piece], row: Sequence[Piece]
) -> list[list[Piece]] | None:
    """The rows under the head as far as the row and some beyond; None across a gap."""
    left = min(piece.box[0] for piece in heads) - 3 * heads[0].height
    right = max(piece.box[2] for piece in heads) + 12 * heads[0].height
    top, goal = max(piece.box[3] for piece in heads), row[0].middle_y
    rows: list[list[Piece]] = []
    done = {piece.index for piece in heads}
    reach = heads[0].middle_y
    for piece in layout.between(top - 0.3 * heads[0].height, goal + 12 * heads[0].height):
        if not layout.together(piece, heads[0]):
            continue
        outside = piece.box[2] < left or piece.box[0] > right
        if piece.index in done or outside or len(rows) >= _LEARN_ROWS_MAX:
            continue
        if piece.middle_y - reach > _ROW_PITCH_MAX * piece.height:
            break
        reach = max(reach, piece.middle_y)
        found = [p for p in layout.row_of(piece) if p.box[0] >= left and p.box[2] <= right]
        done.update(p.index for p in found)
        rows.append(found)
    if goal - reach > 0.5 * row[0].height:
        return None
    upto = [found for found in rows if found and found[0].middle_y < goal + 1]
    single = sum(len(found) == 1 for found in upto)
    return None if 2 * single > len(upto) else rows


def _line_up(rows: Sequence[Sequence[Piece]], height: int) -> bool:
    """Whether most cells of the rows below the first begin or end as their column does.

    With one row alone, as its heads do.
    """
    body = rows[1:] if rows[2:] else rows
    pairs = [
        (first, second)
        for above, below in itertools.pairwise(body)
        for first, second in zip(above, below, strict=True)
    ]
    reach = _EDGE_HEIGHTS * height
    good = sum(
        abs(first.box[0] - second.box[0]) <= reach or abs(first.box[2] - second.box[2]) <= reach
        for first, second in pairs
    )
    return bool(pairs) and good >= _EDGE_SHARE_MIN * len(pairs)


def _in_order(heads: Sequence[Piece], row: Sequence[Piece]) -> bool:
    """Whether no cell lies wholly under the head before or after its own."""
    for at, cell in enumerate(row):
        if at + 1 < len(heads) and cell.box[0] >= heads[at + 1].box[2]:
            return False
        if at > 0 and cell.box[2] <= heads[at - 1].box[0]:
            return False
    return True


def _edge_share(heads: Sequence[Cell], body: Sequence[Cell], height: int) -> float:
    """Share of the row's words that begin or end where some head does."""
    reach = _EDGE_HEIGHTS * height
    good = sum(
        any(
            abs(head.box[0] - word.box[0]) <= reach or abs(head.box[2] - word.box[2]) <= reach
            for head in heads
        )
        for word in body
    )
    return good / len(body) if len(body) > 1 else 0.0


def _candidate(layout: PageLayout, head: Part, key: Part, answer: Part, fit: int) -> Candidate:
    lines = layout.page.lines
    head_text = lines[head.line].text[head.start : head.end]
    key_text = lines[key.line].text[key.start : key.end]
    value = lines[answer.line].text[answer.start : answer.end]
    text = f"{key_text} \u2014 {head_text}: {value}"
    support: tuple[Part, ...] = (key, head)
    at = answer
    if key.line == answer.line:
        start, end = min(key.start, answer.start), max(key.end, answer.end)
        answer, support = Part(answer.line, start, end), (head,)
    bonus = _CELL * fit // 1000
    return Candidate(Form.CELL, (answer,), support, text, value, bonus, value_at=at)
