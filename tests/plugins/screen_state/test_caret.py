"""A stroke behind a text is a caret only where it can be nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from contracts.base import Box
from contracts.screen import ScreenState
from plugins.screen_state.caret import find_caret, reach, settle_carets
from plugins.screen_state.state import to_grey
from plugins.screen_state.tree import Draft
from tests.plugins.screen_state.desk import Desk, compare, state_of, with_text

Stroke = Callable[[Desk, Box], None]


def carets(state: ScreenState) -> list[str | None]:
    return [element.text for element in state.elements if element.caret_x is not None]


def pad(text: str, stroke: Stroke, title: str = "notes.txt - Pad") -> Desk:
    desk = Desk()
    desk.window(title, (0, 0, 960, 560))
    desk.text("first of all", 30, 60)
    stroke(desk, desk.text(text, 30, 120))
    return desk


def upright(gap: int, above: int = 2, below: int = 2, ink: str = "black", wide: int = 1) -> Stroke:
    """A stroke ``gap`` pixels behind the text, reaching over it by so many pixels."""

    def draw(desk: Desk, box: Box) -> None:
        x = box[2] + gap
        desk.pen.rectangle((x, box[1] - above, x + wide - 1, box[3] + below - 1), fill=ink)

    return draw


@pytest.mark.parametrize("wide", [1, 2, 3])
@pytest.mark.parametrize("gap", [0, 1, 2, 3])
def test_a_stroke_right_behind_a_text_is_its_caret(gap: int, wide: int) -> None:
    desk = pad("hello", upright(gap, wide=wide))
    state = state_of(desk)
    assert carets(state) == ["hello"]
    box = with_text(state, "hello").box
    assert find_caret(to_grey(desk.pixels()), box) == box[2] + gap


def framed(desk: Desk, box: Box) -> None:
    desk.pen.rectangle((box[0] - 6, box[1] - 3, box[2] + 2, box[3] + 3), outline="black")


def dashed(desk: Desk, box: Box) -> None:
    for row in range(-1, 2):
        upright(1)(desk, (box[0], box[1] + 24 * row, box[2], box[3] + 24 * row))


def parting(desk: Desk, box: Box) -> None:
    upright(2)(desk, box)
    desk.text("UTF-8", box[2] + 60, box[1])


@pytest.mark.parametrize(
    "stroke",
    [
        *(upright(gap) for gap in (4, 5, 6, 8, 9)),
        upright(1, above=12, below=12),
        upright(1, above=60, below=200),
        upright(1, ink="#b0b0b0"),
        framed,
        dashed,
        parting,
    ],
)
def test_separators_and_sides_are_no_carets(stroke: Stroke) -> None:
    assert carets(state_of(pad("Saved 4 of 52", stroke))) == []


@pytest.mark.parametrize("stroke", [upright(4), upright(5), upright(2, ink="#b0b0b0"), parting])
def test_a_status_text_that_grows_before_its_separator_was_not_typed(stroke: Stroke) -> None:
    told = compare(pad("Saved 4 of 52", stroke), pad("Saved 4 of 52 records", stroke))
    assert told.actions == []


def test_a_separator_that_was_read_as_a_letter_shows_no_typing() -> None:
    def status(text: str) -> Desk:
        desk = pad(text, upright(9))
        line = desk.lines[-1]
        x0, y0, x1, y1 = line.box
        desk.lines[-1] = replace(line, text=f"{text} |", box=(x0, y0, x1 + 11, y1), words=())
        return desk

    assert compare(status("Saved 4 of 52"), status("Saved 4 of 52 records")).actions == []


def test_a_stroke_that_stays_where_it_was_is_not_followed_by_text() -> None:
    def still(text: str, box_end: int) -> Desk:
        desk = pad(text, lambda _desk, _box: None)
        line = desk.lines[-1]
        box = (*line.box[:2], box_end, line.box[3])
        desk.lines[-1] = replace(line, box=box, words=())
        desk.pen.rectangle((160, 118, 161, 137), fill="black")
        return desk

    first, second = still("Saved 4 of 52", 158), still("Saved 4 of 520", 158)
    assert carets(state_of(first)) == ["Saved 4 of 52"]
    assert compare(first, second).actions == []


def code(*, popup: bool) -> Desk:
    desk = Desk()
    desk.window("tax.py - Editor", (0, 0, 960, 560))
    for at in range(12):
        text = f"value_{at:02} = compute(at_{at:02}, rest)"
        line = desk.text(text, 60, 60 + 23 * at)
        desk.text(f"{at + 1:>2}", 20, 60 + 23 * at, ink="#808080")
        if popup and 3 <= at < 8:
            # What the popup hides is not read.
            cut = desk.lines[-2]
            kept = tuple(word for word in cut.words if word.box[2] < line[0] + 210)
            box = (*line[:2], kept[-1].box[2], line[3])
            desk.lines[-2] = replace(cut, text=text[: kept[-1].end], box=box, words=kept)
    if popup:
        side = desk.lines[-2 - 2 * 4].box[2] + 2
        desk.pen.rectangle((side, 124, 700, 246), fill="#f4f4f4", outline="black")
    return desk


def test_the_side_of_a_popup_over_several_lines_is_no_caret_of_any() -> None:
    assert carets(state_of(code(popup=True))) == []


def test_of_two_carets_in_one_window_none_is_told_and_one_each_in_two_are() -> None:
    def two(*, apart: bool) -> Desk:
        desk = Desk()
        desk.window("left - Pad", (10, 10, 450, 400))
        upright(1)(desk, desk.text("one", 40, 80))
        if apart:
            desk.window("right - Pad", (500, 10, 940, 400))
            upright(1)(desk, desk.text("two", 540, 180))
        else:
            upright(1)(desk, desk.text("two", 60, 180))
        return desk

    assert carets(state_of(two(apart=False))) == []
    assert sorted(map(str, carets(state_of(two(apart=True))))) == ["one", "two"]


def test_a_stroke_on_the_edge_of_a_pane_is_no_caret() -> None:
    def draft(x: int) -> Draft:
        return Draft("line", "observed", (20, 20, 96, 36), 1, text="Files", caret_x=x)

    grey = to_grey(Desk().pixels())
    for x, kept in ((98, 98), (100, None), (101, None), (102, None)):
        line = draft(x)
        pane = Draft("pane", "derived", (0, 0, 100, 300), 0, children=[line])
        other = Draft("pane", "derived", (100, 0, 400, 300), 1)
        window = Draft("window", "derived", (0, 0, 400, 300), 0, children=[pane, other])
        settle_carets([window], grey)
        assert line.caret_x == (None if abs(x - 100) <= 2 else kept), x


def test_a_caret_stands_nearer_to_small_texts() -> None:
    assert [reach(tall) for tall in (8, 16, 40)] == [3, 3, 8]
