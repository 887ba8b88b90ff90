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
        ("What was on screen?", "summary", ""),
        ("What was on my screen?", "summary", ""),
        ("What was shown on screen?", "summary", ""),
        ("What was visible?", "summary", ""),
        ("What was there?", "summary", ""),
        ("What could I see?", "summary", ""),
        ("What was there in the crate?", "value", ""),
        ("What was shown to the auditor?", "value", ""),
        ("What was on the invoice?", "value", ""),
        ("When was the app Blank in front?", "when", "app Blank window"),
        ("How long was the sheet in the foreground?", "when", "sheet window"),
        ("Who was in front of the shop?", "value", ""),
        ("What does the pump cost?", "value", ""),
        ("How many hosts are up?", "value", ""),
        ("How many hosts did the status page show?", "count", "hosts"),
        ("How many rows did the job nightly-export have?", "value", ""),
        ("Until when can Ines drive?", "value", ""),
        ("When did the rent become due?", "value", ""),
        ("How many errors does the form allow?", "value", ""),
        ("How many ERROR lines were in the terminal?", "count", "ERROR"),
        ("How many error messages did I see?", "count", "error"),
        ("How many warnings were there?", "value", ""),
        ("How many warnings were there in the terminal?", "count", "warnings"),
        ("How many failed entries are there?", "value", ""),
        ("Until when was the sheet open?", "when", "sheet"),
        ("Which invoice was open?", "value", ""),
        ("Which window did I close?", "changed", ""),
    ],
)
def test_the_way_of_asking_tells_the_sort_of_answer(
    text: str, answer_type: str, subject: str
) -> None:
    asked = asked_of(text)
    assert (asked.answer_type, asked.subject) == (answer_type, subject)


def test_articles_and_words_for_lines_are_no_part_of_the_subject() -> None:
    assert subject_of('the line "batch 7" on the screen') == '"batch 7"'


@pytest.mark.parametrize(
    ("text", "measure", "subject"),
    [
        ("Which apps were open?", "open programs", ""),
        ("Which mail program did I have open?", "open programs", "mail"),
        ("What browser was I using?", "open programs", "browser"),
        ("Which chat client did I use?", "open programs", "chat"),
        ("Which windows did I have open?", "open windows", ""),
        ("Which Firefox windows were open?", "open windows", "Firefox"),
        ("What did I have open?", "open windows", ""),
        ("Which tabs did I have open?", "open pages", ""),
        ("Which websites did I visit?", "open pages", ""),
        ("Which files did I edit?", "open files", ""),
        ("List the windows I had open", "open windows", ""),
    ],
)
def test_windows_are_listed_by_their_sort(text: str, measure: str, subject: str) -> None:
    asked = asked_of(text)
    assert (asked.answer_type, asked.measure, asked.subject) == ("find", measure, subject)


@pytest.mark.parametrize(
    ("text", "edge", "measure"),
    [
        ("When did pump 4 become idle on the screen?", "first", "state"),
        ("Since when was the sheet visible?", "first", ""),
        ("Until when was the sheet visible?", "last", ""),
    ],
)
def test_the_end_of_the_time_on_the_screen_is_the_one_that_was_asked_for(
    text: str, edge: str, measure: str
) -> None:
    asked = asked_of(text)
    assert (asked.answer_type, asked.edge, asked.measure) == ("when", edge, measure)
