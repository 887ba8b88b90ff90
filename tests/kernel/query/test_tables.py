"""Cells where a row's key meets a column's head."""

from __future__ import annotations

import pytest

from contracts.text import TextLine, Word
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits, rank
from kernel.query.tables import table_cells
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import MONO, Canvas


def values(layout: PageLayout, text: str) -> list[str]:
    return [c.value for c in table_cells(layout, find_hits(layout, analyse(text)))]


def sheet(*, right: bool) -> PageLayout:
    """Three columns; figures left- or right-aligned; one cell is empty."""
    canvas = Canvas()
    canvas.rows([100, 300, 420], 100, 25, [["Product", "Jan", "Feb"]])
    for number, (name, jan, feb) in enumerate(
        [("Filter F-88", "1,200.00", "7.50"), ("Seal kit K-5", "", "310.25"), ("Hose", "9", "8")]
    ):
        y = 125 + 25 * number
        canvas.text(100, y, name)
        for x, cell in ((300, jan), (420, feb)):
            if cell and right:
                canvas.right(x + 90, y, cell)
            elif cell:
                canvas.text(x, y, cell)
    return PageLayout(canvas.page())


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
def test_a_cell_is_found_by_row_and_column(*, right: bool) -> None:
    layout = sheet(right=right)
    assert values(layout, "What is the Jan figure of the Filter F-88?") == ["1,200.00"]
    assert values(layout, "What is the Feb figure of the Seal kit K-5?") == ["310.25"]


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
def test_an_empty_cell_has_no_value_and_its_neighbour_does_not_step_in(*, right: bool) -> None:
    assert values(sheet(right=right), "What is the Jan figure of the Seal kit K-5?") == []


def test_columns_of_a_terminal_are_told_apart_word_by_word() -> None:
    canvas = Canvas()
    lines = [
        "Filesystem   Size  Used Use% Mounted on",
        "/dev/sda1    468G  311G  70% /",
        "/dev/sdb1    1.8T  1.7T  97% /var/lib/data",
    ]
    for number, line in enumerate(lines):
        canvas.text(10, 50 + 20 * number, line, px=15, ratio=MONO)
    layout = PageLayout(canvas.page())
    assert "97%" in values(layout, "What is the use of /var/lib/data?")
    assert "1.7T" not in [
        c.value
        for c in table_cells(
            layout, find_hits(layout, analyse("What is the use of /var/lib/data?"))
        )
        if c.bonus == 320
    ]


def test_two_lines_of_prose_are_no_table() -> None:
    canvas = Canvas()
    canvas.text(100, 100, "The owner of the house, said she, was not at home that day.")
    canvas.text(100, 130, "Nobody knew where the key of the house was, so they waited.")
    assert values(PageLayout(canvas.page()), "Who is the owner of the key?") == []


def test_what_heads_the_names_of_rows_says_what_the_rows_are() -> None:
    canvas = Canvas()
    rows = [["Job", "Stage", "Status"], ["lint", "check", "success"], ["unit", "test", "running"]]
    canvas.rows([100, 260, 400], 200, 34, [*rows, ["replay", "test", "failed"]])
    layout = PageLayout(canvas.page())

    def told(question: str) -> list[str]:
        return [scored.candidate.value for scored in rank(layout, analyse(question))[:1]]

    assert told("What was the status of the replay job?") == ["failed"]
    assert told("What was the status of the replay invoice?") == []


def two_tables() -> PageLayout:
    """A table of lines over one of calls, in which the first one's keys stand again."""
    c = Canvas()
    rows = [
        ["Number", "Plan", "Used"],
        ["0151 90 812", "Max", "41.7 GB"],
        ["0151 90 845", "Lite", "9.3 GB"],
    ]
    c.rows([100, 300, 480], 100, 26, rows)
    calls = [
        ["Date", "Line", "Kind"],
        ["6 May", "0151 90 812", "Norway"],
        ["8 May", "0151 90 845", "Rome"],
    ]
    c.text(96, 210, "Outside of your plan", px=16)
    c.rows([100, 300, 480], 240, 26, calls)
    return PageLayout(c.page())


def test_a_head_is_over_its_own_table_and_not_over_the_one_below() -> None:
    found = values(two_tables(), "How much did 0151 90 845 have used?")
    assert sorted(set(found)) == ["41.7 GB", "9.3 GB"]


def test_a_key_that_stands_in_two_tables_is_found_in_the_one_with_the_head() -> None:
    found = rank(two_tables(), analyse("What is the plan of 0151 90 845?"))
    assert found
    assert found[0].candidate.value == "Lite"


def test_a_row_is_named_by_its_first_cell_though_another_row_speaks_of_it_further_right() -> None:
    canvas = Canvas()
    rows = [
        ["Item", "Unit", "Price"],
        ["Base freight", "per metre", "118.00"],
        ["Fuel surcharge", "of base freight", "17.5%"],
        ["Customs clearance", "per shipment", "64.00"],
    ]
    canvas.rows([60, 360, 600], 190, 28, rows)
    assert "118.00" in (best("How much is the base freight?", canvas.page()) or "")
    assert "17.5%" in (best("How much is the fuel surcharge?", canvas.page()) or "")


def printed(canvas: Canvas, x: float, y: int, text: str) -> None:
    """A line in print, where an i is narrower than an M."""
    words, start = [], 0
    for part in text.split():
        start = text.index(part, start)
        end = start + len(part)
        left = x + sum(map(_width, text[:start]))
        box = (round(left), y - 8, round(left + sum(map(_width, part))), y + 8)
        words.append(Word(text=part, box=box, confidence_permille=980, start=start, end=end))
        start = end
    line = (words[0].box[0], y - 8, words[-1].box[2], y + 8)
    canvas.lines.append(TextLine(text=text, box=line, confidence_permille=980, words=tuple(words)))


def _width(letter: str) -> float:
    return 14 * (0.25 if letter in "iljft. " else 0.8 if letter in "mwMW" else 0.55)


def test_words_of_print_over_words_are_no_heads() -> None:
    canvas = Canvas()
    for y, label, value in (
        (200, "Company", "Sandvik Optikk"),
        (222, "Contact", "Liv Sandvik"),
        (244, "VAT number", "NO 918 402 557 MVA"),
    ):
        printed(canvas, 850, y, label)
        printed(canvas, 1000, y, value)
    told = best("What is the VAT number of Sandvik Optikk?", canvas.page())
    assert told == "VAT number: NO 918 402 557 MVA"
