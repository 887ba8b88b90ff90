"""A sentence that tells what is asked for comes before one that only speaks of it."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.candidates import sentences
from kernel.query.informing import PREDICATED, UNTOLD, informing_bonus
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits, rank
from tests.kernel.query.drawn import Canvas


def message(*lines: str) -> TextPage:
    canvas = Canvas()
    canvas.rows([60], 120, 24, [[line] for line in lines])
    return canvas.page()


def best(page: TextPage, question: str) -> str | None:
    found = rank(PageLayout(page), analyse(question), [])
    return found[0].candidate.text if found else None


@pytest.mark.parametrize(
    ("lines", "question", "answer"),
    [
        (
            ("Pump P-7 came with a cracked valve. Valve number is KV-2208.",),
            "Which valve does pump P-7 have?",
            "Valve number is KV-2208.",
        ),
        (
            ("The form for the Lindt order was refused: missing EORI. New EORI is DE7781.",),
            "What is the EORI for the Lindt order?",
            "New EORI is DE7781.",
        ),
        (
            ("Build 81 is on all boxes except the two at the gate. Those stay on 7.7.1 for now.",),
            "Which build do the boxes at the gate have?",
            "Those stay on 7.7.1 for now.",
        ),
    ],
)
def test_the_sentence_with_the_value_is_the_answer(
    lines: tuple[str, ...], question: str, answer: str
) -> None:
    assert best(message(*lines), question) == answer


def test_a_sentence_on_something_new_does_not_speak_of_what_was_before() -> None:
    page = message("I have attached form F-12. Crate 3 was sent with tracking number 1Z99.")
    assert best(page, "What is the tracking number of form F-12?") is None
    assert best(page, "What is the tracking number of crate 3?") == page.lines[0].text[27:]


def test_another_thing_of_that_sort_takes_its_place() -> None:
    page = message("Order K-100 is late. It came after K-200 at 14:05.")
    assert best(page, "When did order K-100 come?") is None


def test_what_is_told_is_weighed() -> None:
    page = message("The valve is KV-2208.", "The valve came late and was wet.")
    layout, question = PageLayout(page), analyse("Which valve is it?")
    hits = find_hits(layout, question)
    told = {c.text: informing_bonus(question, c, hits) for c in sentences(layout, hits)}
    assert told == {
        "The valve is KV-2208.": PREDICATED,
        "The valve came late and was wet.": UNTOLD,
    }
    assert not informing_bonus(analyse("Why is it wet?"), next(sentences(layout, hits)), hits)


def test_the_preposition_of_the_question_names_what_the_sentence_leaves_unsaid() -> None:
    page = message("Please add an index on (order_id, flag_code) before we merge.")
    assert best(page, "On which columns do we add an index before the merge?") is not None
    assert best(page, "On which floor do we add an index before the merge?") is None
    page = message("I raised the limit to 16384 on gate-02 at 08:19.")
    assert best(page, "On which host was the limit raised?") is not None
    assert best(page, "From which host was the limit raised?") is None
