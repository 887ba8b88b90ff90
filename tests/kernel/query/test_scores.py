"""What makes up a candidate's score."""

from __future__ import annotations

import pytest

from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.question import analyse
from kernel.query.scores import bonus_of, label_speaks, weights_of
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def _field(value: str, *, fit: int = 1000, plain: bool = True) -> Candidate:
    whole = Part(0, 0, len(value))
    return Candidate(Form.FIELD, (whole,), (), value, value, 240, fit, plain=plain)


def _no_hits(terms: int) -> PageHits:
    return PageHits(by_term=((),) * terms)


def test_a_value_of_the_kind_asked_for_scores_more_than_one_of_another() -> None:
    question = analyse("When is the demo?")
    hits = _no_hits(len(question.terms))
    levels = [1000] * len(question.terms)
    timed, other = (
        bonus_of(question, hits, _field(value), levels, named=False) for value in ("15:30", "red")
    )
    assert timed > other


def test_a_count_under_its_label_speaks_for_a_number_and_a_time_does_not() -> None:
    question = analyse("How many tickets are in the backlog?")
    assert label_speaks(question, _field("3"))
    assert not label_speaks(question, _field("15:30"))


def test_what_the_label_stands_for_weighs_little() -> None:
    question = analyse("How many tickets are in the backlog?")
    asked = next(at for at, term in enumerate(question.terms) if term.asked)
    levels = [0 if at == asked else 1000 for at in range(len(question.terms))]
    said = weights_of(question, levels, _field("3"))
    unsaid = weights_of(question, levels, _field("3", fit=500))
    assert said[asked] < unsaid[asked]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the size of the last backup?", "1.84 GB"),
        ("What is the duration of the last backup?", None),
        ("What is the size of the next backup?", None),
    ],
)
def test_a_word_before_a_figure_inside_a_value_tells_what_it_is(
    question: str, answer: str | None
) -> None:
    canvas = Canvas()
    canvas.text(400, 200, "Last backup")
    canvas.text(700, 200, "10 Nov 2025 02:41, size 1.84 GB")
    canvas.text(400, 240, "Next backup")
    canvas.text(700, 240, "11 Nov 2025 02:40")
    said = best(question, canvas.page())
    assert (said is None) if answer is None else (answer in (said or ""))
