"""What is read of a time phrase before it is resolved."""

from __future__ import annotations

import datetime as dt

import pytest

from kernel.query.timecalendar import Calendar
from kernel.query.timeclocks import ClockReader, narrowed
from kernel.query.timedays import DayReader
from kernel.query.timeparts import Clock, Day, Form
from kernel.query.timephrase import Reader
from kernel.query.timewords import PARTS, tokens_of

WEDNESDAY = dt.datetime(2025, 11, 26, 14, 30)  # noqa: DTZ001 - wall clock


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("yesterday", "in"),
        ("before 9am", "before"),
        ("after lunch", "after"),
        ("since Monday", "since"),
        ("until noon", "until"),
        ("from 9 to 10", "between"),
        ("in the last two hours", "stretch"),
    ],
)
def test_a_phrase_has_the_form_of_its_connector(text: str, form: Form) -> None:
    (phrase,) = Reader(text).phrases()
    assert phrase.form == form
    assert (phrase.start, phrase.end) == (0, len(text))


def test_the_longest_phrase_is_taken() -> None:
    (phrase,) = Reader("saw it on Monday between 2 and 4pm here").phrases()
    assert phrase.second is not None
    assert phrase.first.day == Day("weekday", weekday=0)


def test_early_and_late_are_halves_of_a_part_of_the_day() -> None:
    low, high = PARTS["morning"]
    morning = Clock(low, high, "part", name="morning")
    assert narrowed(morning, "early").high == narrowed(morning, "late").low


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("9:30", 570),
        ("half past nine", 570),
        ("quarter to ten pm", 1305),
        ("12am", 0),
        ("noon", 720),
    ],
)
def test_a_time_of_day_is_minutes_after_midnight(text: str, minutes: int) -> None:
    read = ClockReader(text)._clock(0, bare=True)
    assert read is not None
    assert read[0].low == minutes


@pytest.mark.parametrize("text", ["31.02.2025", "25:00", "9:75", "13/13/2025"])
def test_what_the_calendar_or_the_clock_lacks_is_no_time(text: str) -> None:
    assert Reader(f"at {text}").phrases() == []


@pytest.mark.parametrize(
    ("text", "first", "days"),
    [
        ("last week", "2025-11-17", 7),
        ("the 30th", "2025-10-30", 1),
        ("last weekend", "2025-11-22", 2),
        ("this week", "2025-11-24", 7),
        ("november 2024", "2024-11-01", 30),
        ("29 february", "2024-02-29", 1),
    ],
)
def test_a_day_is_resolved_to_whole_days(text: str, first: str, days: int) -> None:
    read = DayReader(text)._day(0)
    assert read is not None
    wall = Calendar(WEDNESDAY, []).wall_of(read[0])
    assert wall is not None
    assert wall.start is not None
    assert wall.end is not None
    assert f"{wall.start:%Y-%m-%d}" == first
    assert (wall.end - wall.start).days == days


def test_tokens_keep_their_place() -> None:
    text = "at 9:30 pm on 12th"
    assert [text[token.start : token.end] for token in tokens_of(text)] == [
        "at",
        "9:30 pm",
        "on",
        "12th",
    ]
