"""Words of the question that name another row of the table than the one a cell is taken from.

Covers: a word that stands neither on the row of the cell nor over the table, but in another row,
in a column that the row fills, too: "valve" of "Brass valve" makes no "Copper pipe" a copper
valve; whether a cell has a head of its own. Does not cover: words that stand in no row
(`kernel.query.unmet`). Pure.
"""

from __future__ import annotations

from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.layout import Hit, PageLayout, Piece
from kernel.query.peers import in_log_row, is_head_noun
from kernel.query.question import WEAK_WEIGHT, Question
from kernel.query.tables import can_be_head, contiguous_row
from kernel.query.vocabulary import CLASS_NOUNS, ROW_NOUNS

_GENERAL = CLASS_NOUNS | ROW_NOUNS
_CELLS_MIN = 3
_TABLE_REACH = 120
"""In line heights: how far over a row the head of its table may be."""


def names_another_row(
    layout: PageLayout, question: Question, hits: PageHits, candidate: Candidate
) -> bool:
    """Whether a word that is not asked for stands in other rows of the table, and only there."""
    if candidate.form is Form.SENTENCE:
        return False
    part = candidate.value_at or candidate.answer[0]
    home = layout.piece_at(part.line, part.start)
    row = contiguous_row(layout, home)
    top = _head_of(layout, candidate, home, row)
    if top is None:
        return False
    own = {piece.index for piece in row}
    for index, term in enumerate(question.terms):
        plain = term.text.casefold() in _GENERAL or term.weight <= WEAK_WEIGHT
        if term.asked or index in candidate.speaks_for or (plain and not term.required):
            continue
        found = hits.by_term[index]
        if found and all(_is_of_another_row(layout, hit, row, top, own) for hit in found):
            return True
    return False


def _is_of_another_row(
    layout: PageLayout, hit: Hit, row: list[Piece], top: int, own: set[int]
) -> bool:
    """Whether it stands in a cell of another row, where the row of the value has a cell, too.

    What stands alone on its row may be a further line of a cell, or say what the rows below are.
    """
    piece = layout.pieces[hit.piece]
    if piece.index in own or piece.box[1] < top - piece.height // 2:
        return False
    across = any(piece.box[0] < p.box[2] and p.box[0] < piece.box[2] for p in row)
    return across and len(contiguous_row(layout, piece)) > 1


def _head_of(layout: PageLayout, candidate: Candidate, home: Piece, row: list[Piece]) -> int | None:
    """The lower edge of the head of the table; None where the value is in no row of one."""
    if candidate.form is Form.CELL:
        heads = [layout.piece_at(part.line, part.start) for part in candidate.support]
        heads = [head for head in heads if head.box[3] <= home.box[1]]
    else:
        heads = _heads_over(layout, home, row)
    return max((head.box[3] for head in heads), default=None)


def is_headed_cell(layout: PageLayout, piece: Piece) -> bool:
    """Whether it is a further cell of a row of a table: its head says what it is.

    Such a cell is no label of its neighbour: "Pending" in a row with "0" restarts is a state.
    """
    row = contiguous_row(layout, piece)
    named = is_head_noun(piece.text) or piece.text.endswith(":") or in_log_row(layout, piece)
    return row[0].index != piece.index and not named and bool(_heads_over(layout, piece, row))


def _heads_over(layout: PageLayout, piece: Piece, row: list[Piece]) -> list[Piece]:
    """What stands over it in rows of heads over a row of as many cells: no label of a form."""
    found = []
    for over in layout.above(piece, reach=_TABLE_REACH):
        heads = contiguous_row(layout, over)
        if len(heads) == len(row) >= _CELLS_MIN and can_be_head(heads):
            found.append(over)
    return found
