"""Another period, another sort of number, what is still to come and recipients are no answers."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def desk() -> TextPage:
    """Statements about two years, a parcel, a card and what will be done."""
    c = Canvas()
    c.text(12, 18, "Desk - Notes", px=13)
    c.text(100, 100, "Paper is 72,300 EUR this year. Last year it was 66,000 EUR.")
    c.text(100, 160, "The rota of last week had Ada King on call.")
    c.text(100, 220, "Tracking number: HM9001187245")
    c.text(100, 280, "Phone number: 0117 555 0142")
    c.text(100, 340, "Paid with card ending in 4402")
    c.text(100, 400, "Ines will check the figures by Thursday.")
    c.text(100, 460, "Tom checked the boiler on Monday.")
    c.text(100, 520, "Deliver to: Yara Haddad, Elm Court 9, 50667 Cologne")
    c.text(100, 580, "Assigned to: Omar Sand")
    c.text(100, 640, "Gloves: 12 boxes left, ordered from MedSupply")
    c.text(100, 760, "Billing address same as delivery address")
    c.text(100, 700, "Total amount: 912.40 EUR")
    return c.page()


@pytest.mark.parametrize(
    "question",
    [
        "How much is paper next year?",
        "Who was on call this week?",
        "What is the card number?",
        "What is the account number?",
        "What is the fax number?",
        "When did Ines check the figures?",
        "When were the figures checked?",
        "Who delivers the parcel to Cologne?",
        "Who delivers?",
        "When were the gloves ordered?",
        "What is the delivery address?",
    ],
)
def test_what_is_told_of_another_one_is_no_answer(question: str) -> None:
    assert best(question, desk()) is None


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How much is paper this year?", "72,300"),
        ("What is the tracking number?", "HM9001187245"),
        ("What is the phone number?", "0117 555 0142"),
        ("Who will check the figures?", "Ines"),
        ("When will Ines check the figures?", "Thursday"),
        ("When did Tom check the boiler?", "Monday"),
        ("Who is it assigned to?", "Omar Sand"),
        ("What is the total amount?", "912.40"),
        ("What is the billing address?", "same as delivery"),
    ],
)
def test_what_is_told_of_the_one_asked_for_answers(question: str, told: str) -> None:
    assert told in (best(question, desk()) or "")


def test_a_cell_of_a_table_is_no_head_over_a_button_below_it() -> None:
    c = Canvas()
    c.text(12, 18, "Bills - Orchard", px=13)
    rows = [["Bill", "Customer", "Status"], ["OS-41", "Fenn Bakery", "Open"]]
    rows.append(["OS-42", "Fenn Bakery", "Paid"])
    c.rows([100, 300, 500], 100, 34, rows)
    c.text(100, 260, "New bill")
    assert best("What is the status of the Fenn Bakery bill?", c.page()) is None
