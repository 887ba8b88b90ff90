"""The head of a column as the answer: the lane of a card on a board, the day of an entry.

Covers: which heads there are, when a question asks for one. Does not cover: the heads of tables
(`kernel.query.tables`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.base import Box
from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.layout import PageLayout, Piece, aligned
from kernel.query.question import Question
from kernel.query.vocabulary import CALENDAR
from kernel.query.words import stem_of, synonyms_of
from kernel.store.folding import squash

_NO_DAYS = frozenset({"may", "march"})
_DAY_NOUNS = frozenset({stem_of(noun) for noun in ("day", "weekday", "column")})
_DAYS = frozenset(
    name for day in CALENDAR for name in (day, day[:3], *synonyms_of(day)) if day not in _NO_DAYS
)
_BONUS = 150
_DAY_CHARS_MAX = 2
_HEADING_HEIGHT = 1.12
_BOARD_CELLS_MIN = 2
_HEADING_NOUNS = frozenset(
    stem_of(noun)
    for noun in "column lane list section stage swimlane tab day weekday status state".split()
)
_HEADING_WORDS_MAX = 5
_HEAD_LETTERS_MIN = 2
_IDENTIFIER = re.compile(r"#?[A-Za-z]+-\d+(?:-\d+)*")
"""What names one thing is no head over others."""


def headings(layout: PageLayout, hits: PageHits, question: Question) -> Iterator[Candidate]:
    """The head of the column in which the words asked about stand (boards, calendars)."""
    asked = {
        index
        for index, term in enumerate(question.terms)
        if term.asked and stem_of(term.text) in _HEADING_NOUNS
    }
    if not asked:
        return
    of_days = any(stem_of(question.terms[at].text) in _DAY_NOUNS for at in asked)
    for index in hits.pieces():
        anchor = layout.pieces[index]
        label = layout.left_of(anchor)
        if label is not None and label.index in layout.form_labels:
            # Over a field of a form stands another field.
            continue
        said = hits.within(anchor.line, anchor.start, anchor.end)
        if len(anchor.text.split()) > _HEADING_WORDS_MAX + 2 or said & asked:
            continue
        above = _over(layout, anchor)
        outside = [p for p in above if not layout.same_block(p, anchor)]
        heads = [p for p in outside if _is_board_head(layout, p)]
        for head in () if heads and _is_named_or_tabled(layout, heads[-1], anchor) else heads[-1:]:
            if any(
                layout.pieces[hit.piece] in layout.row_of(head, across=True)
                for term in asked
                for hit in hits.by_term[term]
            ):
                # A table that has a column of that name says it there.
                continue
            dated = shapes.is_time(head.text) or head.text.casefold() in _DAYS
            if squash(head.text) in squash(anchor.text) or (dated and not of_days):
                continue
            near = next(
                (p for p in above if p.text.isdigit() and len(p.text) <= _DAY_CHARS_MAX), None
            )
            parts = [near] if near and near.index != head.index else []
            name = " ".join([head.text, *(p.text for p in parts)])
            yield Candidate(
                form=Form.CARD,
                answer=tuple(Part(p.line, p.start, p.end) for p in (head, *parts)),
                support=(Part(anchor.line, anchor.start, anchor.end),),
                text=f"{anchor.text} \u2014 {name}",
                value=name,
                bonus=_BONUS,
                speaks_for=frozenset(asked),
            )


def board_head_over(layout: PageLayout, anchor: Piece) -> Piece | None:
    """The head of the lane in which something on a board stands; None outside of boards."""
    outside = [p for p in _over(layout, anchor) if not layout.same_block(p, anchor)]
    heads = [p for p in outside if _is_board_head(layout, p)]
    return heads[-1] if heads else None


def _over(layout: PageLayout, anchor: Piece) -> list[Piece]:
    """What stands over a piece in its container or in those around it, nearest first."""
    around = set(layout.regions.chain(anchor.index))
    found = [
        piece
        for piece in layout.pieces
        if piece.box[3] <= anchor.box[1] + 0.4 * anchor.height
        and piece.index != anchor.index
        and layout.regions.of_piece[piece.index] in around
        and aligned(anchor, piece)
    ]
    return sorted(found, key=lambda p: (-p.box[3], p.box[0], p.index))


def _is_named_or_tabled(layout: PageLayout, head: Piece, anchor: Piece) -> bool:
    """Whether it is an identifier, or a cell of a table under which the anchor stands."""
    if _IDENTIFIER.fullmatch(head.text.strip()):
        return True
    return any(
        area.role == "table" and _lies_in(area.box, head) and not _lies_in(area.box, anchor)
        for area in layout.areas
    )


def _lies_in(box: Box, piece: Piece) -> bool:
    across = box[0] <= (piece.box[0] + piece.box[2]) / 2 <= box[2]
    return across and box[1] <= piece.middle_y <= box[3]


def _is_board_head(layout: PageLayout, piece: Piece) -> bool:
    """Whether the piece is one of several short ones spread over a row, below the title."""
    row = layout.row_of(piece, across=True)
    if len(row) < _BOARD_CELLS_MIN or piece.box[3] <= 0.04 * layout.page.height_px:
        return False
    stands_out = piece.text.isupper() or any(ch.isdigit() for ch in piece.text)
    if sum(map(str.isalpha, piece.text)) < _HEAD_LETTERS_MIN:
        # The letter over a column of a sheet is no name of it.
        return False
    stands_out = stands_out or piece.height > _HEADING_HEIGHT * layout.height
    stands_out = stands_out or all(_opens_its_box(layout, member) for member in row)
    return stands_out and all(len(m.text.split()) <= _HEADING_WORDS_MAX for m in row)


def _opens_its_box(layout: PageLayout, piece: Piece) -> bool:
    """Whether it is all that stands in a box but the smaller boxes below it: a lane's name."""
    regions = layout.regions
    box = regions.of_piece[piece.index]
    held = [p for p in layout.pieces if box in regions.chain(p.index)]
    return (
        box > 0
        and len(held) > 1
        and all(
            p is piece or (regions.of_piece[p.index] != box and p.box[1] >= piece.box[3])
            for p in held
        )
    )
