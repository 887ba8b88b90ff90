"""Every content word of a question must be said where the value stands."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits, rank
from kernel.query.unmet import is_unmet
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def customers() -> TextPage:
    """A table, a card about one of its rows, a form about oneself, a dialog with buttons."""
    c = Canvas()
    c.text(12, 18, "Receivables - Ledger", px=13)
    c.rows(
        [40, 240, 460, 640],
        100,
        34,
        [
            ["Bill", "Customer", "Units", "Status"],
            ["B-101", "Alder GmbH", "12", "Paid"],
            ["B-102", "Birch Cafe", "30", "Open"],
            ["B-103", "Cedar Ltd", "7", "Open"],
        ],
    )
    c.block(
        40, 300, ["Birch Cafe", "Contact: Sofia Lund", "Phone: 0171 5550 822", "Limit: 500 EUR"]
    )
    c.text(1200, 300, "Delete bill?")
    c.text(1200, 330, "The bill B-102 has 3 lines.")
    c.text(1200, 380, "Cancel")
    c.text(1300, 380, "Resolve")
    c.text(1400, 380, "Escalate")
    return c.page()


def chat() -> TextPage:
    """Messages with their senders, of which none says who did what."""
    c = Canvas()
    c.text(12, 18, "# mill", px=13)
    c.block(20, 80, ["Ada King 14:11", "The test failed because the card was declined."])
    c.block(20, 160, ["Bo Li 14:15", "I will take BUG-12. Lena keeps BUG-34."])
    c.block(20, 240, ["Ada King 14:24", "The production rollout starts on Thursday at 10:30."])
    return c.page()


def suite() -> TextPage:
    """A test run."""
    c = Canvas()
    c.block(
        12,
        60,
        [
            "kim@forge:~$ make test",
            "running 3 tests",
            "test a::reads_words ... ok",
            "test b::nests_lists ... FAILED",
            "panicked: assertion failed: depth == 4",
            "result: FAILED. 2 passed; 1 failed",
        ],
        px=13,
        mono=True,
    )
    return c.page()


@pytest.mark.parametrize(
    "question",
    [
        "Who is the contact of Alder GmbH?",
        "Who is the contact at Cedar Ltd?",
        "What is the phone number of Alder GmbH?",
        "How many units of B-101 were returned?",
        "How many units did B-101 weigh?",
        "Who deleted the bill B-102?",
        "Who resolved B-102?",
        "What is the status of the status of Sofia Lund?",
    ],
)
def test_a_value_of_another_subject_or_matter_is_not_told(question: str) -> None:
    assert best(question, customers()) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who is the contact of Birch Cafe?", "Sofia Lund"),
        ("What is the limit of Birch Cafe?", "500 EUR"),
        ("How many units of B-101 were sold?", "12"),
        ("What is the status of B-103?", "Open"),
    ],
)
def test_a_card_belongs_to_the_name_over_it_and_a_row_to_its_key(
    question: str, expected: str
) -> None:
    assert expected in (best(question, customers()) or "")


@pytest.mark.parametrize(
    "question",
    ["Who declined the card?", "Who will take BUG-34?", "When does the staging rollout start?"],
)
def test_who_tells_of_a_deed_has_not_done_it(question: str) -> None:
    assert best(question, chat()) is None


def test_who_says_that_he_does_it_does_it() -> None:
    assert "Bo Li" in (best("Who will take BUG-12?", chat()) or "")


@pytest.mark.parametrize(
    "question",
    ["Why did reads_words fail?", "How many tests were skipped?", "How many tests crashed in a?"],
)
def test_a_line_of_a_list_says_nothing_of_the_next_one(question: str) -> None:
    assert best(question, suite()) is None


def test_words_are_judged_where_the_candidate_stands() -> None:
    layout = PageLayout(customers())
    met, unmet = (analyse(f"What is the contact of {name}?") for name in ("Birch", "Alder"))
    [found, *_] = rank(layout, met)
    assert not is_unmet(met, layout, find_hits(layout, met), found.candidate)
    assert is_unmet(unmet, layout, find_hits(layout, unmet), found.candidate)
