"""How many rows of a table on the screen are of the kind that a question asks for.

Covers: "how many pods are running", "how many products does Ada own": the rows under one head
whose cell is what the question says, or all rows of the table; counted on one frame, each cited.
Does not cover: numbers that stand on the screen (`kernel.query.ranking`), rows beyond the frame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.answer import Claim
from kernel.query.candidates import PageHits, Part
from kernel.query.deadline import OutOfTime
from kernel.query.layout import PageLayout, Piece
from kernel.query.plan import Reading
from kernel.query.question import WEAK_WEIGHT, Kind, Question
from kernel.query.ranking import find_hits
from kernel.query.searching import layout_of, pages_to_read
from kernel.query.sources import Outcome, Sources
from kernel.query.tables import can_be_head, contiguous_row
from kernel.query.wording import quoted
from kernel.query.words import spans_in
from kernel.store.folding import squash

CITED_MAX = 32
_PAGES_MAX = 12
_ROWS_REACH = 120
"""In line heights: how far over a cell its head may be."""
_CAPTION_REACH = 3.0
_PITCH_MAX = 3.0
_LOW = 0.8
"""Words without high letters ("never") have a low box: this share of a line's height at least."""
_CELLS_MIN = 3
_UNITS = frozenset(
    "seconds minutes hours days weeks months years percent points degrees euros dollars pounds"
    " kilometres kilometers metres meters miles litres liters grams kilos watts bytes".split()
)
_SUMS = re.compile(r"\W*(?:(?:grand|sub)[ -]?)?(?:totals?|sums?|average|mean|count)\b", re.I)


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of one table: their cells under the head, and what names each row."""

    head: Piece
    cells: tuple[Piece, ...]
    names: tuple[Piece, ...]
    different: bool = False
    """Whether the cells are those that differ, and not one for every row."""


def asks_for_rows(question: Question) -> bool:
    """Whether it is a question of how many things there are, of which rows may be counted."""
    asked = [term.text.casefold() for term in question.terms if term.asked]
    if any(noun in _UNITS for noun in asked):
        # Days that are left are no rows, however many rows are about days.
        return False
    return question.kind is Kind.NUMBER and bool(asked) and "how many" in question.text.casefold()


def count_rows(reading: Reading, sources: Sources) -> Outcome:
    """One claim with the number of rows on the newest frame that has such a table."""
    outcome = Outcome()
    question = reading.question
    if not asks_for_rows(question):
        return outcome
    try:
        pages = pages_to_read(
            sources.evidence,
            sources.derived,
            question,
            reading.scope,
            sources.search,
            sources.deadline,
        )
        for blob, event in pages[:_PAGES_MAX]:
            sources.deadline.check()
            stored = sources.derived.page_of(blob)
            layout = layout_of(sources.derived, stored[1], event.event_id) if stored else None
            counted = rows_of(layout, question) if layout else None
            if stored is None or counted is None or len(counted.cells) > CITED_MAX:
                continue
            parts = [Part(cell.line, cell.start, cell.end) for cell in counted.cells]
            citations = tuple(sources.citer.cite(part, *stored, event) for part in parts)
            claim = Claim(text=_said(counted), citations=citations, amount=len(parts))
            if outcome.add(claim, sources):
                outcome.notes.append("rows are counted as far as one frame shows them")
                break
    except OutOfTime:
        outcome.cut = True
    return outcome


def rows_of(layout: PageLayout, question: Question) -> Counted | None:
    """The rows of a page that the question asks for; None where no one table has them."""
    hits = find_hits(layout, question)
    said = said_of_rows(question)
    titles = {piece.index for piece in layout.titles}
    # "In the stock list": the title says of all rows what they are.
    said -= {at for at in said if any(hit.piece in titles for hit in hits.by_term[at])}
    asked = [at for at, term in enumerate(question.terms) if term.asked]
    if said:
        return the_one_named(layout, question, columns_saying(layout, hits, said))
    counted = the_one_named(layout, question, _whole_tables(layout, hits, asked))
    return counted and _of_different(layout, counted)


def _of_different(layout: PageLayout, counted: Counted) -> Counted:
    """What stands under a head further right, each once: five rows may have three suppliers."""
    if contiguous_row(layout, counted.head)[0].index == counted.head.index:
        return counted
    different = {squash(cell.text): cell for cell in reversed(counted.cells)}
    cells = tuple(sorted(different.values(), key=lambda cell: (cell.box[1], cell.index)))
    return replace(counted, cells=cells, names=cells, different=True)


def said_of_rows(question: Question) -> frozenset[int]:
    """The terms (by index) that tell which rows: "running" of "how many pods are running"."""
    return frozenset(
        at for at, term in enumerate(question.terms) if not term.asked and term.weight > WEAK_WEIGHT
    )


def columns_saying(
    layout: PageLayout, hits: PageHits, said: frozenset[int]
) -> list[tuple[Piece, list[Piece]]]:
    """The heads over cells that say all of it, each with those cells."""
    columns: dict[int, list[Piece]] = {}
    for index in hits.pieces():
        cell = layout.pieces[index]
        head = head_over(layout, cell)
        if head is not None and _is_meant(hits, cell, head, said):
            columns.setdefault(head.index, []).append(cell)
    return [(layout.pieces[at], cells) for at, cells in columns.items()]


def the_one_named(
    layout: PageLayout, question: Question, tables: Sequence[tuple[Piece, list[Piece]]]
) -> Counted | None:
    """The rows of the only table of which a head, command or caption names what is asked for."""
    asked = [at for at, term in enumerate(question.terms) if term.asked]
    tables = [
        (head, cells)
        for head, cells in tables
        if all(_names_the_table(layout, question, at, head, cells[0]) for at in asked)
    ]
    if len(tables) != 1:
        return None
    head, cells = tables[0]
    names = tuple(_name_of_row(layout, cell) for cell in cells)
    return Counted(head, tuple(cells), names)


def head_over(layout: PageLayout, cell: Piece) -> Piece | None:
    """The head of the column in which a cell stands; None where it is in no table."""
    head, last = None, cell
    for over in layout.above(cell, reach=_ROWS_REACH):
        apart = last.middle_y - over.middle_y > _PITCH_MAX * max(cell.height, _LOW * layout.height)
        if apart or over in layout.prompts or not layout.of_one_command(over, cell):
            break
        if _is_head(layout, over):
            head = over
        last = over
    return head


def _is_head(layout: PageLayout, piece: Piece) -> bool:
    row = contiguous_row(layout, piece)
    return len(row) >= _CELLS_MIN and can_be_head(row)


def _is_meant(hits: PageHits, cell: Piece, head: Piece, said: frozenset[int]) -> bool:
    """Whether the cell says all of what is asked about that its head does not say."""
    named = hits.within(head.line, head.start, head.end)
    rest = said - named
    whole = _words_named(hits, cell)
    return bool(rest) and whole and rest <= hits.within(cell.line, cell.start, cell.end)


def _words_named(hits: PageHits, cell: Piece) -> bool:
    """Whether hits cover every word of the cell: Running, not "running late"."""
    return all(
        hits.within(cell.line, cell.start + at, cell.start + at + len(word))
        for word, at in _words(cell.text)
    )


def _words(text: str) -> list[tuple[str, int]]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((word, at))
        at += len(word)
    return found


def _whole_tables(
    layout: PageLayout, hits: PageHits, asked: Sequence[int]
) -> list[tuple[Piece, list[Piece]]]:
    """Tables under a command, caption or head that names the things, with their first column."""
    heads: dict[int, Piece] = {}
    for at in asked:
        for hit in hits.by_term[at]:
            named = layout.pieces[hit.piece]
            below = layout.below(named, reach=_CAPTION_REACH)
            for piece in (named, *below[:1]):
                if _is_head(layout, piece):
                    row = contiguous_row(layout, piece)
                    own = piece if piece is named else row[0]
                    heads[own.index] = own
    return [(head, cells) for head in heads.values() if (cells := column_under(layout, head))]


def column_under(layout: PageLayout, head: Piece) -> list[Piece]:
    """The cells under a head, as far as they follow each other closely."""
    cells: list[Piece] = []
    last, width = head, len(contiguous_row(layout, head))
    for piece in layout.below(head, reach=_ROWS_REACH):
        if piece.middle_y - last.middle_y > _PITCH_MAX * max(piece.height, _LOW * layout.height):
            break
        if not layout.of_one_command(piece, head) or not _is_a_row(layout, piece, head, width):
            break
        if _is_in_column(layout, piece, head) and piece.box[1] >= last.box[3] - 2:
            cells.append(piece)
            last = piece
    return cells


def _is_a_row(layout: PageLayout, piece: Piece, head: Piece, width: int) -> bool:
    """Whether the row has a cell in every column, or lacks one beside that which names it.

    Sums and the like leave columns empty, too.
    """
    row = contiguous_row(layout, piece)
    if len(row) >= width:
        return True
    first = contiguous_row(layout, head)[0]
    named = row[0].box[0] < first.box[2] and first.box[0] < row[0].box[2]
    return len(row) == width - 1 >= _CELLS_MIN and named and not _SUMS.match(row[0].text)


def _is_in_column(layout: PageLayout, piece: Piece, head: Piece) -> bool:
    """Whether the left or the right edge is that of the head, or no other head is over it."""
    if any(abs(piece.box[side] - head.box[side]) <= head.height for side in (0, 2)):
        return True
    over = [
        other.index
        for other in contiguous_row(layout, head)
        if other.box[0] < piece.box[2] and piece.box[0] < other.box[2]
    ]
    return over == [head.index]


def _names_the_table(
    layout: PageLayout, question: Question, term: int, head: Piece, cell: Piece
) -> bool:
    """Whether a head, the command or the line right over the table names the things."""
    row = contiguous_row(layout, head)
    command = layout.prompt_over(cell)
    captions = layout.above(row[0], reach=_CAPTION_REACH)[:1]
    needle = question.terms[term].needle
    said = [*row, *([command] if command else []), *captions]
    return any(spans_in(needle, piece.text) for piece in said)


def _name_of_row(layout: PageLayout, cell: Piece) -> Piece:
    """The first cell with letters."""
    row = contiguous_row(layout, cell)
    return next((piece for piece in row if any(map(str.isalpha, piece.text))), cell)


def _said(counted: Counted) -> str:
    head, first = counted.head, counted.cells[0]
    names = "; ".join(quoted(piece.text) for piece in counted.names)
    amount = len(counted.cells)
    rows = "1 row stands" if amount == 1 else f"{amount} rows stand"
    if counted.different:
        values = "1 value stands" if amount == 1 else f"{amount} different values stand"
        return f"{values} under {quoted(head.text)}: {names}"
    same = len({cell.text for cell in counted.cells}) == 1 and first not in counted.names
    of = f" with {quoted(first.text)}" if same else ""
    return f"{rows} under {quoted(head.text)}{of}: {names}"
