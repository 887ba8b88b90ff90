"""Rows of a table are counted where a question says which; sums and lookalikes are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.rows import asks_for_rows, head_over, rows_of
from tests.kernel.query.asking import stock, terminal
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.memory import text_page
from tests.kernel.query.week import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("page", "question", "amount"),
    [
        ("05_terminal", "How many pods are running?", 3),
        ("05_terminal", "How many pods are there?", 4),
        ("03_sheet", "How many products are in the region LATAM?", 7),
        ("03_sheet", "How many products does Anika Desai own?", 5),
        ("12_multiwin", "How many items are there?", 3),
    ],
)
def test_rows_of_the_fixture_pages_are_counted_right(page: str, question: str, amount: int) -> None:
    counted = rows_of(PageLayout(text_page(page)), analyse(question))
    assert counted is not None
    assert len(counted.cells) == len(counted.names) == amount


@pytest.mark.parametrize(
    "question",
    [
        "How many pods are pending?",
        "How many invoices are in the region LATAM?",
        "How many products are in the region Jan?",
    ],
)
def test_nothing_is_counted_that_no_head_or_command_names(question: str) -> None:
    for page in ("03_sheet", "05_terminal"):
        assert rows_of(PageLayout(text_page(page)), analyse(question)) is None


def test_a_cell_that_says_more_is_of_another_kind() -> None:
    c = Canvas()
    rows = [["Task", "Owner", "State"], ["AR-1", "Ines", "late"], ["AR-2", "Tom", "not late"]]
    c.rows([60, 260, 460], 120, 30, rows)
    counted = rows_of(PageLayout(c.page()), analyse("How many tasks are late?"))
    assert counted is not None
    assert [piece.text for piece in counted.names] == ["AR-1"]


def test_the_head_of_a_cell_is_the_topmost_row_of_words_over_it() -> None:
    layout = PageLayout(stock())
    cell = next(piece for piece in layout.pieces if piece.text == "South")
    head = head_over(layout, cell)
    assert head is not None
    assert head.text == "Region"
    assert head_over(PageLayout(terminal()), PageLayout(terminal()).pieces[3]) is None


def test_only_how_many_asks_for_rows() -> None:
    assert asks_for_rows(analyse("How many articles are there?"))
    assert not asks_for_rows(analyse("How much copper is there?"))


def test_every_counted_row_is_cited(desk: Desk) -> None:
    desk.show("26 09:00:00", stock(), app="Sheet", title="Stock")
    answer = desk.ask("How many articles are in the region North?")
    assert [claim.amount for claim in answer.claims] == [2]
    assert len(answer.claims[0].citations) == 2
    assert "Copper pipe" in answer.answer or "AR-11" in answer.answer
    assert desk.ask("How many articles are in the region West?").state == "no_evidence"


def stock_of_four() -> PageLayout:
    """A stock list under its title; heads in the middle, one row without its number, a sum."""
    c = Canvas()
    c.text(10, 10, "Stock list - Calc")
    c.rows([74, 280, 410, 580], 160, 30, [["Item", "Qty", "Price", "Supplier"]])
    rows = [
        ["Copper pipe", "17", "12.40", "Norvik AS"],
        ["Brass valve", "4", "33.90", "Haldor GmbH"],
        ["Steel elbow", "250", "1.05", "Norvik AS"],
        ["Flange", "", "9.99", "Haldor GmbH"],
        ["Total", "", "57.34", "all"],
    ]
    for at, row in enumerate(rows):
        for x, cell in zip((60, 280, 410, 560), row, strict=True):
            if cell:
                c.text(x, 190 + 30 * at, cell)
    return PageLayout(c.page())


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How many items are there?", ["Copper pipe", "Brass valve", "Steel elbow", "Flange"]),
        (
            "How many items are in the stock list?",
            ["Copper pipe", "Brass valve", "Steel elbow", "Flange"],
        ),
        ("How many suppliers are listed?", ["Norvik AS", "Haldor GmbH"]),
    ],
)
def test_all_rows_are_counted_and_each_value_once(question: str, names: list[str]) -> None:
    counted = rows_of(stock_of_four(), analyse(question))
    assert counted is not None
    assert [piece.text for piece in counted.names] == names


@pytest.mark.parametrize(
    "question", ["How many items are in the order list?", "How many brands are listed?"]
)
def test_rows_of_a_list_that_is_not_named_are_not_counted(question: str) -> None:
    assert rows_of(stock_of_four(), analyse(question)) is None


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many invoices are open?", True),
        ("How many days does Ada King have left?", False),
        ("How many points did the team win?", False),
        ("How much is left?", False),
    ],
)
def test_units_are_no_rows(question: str, *, rows: bool) -> None:
    assert asks_for_rows(analyse(question)) is rows
