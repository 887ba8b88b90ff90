"""What somebody said is the message under their name, and neither the name nor another's words."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def talk() -> TextPage:
    """A chat, and a mail that quotes another one."""
    c = Canvas()
    c.text(12, 18, "#greenhouse - Chat", px=13)
    messages = (
        ("Rashid Omar 09:25", "The tank is at 35 %, please wait. I sail on Friday."),
        ("Ada King 09:31", "Budget for the fans was approved."),
        ("HR Team Yesterday", "Office closed 24 to 31 December."),
    )
    for number, (name, said) in enumerate(messages):
        c.text(330, 100 + 80 * number, name)
        c.text(330, 121 + 80 * number, said)
    c.text(1000, 260, "Training stays as it is. Bjorn will check the figures for paper.")
    c.text(1000, 420, "On Mon, Bjorn Aas wrote:")
    c.text(1000, 441, "> Paper is 72,300 EUR this year.")
    return c.page()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What did Rashid say about the tank?", "Rashid Omar 09:25: The tank is at 35 %"),
        ("What did Rashid Omar write?", "I sail on Friday."),
        ("What did Ada post about the budget?", "approved"),
        ("What did HR Team write?", "HR Team Yesterday: Office closed"),
        ("What has Bjorn written?", "Paper is 72,300"),
        ("What did Bjorn write about paper?", "Paper is 72,300"),
    ],
)
def test_what_somebody_said_is_told_with_their_name(question: str, told: str) -> None:
    assert told in (best(question, talk()) or "")


@pytest.mark.parametrize(
    "question",
    [
        "What did Ada say about the tank?",
        "What did HR Team write about the budget?",
        "What did Bjorn say about training?",
        "What did Rashid write about the fans?",
        "What did Tom write?",
        "What did the chat say on Sunday?",
    ],
)
def test_neither_a_name_nor_what_another_said_is_told(question: str) -> None:
    assert best(question, talk()) is None
