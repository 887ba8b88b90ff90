"""Clock times of which the time zone is said."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from kernel.query.times import MICROS, find_windows
from kernel.query.timezones import changes_clocks_near, moment_in, pass_mark
from kernel.query.wording import moment_text, span_text

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON_OF_THE_CHANGE = dt.datetime(2025, 10, 26, 12, 0, tzinfo=BERLIN)
"""03:00 became 02:00 that morning."""


def _utc(moment_us: int) -> str:
    return f"{dt.datetime.fromtimestamp(moment_us / MICROS, dt.UTC):%d %H:%M}"


@pytest.mark.parametrize(
    ("phrase", "at_utc"),
    [
        ("at 02:20 summer time", "26 00:20"),
        ("at 2:20 CEST", "26 00:20"),
        ("at 02:20 (CEST)", "26 00:20"),
        ("at 02:20 daylight saving time", "26 00:20"),
        ("on Sunday at 02:20 winter time", "26 01:20"),
        ("at 2:20 CET on Sunday", "26 01:20"),
        ("at 00:20 UTC", "26 00:20"),
        ("at 9 UTC", "26 09:00"),
        ("at 09:20 +02:00", "26 07:20"),
        ("at 11:30 CEST", "26 10:30"),
        ("at 1:50 CET", "25 23:50"),
        ("at 14:00 UTC", "25 14:00"),
    ],
)
def test_a_time_with_its_zone_is_one_moment(phrase: str, at_utc: str) -> None:
    now_us = int(NOON_OF_THE_CHANGE.timestamp()) * MICROS
    (window,) = find_windows(f"what was the lag {phrase}?", now_us, BERLIN)
    assert window.text == phrase
    middle_us = (window.from_us + window.to_us) // 2
    at_us = window.at_us[0] if window.at_us else middle_us
    assert _utc(at_us) == at_utc


def test_a_stretch_takes_the_zone_of_its_end() -> None:
    now_us = int(NOON_OF_THE_CHANGE.timestamp()) * MICROS
    (window,) = find_windows("errors between 00:10 and 00:30 UTC", now_us, BERLIN)
    assert (_utc(window.from_us), _utc(window.to_us), _utc(window.through_us)) == (
        "26 00:10",
        "26 00:30",
        "26 00:31",
    )


def test_an_hour_that_occurs_twice_is_no_one_moment_without_its_zone() -> None:
    now_us = int(NOON_OF_THE_CHANGE.timestamp()) * MICROS
    (window,) = find_windows("what was the lag at 02:20?", now_us, BERLIN)
    assert window.at_us is None
    assert any("occurred twice" in note for note in window.notes)


def test_the_own_zone_said_of_the_other_half_of_the_year_is_the_clock_on_the_wall() -> None:
    wall = dt.datetime(2025, 7, 3, 11, 12)  # noqa: DTZ001 - wall clock
    assert moment_in(wall, "cet", BERLIN) == (None, "“CET” was taken for the local time")
    assert moment_in(wall, "cest", BERLIN) == (None, "")
    exact, note = moment_in(wall, "est", BERLIN)
    assert exact is not None
    assert (exact.astimezone(dt.UTC).hour, note) == (16, "")
    assert moment_in(wall, "winter", BERLIN)[0] is None


def test_the_pass_of_an_hour_that_occurs_twice_is_said() -> None:
    first = dt.datetime(2025, 10, 26, 0, 20, tzinfo=dt.UTC)
    early_us, late_us = (
        int((first + dt.timedelta(hours=hours)).timestamp()) * MICROS for hours in (0, 1)
    )
    assert moment_text(early_us, BERLIN) == "2025-10-26 02:20:00 +02:00"
    assert moment_text(late_us, BERLIN) == "2025-10-26 02:20:00 +01:00"
    assert span_text(early_us, late_us, BERLIN) == (
        "from 2025-10-26 02:20:00 +02:00 to 02:20:00 +01:00"
    )
    assert pass_mark(dt.datetime(2025, 10, 26, 4, 20, tzinfo=BERLIN)) == ""
    assert pass_mark(dt.datetime(2025, 3, 30, 2, 20, tzinfo=BERLIN)) == ""
    now_us = int(NOON_OF_THE_CHANGE.timestamp()) * MICROS
    (window,) = find_windows("what was the lag at 02:20 CEST?", now_us, BERLIN)
    assert "02:15 +02:00 to 02:25 +02:00" in window.understood


@pytest.mark.parametrize(
    ("day", "changes"),
    [((2025, 3, 30), True), ((2025, 10, 26), True), ((2025, 7, 1), False), ((9999, 12, 31), False)],
)
def test_a_day_on_which_the_clock_is_changed_is_known(
    day: tuple[int, int, int], *, changes: bool
) -> None:
    moment = dt.datetime(*day, 3, tzinfo=dt.UTC)
    moment_us = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    assert changes_clocks_near(moment_us, BERLIN) is changes
