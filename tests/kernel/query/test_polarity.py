"""What is denied, told per another unit, or the contrary of what is asked, is no answer."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.polarity import denies, rates_in
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def board() -> TextPage:
    """A branch, a plan of a weekend, prices and memory."""
    c = Canvas()
    c.text(12, 18, "Mill - Overview", px=13)
    c.text(100, 100, "The branch fix/belt has 3 commits that are not merged into main.")
    c.text(100, 200, "We have not decided who will take the night shift.")
    c.text(100, 300, "The rent of the mill is 40 euros per week.")
    c.text(100, 400, "A restart takes 15 to 40 seconds.")
    c.rows(
        [100, 300, 500],
        500,
        34,
        [
            ["Host", "Disk free", "Owner"],
            ["mill-2", "18 GB", "Ada King"],
            ["mill-3", "9 GB", "Bo Li"],
            ["mill-4", "12 GB", "Ada King"],
        ],
    )
    return c.page()


def memory() -> TextPage:
    """The table of `free -h`, whose first column has no head."""
    c = Canvas()
    c.text(14, 18, "ops@mill-2: ~", px=13)
    c.text(14, 60, "ops@mill-2:~$ free -h", px=14)
    c.rows([140, 240, 340], 80, 20, [["total", "used", "free"], ["31Gi", "11Gi", "4.2Gi"]])
    c.text(14, 100, "Mem:", px=14)
    c.text(14, 120, "Swap:", px=14)
    c.rows([140, 240, 340], 120, 20, [["8.0Gi", "1.1Gi", "6.9Gi"]])
    c.text(14, 140, "ops@mill-2:~$", px=14)
    return c.page()


@pytest.mark.parametrize(
    "question",
    [
        "How many commits are merged?",
        "Who will take the night shift?",
        "Who does not own mill-2?",
        "What is the rent of the mill per month?",
        "What is the rent of the mill each day?",
        "How much is the daily rent of the mill?",
        "How long does a restart take in minutes?",
        "How much disk is used on mill-2?",
    ],
)
def test_a_statement_of_the_contrary_or_per_another_unit_answers_nothing(question: str) -> None:
    assert best(question, board()) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many commits are not merged?", "3 commits"),
        ("What is the rent of the mill per week?", "40 euros"),
        ("What is the weekly rent of the mill?", "40 euros"),
        ("What is the rent of the mill?", "40 euros"),
        ("How long does a restart take in seconds?", "15 to 40"),
        ("How long does a restart take?", "15 to 40"),
        ("How much disk is left on mill-2?", "18 GB"),
        ("Who owns mill-2?", "Ada King"),
    ],
)
def test_what_is_told_as_it_is_asked_is_found(question: str, expected: str) -> None:
    assert expected in (best(question, board()) or "")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How much memory is free?", "4.2Gi"),
        ("How much memory is used?", "11Gi"),
        ("How much swap is used?", "1.1Gi"),
    ],
)
def test_heads_over_rows_without_one_of_their_own_are_used(question: str, expected: str) -> None:
    assert (best(question, memory()) or "").endswith(expected)


def test_rates_are_read_in_every_form() -> None:
    assert rates_in("8 GB/month, 3 h a day") == {"month", "day"}
    assert rates_in("yearly fee") == {"year"}
    assert rates_in('a day ago, the month of May, "per week"') == frozenset()


def test_negation_is_seen_outside_of_quotations_alone() -> None:
    assert denies("Which pod isn't running?")
    assert denies("Which server has never been backed up?")
    assert not denies('Where does it say "not found"?')
    assert not denies("What is the order no. 4471?")


def test_what_is_excepted_may_be_told_of_after_it_and_what_is_missing_may_be_the_reason() -> None:
    c = Canvas()
    note = "Tube arrived under-filled, enough for all except vitamin, which was cancelled."
    c.text(80, 100, f"Ada King 19:20 {note}")
    c.text(80, 200, "contract-check failed: signature of the manager is missing")
    page = c.page()
    assert best("Why was the vitamin cancelled?", page) is not None
    assert best("Who cancelled the vitamin?", page) is None
    told = best("Why did the contract-check go red?", page)
    assert told == "contract-check failed: signature of the manager is missing"
    assert best("Why is the tube missing?", page) is None


def test_what_is_denied_in_one_clause_is_told_in_the_next() -> None:
    c = Canvas()
    c.text(80, 100, "valve-22 did not reach its closed position, stopped at 34%")
    assert best("At which position did valve-22 stop?", c.page()) is not None
    c.text(80, 400, "valve-23 did not stop at the closed position")
    assert best("At which position did valve-23 stop?", c.page()) is None
