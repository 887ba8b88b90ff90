"""What a question says not to happen is met by what a screen says to be stopped."""

from __future__ import annotations

import pytest

from kernel.query.stoppages import denied_verb, tells_stoppage
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


@pytest.mark.parametrize(
    ("question", "verb"),
    [
        ("Why is the ferry not sailing?", "sailing"),
        ("Why isn't the ferry sailing on Saturday?", "sailing"),
        ("Why does line 4 not run this week?", "run"),
        ("Why didn't the night bus leave?", "leave"),
        ("Why was the invoice not paid?", None),
        ("Why is the ferry late?", None),
    ],
)
def test_the_verb_that_a_question_denies(question: str, verb: str | None) -> None:
    assert denied_verb(question) == verb


def test_what_is_stopped_does_not_take_place() -> None:
    assert tells_stoppage("Line 4 is suspended because of flooding")
    assert not tells_stoppage("Line 4 runs every ten minutes")


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("Why is the ferry from Rostock to Trelleborg not sailing?", True),
        ("Why isn't the ferry to Trelleborg sailing?", True),
        ("Why is the ferry from Rostock to Trelleborg sailing?", False),
        ("Why is the ferry from Rostock to Trelleborg not painted?", False),
        ("Why is the ferry from Rostock to Gdynia not sailing?", False),
    ],
)
def test_why_it_does_not_happen_is_why_it_was_stopped(question: str, *, answers: bool) -> None:
    canvas = Canvas()
    canvas.text(60, 100, "Ferry Rostock to Trelleborg is cancelled because of storm.")
    canvas.text(60, 160, "Gate 4 closes at noon.")
    assert ("storm" in (best(question, canvas.page()) or "")) is answers
