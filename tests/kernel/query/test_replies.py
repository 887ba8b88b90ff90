"""Answers given in the message after the question, in a thread, and after "Cause:"."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.replies import refers_back
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.test_turns import thread


def channel() -> TextPage:
    """Questions with the answer in the next message, and with another matter there."""
    c = Canvas()
    messages = [
        (
            "Bea Iles 08:34",
            "Who has the key of the paint store? I have two drums of thinner waiting.",
        ),
        ("Ruud Timm 08:36", "It is with Sanne at the porter desk, box 6. Please sign it out."),
        (
            "Ines Carv 08:41",
            "The invoice scanner jams. Lars, can you put that back to the old driver?",
        ),
        ("Lars Moen 08:50", "Rolled back to 5.9.3 this morning."),
        ("Nora Pohl 09:02", "Where is the pallet jack?"),
        ("Otto Hahn 09:04", "Friday lunch is at the Krone, 12:30."),
        (
            "Nora Pohl 09:10",
            "Truck BQ-8301 delayed: arrives at 16:30. Cause: congestion at the bridge.",
        ),
        ("Otto Hahn 09:20", "The rent for hall 2 goes up to 960 a year."),
        ("Bea Iles 09:22", "That is because they repair the roof."),
    ]
    for number, (name, text) in enumerate(messages):
        c.text(330, 100 + 60 * number, name)
        c.text(330, 121 + 60 * number, text)
    return c.page()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where is the key of the paint store?", "porter desk"),
        ("Who has the key of the paint store?", "Sanne"),
        ("Which version was the invoice scanner driver rolled back to?", "5.9.3"),
        ("Why is truck BQ-8301 late?", "congestion"),
        ("Why does the rent for hall 2 go up?", "repair the roof"),
    ],
)
def test_an_answer_takes_over_the_words_of_what_it_answers(question: str, expected: str) -> None:
    answer = best(question, channel())
    assert answer is not None
    assert expected in answer


@pytest.mark.parametrize(
    "question",
    [
        "Where are the drums of thinner?",
        "Where is the pallet jack?",
        "Who has the pallet jack?",
        "Why is hall 2 late?",
        "Which version was the pallet jack rolled back to?",
    ],
)
def test_what_only_stands_after_a_question_answers_nothing_else(question: str) -> None:
    assert best(question, channel()) is None


def test_the_first_message_of_a_thread_heads_its_replies() -> None:
    answer = best("What is the vendor case number for the badge reader problem?", thread())
    assert answer == "Vendor case is 4401-7729."
    assert best("What is the vendor case number for the printer problem?", thread()) is None
    assert best("When was the badge reader sold?", thread()) is None


def test_an_answer_names_nothing_of_its_own() -> None:
    assert refers_back("It is with Sanne at the desk.")
    assert refers_back("Under the blue pot next to the compost. 18:09")
    assert refers_back("Rolled back to 5.9.3")
    assert refers_back("Beryl Okonjo took over on 1 May.")
    assert not refers_back("The summer party is on Saturday from three.")
    assert not refers_back("Is it with you at the desk now?")
