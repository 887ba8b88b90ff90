"""The head of a column answers for what stands under it, where it is a name."""

from __future__ import annotations

from tests.kernel.query.asking import best, form
from tests.kernel.query.drawn import Canvas


def test_the_lane_of_a_board_is_the_status_of_its_card() -> None:
    c = Canvas()
    c.rows([40, 700, 1360], 90, 10, [["BACKLOG", "IN PROGRESS", "DONE"]])
    for x, card in ((40, "MT-71"), (700, "MT-72"), (1360, "MT-73")):
        c.text(x, 200, card)
        c.text(x, 224, "Sort the crates")
    assert "IN PROGRESS" in (best("What is the status of MT-72?", c.page()) or "")


def test_the_letter_over_a_sheets_column_is_no_status() -> None:
    c = Canvas()
    c.rows([60, 220, 420], 90, 25, [["A", "B", "C"], ["Code", "Article", "Stock"]])
    c.rows([60, 220, 420], 140, 25, [["AR-11", "Copper pipe", "12"], ["AR-12", "Valve", "48"]])
    assert best("What is the status of AR-12?", c.page()) is None


def test_a_field_over_another_field_of_a_form_is_no_head() -> None:
    assert best("What is the state of Tom Okoro?", form()) is None
