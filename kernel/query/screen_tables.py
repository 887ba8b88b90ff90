"""Tables as the screen state has them: cells by row and column, rows counted.

Covers: the tables of a stored screen state, the cell where a named row and a named head meet, how
many rows a table under a caption has. Does not cover: tables told from the text's layout alone
(`kernel.query.tables`), which is what is left where no screen state is stored. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.base import Box
from contracts.screen import Element, ScreenState
from contracts.text import TextPage
from kernel.query.candidates import Candidate, Form, PageHits, Part, label_fit
from kernel.query.layout import PageLayout, Piece

_CELL = 330
"""A little more than a cell told from the layout alone."""
_HEAD_FIT_MIN = 500
_IMPLIED_FIT = 900
_HEAD_SHARE = 0.6
_LETTERS_MIN = 2
_COLUMNS_MIN = 2
_CAPTION_HEIGHTS = 3.0


@dataclass(frozen=True, slots=True)
class ScreenTable:
    """A table: its box, its cells with text by (row, column), the row of its heads."""

    box: Box
    cells: dict[tuple[int, int], Element]
    head: int

    @property
    def rows(self) -> list[int]:
        """Rows of data: below the heads, with text in their first filled column."""
        return sorted({row for row, _ in self.cells if row > self.head})

    def first_cell(self, row: int) -> Element:
        """The leftmost cell with text."""
        return self.cells[min(at for at in self.cells if at[0] == row)]

    def named_cells(self, caption: Box) -> list[Element]:
        """What names each row of data: cells below the head that the caption is, else the first.

        Rows without text below that head are not of the kind that it names.
        """
        for (row, column), cell in sorted(self.cells.items()):
            if row == self.head and _overlap(cell.box, caption):
                below = ((other, column) for other in self.rows)
                return [self.cells[at] for at in below if at in self.cells]
        return [self.first_cell(row) for row in self.rows]


def tables_of(state: ScreenState) -> list[ScreenTable]:
    """The tables with a row of heads and at least two columns, in the order of the state."""
    by_id = {element.element_id: element for element in state.elements}
    cells: dict[str, dict[tuple[int, int], Element]] = {}
    for element in state.elements:
        if element.role != "cell" or element.row is None or element.column is None:
            continue
        parent = by_id.get(element.parent or "")
        while parent is not None and parent.role != "table":
            parent = by_id.get(parent.parent or "")
        if parent is not None and (element.text or "").strip():
            cells.setdefault(parent.element_id, {})[(element.row, element.column)] = element
    tables = []
    for table_id, found in cells.items():
        head = _head_row(found)
        if head is not None and len({column for _, column in found}) >= _COLUMNS_MIN:
            tables.append(ScreenTable(by_id[table_id].box, found, head))
    return tables


def _head_row(cells: dict[tuple[int, int], Element]) -> int | None:
    """The first row in which most cells are words; letters of a spreadsheet's columns are none."""
    for row in sorted({row for row, _ in cells}):
        texts = [cell.text or "" for at, cell in cells.items() if at[0] == row]
        words = sum(sum(ch.isalpha() for ch in text) >= _LETTERS_MIN for text in texts)
        if len(texts) >= _COLUMNS_MIN and words >= _HEAD_SHARE * len(texts):
            return row
    return None


def state_cells(
    layout: PageLayout, hits: PageHits, tables: Sequence[ScreenTable]
) -> Iterator[Candidate]:
    """For every named head and row key of a table: the cell where they meet."""
    for table in tables:
        parts = {at: parts_of(layout.page, cell) for at, cell in table.cells.items()}
        named = {
            at: frozenset[int]().union(*(hits.within(p.line, p.start, p.end) for p in held))
            for at, held in parts.items()
        }
        implied = {at for at, held in parts.items() if _is_implied(hits, held)}
        heads = [at for at in sorted(named) if at[0] == table.head and (named[at] or at in implied)]
        keys = [at for at in sorted(named) if at[0] > table.head and named[at]]
        for head in heads:
            for key in keys:
                target = (key[0], head[1])
                said = head in implied or not named[key] <= named[head]
                if target != key and said and parts.get(target):
                    at = (parts[head][0], _naming(hits, parts[key]), parts[target][0])
                    yield from _cell(layout, hits, *at, implied=not named[head])


def _is_implied(hits: PageHits, held: Sequence[Part]) -> bool:
    return any(
        hit.line == part.line and part.start <= hit.start and hit.end <= part.end
        for hit in hits.implied
        for part in held
    )


def _naming(hits: PageHits, held: Sequence[Part]) -> Part:
    """The line of a cell that holds most of the question's words."""
    return max(held, key=lambda p: (len(hits.within(p.line, p.start, p.end)), -p.line))


def _cell(
    layout: PageLayout, hits: PageHits, head: Part, key: Part, answer: Part, *, implied: bool
) -> Iterator[Candidate]:
    fit = _IMPLIED_FIT if implied else label_fit(layout, hits, head)
    if fit < _HEAD_FIT_MIN:
        return
    value = _text(layout.page, answer)
    text = f"{_text(layout.page, key)} \u2014 {_text(layout.page, head)}: {value}"
    yield Candidate(
        Form.CELL,
        (answer,),
        (key, head),
        text,
        value,
        _CELL * fit // 1000,
        value_at=answer,
        speaks_for=hits.implying if implied else frozenset(),
    )


def table_under(tables: Sequence[ScreenTable], caption: Box) -> ScreenTable | None:
    """The table right below a line, or the one whose head the line is."""
    height = max(1, caption[3] - caption[1])
    for table in tables:
        beside = caption[0] < table.box[2] and caption[2] > table.box[0]
        gap = table.box[1] - caption[3]
        middle = (caption[1] + caption[3]) / 2
        heads = [cell.box for at, cell in table.cells.items() if at[0] == table.head]
        inside = any(box[1] <= middle <= box[3] for box in heads)
        if beside and (inside or -height <= gap <= _CAPTION_HEIGHTS * height):
            return table
    return None


def parts_of(page: TextPage, element: Element) -> tuple[Part, ...]:
    """Where the lines of an element's text stand among those of the page, top to bottom."""
    texts = [text for text in (element.text or "").splitlines() if text.strip()]
    if len(texts) == 1:
        whole = part_of(page, element)
        return () if whole is None else (whole,)
    inside = [
        (at, line)
        for at, line in enumerate(page.lines)
        if element.box[1] <= (line.box[1] + line.box[3]) / 2 <= element.box[3]
    ]
    found: list[Part] = []
    for text in texts:
        wanted = text.strip()
        for at, line in inside:
            start = line.text.find(wanted)
            words = [w for w in line.words if w.start < start + len(wanted) and w.end > start]
            across = words and words[0].box[0] < element.box[2] > element.box[0]
            part = Part(at, start, start + len(wanted))
            if start >= 0 and across and words[-1].box[2] > element.box[0] and part not in found:
                found.append(part)
                break
    return tuple(found)


def part_of(page: TextPage, element: Element) -> Part | None:
    """Where an element's text stands among the lines of the page."""
    wanted = (element.text or "").strip()
    middle = (element.box[1] + element.box[3]) / 2
    for at, line in enumerate(page.lines):
        if not wanted or not line.box[1] <= middle <= line.box[3]:
            continue
        start = line.text.find(wanted)
        while start >= 0:
            words = [w for w in line.words if w.start < start + len(wanted) and w.end > start]
            if words and words[0].box[0] < element.box[2] and words[-1].box[2] > element.box[0]:
                return Part(at, start, start + len(wanted))
            start = line.text.find(wanted, start + 1)
    return None


def _overlap(first: Box, second: Box) -> bool:
    across = first[0] < second[2] and second[0] < first[2]
    return across and first[1] < second[3] and second[1] < first[3]


def _text(page: TextPage, part: Part) -> str:
    return page.lines[part.line].text[part.start : part.end]


def leaves_its_table(layout: PageLayout, cell: Candidate) -> bool:
    """Whether a cell is read under a head of a stored table that ends above it."""
    own = layout.piece_at(cell.answer[0].line, cell.answer[0].start)
    heads = [layout.piece_at(part.line, part.start) for part in cell.support]
    return any(
        area.role == "table"
        and _holds(area.box, head)
        and head.box[3] <= own.box[1]
        and own.box[1] >= area.box[3]
        for area in layout.areas
        for head in heads
    )


def _holds(box: Box, piece: Piece) -> bool:
    across = box[0] <= (piece.box[0] + piece.box[2]) / 2 <= box[2]
    return across and box[1] <= piece.middle_y <= box[3]
