"""Rows of tables with their heads, from the layout alone."""

from __future__ import annotations

from kernel.query.grids import rows_with, text_of
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits
from tests.kernel.query.drawn import Canvas


def rows(layout: PageLayout, question: str) -> list[dict[str, str]]:
    hits = find_hits(layout, analyse(question))
    return [
        {
            text_of(layout, row.heads[at]): text_of(layout, parts)
            for at, parts in row.cells.items()
            if at in row.heads
        }
        for row in rows_with(layout, hits, ())
    ]


def test_a_row_is_told_by_its_heads_and_an_empty_cell_is_none() -> None:
    c = Canvas()
    c.rows(
        [100, 300, 460, 620],
        100,
        30,
        [["Dock", "Gate", "Crew", "Slots"], ["D-4", "north", "", "12"], ["D-7", "south", "B", "9"]],
    )
    assert rows(PageLayout(c.page()), "What is at D-7?") == [
        {"Dock": "D-7", "Gate": "south", "Crew": "B", "Slots": "9"}
    ]


def test_prose_below_a_table_is_no_row_of_it() -> None:
    c = Canvas()
    c.rows(
        [100, 300, 460],
        100,
        30,
        [["Dock", "Gate", "Crew"], ["D-4", "north", "A"], ["D-7", "south", "B"]],
    )
    c.text(100, 200, "D-9 opens in spring with a crew of its own and two more gates in the south")
    assert rows(PageLayout(c.page()), "What is the gate of D-9?") == []
