"""A mail is its sender's, by the line that names them and by their signature."""

from __future__ import annotations

import pytest

from kernel.query.containers import Area
from kernel.query.layout import PageLayout
from kernel.query.letters import letters_of
from kernel.query.question import analyse
from kernel.query.ranking import rank
from tests.kernel.query.drawn import Canvas

WINDOW = Area("window", (40, 20, 1200, 900))
PRICES = Area("table", (50, 174, 700, 290))


def mail() -> Canvas:
    canvas = Canvas()
    canvas.text(60, 60, "Weekly groupage, Antwerp to Oslo", px=20)
    canvas.text(60, 94, "From: Tarjei Nygaard <tn@mail.example>", px=12)
    canvas.text(60, 112, "To: Lotte Vermeer <lotte@quay.example>", px=12)
    canvas.text(60, 150, "thank you for your enquiry. We can offer:")
    canvas.rows(
        [60, 360, 600],
        190,
        28,
        [
            ["Item", "Unit", "Price"],
            ["Base freight", "per metre", "118.00"],
            ["Fuel surcharge", "of base freight", "17.5%"],
            ["Customs clearance", "per shipment", "64.00"],
        ],
    )
    canvas.text(60, 390, "The offer is valid until 27 February 2026.")
    canvas.block(60, 430, ["Kind regards,", "Tarjei Nygaard", "Key Account Manager, Fjordlink AS"])
    return canvas


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much is the fuel surcharge in the Fjordlink offer?", "17.5%"),
        ("How much is the base freight in the Fjordlink offer?", "118.00"),
        ("Until when is the offer of Tarjei Nygaard valid?", "27 February 2026"),
        ("How much is the fuel surcharge in the Hesselink offer?", ""),
        ("Until when is the offer of Lotte Vermeer valid?", ""),
    ],
)
def test_what_a_mail_offers_is_offered_by_its_sender(question: str, answer: str) -> None:
    found = rank(PageLayout(mail().page(), (WINDOW, PRICES)), analyse(question))
    assert answer in (found[0].candidate.text if found else "")
    assert bool(answer) == bool(found)


def test_a_mail_ends_where_the_next_one_begins() -> None:
    canvas = mail()
    canvas.text(60, 560, "From: Lotte Vermeer <lotte@quay.example>", px=12)
    canvas.text(60, 578, "To: Tarjei Nygaard <tn@mail.example>", px=12)
    first, second = letters_of(PageLayout(canvas.page(), (WINDOW,)))
    assert first.bottom == second.top
    assert not first.named & second.named


def test_a_journey_that_starts_somewhere_is_no_mail() -> None:
    canvas = Canvas()
    canvas.text(60, 60, "From: Antwerp")
    canvas.text(60, 90, "Carrier: Baltline")
    assert letters_of(PageLayout(canvas.page(), (WINDOW,))) == ()
