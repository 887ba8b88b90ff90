"""Labels with the value beside, below or over them.

Covers: which pieces may be the value of a label, what their places are worth. Does not cover:
labels on the line of their value (`kernel.query.candidates`), tables (`kernel.query.tables`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kernel.query import shapes
from kernel.query.candidates import (
    FIELD,
    INLINE,
    LABEL_WORDS_MAX,
    Candidate,
    Form,
    PageHits,
    Part,
    label_fit,
)
from kernel.query.layout import PageLayout, Piece
from kernel.query.peers import are_peers, in_log_row
from kernel.query.prints import print_px
from kernel.query.question import Kind
from kernel.query.rownames import is_headed_cell
from kernel.query.turns import heads_message

_SAME_HEIGHT = 1.25
_LABEL_FIT_MIN = 300
_HEAD_CELLS_MIN = 3
_BESIDE_HEIGHTS_MAX = 60
_BESIDE_HEIGHTS_FAR = 10
_FORM_GAP = 2.2
"""In a form the value is this near (ems); in the head of a table the next head is not."""
_FIELD_REACH = 1.6
_FIELD_LINE = re.compile(r"[A-Z][\w -]{0,20}:\s")
_FAR = 60
_HINT = 110
_PUT_OUT_WORDS_MIN = 3
_OVER_WORDS_MAX = 4
_HINT_LINES_MAX = 3
_FIGURE = 260
_CAPTIONED = 1.15
_FIGURE_FIRST = re.compile(r"\W*(?:[A-Z]{3}\s)?\W*\d")
"""A figure begins with its number, a currency apart: no title with a number in it."""
_TIED = 50
_BELOW = 150
_TITLE_LINES_MAX = 3
_TITLE_WORDS_MIN, _PROSE_WORDS_MIN = 3, 8
_TITLE_PRINT = 1.25
_SAME_LINE = 1.2
_LINE_REACH = 0.8


def neighbour_fields(
    layout: PageLayout, hits: PageHits, asked: frozenset[int] = frozenset()
) -> Iterator[Candidate]:
    """A label piece and the value piece beside, below or (for big numbers) above it.

    ``asked``: terms (by index) that name what is asked for; a label may go on after one.
    """
    for index in hits.pieces():
        label = layout.pieces[index]
        if len(label.text.split()) > LABEL_WORDS_MAX or INLINE.search(label.text):
            continue
        if shapes.is_byline(label.text) or heads_message(label.text):
            # What somebody wrote is no value of theirs.
            continue
        fit = label_fit(layout, hits, Part(label.line, label.start, label.end))
        if fit >= _LABEL_FIT_MIN or _begins_as_asked(hits, label, asked):
            for value, form, bonus in _values_of(layout, label):
                if not are_peers(label.text, value.text):
                    plain = not hits.within(label.line, label.start, label.end) & hits.specific
                    made = _field(layout, label, value, form, bonus * fit // 1000, fit)
                    yield replace(made, plain=plain)


def _field_of(layout: PageLayout, label: Piece) -> Piece | None:
    """What stands in the field right below a label, or beside it; None where no field is its."""
    fields = layout.regions.fields
    for below in layout.below(label, reach=_FIELD_REACH)[:1]:
        if fields[below.index] >= 0 and abs(below.box[0] - label.box[0]) <= 2 * label.height:
            return below
    beside = layout.right_of(label)
    return beside if beside is not None and fields[beside.index] >= 0 else None


def label_over(layout: PageLayout, value: Piece) -> Piece | None:
    """The label of what stands in a field: right over it, or left of it; None outside of fields."""
    if layout.regions.fields[value.index] < 0:
        return None
    over = [*layout.above(value, reach=_FIELD_REACH)[:1], *filter(None, [layout.left_of(value)])]
    return next((p for p in over if layout.regions.fields[p.index] < 0), None)


def _begins_as_asked(hits: PageHits, label: Piece, asked: frozenset[int]) -> bool:
    """Whether the label begins with what is asked for: "Total incl. VAT 19%"."""
    return any(
        hit.piece == label.index and hit.start == label.start
        for term in asked
        for hit in hits.by_term[term]
    )


def _values_of(layout: PageLayout, label: Piece) -> Iterator[tuple[Piece, Form, int]]:
    """The neighbours of a label that may be its value, with what their place is worth."""
    fields = layout.regions.fields
    if fields[label.index] >= 0:
        # What stands in a field is a value.
        return
    filled = _field_of(layout, label)
    if filled is not None:
        yield filled, Form.FIELD, FIELD
    else:
        yield from _values_near(layout, label)


def _values_near(layout: PageLayout, label: Piece) -> Iterator[tuple[Piece, Form, int]]:
    """The values of a label that has no field."""
    under = [p for p in layout.below(label, reach=1.6)[:1] if layout.of_one_command(label, p)]
    big = bool(under) and _is_figure_of(under[0], label)
    if big:
        yield under[0], Form.BELOW, _FIGURE
    heads = label.index not in layout.form_labels and is_column_head(layout, label)
    beside = None if big or is_headed_cell(layout, label) else _beside(layout, label, heads=heads)
    if (
        beside
        and not are_peers(label.text, beside.text)
        and not _are_captions(layout, label, beside)
    ):
        yield from _beside_value(label, beside)
    else:
        beside = None
    if heads or in_log_row(layout, label) or (not big and _is_put_out(layout, label)):
        return
    for value in layout.above(label, reach=1.2)[:1]:
        if _is_figure_of(value, label):
            yield value, Form.BELOW, _FIGURE
    if len(label.text.split()) > _OVER_WORDS_MAX:
        return
    for value in under if not big else ():
        if _FIELD_LINE.match(value.text) or _is_title_of(label, value):
            # "To: ..." is a field itself, and what is below a title is what it is about.
            continue
        # Beside a value further right, what stands below is a hint on the label.
        close = _TIED if layout.same_block(label, value) and not beside else 0
        yield value, Form.BELOW, _BELOW + close - (_HINT if beside else 0)
        for further in layout.below(value, reach=0.8)[:1]:
            yield further, Form.BELOW, _BELOW - 60


def _is_title_of(label: Piece, value: Piece) -> bool:
    """Whether it is the title over a text, and names no value of it."""
    prose = len(value.text.split()) >= _PROSE_WORDS_MIN
    size, other = (print_px(p.text, p.box[2] - p.box[0]) for p in (label, value))
    return prose and len(label.text.split()) >= _TITLE_WORDS_MIN and size >= _TITLE_PRINT * other


def _are_captions(layout: PageLayout, label: Piece, beside: Piece) -> bool:
    """Whether both are in small print over larger: captions of two boxes of a printed form."""
    return all(
        any(
            below.em >= _CAPTIONED * piece.em and abs(below.box[0] - piece.box[0]) <= piece.em / 2
            for below in layout.below(piece, reach=1.0)[:1]
        )
        for piece in (label, beside)
    )


def _is_put_out(layout: PageLayout, label: Piece) -> bool:
    """Whether it is a line that a command put out: no label of the line below it."""
    return len(label.text.split()) >= _PUT_OUT_WORDS_MIN and layout.prompt_over(label) is not None


def _beside_value(label: Piece, beside: Piece) -> Iterator[tuple[Piece, Form, int]]:
    far = beside.box[0] - label.box[2] > _BESIDE_HEIGHTS_FAR * label.height
    # A sentence and what stands far right of it are in two panes.
    if not far or len(label.text.split()) <= _OVER_WORDS_MAX:
        yield beside, Form.FIELD, FIELD - (_FAR if far else 0)


def _is_figure_of(value: Piece, label: Piece) -> bool:
    """Whether the piece is a number in large print, as dashboards caption them."""
    large = value.height >= 1.25 * label.height
    return large and bool(_FIGURE_FIRST.match(value.text)) and shapes.fits(Kind.NUMBER, value.text)


def _beside(layout: PageLayout, label: Piece, *, heads: bool) -> Piece | None:
    """The value on the label's row, or halfway between the label and the hint below it."""
    if heads and all(
        any(ch.isdigit() for ch in piece.text) for piece in layout.below(label, reach=6)[:2]
    ):
        return None
    found = layout.right_of(label)
    if found is None:
        block = [p for p in layout.block(label) if p.box[0] - label.box[0] <= label.em]
        right = max(p.box[2] for p in block[:_HINT_LINES_MAX])
        top, bottom = label.box[1], label.box[3] + label.height
        aside = [
            p for p in layout.between(top, bottom) if p.box[0] > right and layout.together(label, p)
        ]
        hinted = 1 < len(block) <= _HINT_LINES_MAX and block[0].index == label.index
        found = min(aside, key=lambda p: (p.box[0], p.index)) if hinted and aside else None
    reach = _FORM_GAP * label.em if heads else _BESIDE_HEIGHTS_MAX * label.height
    return found if found and found.box[0] - label.box[2] <= reach else None


def is_column_head(layout: PageLayout, piece: Piece) -> bool:
    """Whether the piece heads a column of a table: like cells follow, in even rows."""
    row = layout.row_of(piece)
    if len(row) < _HEAD_CELLS_MIN:
        return False
    headed = 0
    for member in row:
        first = layout.below(member, reach=2.2)[:1]
        second = layout.below(first[0], reach=2.2)[:1] if first else []
        if not second:
            continue
        pitches = (first[0].middle_y - member.middle_y, second[0].middle_y - first[0].middle_y)
        even = abs(pitches[0] - pitches[1]) <= 0.4 * member.height
        alike = all(
            1 / _SAME_HEIGHT <= p.height / member.height <= _SAME_HEIGHT
            for p in (first[0], second[0])
        )
        headed += even and alike
    return headed >= _HEAD_CELLS_MIN and 2 * headed >= len(row)


def _title_lines(layout: PageLayout, title: Piece) -> list[Piece]:
    """A title on a card with the lines it is broken into, where the card is full."""
    lines = [title]
    regions = layout.regions
    region = regions.of_piece[title.index]
    card = regions.boxes[region]
    # The margin on the left is that on the right.
    edge = card[2] - (title.box[0] - card[0])
    while region and len(lines) < _TITLE_LINES_MAX:
        last = lines[-1]
        following = [
            p
            for p in layout.below(last, reach=_LINE_REACH)[:1]
            if regions.of_piece[p.index] == region and not layout.right_of(p)
        ]
        if not following or not _goes_on(layout, last, following[0], edge):
            break
        lines.append(following[0])
    return lines


def _goes_on(layout: PageLayout, last: Piece, following: Piece, edge: int) -> bool:
    """Whether a line is broken before the next one: that one's first word had no room."""
    alike = 1 / _SAME_LINE <= following.height / last.height <= _SAME_LINE
    indent = abs(following.box[0] - last.box[0])
    text = following.text
    if not alike or indent > last.em / 2 or shapes.is_person(text) or shapes.is_byline(text):
        return False
    word = text.split()[0]
    right = layout.box_of(following.line, following.start, following.start + len(word))[2]
    if last.box[2] + (right - following.box[0]) + last.em / 4 < edge - last.em / 4:
        return False
    # What stands last on a card says who and when, unless it goes on with a sentence.
    return word[:1].islower() or bool(layout.below(following, reach=_LINE_REACH))


def _field(
    layout: PageLayout, label: Piece, value: Piece, form: Form, bonus: int, fit: int
) -> Candidate:
    name = label.text.rstrip(" :=")
    lines = _title_lines(layout, value) if form is Form.BELOW else [value]
    text = " ".join(line.text for line in lines)
    return Candidate(
        form=form,
        answer=tuple(Part(line.line, line.start, line.end) for line in lines),
        support=(Part(label.line, label.start, label.end),),
        text=f"{name}: {text}",
        value=text,
        bonus=bonus,
        fit=fit,
    )
