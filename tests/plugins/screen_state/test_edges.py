"""What the pixels show: rules, grids, windows, carets; and how words are cut and put in rows."""

from __future__ import annotations

import time

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from contracts.base import Box
from contracts.text import Word
from plugins.screen_state.caret import find_caret
from plugins.screen_state.columns import find_columns
from plugins.screen_state.controls import find_controls
from plugins.screen_state.edges import RULES_MAX, Rules, find_rules
from plugins.screen_state.geometry import area, common, grow, holds, iou, overlap, union
from plugins.screen_state.grid import find_grids
from plugins.screen_state.gutter import find_code, merge
from plugins.screen_state.pieces import Piece, cut, page_pieces, part_of, text_rows
from plugins.screen_state.windows import find_regions, find_windows, region_at
from tests.plugins.screen_state.desk import HEIGHT, WIDTH, Desk

BOXES = st.tuples(
    st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 60)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


def blank(height: int = 120, width: int = 200, grey: int = 250) -> NDArray[np.uint8]:
    return np.full((height, width), grey, np.uint8)


@given(y=st.integers(5, 110), x0=st.integers(0, 100), length=st.integers(30, 90))
@settings(max_examples=60, deadline=None)
def test_a_line_of_ink_is_one_rule_of_its_length(y: int, x0: int, length: int) -> None:
    grey = blank()
    grey[y, x0 : x0 + length] = 90
    rules = find_rules(grey)
    assert [(r.low, r.high, r.start, r.end) for r in rules.across] == [(y, y + 1, x0, x0 + length)]
    turned = find_rules(np.ascontiguousarray(grey.T))
    assert turned.down == rules.across


def test_a_border_of_two_colours_is_one_edge_and_a_gradient_is_none() -> None:
    grey = blank()
    grey[60:] = 200
    assert [(r.low, r.high) for r in find_rules(grey).across] == [(60, 60)]
    gradient = np.repeat(np.arange(120, dtype=np.uint8)[:, None], 200, axis=1)
    assert find_rules(gradient) == Rules((), ())


@pytest.mark.parametrize("shape", [(0, 0), (1, 50), (50, 1), (3, 3)])
def test_a_tiny_frame_has_no_rules(shape: tuple[int, int]) -> None:
    assert find_rules(np.zeros(shape, np.uint8)) == Rules((), ())


def test_noise_has_few_rules_and_costs_little() -> None:
    chance = np.random.default_rng(7)
    grey = chance.integers(0, 256, (1080, 1920), np.uint8)
    start = time.process_time()
    rules = find_rules(grey)
    assert len(rules.across) + len(rules.down) <= 2 * RULES_MAX
    assert time.process_time() - start < 5


def test_cells_are_found_between_crossing_rules() -> None:
    grey = blank()
    for y in (20, 50, 80):
        grey[y, 30:151] = 100
    for x in (30, 90, 150):
        grey[20:81, x] = 100
    grids = find_grids(find_rules(grey), 200, 120)
    assert [(c.row, c.column) for c in grids[0].cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len(grids) == 1
    first = grids[0].cells[0].box
    assert iou(first, (31, 21, 90, 50)) > 0.95


def test_one_framed_box_is_no_table() -> None:
    grey = blank()
    grey[20, 30:151] = grey[80, 30:151] = 100
    grey[20:81, 30] = grey[20:81, 150] = 100
    assert find_grids(find_rules(grey), 200, 120) == []


def test_a_bar_without_a_title_is_no_window() -> None:
    desk = Desk()
    desk.window("Title", (100, 100, 600, 400))
    rules = find_rules(np.asarray(desk.image.convert("L")))
    pieces = page_pieces(desk.page())
    assert [w.box for w in find_windows(rules, pieces, WIDTH, HEIGHT)] == [(100, 100, 600, 400)]
    assert find_windows(rules, [], WIDTH, HEIGHT) == []


def test_every_point_of_a_frame_lies_in_one_region() -> None:
    desk = Desk()
    desk.window("One", (0, 0, 700, 500))
    desk.window("Two", (300, 200, 900, 560))
    rules = find_rules(np.asarray(desk.image.convert("L")))
    windows = find_windows(rules, page_pieces(desk.page()), WIDTH, HEIGHT)
    regions = find_regions(windows, rules, [], WIDTH, HEIGHT)
    owner = {
        point: regions[region_at(point, regions, windows)].window
        for point in [(10, 100), (500, 300), (800, 100), (850, 550)]
    }
    titles = {point: None if n is None else windows[n].title.text for point, n in owner.items()}
    assert titles == {
        (10, 100): "One",
        (500, 300): "Two",
        (800, 100): None,
        (850, 550): "Two",
    }


def test_a_caret_stands_free_and_is_higher_than_the_letters() -> None:
    grey = blank(60, 200, 255)
    grey[22:34, 20:80:6] = 0
    box: Box = (20, 20, 80, 36)
    assert find_caret(grey, box) is None
    grey[17:39, 82] = 0
    assert find_caret(grey, box) == 82
    grey[17:39, 83:120] = 0
    assert find_caret(grey, box) is None
    assert find_caret(grey, (0, 0, 1, 1)) is None


def word(text: str, x: int, start: int, y: int = 10) -> Word:
    return Word(
        text=text,
        box=(x, y, x + 8 * len(text), y + 14),
        confidence_permille=900,
        start=start,
        end=start + len(text),
    )


def piece(*texts: str, x: int = 0, y: int = 10, order: int = 0) -> Piece:
    words, offset = [], 0
    for text in texts:
        words.append(word(text, x + 8 * offset, offset, y))
        offset += len(text) + 1
    whole = " ".join(texts)
    return Piece(order, whole, union(w.box for w in words), 900, tuple(words))


@given(
    texts=st.lists(st.text("abc1", min_size=1, max_size=5), min_size=1, max_size=8), at=st.data()
)
def test_cutting_a_piece_loses_no_word(texts: list[str], at: st.DataObject) -> None:
    whole = piece(*texts)
    places = at.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts)))
    where = dict(zip(whole.words, places, strict=True))
    parts = cut([whole], lambda w: where[w])
    assert sum(len(p.words) for group in parts.values() for p in group) == len(texts)
    for place, group in parts.items():
        for part in group:
            assert part.text == " ".join(w.text for w in part.words)
            assert all(where[w] == place for w in part.words)


def test_a_part_of_a_piece_and_a_merged_piece_read_as_their_words_do() -> None:
    whole = piece("one", "two", "three")
    assert part_of(whole, whole.words[1:]).text == "two three"
    both = merge([piece("left"), piece("right", "end", x=200)])
    assert both.text == "left right end"
    assert [both.text[w.start : w.end] for w in both.words] == ["left", "right", "end"]


def test_rows_go_down_and_each_from_left_to_right() -> None:
    rows = text_rows([piece("d", y=42), piece("b", x=90, y=11), piece("a", y=10), piece("c", y=40)])
    assert [[p.text for p in row] for row in rows] == [["a", "b"], ["c", "d"]] or [
        [p.text for p in row] for row in rows
    ] == [["a", "b"], ["d", "c"]]


def test_nothing_is_found_in_nothing() -> None:
    assert find_columns([]) == []
    assert find_code([]) is None
    assert find_controls([piece("text")], Rules((), ())) == []


@given(a=BOXES, b=BOXES)
def test_boxes_overlap_alike_from_both_sides(a: Box, b: Box) -> None:
    assert common(a, b) == common(b, a) <= min(area(a), area(b))
    assert 0 <= iou(a, b) <= 1
    assert holds(union([a, b]), a)
    assert holds(grow(a, 3), a)
    assert overlap(a[0], a[2], b[0], b[2]) == overlap(b[0], b[2], a[0], a[2])
