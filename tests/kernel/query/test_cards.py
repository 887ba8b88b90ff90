"""The name on a card is who has it."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.cards import cards_of, told_by_cards
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas

CARDS = (
    (
        "TODO 2",
        60,
        (
            ("KX-31", "Print badges on the label printer", "Ines Brandt  5 points"),
            ("KX-34", "Swap the coffee machine", "unassigned  1 point"),
        ),
    ),
    (
        "DOING 2",
        520,
        (
            ("KX-28", "Translate the visitor leaflet", "Tom Okoro  3 points"),
            ("KX-29", "Repair the gate of hall B", "Lea Novak  8 points"),
        ),
    ),
    ("DONE 1", 980, (("KX-19", "Order chairs", "Tom Okoro  2 points"),)),
)


def board() -> TextPage:
    c = Canvas()
    c.text(12, 18, "Sprint 7 - Visitor centre", px=13)
    for lane, x, cards in CARDS:
        c.text(x, 80, lane, px=16)
        for number, lines in enumerate(cards):
            c.block(x, 130 + 110 * number, list(lines))
    return c.page()


def test_cards_are_told_by_their_id_title_and_name() -> None:
    held = sorted(card.holder for card in cards_of(PageLayout(board())))
    assert held == ["Ines Brandt", "Lea Novak", "Tom Okoro", "Tom Okoro", "unassigned"]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Who is assigned to KX-31?", "Ines Brandt"),
        ("Who is working on the badges?", "Ines Brandt"),
        ("Who is taking care of the visitor leaflet?", "Tom Okoro"),
        ("Who owns KX-29?", "Lea Novak"),
        ("Whose card is KX-28?", "Tom Okoro"),
        ("Who is responsible for the coffee machine?", "unassigned"),
    ],
)
def test_who_has_a_card_is_the_name_on_it(question: str, told: str) -> None:
    answer = best(question, board())
    assert answer is not None
    assert told in answer


@pytest.mark.parametrize(
    "question",
    [
        "Who reported KX-31?",
        "Who reviewed KX-29?",
        "Who created the visitor leaflet?",
        "Who is assigned to KX-33?",
        "Who is working on the parking permits?",
    ],
)
def test_a_name_tells_no_other_deed_and_no_other_card(question: str) -> None:
    assert best(question, board()) is None


@pytest.mark.parametrize(("what", "found"), [("the gate", 0), ("the gate of hall B", 1)])
def test_to_have_is_said_of_most_of_a_title_only(what: str, found: int) -> None:
    layout, question = PageLayout(board()), analyse(f"Who has {what}?")
    assert len(told_by_cards(layout, question, find_hits(layout, question))) == found


def test_cards_with_labels_of_their_own_say_it_themselves() -> None:
    c = Canvas()
    for number in range(3):
        lines = [f"KX-5{number}", "Paint the hall", "Reporter: Ines Brandt"]
        c.block(60, 130 + 110 * number, lines)
    assert cards_of(PageLayout(c.page())) == []


def test_two_cards_are_no_board() -> None:
    c = Canvas()
    for number in range(2):
        c.block(60, 130 + 110 * number, [f"KX-5{number}", "Paint the hall", "Ines Brandt"])
    assert cards_of(PageLayout(c.page())) == []
