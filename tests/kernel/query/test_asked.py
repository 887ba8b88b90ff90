"""What sort of answer a question wants."""

from __future__ import annotations

import pytest

from kernel.query.asked import asked_of, subject_of


@pytest.mark.parametrize(
    ("text", "answer_type", "subject"),
    [
        ("When did I first see the pump?", "when", "pump"),
        ("How long was the sheet open?", "when", "sheet"),
        ("What changed in the sheet?", "changed", "in the sheet"),
        ("What is new in the sheet?", "changed", "in the sheet"),
        ("How many lines with ERROR were in the log?", "count", "ERROR"),
        ("What was I doing?", "summary", ""),
        ("What does the pump cost?", "value", ""),
        ("How many hosts are up?", "value", ""),
    ],
)
def test_the_way_of_asking_tells_the_sort_of_answer(
    text: str, answer_type: str, subject: str
) -> None:
    asked = asked_of(text)
    assert (asked.answer_type, asked.subject) == (answer_type, subject)


def test_articles_and_words_for_lines_are_no_part_of_the_subject() -> None:
    assert subject_of('the line "batch 7" on the screen') == '"batch 7"'
