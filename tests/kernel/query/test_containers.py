"""Containers: what stands in one window, pane or column, and what only stands beside it."""

from __future__ import annotations

import pytest

from contracts.screen import Element, ScreenState
from kernel.query.containers import Area, areas_of, regions_of
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from tests.kernel.query.drawn import PAGES, Canvas


def two_forms() -> Canvas:
    """Two columns of settings, each with a heading: labels left, values right."""
    c = Canvas()
    c.text(60, 30, "Preferences", px=26)
    left = [("Theme", "Dark"), ("Font size", "13 px"), ("Tab width", "4"), ("Word wrap", "On")]
    right = [("Printer", "Brother 2"), ("Paper", "A4"), ("Duplex", "Off"), ("Copies", "3")]
    for x, heading, entries in ((60, "Editor", left), (900, "Printing", right)):
        c.text(x, 100, heading, px=17)
        for number, (label, value) in enumerate(entries):
            c.text(x, 140 + 40 * number, label)
            c.right(x + 600, 140 + 40 * number, value)
    return c


def region(layout: PageLayout, text: str) -> int:
    piece = next(piece for piece in layout.pieces if piece.text == text)
    return layout.regions.of_piece[piece.index]


def test_columns_under_headings_of_their_own_are_parted() -> None:
    layout = PageLayout(two_forms().page())
    assert region(layout, "Theme") == region(layout, "4") == region(layout, "Editor")
    assert region(layout, "Printer") == region(layout, "3") == region(layout, "Printing")
    assert region(layout, "Theme") != region(layout, "Printer")
    row = layout.row_of(next(p for p in layout.pieces if p.text == "Paper"))
    assert [piece.text for piece in row] == ["Paper", "A4"]


def test_a_list_beside_paragraphs_is_a_column() -> None:
    c = Canvas()
    for number in range(12):
        c.text(20, 60 + 31 * number, f"Channel {number}")
    y = 57.0
    for number in range(9):
        c.block(330, y, [f"Somebody {number}", "said something that is rather long here."])
        y += 53
    layout = PageLayout(c.page())
    assert region(layout, "Channel 3") != region(layout, "Somebody 3")
    assert len({region(layout, f"Channel {number}") for number in range(12)}) == 1


def test_a_table_is_one_whatever_the_width_of_its_gaps() -> None:
    c = Canvas()
    rows = [["Part", "Stock", "Supplier"]]
    rows += [[f"Valve {number}", str(7 * number), f"Maker {number}"] for number in range(9)]
    c.rows([40, 700, 1500], 100, 30, rows)
    layout = PageLayout(c.page())
    assert len(set(layout.regions.of_piece)) == 1


def test_cards_of_one_caption_each_over_a_table_do_not_part_it() -> None:
    c = Canvas()
    for x, caption, figure in ((40, "Machines", "12"), (500, "Idle", "3"), (900, "Broken", "1")):
        c.text(x, 60, caption)
        c.text(x, 100, figure, px=30)
    rows = [["Machine", "Hall", "State", "Since"]]
    rows += [[f"press-{n}", "North", "idle", f"0{n} May"] for n in range(1, 8)]
    c.rows([40, 260, 500, 900], 180, 30, rows)
    layout = PageLayout(c.page())
    assert region(layout, "press-3") == region(layout, "03 May")


@pytest.mark.parametrize("page", ["settings", "dashboard", "log"])
def test_pages_of_one_column_are_not_parted(page: str) -> None:
    layout = PageLayout(PAGES[page]())
    rows = [layout.row_of(piece) for piece in layout.pieces]
    wide = [layout.row_of(piece, across=True) for piece in layout.pieces]
    kept = sum(row == other for row, other in zip(rows, wide, strict=True))
    assert kept >= 0.6 * len(rows)


def element(number: int, role: str, box: tuple[int, int, int, int]) -> Element:
    return Element(element_id=f"e{number}", role=role, role_standing="derived", box=box)  # type: ignore[arg-type]


def test_pieces_belong_to_their_innermost_pane() -> None:
    boxes = [(20, 20, 80, 34), (20, 60, 80, 74), (320, 20, 390, 34), (320, 60, 390, 74)]
    areas = [Area("window", (0, 0, 800, 600)), Area("pane", (300, 10, 500, 100))]
    found = regions_of(boxes, (1920, 1080), areas)
    assert found.of_piece[0] == found.of_piece[1] != found.of_piece[2] == found.of_piece[3]
    assert found.chain(2) == [found.of_piece[2], found.of_piece[0], 0]


def test_a_stripe_behind_one_row_is_no_container() -> None:
    boxes = [(20, 20, 80, 34), (200, 20, 260, 34), (20, 60, 80, 74), (200, 60, 260, 74)]
    found = regions_of(boxes, (1920, 1080), [Area("pane", (10, 52, 400, 82))])
    assert len(set(found.of_piece)) == 1


def test_fields_are_known_by_what_stands_in_them() -> None:
    boxes = [(20, 20, 80, 34), (20, 44, 120, 58)]
    found = regions_of(boxes, (1920, 1080), [Area("field", (10, 38, 300, 64))])
    assert found.fields == [-1, 0]
    assert found.of_piece == [0, 0]


def test_areas_are_those_that_hold_text() -> None:
    state = ScreenState(
        event_id="ev-" + "0" * 32,
        blob="0" * 64,
        monitor=0,
        width_px=100,
        height_px=100,
        elements=(
            element(1, "window", (0, 0, 100, 100)),
            element(2, "line", (5, 5, 50, 15)),
            element(3, "field", (5, 20, 50, 40)),
        ),
        extractor="screen_state",
        extractor_version="1",
    )
    assert [area.role for area in areas_of(state)] == ["window", "field"]


def test_names_in_a_side_bar_are_no_labels_of_what_is_said_beside_them() -> None:
    c = Canvas()
    for number, name in enumerate(["Ute Lang", "Ivo Marek", "Ada Quist", "Jan Roos", "Mia Holt"]):
        c.text(20, 60 + 33 * number, name)
    lines = ["Number is 0047 33 11 90 05.", "We meet at the gate.", "The van is late again."]
    y = 64.0
    for number in range(6):
        c.block(330, y, [f"Somebody {number} 08:1{number}", lines[number % 3]])
        y += 47
    found = rank(PageLayout(c.page()), analyse("What is the number of Ute Lang?"))
    assert not any("0047" in scored.candidate.text for scored in found)
