"""What stands beside, below and in one block with what."""

from __future__ import annotations

from typing import Any

from contracts.text import TextLine, TextPage, Word
from kernel.query.layout import PageLayout, Piece, box_of_span
from tests.kernel.query.drawn import Canvas


def piece(layout: PageLayout, text: str) -> Piece:
    return next(p for p in layout.pieces if p.text == text)


def form(pad: int = 0) -> PageLayout:
    canvas = Canvas(pad=pad)
    canvas.text(100, 100, "State")
    canvas.text(200, 100, "In Progress")
    canvas.block(100, 200, ["first line of a note", "second line of it"])
    canvas.text(100, 300, "far below")
    canvas.text(1200, 100, "elsewhere")
    return PageLayout(canvas.page())


def test_the_next_piece_on_the_row_stands_beside() -> None:
    layout = form()
    assert layout.right_of(piece(layout, "State")) == piece(layout, "In Progress")
    assert layout.left_of(piece(layout, "In Progress")) == piece(layout, "State")
    assert layout.right_of(piece(layout, "elsewhere")) is None


def test_lines_without_a_gap_are_one_block_whatever_the_padding() -> None:
    for pad in (0, 3):
        layout = form(pad)
        block = [p.text for p in layout.block(piece(layout, "first line of a note"))]
        assert block == ["first line of a note", "second line of it"]


def test_a_wide_gap_inside_a_line_cuts_it_into_pieces() -> None:
    canvas = Canvas()
    canvas.text(100, 100, "Total" + " " * 30 + "42.00")
    layout = PageLayout(canvas.page())
    assert [p.text for p in layout.pieces] == ["Total", "42.00"]


def test_the_box_of_a_span_is_that_of_its_words() -> None:
    canvas = Canvas()
    canvas.text(100, 100, "one two three")
    line = canvas.page().lines[0]
    assert box_of_span(line, 4, 7) == line.words[1].box
    assert box_of_span(line, 5, 13)[0] == line.words[1].box[0]


def test_a_line_without_words_is_one_piece_with_the_line_box() -> None:
    canvas = Canvas()
    canvas.text(100, 100, "bare")
    page = canvas.page()
    bare = type(page.lines[0])(
        text="no words known", box=(1, 2, 30, 40), confidence_permille=1, words=()
    )
    layout = PageLayout(
        type(page)(
            blob=page.blob, width_px=9, height_px=9, engine="x", engine_version="1", lines=(bare,)
        )
    )
    assert [p.text for p in layout.pieces] == ["no words known"]
    assert layout.box_of(0, 0, 2) == (1, 2, 30, 40)


def test_a_label_joined_with_its_value_is_cut_where_other_lines_begin() -> None:
    """Gaps as they were read on a form: 5 to 7 pixels in a label, 19 to the next column."""
    canvas = Canvas()
    canvas.text(160, 60, "Waiting")
    canvas.text(160, 180, "2025-10-03")
    joined = joined_line(("Assigned", 65, 123), ("to", 128, 140), ("Amira", 159, 199), top=120)
    page = canvas.page()
    with_form = type(page)(**{**_fields(page), "lines": (*page.lines, joined)})
    assert [p.text for p in PageLayout(with_form).pieces[-2:]] == ["Assigned to", "Amira"]
    alone = type(page)(**{**_fields(page), "lines": (page.lines[0], joined)})
    assert PageLayout(alone).pieces[-1].text == "Assigned to Amira"


def _fields(page: TextPage) -> dict[str, Any]:
    return {name: getattr(page, name) for name in page.__struct_fields__}


def joined_line(*words: tuple[str, int, int], top: int) -> TextLine:
    text = " ".join(word for word, _, _ in words)
    made = tuple(
        Word(
            text=word,
            box=(x0, top, x1, top + 18),
            confidence_permille=990,
            start=text.index(word),
            end=text.index(word) + len(word),
        )
        for word, x0, x1 in words
    )
    box = (words[0][1], top, words[-1][2], top + 18)
    return TextLine(text=text, box=box, confidence_permille=990, words=made)
