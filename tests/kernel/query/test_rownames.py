"""A cell is told of its own row: words of two rows make no name together."""

from __future__ import annotations

import pytest

from kernel.query.layout import PageLayout
from kernel.query.rownames import is_headed_cell
from tests.kernel.query.asking import best, stock
from tests.kernel.query.drawn import Canvas


def pieces_in_stock(*, centred: bool = False) -> Canvas:
    """A table whose rows have names of two words; heads over the left edge or the middle."""
    c = Canvas()
    shift = 24 if centred else 0
    c.text(60, 80, "Fittings of the store")
    c.rows([60 + shift, 260 + shift, 400, 540], 120, 30, [["Item", "Qty", "Price", "Supplier"]])
    c.rows(
        [60, 260, 400, 540],
        150,
        30,
        [
            ["Copper pipe", "17", "12.40", "Norvik AS"],
            ["Brass valve", "4", "33.90", "Halden Ltd"],
            ["Steel elbow", "120", "1.05", "Norvik AS"],
        ],
    )
    return c


@pytest.mark.parametrize("centred", [False, True], ids=["left", "centred"])
@pytest.mark.parametrize(
    "question",
    [
        "What is the price of Copper valve?",
        "What is the price of the Steel pipe?",
        "What is the quantity of Copper elbow?",
        "Who is the supplier of the steel valve?",
        "What is the price of the Norvik valve?",
    ],
)
def test_two_rows_make_no_name_together(question: str, *, centred: bool) -> None:
    assert best(question, pieces_in_stock(centred=centred).page()) is None


@pytest.mark.parametrize("centred", [False, True], ids=["left", "centred"])
@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What is the price of the Copper pipe?", "12.40"),
        ("What is the quantity of the steel elbow?", "120"),
        ("What is the price of the Halden valve?", "33.90"),
        ("What is the price of the brass item?", "33.90"),
        ("What is the price of the brass valve in the store?", "33.90"),
    ],
)
def test_one_row_with_all_the_words_is_told(question: str, value: str, *, centred: bool) -> None:
    assert value in (best(question, pieces_in_stock(centred=centred).page()) or "")


def test_a_row_is_not_told_by_the_words_of_its_neighbours_other_cells() -> None:
    assert best("What is the stock of the brass flange?", stock()) is None
    assert "48" in (best("What is the stock of the brass valve?", stock()) or "")


def blocks() -> Canvas:
    """Rows named by a noun and a letter, with another letter elsewhere."""
    c = Canvas()
    c.rows(
        [60, 260, 400],
        120,
        30,
        [
            ["Block", "Energy", "Cost"],
            ["Block A", "1,200", "400.10"],
            ["Block D", "3,100", "812.55"],
        ],
    )
    c.text(60, 300, "Sampled every 6 h, unit d")
    c.text(60, 80, "Energy and cost, last 24 h")
    return c


@pytest.mark.parametrize("noun", ["Block", "block"])
def test_a_letter_after_a_noun_names_one_of_them(noun: str) -> None:
    page = blocks().page()
    assert "812.55" in (best(f"What is the cost of {noun} D?", page) or "")
    assert best(f"What is the cost of {noun} H?", page) is None
    assert best(f"What is the energy of {noun} E?", page) is None


def states() -> Canvas:
    """Rows with a state right before a number and an amount."""
    c = Canvas()
    c.text(40, 80, "Pods of the shop")
    c.rows(
        [40, 260, 420, 560],
        120,
        30,
        [
            ["Name", "Status", "Restarts", "Cost"],
            ["ledger-7c9", "Running", "2", "12.50 EUR"],
            ["gateway-5d6", "Crashed", "14", "8.10 EUR"],
            ["refunds-84c", "Running", "0", "3.00 EUR"],
        ],
    )
    return c


@pytest.mark.parametrize(
    "question", ["How many pods are crashed?", "How many containers are running?"]
)
def test_a_state_in_a_row_is_no_label_of_the_cell_beside_it(question: str) -> None:
    assert best(question, states().page()) is None


def test_the_first_cell_of_a_row_and_a_label_of_a_form_keep_their_values() -> None:
    layout = PageLayout(states().page())
    cells = {piece.text: is_headed_cell(layout, piece) for piece in layout.pieces}
    assert cells["Crashed"]
    assert cells["14"]
    assert not cells["gateway-5d6"]
    assert not cells["Restarts"]
    c = Canvas()
    c.rows(
        [40, 160, 360, 480],
        100,
        30,
        [["Owner:", "Ada", "Team:", "Bar"], ["Size", "big", "Status", "Open"]],
    )
    form = PageLayout(c.page())
    assert not any(is_headed_cell(form, p) for p in form.pieces if p.text == "Status")
