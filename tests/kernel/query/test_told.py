"""Where the words of a question stand in a value."""

from __future__ import annotations

from kernel.query.candidates import sentences
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits
from kernel.query.told import told_by
from tests.kernel.query.drawn import Canvas


def test_the_words_of_the_question_are_found_in_the_value_and_left_out_of_its_rest() -> None:
    c = Canvas()
    c.text(100, 100, "The port of ledger is 6543")
    layout, question = PageLayout(c.page()), analyse("What is the port of ledger?")
    hits = find_hits(layout, question)
    told = told_by(question, next(iter(sentences(layout, hits))), hits)
    assert [told.text[a:b] for a, b in told.words] == ["port", "ledger"]
    assert [told.text[a:b] for a, b in told.asked] == ["port"]
    assert told.rest.split() == ["The", "of", "is", "6543"]
    assert told.words_between((4, 8), (22, 26)) == 3


def test_a_value_over_several_lines_has_its_words_on_each() -> None:
    c = Canvas()
    c.block(100, 100, ["The meeting about the new depot in Leeds was moved to", "room 4C by Ines"])
    layout, question = PageLayout(c.page()), analyse("Which room was the meeting moved to?")
    hits = find_hits(layout, question)
    found = [told_by(question, made, hits) for made in sentences(layout, hits)]
    whole = max(found, key=lambda told: len(told.text))
    assert {whole.text[a:b] for a, b in whole.words} == {"meeting", "moved", "room"}
