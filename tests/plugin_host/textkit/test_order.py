"""Reading order over plain boxes."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Box
from plugin_host.textkit.order import reading_order


def column(x: int, top: int, count: int, *, width: int = 300, pitch: int = 24) -> list[Box]:
    return [(x, top + i * pitch, x + width, top + i * pitch + 16) for i in range(count)]


@st.composite
def boxes(draw: st.DrawFn) -> list[Box]:
    corner = st.tuples(st.integers(0, 1900), st.integers(0, 1060))
    size = st.tuples(st.integers(1, 600), st.integers(1, 60))
    pairs = draw(st.lists(st.tuples(corner, size), max_size=40))
    return [(x, y, x + w, y + h) for (x, y), (w, h) in pairs]


@given(boxes())
def test_every_line_comes_once(lines: list[Box]) -> None:
    assert sorted(reading_order(lines)) == list(range(len(lines)))


@given(boxes(), st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_order_of_finding(
    lines: list[Box], shuffle: random.Random
) -> None:
    unique = list(dict.fromkeys(lines))
    shuffled = list(unique)
    shuffle.shuffle(shuffled)

    assert [unique[i] for i in reading_order(unique)] == [
        shuffled[i] for i in reading_order(shuffled)
    ]


@given(st.integers(0, 400), st.integers(0, 400), st.integers(2, 20))
def test_lines_below_each_other_are_read_down(x: int, y: int, count: int) -> None:
    assert reading_order(column(x, y, count)) == list(range(count))


@given(st.integers(3, 15), st.integers(3, 15), st.integers(40, 300), st.integers(3, 9))
def test_prose_in_two_panes_is_read_pane_by_pane(
    left: int, right: int, gutter: int, offset: int
) -> None:
    # Wide lines: prose is not read across even where its rows happen to be level.
    panes = column(20, 100, left, width=500)
    panes += column(520 + gutter, 100 + offset, right, width=500, pitch=29)

    assert reading_order(panes) == list(range(left + right))


@given(st.integers(3, 12), st.integers(2, 6), st.integers(30, 60))
def test_a_table_is_read_row_by_row(rows: int, columns: int, pitch: int) -> None:
    cells = [
        (20 + c * 150, 100 + r * pitch, 20 + c * 150 + 90, 116 + r * pitch)
        for r in range(rows)
        for c in range(columns)
    ]

    assert reading_order(cells) == list(range(len(cells)))


def test_a_title_comes_before_both_panes_and_a_footer_after() -> None:
    title, footer = (20, 10, 1000, 30), (20, 900, 1000, 916)
    left, right = column(20, 100, 6, width=400), column(560, 107, 5, width=440, pitch=31)

    assert reading_order([title, *left, *right, footer]) == list(range(13))


def test_a_sidebar_is_not_read_across_with_the_list_beside_it() -> None:
    sidebar = column(20, 100, 8, width=60, pitch=31)
    mails = column(240, 105, 20, width=320, pitch=19)

    assert reading_order([*sidebar, *mails]) == list(range(28))


def test_cards_of_a_board_are_read_column_by_column() -> None:
    # Number, title and points of a card: top, height and width.
    card = ((0, 23, 70), (31, 32, 400), (72, 27, 76))
    board = [
        (x, 160 + row * 160 + y, x + width, 160 + row * 160 + y + height)
        for x in (50, 680, 1310)
        for row in range(3)
        for y, height, width in card
    ]

    assert reading_order(board) == list(range(len(board)))


def test_tabs_beside_each_other_are_read_across_before_what_is_below() -> None:
    tabs = [(20, 10, 80, 26), (200, 10, 260, 26), (600, 10, 700, 26)]
    below = column(20, 120, 5, width=620)

    assert reading_order([*tabs, *below]) == list(range(8))


def test_an_indented_line_stays_among_its_neighbours() -> None:
    code = [(300, 100, 420, 116), (340, 124, 560, 140), (380, 148, 500, 164), (300, 172, 430, 188)]

    assert reading_order(code) == [0, 1, 2, 3]


def indented(*widths: tuple[int, int], x: int = 300, top: int = 100) -> list[Box]:
    """Lines of code, 18 px apart: by how many columns of 8 px indented, and how many long."""
    return [
        (x + 8 * indent, top + 18 * i, x + 8 * (indent + chars), top + 18 * i + 14)
        for i, (indent, chars) in enumerate(widths)
        if chars
    ]


# Two methods of a class: long lines that stick out under short ones, and blank lines.
METHODS = (
    *((0, 14), (0, 24), (0, 0), (0, 18), (4, 62), (8, 46), (8, 27), (8, 32), (0, 0)),
    *((4, 34), (8, 18), (12, 59), (8, 23), (0, 0), (4, 46), (8, 21), (12, 32), (8, 26)),
    *((0, 0), (0, 33), (4, 37), (4, 54), (4, 8)),
)


def test_a_long_line_between_the_lines_of_a_block_stays_between_them() -> None:
    code = indented(*METHODS)

    assert reading_order(code) == list(range(len(code)))


@given(
    st.lists(
        st.tuples(st.integers(0, 6).map(lambda deep: 4 * deep), st.integers(25, 70)),
        min_size=2,
        max_size=40,
    )
)
def test_one_column_is_read_down_however_its_lines_are_indented(
    shape: list[tuple[int, int]],
) -> None:
    # Longer than the deepest indentation: no two lines stand beside each other.
    code = indented(*shape)

    assert reading_order(code) == list(range(len(code)))


def test_a_last_line_that_hangs_below_an_argument_stays_above_the_bracket() -> None:
    call = indented((0, 24), (0, 34), (26, 9), (0, 1), (0, 20), (0, 18))

    assert reading_order(call) == list(range(len(call)))


def test_code_in_two_windows_is_read_window_by_window() -> None:
    left = indented(*METHODS)
    # On other rows and in other steps, so that lines stand half beside each other.
    right = [
        (x0, y0 * 21 // 18, x1, y0 * 21 // 18 + 16) for x0, y0, x1, _ in indented(*METHODS, x=960)
    ]

    assert reading_order([*left, *right]) == list(range(len(left) + len(right)))


def test_a_note_that_begins_under_a_wide_heading_is_not_read_into_the_prose_beside_it() -> None:
    heading, prose = (20, 40, 900, 60), column(20, 80, 12, width=500)
    note = column(620, 66, 6, width=400, pitch=31)

    assert reading_order([heading, *prose, *note]) == list(range(19))
