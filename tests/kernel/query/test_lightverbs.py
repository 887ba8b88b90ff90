"""A verb that says no more than the kind of a value need not be on the screen; others must."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def yard() -> TextPage:
    """A table of sites, settings with lengths of time, an offer in a sentence, a day's entries."""
    c = Canvas()
    c.text(12, 18, "Yard - Operations", px=13)
    c.rows(
        [40, 260, 460, 680],
        100,
        34,
        [
            ["Site", "Moves per hour", "Target scans per hour", "Rent"],
            ["Norrby", "112", "140", "€310.00"],
            ["Sandvik", "96", "120", "€280.00"],
            ["Torsby", "87", "110", "€190.00"],
        ],
    )
    for number, (label, value) in enumerate(
        (("Raw gate pictures", "90 days"), ("Session lifetime", "10 hours"), ("Backup", "01:45"))
    ):
        c.text(40, 320 + 40 * number, label)
        c.text(320, 320 + 40 * number, value)
    c.text(40, 480, "The last fire drill was on 8 November 2025 and went well.")
    c.text(40, 720, "Belt 3 is broken, Rolf Eggers reported it to the yard office.")
    c.text(40, 560, "The welder wants 2,150 euros for the new gate, 400 more than last year.")
    c.text(40, 640, "13:00 - 13:45 Van to garage Lindholm")
    return c.page()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many moves per hour does Sandvik reach?", "96"),
        ("How many moves per hour does Torsby make?", "87"),
        ("How long are raw gate pictures kept?", "90 days"),
        ("How long do the raw gate pictures stay?", "90 days"),
        ("How long does a session last?", "10 hours"),
        ("When does the backup run?", "01:45"),
        ("When was the last fire drill held?", "8 November 2025"),
        ("Who reported that belt 3 is broken?", "Rolf Eggers"),
        ("How much does the welder ask for the new gate?", "2,150"),
        ("How much does the welder charge for the new gate?", "2,150"),
        ("At what time do I bring the van to the garage?", "13:00"),
    ],
)
def test_a_verb_that_says_no_more_than_the_kind_of_the_value_goes_unsaid(
    question: str, said: str
) -> None:
    assert said in (best(question, yard()) or "")


@pytest.mark.parametrize(
    "question",
    [
        "How many moves per hour does Sandvik refuse?",
        "How many scans per hour does Sandvik reach?",
        "How long were the raw gate pictures broken?",
        "How long does the backup last?",
        "When does the backup fail?",
        "When was the last fire drill cancelled?",
        "Who is fixing belt 3?",
        "How much does the welder pay for the new gate?",
        "How much does the welder charge for the old roof?",
        "At what time do I fetch the van from the garage?",
    ],
)
def test_a_verb_that_adds_a_condition_or_another_label_is_not_answered(question: str) -> None:
    assert best(question, yard()) is None


def test_a_count_of_what_was_rejected_is_none_of_what_was_sent() -> None:
    c = Canvas()
    c.text(12, 18, "Depot", px=13)
    c.text(40, 100, "Rejected boxes")
    c.text(40, 140, "58", px=30)
    page = c.page()
    assert "58" in (best("How many boxes were rejected?", page) or "")
    assert "58" in (best("How many boxes were refused?", page) or "")
    assert best("How many boxes were sent?", page) is None
    assert best("How many boxes broke?", page) is None


def test_a_head_that_names_the_kind_says_how_long_something_lasted() -> None:
    c = Canvas()
    rows = [
        ["Disruption", "Line", "Start", "Duration"],
        ["DIS-0874", "6", "25 Feb 16:10", "1 h 37 min"],
        ["DIS-0871", "2", "24 Feb 08:02", "12 min"],
        ["DIS-0866", "9", "21 Feb 17:45", "44 min"],
    ]
    c.rows([40, 200, 300, 460], 100, 30, rows)
    assert "1 h 37 min" in (best("How long did disruption DIS-0874 last?", c.page()) or "")
    assert best("How long did disruption DIS-0875 last?", c.page()) is None
    assert best("How long did disruption DIS-0874 delay the bus?", c.page()) is None
