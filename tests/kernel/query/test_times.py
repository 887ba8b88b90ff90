"""What time phrases mean, seen from one afternoon and across clock changes."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.query.times import find_windows, local, phrase_of, read_bound
from kernel.query.timewindow import Window, combined

DUBLIN = zoneinfo.ZoneInfo("Europe/Dublin")
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2025, 11, 26, 14, 30, tzinfo=DUBLIN)
"""A Wednesday."""
MICROS = 1_000_000

GOLDEN = (
    ("yesterday", "2025-11-25 00:00", "2025-11-26 00:00"),
    ("yesterday afternoon", "2025-11-25 12:00", "2025-11-25 18:00"),
    ("before lunch", "2025-11-26 00:00", "2025-11-26 12:00"),
    ("last Tuesday 3pm", "2025-11-25 15:00", "2025-11-25 16:00"),
    ("between 9 and 10", "2025-11-26 09:00", "2025-11-26 10:00"),
    ("two hours ago", "2025-11-26 12:00", "2025-11-26 13:00"),
    ("this morning", "2025-11-26 05:00", "2025-11-26 12:00"),
    ("on 12 November", "2025-11-12 00:00", "2025-11-13 00:00"),
    ("last week", "2025-11-17 00:00", "2025-11-24 00:00"),
    ("the day before yesterday", "2025-11-24 00:00", "2025-11-25 00:00"),
    ("half an hour ago", "2025-11-26 13:52", "2025-11-26 14:07"),
    ("last night", "2025-11-25 18:00", "2025-11-26 05:00"),
    ("since Monday", "2025-11-24 00:00", "now"),
    ("from 9:15 to 10:45 yesterday", "2025-11-25 09:15", "2025-11-25 10:45"),
    ("in the past two weeks", "2025-11-12 14:30", "now"),
    ("in October", "2025-10-01 00:00", "2025-11-01 00:00"),
    ("in the morning of 3 November", "2025-11-03 05:00", "2025-11-03 12:00"),
    ("three days ago at noon", "2025-11-23 11:55", "2025-11-23 12:05"),
    ("around 4pm", "2025-11-25 15:30", "2025-11-25 16:30"),
    ("a couple of hours ago", "2025-11-26 11:30", "2025-11-26 13:30"),
    ("in the last 45 minutes", "2025-11-26 13:45", "now"),
    ("earlier today", "2025-11-26 00:00", "now"),
    ("last Friday evening", "2025-11-21 18:00", "2025-11-21 23:00"),
    ("2025-11-12", "2025-11-12 00:00", "2025-11-13 00:00"),
    ("11/12/2025", "2025-12-11 00:00", "2025-12-12 00:00"),
    ("the week before last", "2025-11-10 00:00", "2025-11-17 00:00"),
    ("at quarter past nine", "2025-11-26 09:10", "2025-11-26 09:20"),
    ("until noon", "2025-11-26 00:00", "2025-11-26 12:00"),
    ("on Monday between 2 and 4pm", "2025-11-24 14:00", "2025-11-24 16:00"),
    ("after lunch", "2025-11-26 13:00", "2025-11-27 00:00"),
    ("yesterday before lunch", "2025-11-25 00:00", "2025-11-25 12:00"),
    ("before lunch yesterday", "2025-11-25 00:00", "2025-11-25 12:00"),
    ("between 11 and 1pm", "2025-11-26 11:00", "2025-11-26 13:00"),
    ("from 9 to 5 yesterday", "2025-11-25 09:00", "2025-11-25 17:00"),
    ("between 3 and 5 November", "2025-11-03 00:00", "2025-11-06 00:00"),
    ("from Monday to Wednesday", "2025-11-24 00:00", "2025-11-27 00:00"),
    ("12:00 to 12:10", "2025-11-26 12:00", "2025-11-26 12:10"),
    ("9am until 11am", "2025-11-26 09:00", "2025-11-26 11:00"),
    ("yesterday 14:00 to 16:00", "2025-11-25 14:00", "2025-11-25 16:00"),
    ("10:00 through noon", "2025-11-26 10:00", "2025-11-26 12:00"),
    ("Monday to Wednesday", "2025-11-24 00:00", "2025-11-27 00:00"),
    ("3 November to 5 November", "2025-11-03 00:00", "2025-11-06 00:00"),
    ("between 5 November and 3 November", "2025-11-03 00:00", "2025-11-06 00:00"),
    ("just now", "2025-11-26 14:20", "now"),
    ("an hour and a half ago", "2025-11-26 12:37", "2025-11-26 13:22"),
    ("12.11.2025", "2025-11-12 00:00", "2025-11-13 00:00"),
    ("on 12/11/2025", "2025-11-12 00:00", "2025-11-13 00:00"),
    ("the weekend", "2025-11-22 00:00", "2025-11-24 00:00"),
    ("last weekend", "2025-11-22 00:00", "2025-11-24 00:00"),
    ("on the 12th", "2025-11-12 00:00", "2025-11-13 00:00"),
    ("Tuesday last week", "2025-11-18 00:00", "2025-11-19 00:00"),
    ("last week's Tuesday", "2025-11-18 00:00", "2025-11-19 00:00"),
    ("in 2024", "2024-01-01 00:00", "2025-01-01 00:00"),
    ("in November 2024", "2024-11-01 00:00", "2024-12-01 00:00"),
    ("last November", "2024-11-01 00:00", "2024-12-01 00:00"),
    ("on Tuesday 11 November at 9am", "2025-11-11 09:00", "2025-11-11 10:00"),
    ("November 12th, 2025 at half past two", "2025-11-12 14:25", "2025-11-12 14:35"),
    ("at nine o'clock", "2025-11-26 09:00", "2025-11-26 10:00"),
    ("tonight", "2025-11-26 18:00", "2025-11-27 05:00"),
    ("early this morning", "2025-11-26 05:00", "2025-11-26 08:30"),
    ("late yesterday evening", "2025-11-25 20:30", "2025-11-25 23:00"),
    ("at 9 in the evening", "2025-11-25 21:00", "2025-11-25 22:00"),
    ("between 22:00 and 2:00", "2025-11-25 22:00", "2025-11-26 02:00"),
    ("since 9", "2025-11-26 09:00", "now"),
    ("9-10am", "2025-11-26 09:00", "2025-11-26 10:00"),
    ("9:00\u201310:30 on Monday", "2025-11-24 09:00", "2025-11-24 10:30"),
    ("5 min ago", "2025-11-26 14:23", "2025-11-26 14:26"),
    ("2h ago", "2025-11-26 12:00", "2025-11-26 13:00"),
    ("after 5pm on Friday", "2025-11-21 17:00", "2025-11-22 00:00"),
    ("until yesterday", "", "2025-11-26 00:00"),
    ("before yesterday", "", "2025-11-25 00:00"),
    ("since last Monday", "2025-11-24 00:00", "now"),
    ("from 2025-11-12T09:00 to 2025-11-12T10:00", "2025-11-12 09:00", "2025-11-12 10:00"),
    ("at 14:05", "2025-11-26 14:00", "2025-11-26 14:10"),
    ("the week of 3 November", "2025-11-03 00:00", "2025-11-10 00:00"),
    ("over lunch", "2025-11-26 12:00", "2025-11-26 13:00"),
    ("during lunch today", "2025-11-26 12:00", "2025-11-26 13:00"),
    ("a week ago", "2025-11-17 00:00", "2025-11-24 00:00"),
    ("two weeks ago", "2025-11-10 00:00", "2025-11-17 00:00"),
    ("a month ago", "2025-10-01 00:00", "2025-11-01 00:00"),
    ("last hour", "2025-11-26 13:30", "now"),
    ("in the last hour", "2025-11-26 13:30", "now"),
    ("today", "2025-11-26 00:00", "2025-11-27 00:00"),
    ("this week", "2025-11-24 00:00", "2025-12-01 00:00"),
    ("last month", "2025-10-01 00:00", "2025-11-01 00:00"),
    ("this Monday", "2025-11-24 00:00", "2025-11-25 00:00"),
    ("on Wednesday at 5pm", "2025-11-19 17:00", "2025-11-19 18:00"),
    ("since yesterday morning", "2025-11-25 05:00", "now"),
    ("by noon", "2025-11-26 00:00", "2025-11-26 12:00"),
    ("on Thursday, 20 November", "2025-11-20 00:00", "2025-11-21 00:00"),
    ("yesterday between 9 and half past ten", "2025-11-25 09:00", "2025-11-25 10:30"),
    ("the other day", "2025-11-19 00:00", "2025-11-26 00:00"),
    ("from 3pm on", "2025-11-25 15:00", "now"),
    ("all of yesterday", "2025-11-25 00:00", "2025-11-26 00:00"),
    ("on 29 February", "2024-02-29 00:00", "2024-03-01 00:00"),
    ("this morning between 9:05 and 9:07", "2025-11-26 09:05", "2025-11-26 09:07"),
    ("yesterday evening between 8 and 9", "2025-11-25 20:00", "2025-11-25 21:00"),
    ("last week on Thursday", "2025-11-20 00:00", "2025-11-21 00:00"),
    ("in the late afternoon on Monday", "2025-11-24 15:00", "2025-11-24 18:00"),
    ("since 9 when", "2025-11-26 09:00", "now"),
    ("ten to nine", "2025-11-26 08:45", "2025-11-26 08:55"),
    ("from five to nine", "2025-11-25 17:00", "2025-11-25 21:00"),
    ("9 - 11:30", "2025-11-26 09:00", "2025-11-26 11:30"),
    ("at 9:30pm yesterday", "2025-11-25 21:25", "2025-11-25 21:35"),
    ("on 2025-11-12 at 14:30", "2025-11-12 14:25", "2025-11-12 14:35"),
    ("between 2025-11-12 and 2025-11-14", "2025-11-12 00:00", "2025-11-15 00:00"),
    ("from yesterday 9am to today noon", "2025-11-25 09:00", "2025-11-26 12:00"),
    ("since 12 November", "2025-11-12 00:00", "now"),
    ("after 12 November", "2025-11-13 00:00", "now"),
    ("on Mon", "2025-11-24 00:00", "2025-11-25 00:00"),
    ("at 16:00", "2025-11-25 15:55", "2025-11-25 16:05"),
    ("yesterday at noon", "2025-11-25 11:55", "2025-11-25 12:05"),
    ("on the afternoon of the 12th", "2025-11-12 12:00", "2025-11-12 18:00"),
    ("last Monday morning", "2025-11-24 05:00", "2025-11-24 12:00"),
    ("this afternoon", "2025-11-26 12:00", "2025-11-26 18:00"),
    ("Friday night", "2025-11-21 22:00", "2025-11-22 05:00"),
    ("between yesterday and today", "2025-11-25 00:00", "2025-11-27 00:00"),
    ("between noon and 2", "2025-11-26 12:00", "2025-11-26 14:00"),
    ("before 10:30 yesterday", "2025-11-25 00:00", "2025-11-25 10:30"),
    ("until 2 hours ago", "", "2025-11-26 12:30"),
    ("since two hours ago", "2025-11-26 12:30", "now"),
    ("between 2 hours ago and 1 hour ago", "2025-11-26 12:30", "2025-11-26 13:30"),
    ("within the last 10 minutes", "2025-11-26 14:20", "now"),
    ("at midnight", "2025-11-25 23:55", "2025-11-26 00:05"),
    ("over the last 24 hours", "2025-11-25 14:30", "now"),
    ("90 minutes ago", "2025-11-26 12:37", "2025-11-26 13:22"),
    ("three weeks ago", "2025-11-03 00:00", "2025-11-10 00:00"),
    ("last year", "2024-01-01 00:00", "2025-01-01 00:00"),
    ("on 31 October", "2025-10-31 00:00", "2025-11-01 00:00"),
    ("Tuesday at 9:45", "2025-11-25 09:40", "2025-11-25 09:50"),
    ("at half past nine on Monday", "2025-11-24 09:25", "2025-11-24 09:35"),
    ("twenty past two", "2025-11-26 14:15", "2025-11-26 14:25"),
    ("around noon yesterday", "2025-11-25 11:45", "2025-11-25 12:15"),
    ("about an hour ago", "2025-11-26 13:00", "2025-11-26 14:00"),
    ("on November 5", "2025-11-05 00:00", "2025-11-06 00:00"),
    ("on Nov. 5", "2025-11-05 00:00", "2025-11-06 00:00"),
    ("on 5 Nov 2024 at 8am", "2024-11-05 08:00", "2024-11-05 09:00"),
    ("at 8 in the morning on 3 November", "2025-11-03 08:00", "2025-11-03 09:00"),
    ("last Thursday between 10 and 11:30", "2025-11-20 10:00", "2025-11-20 11:30"),
    ("from 10:00 until 10:20 today", "2025-11-26 10:00", "2025-11-26 10:20"),
    ("yesterday from 1pm to 2pm", "2025-11-25 13:00", "2025-11-25 14:00"),
    ("from Monday 9am to Tuesday 5pm", "2025-11-24 09:00", "2025-11-25 17:00"),
    ("between last Monday and last Wednesday", "2025-11-17 00:00", "2025-11-20 00:00"),
    ("a few minutes ago", "2025-11-26 14:22", "2025-11-26 14:27"),
    ("ten minutes ago", "2025-11-26 14:17", "2025-11-26 14:22"),
    ("3 days ago", "2025-11-23 00:00", "2025-11-24 00:00"),
    ("six months ago", "2025-05-01 00:00", "2025-06-01 00:00"),
    ("a year ago", "2024-01-01 00:00", "2025-01-01 00:00"),
    ("two years ago", "2023-01-01 00:00", "2024-01-01 00:00"),
    ("in the last three days", "2025-11-23 14:30", "now"),
    ("during the past week", "2025-11-19 14:30", "now"),
    ("past month", "2025-10-27 14:30", "now"),
    ("this month", "2025-11-01 00:00", "2025-12-01 00:00"),
    ("this year", "2025-01-01 00:00", "2026-01-01 00:00"),
    ("on Saturday", "2025-11-22 00:00", "2025-11-23 00:00"),
    ("since last week", "2025-11-17 00:00", "now"),
    ("since the weekend", "2025-11-22 00:00", "now"),
    ("before Monday", "", "2025-11-24 00:00"),
    ("after Friday", "2025-11-22 00:00", "now"),
    ("until 9am", "2025-11-26 00:00", "2025-11-26 09:00"),
    ("up to 11:15", "2025-11-26 00:00", "2025-11-26 11:15"),
    ("by 10am yesterday", "2025-11-25 00:00", "2025-11-25 10:00"),
    ("after lunch on Monday", "2025-11-24 13:00", "2025-11-25 00:00"),
    ("at lunchtime", "2025-11-26 12:00", "2025-11-26 13:00"),
    ("around lunch yesterday", "2025-11-25 12:00", "2025-11-25 13:00"),
    ("the evening of 12 November", "2025-11-12 18:00", "2025-11-12 23:00"),
    ("the night of 12 November", "2025-11-12 22:00", "2025-11-13 05:00"),
    ("early on Monday morning", "2025-11-24 05:00", "2025-11-24 08:30"),
)
"""Phrase, beginning (empty: of all evidence), end; local times, cut to the minute."""

NO_TIME = (
    "for lunch",
    "in redis-master-0",
    "tomorrow at 9",
    "next week",
    "next Monday at 3",
    "by 3 people",
    "on page 3 - 4",
    "in 5 minutes",
    "at exit code 137",
    "in sprint 42",
    "between the lines",
    "before the crash",
    "since the upgrade",
    "from row 3 to row 9",
    "in version 1.2.3",
    "at 10.0.0.1",
    "last invoice",
    "the second attempt",
    "on port 8080",
)


def us(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * MICROS


def windows_of(phrase: str, now: dt.datetime = NOW) -> list[Window]:
    zone = now.tzinfo
    assert zone is not None
    return find_windows(f"What did it say {phrase} in the terminal?", us(now), zone)


def cut(moment_us: int, zone: dt.tzinfo = DUBLIN) -> str:
    return f"{local(moment_us, zone):%Y-%m-%d %H:%M}" if moment_us > 0 else ""


@pytest.mark.parametrize(("phrase", "start", "end"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_a_phrase_means_this_window(phrase: str, start: str, end: str) -> None:
    window = combined(windows_of(phrase))
    assert window is not None
    until = us(NOW) + 1 if end == "now" else None
    assert cut(window.from_us) == start
    assert window.to_us == until if until else cut(window.to_us) == end


def test_the_table_is_long_enough() -> None:
    assert len({row[0] for row in GOLDEN}) >= 120


@pytest.mark.parametrize("phrase", NO_TIME)
def test_what_is_no_time_or_still_to_come_is_no_window(phrase: str) -> None:
    assert windows_of(phrase) == []


def test_day_and_time_of_day_that_stand_apart_are_one_window() -> None:
    text = "What did the error say yesterday in the terminal between 9 and 10?"
    (window,) = find_windows(text, us(NOW), DUBLIN)
    assert (cut(window.from_us), cut(window.to_us)) == ("2025-11-25 09:00", "2025-11-25 10:00")
    assert window.sure


def test_two_bounds_hold_together() -> None:
    window = combined(find_windows("errors after 9am and before 11am", us(NOW), DUBLIN))
    assert window is not None
    assert (cut(window.from_us), cut(window.to_us)) == ("2025-11-26 09:00", "2025-11-26 11:00")


@pytest.mark.parametrize(
    ("phrase", "note"),
    [
        ("on 11/12/2025", "day before month: taken as 11 December 2025"),
        ("between 2 and 3", "no am or pm was said: taken as 14:00 to 15:00"),
        ("last Tuesday", "the most recent one was taken, 2025-11-25, not 2025-11-18"),
        ("between 5 November and 3 November", "the later of the two times was said first"),
        ("at 6pm", "that time of today is still to come: yesterday's was taken"),
        ("last week at 9", "the time of day was left aside: more than one day is meant"),
    ],
)
def test_what_was_guessed_is_told(phrase: str, note: str) -> None:
    (window,) = windows_of(phrase)
    assert note in window.notes


@pytest.mark.parametrize(
    ("phrase", "sure"),
    [("yesterday", True), ("two hours ago", True), ("on 31 October", False), ("at 16:00", False)],
)
def test_a_time_that_a_screen_may_speak_of_is_not_sure(phrase: str, *, sure: bool) -> None:
    (window,) = windows_of(phrase)
    assert window.sure is sure


# --- clock changes ------------------------------------------------------------------------------

AFTER_SPRING = dt.datetime(2025, 3, 30, 20, 0, tzinfo=BERLIN)
"""02:00 became 03:00 that morning."""
AFTER_AUTUMN = dt.datetime(2025, 10, 26, 20, 0, tzinfo=BERLIN)
"""03:00 became 02:00 that morning."""


def test_the_day_of_the_spring_change_has_23_hours_and_that_of_autumn_25() -> None:
    for now, hours in ((AFTER_SPRING, 23), (AFTER_AUTUMN, 25)):
        (window,) = windows_of("today", now)
        assert window.to_us - window.from_us == hours * 3600 * MICROS


def test_an_hour_that_is_skipped_is_read_with_the_offset_before_it_and_told() -> None:
    (window,) = windows_of("between 02:15 and 02:45", AFTER_SPRING)
    assert (cut(window.from_us, BERLIN), cut(window.to_us, BERLIN)) == (
        "2025-03-30 03:15",
        "2025-03-30 03:45",
    )
    assert any("skipped by a clock change" in note for note in window.notes)


@pytest.mark.parametrize("phrase", ["between 2 and 3 am", "at 2am", "02:00 to 03:00"])
def test_a_stretch_that_is_skipped_is_as_long_as_it_was_said_and_told(phrase: str) -> None:
    (window,) = windows_of(phrase, AFTER_SPRING)
    assert (cut(window.from_us, BERLIN), cut(window.to_us, BERLIN)) == (
        "2025-03-30 03:00",
        "2025-03-30 04:00",
    )
    assert any("skipped by a clock change" in note for note in window.notes)


def test_an_hour_that_occurs_twice_is_covered_twice_and_told() -> None:
    (window,) = windows_of("between 02:15 and 02:45", AFTER_AUTUMN)
    assert window.to_us - window.from_us == (60 + 30) * 60 * MICROS
    assert any("occurred twice" in note for note in window.notes)


def test_hours_back_are_hours_that_passed_not_hours_of_the_clock() -> None:
    now = dt.datetime(2025, 10, 26, 4, 0, tzinfo=BERLIN)
    assert read_bound("3 hours ago", us(now), BERLIN, end=False) == us(now) - 3 * 3600 * MICROS


@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"])
def test_yesterday_is_a_day_of_the_zone(name: str) -> None:
    zone = zoneinfo.ZoneInfo(name)
    now = dt.datetime(2025, 11, 26, 0, 10, tzinfo=zone)
    (window,) = windows_of("yesterday", now)
    assert (cut(window.from_us, zone), cut(window.to_us, zone)) == (
        "2025-11-25 00:00",
        "2025-11-26 00:00",
    )


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("yesterday", False, "2025-11-25 00:00"),
        ("yesterday", True, "2025-11-26 00:00"),
        ("2025-11-12 09:30", False, "2025-11-12 09:30"),
        ("2025-11-12T09:30:00+00:00", True, "2025-11-12 09:30"),
        ("9:30", False, "2025-11-26 09:30"),
        ("9", False, "2025-11-26 09:00"),
        ("2h ago", False, "2025-11-26 12:30"),
        ("last 2 hours", False, "2025-11-26 12:30"),
        ("noon", True, "2025-11-26 12:00"),
    ],
)
def test_an_option_names_a_moment(text: str, expected: str, *, end: bool) -> None:
    moment_us = read_bound(text, us(NOW), DUBLIN, end=end)
    assert moment_us is not None
    assert cut(moment_us) == expected


@pytest.mark.parametrize("text", ["", "soon", "tomorrow", "before lunch", "99:99 o'clock maybe"])
def test_an_option_that_names_no_moment_is_refused(text: str) -> None:
    assert read_bound(text, us(NOW), DUBLIN, end=False) is None


# --- properties ---------------------------------------------------------------------------------

ZONES = st.sampled_from(
    [
        zoneinfo.ZoneInfo(name)
        for name in (
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "UTC",
        )
    ]
)
SECONDS = st.integers(86_400, 4_000_000_000)
WORDS = st.lists(
    st.sampled_from(
        "last this yesterday today on at in before after since until between and from to 9 10:30"
        " 3pm 31 monday tuesday november 2025 the of morning lunch noon week month two hours ago"
        " half past quarter 12th , - early late weekend day 2025-02-30 29 february".split()
    ),
    max_size=9,
).map(" ".join)


@given(text=st.one_of(WORDS, st.text(max_size=60)), now_s=SECONDS, zone=ZONES)
def test_any_text_gives_windows_that_are_in_order_and_lie_in_the_text(
    text: str, now_s: int, zone: zoneinfo.ZoneInfo
) -> None:
    for window in find_windows(text, now_s * MICROS, zone):
        assert 0 <= window.from_us < window.to_us
        assert 0 <= window.start < window.end <= len(text)
        assert text[window.start : window.end] == window.text
        assert window.understood


@given(start_s=SECONDS, length_s=st.integers(1, 10_000_000), now_s=SECONDS, zone=ZONES)
def test_the_phrase_of_a_window_is_read_back_as_that_window(
    start_s: int, length_s: int, now_s: int, zone: zoneinfo.ZoneInfo
) -> None:
    from_us, to_us = start_s * MICROS, (start_s + length_s) * MICROS
    (window,) = find_windows(phrase_of(from_us, to_us, zone), now_s * MICROS, zone)
    assert (window.from_us, window.to_us) == (from_us, to_us)


@given(text=WORDS, now_s=SECONDS, zone=ZONES)
def test_the_same_question_at_the_same_time_is_understood_the_same(
    text: str, now_s: int, zone: zoneinfo.ZoneInfo
) -> None:
    assert find_windows(text, now_s * MICROS, zone) == find_windows(text, now_s * MICROS, zone)


def test_a_window_is_said_with_its_seconds_where_it_has_some() -> None:
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    now_us = 1_764_163_800 * MICROS
    (window,) = find_windows("between 9:30:25 and 9:30:45", now_us, zone)
    assert "09:30:25 to 09:30:45" in window.understood
    (window,) = find_windows("between 9:30 and 9:45", now_us, zone)
    assert "09:30 to 09:45" in window.understood


def test_a_word_said_twice_belongs_to_the_time_once() -> None:
    (window,) = find_windows("What was I working on on Friday between 9 and 10?", us(NOW), DUBLIN)
    assert window.text == "on Friday between 9 and 10"
