"""The column that a way of asking means, though it does not name it."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import find_hits
from kernel.query.value_columns import told_by_columns
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def manual() -> TextPage:
    """Settings with what they are set to and mean, and faults with what to do about them."""
    c = Canvas()
    c.text(12, 18, "Conveyor handbook - Viewer", px=13)
    c.text(100, 90, "Settings", px=22)
    c.rows(
        [100, 320, 480, 640],
        130,
        30,
        [
            ["Parameter", "Default", "Value", "Meaning"],
            ["belt_speed", "1.2 m/s", "0.9 m/s", "Speed of the main belt"],
            ["jam_delay", "400 ms", "650 ms", "Wait before a jam is told"],
            ["channel", "4", "11", "Radio channel of the scanner"],
        ],
    )
    c.text(100, 320, "Faults of the scanner", px=22)
    c.rows(
        [100, 320, 640],
        360,
        30,
        [
            ["Code", "Meaning", "What to do"],
            ["F-201", "Lens dirty", "Wipe the lens with a dry cloth"],
            ["F-212", "No trigger", "Check the light barrier"],
            ["F-230", "Motor hot", "Let it cool for ten minutes"],
        ],
    )
    return c.page()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What is jam_delay set to?", "650 ms"),
        ("What is the channel set to?", "11"),
        ("What value does belt_speed have?", "0.9 m/s"),
        ("What does jam_delay do?", "Wait before a jam is told"),
        ("What is belt_speed for?", "Speed of the main belt"),
        ("What does F-212 mean?", "No trigger"),
        ("What should I do when the scanner reports F-201?", "Wipe the lens"),
        ("How do I fix F-230?", "Let it cool"),
        ("What can be done about F-212?", "Check the light barrier"),
    ],
)
def test_the_way_of_asking_tells_the_column(question: str, told: str) -> None:
    answer = best(question, manual())
    assert answer is not None
    assert told in answer


def test_the_key_alone_asks_for_its_value_and_what_it_means() -> None:
    answer = best("What is jam_delay?", manual()) or ""
    assert "650 ms" in answer
    assert "Wait before a jam is told" in answer


def test_a_default_is_told_where_no_value_is_set() -> None:
    c = Canvas()
    c.rows([100, 320], 130, 30, [["Option", "Default"], ["depth", "12"], ["width", "80"]])
    assert "12" in (best("What is the depth set to?", c.page()) or "")


@pytest.mark.parametrize(
    "question",
    [
        "What is jam_limit set to?",
        "What should I do when the scanner reports F-221?",
        "What should I do when the printer reports F-201?",
        "What is the unit of jam_delay?",
        "What was jam_delay set to before the upgrade?",
        "How do I fix F-203?",
    ],
)
def test_another_key_or_another_thing_is_not_answered(question: str) -> None:
    assert best(question, manual()) is None


def test_a_key_with_two_values_has_none() -> None:
    c = Canvas()
    rows = [["Parameter", "Value"], ["depth_max", "12"], ["depth_max", "80"]]
    c.rows([100, 320], 130, 30, rows)
    layout, question = PageLayout(c.page()), analyse("What is depth_max set to?")
    assert not told_by_columns(layout, question, find_hits(layout, question), ())
