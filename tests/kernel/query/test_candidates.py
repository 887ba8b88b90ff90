"""Sentences over several lines, labels with values, assignments."""

from __future__ import annotations

import pytest

from kernel.query import candidates
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits, rank
from tests.kernel.query.drawn import Canvas


def best(canvas: Canvas, text: str) -> str | None:
    found = rank(PageLayout(canvas.page()), analyse(text))
    return found[0].candidate.text if found else None


def one_line(text: str) -> Canvas:
    canvas = Canvas()
    canvas.text(100, 200, text)
    return canvas


def test_a_sentence_is_followed_over_the_line_break_and_no_further() -> None:
    canvas = Canvas()
    lines = [
        "We thank you. The warehouse in Porto closes for stock taking from",
        "the third of May until the sixth. Orders are sent later.",
    ]
    canvas.block(100, 200, lines)
    layout = PageLayout(canvas.page())
    hits = find_hits(layout, analyse("When does the warehouse in Porto close?"))
    texts = [c.text for c in candidates.sentences(layout, hits)]
    assert texts == [
        "The warehouse in Porto closes for stock taking from the third of May until the sixth."
    ]


def test_abbreviations_do_not_end_a_sentence() -> None:
    canvas = one_line("Ask Dr. Falk about it. She knows.")
    layout = PageLayout(canvas.page())
    hits = find_hits(layout, analyse("Falk"))
    texts = [c.text for c in candidates.sentences(layout, hits)]
    assert texts == ["Ask Dr. Falk about it.", "She knows."]


@pytest.mark.parametrize(
    ("line", "question", "value"),
    [
        ("Call plumber: 0171 5550 822", "What is the number of the plumber?", "0171 5550 822"),
        ("retries = 5  # was 3", "What is retries set to?", "5"),
        ("refused host=10.0.0.9 port=5432", "Which port was refused?", "5432"),
        ("Ok. Status: out for delivery, soon. Bye.", "What is the status?", "out for delivery"),
    ],
)
def test_a_value_follows_its_label(line: str, question: str, value: str) -> None:
    said = best(one_line(line), question)
    assert said is not None
    assert value in said
    assert "Bye" not in said


def test_a_big_number_belongs_to_the_caption_over_it() -> None:
    canvas = Canvas()
    for number, (name, figure) in enumerate([("Orders", "1,842"), ("Visitors", "993")]):
        canvas.text(100 + 400 * number, 100, name)
        canvas.text(100 + 400 * number, 140, figure, px=32)
    assert best(canvas, "How many visitors are there?") == "Visitors: 993"


def test_a_card_with_the_same_pattern_is_a_peer_and_no_value() -> None:
    canvas = Canvas()
    for number, (ident, title) in enumerate([("SR-1", "Fix the door"), ("SR-2", "Paint it")]):
        canvas.block(100 + 500 * number, 100, [ident, title])
    assert best(canvas, "What is SR-1 about?") == "SR-1: Fix the door"
