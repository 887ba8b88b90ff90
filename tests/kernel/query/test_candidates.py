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
    ("line", "first"),
    [
        ("Sample taken, bottle no. W-70331. It is warm.", "Sample taken, bottle no. W-70331."),
        ("Did the sample fail? I think no. Ask Ines.", "Did the sample fail?"),
    ],
)
def test_a_number_that_is_announced_goes_with_its_sentence(line: str, first: str) -> None:
    layout = PageLayout(one_line(line).page())
    hits = find_hits(layout, analyse("sample bottle"))
    assert next(c.text for c in candidates.sentences(layout, hits)) == first
    assert not any(c.text.startswith("W-70331") for c in candidates.sentences(layout, hits))


@pytest.mark.parametrize(
    ("line", "question", "value"),
    [
        ("Boiler room P2 keypad: 7194C", "What is the keypad code of boiler room P2?", "7194C"),
        ("Boiler room P2 keypad: worn", "What is the keypad code of boiler room P2?", None),
        (
            "Outlet measured at 47.6 °C today.",
            "Which temperature was measured at the outlet?",
            "47.6",
        ),
        (
            "Outlet measured at 47.6 bar today.",
            "Which temperature was measured at the outlet?",
            None,
        ),
    ],
)
def test_what_a_value_looks_like_says_what_it_is(
    line: str, question: str, value: str | None
) -> None:
    said = best(one_line(line), question)
    assert (said is None) if value is None else (value in (said or ""))


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


def alarms() -> Canvas:
    """A list of alarms: a title, and under it since when and why."""
    c = Canvas()
    for number, (title, detail) in enumerate(
        [
            ("Duisburg: sorter belt 3 stopped", "Since 05:47. Motor overload, technician on site."),
            ("Zaragoza: backlog above 400 orders", "Since 06:20. Extra shift until 22:00."),
            ("Road A15 closed near Tiel", "Until 11:30. Detour adds 28 minutes."),
        ]
    ):
        c.text(1300, 200 + 60 * number, title, px=15)
        c.text(1300, 221 + 60 * number, detail)
    return c


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Since when has sorter belt 3 in Duisburg been down?", "05:47"),
        ("Why did sorter belt 3 stop?", "overload"),
        ("Since when is the backlog in Zaragoza above 400 orders?", "06:20"),
    ],
)
def test_what_stands_under_the_title_of_an_alarm_is_told_of_it(
    question: str, expected: str
) -> None:
    answer = best(alarms(), question)
    assert answer is not None
    assert expected in answer


@pytest.mark.parametrize(
    "question",
    [
        "Since when is the road A15 closed?",
        "Why is the backlog in Zaragoza above 400 orders?",
        "Since when has sorter belt 4 in Duisburg been down?",
    ],
)
def test_the_detail_of_another_alarm_or_end_is_not_told(question: str) -> None:
    assert best(alarms(), question) is None


def test_a_sentence_with_more_of_the_question_goes_on_about_what_was_named_before_it() -> None:
    c = Canvas()
    c.text(
        300,
        100,
        "Forklift FL-23 is out of service. Movatek rents us a replacement for 145 EUR per day.",
    )
    answer = best(c, "How much does a replacement for forklift FL-23 cost per day?")
    assert answer is not None
    assert "145" in answer
    assert best(c, "How much does a replacement for forklift FL-24 cost per day?") is None
    assert best(c, "How much does forklift FL-23 cost?") is None


def test_bars_part_what_a_line_says() -> None:
    c = Canvas()
    c.text(40, 60, "Tap reader V7", px=22)
    c.text(
        40, 100, "Page owner: Thijs Roelofs | Last edited 17 February 2026 by Amara Diallo | Draft"
    )
    assert best(c, "Who owns the Tap reader V7 page?") == "Page owner: Thijs Roelofs"
    edited = "Last edited 17 February 2026 by Amara Diallo"
    assert best(c, "Who last edited the Tap reader V7 page?") == edited
