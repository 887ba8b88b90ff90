"""Days of the calendar: what "last Tuesday" or "the week of 3 November" covers.

Covers: whole days, weeks, months and years on the wall clock. Does not cover: times of day,
time zones (`kernel.query.times`). Pure.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kernel.query.timeparts import Day

DAY = dt.timedelta(days=1)
_RECENT_DAYS = 7
_SEVEN = 7
_YEAR_LAST = 9998


@dataclass(slots=True)
class Wall:
    """A stretch on the wall clock; None reaches back to the beginning or up to now."""

    start: dt.datetime | None
    end: dt.datetime | None
    point: bool = False


class Calendar:
    """The days that phrases name, seen from one moment on the wall clock.

    ``notes`` collects what was guessed.
    """

    def __init__(self, now: dt.datetime, notes: list[str]) -> None:
        self._now = now
        self._notes = notes

    def wall_of(self, day: Day) -> Wall | None:
        """The stretch that the day covers; None for one that the calendar lacks."""
        today = midnight(self._now)
        match day.kind:
            case "offset":
                return _offset(today, day)
            case "other_day":
                return Wall(today - DAY * _RECENT_DAYS, today)
            case "weekday":
                return self._weekday(today, day)
            case "weekend":
                return self._weekend(today, day)
            case "monthday":
                return _month_day(today, day.day or 1)
            case "month":
                return self._month(today, day)
            case "year":
                year = day.year or today.year
                return Wall(dt.datetime(year, 1, 1), dt.datetime(year + 1, 1, 1))  # noqa: DTZ001 - wall clock
            case _:
                return self._date(today, day)

    def _weekday(self, today: dt.datetime, day: Day) -> Wall:
        monday = today - DAY * today.weekday()
        if day.which == "last week":
            start = monday + DAY * (day.weekday - _SEVEN)
        elif day.which == "this":
            start = monday + DAY * day.weekday
        else:
            back = (today.weekday() - day.weekday) % _SEVEN
            if day.which == "last" and back == 0:
                back = _SEVEN
            start = today - DAY * back
            if day.which == "last" and start >= monday:
                other = start - DAY * _SEVEN
                self._notes.append(
                    f"the most recent one was taken, {start:%Y-%m-%d}, not {other:%Y-%m-%d}"
                )
        return Wall(start, start + DAY)

    def _weekend(self, today: dt.datetime, day: Day) -> Wall:
        saturday = today - DAY * today.weekday() + DAY * 5
        if (day.which != "this" and saturday > today) or (
            day.which == "last" and saturday <= today
        ):
            saturday -= DAY * _SEVEN
        return Wall(saturday, saturday + DAY * 2)

    def _month(self, today: dt.datetime, day: Day) -> Wall:
        month = day.month or today.month
        year = day.year or today.year
        start = dt.datetime(year, month, 1)  # noqa: DTZ001 - wall clock
        current = day.which == "last" and start == today.replace(day=1)
        if day.year is None and (start > self._now or current):
            start = start.replace(year=year - 1)
        return Wall(start, _next_month(start))

    def _date(self, today: dt.datetime, day: Day) -> Wall | None:
        year = day.year or today.year
        made = _date_or_none(year, day.month or 1, day.day or 1)
        if day.year is None and (made is None or made > self._now):
            # The most recent one; 29 February may be years ago.
            years = range(year - 1, year - 9, -1)
            earlier = (_date_or_none(y, day.month or 1, day.day or 1) for y in years)
            made = next((found for found in earlier if found is not None), None)
        if made is None:
            return None
        if day.other_order:
            self._notes.append(f"day before month: taken as {made:%d %B %Y}")
        if day.kind == "week_of":
            monday = made - DAY * made.weekday()
            return Wall(monday, monday + DAY * _SEVEN)
        return Wall(made, made + DAY)


def midnight(moment: dt.datetime) -> dt.datetime:
    """The beginning of that day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _offset(today: dt.datetime, day: Day) -> Wall:
    """So many days, weeks, months or years back, whole ones."""
    match day.unit:
        case "day":
            start = today - DAY * day.amount
            return Wall(start, start + DAY)
        case "week":
            start = today - DAY * (today.weekday() + _SEVEN * day.amount)
            return Wall(start, start + DAY * _SEVEN)
        case "month":
            months = today.year * 12 + today.month - 1 - day.amount
            start = today.replace(year=months // 12, month=months % 12 + 1, day=1)
            return Wall(start, _next_month(start))
        case _:
            start = today.replace(year=today.year - day.amount, month=1, day=1)
            return Wall(start, start.replace(year=start.year + 1))


def _month_day(today: dt.datetime, number: int) -> Wall | None:
    """The most recent day of a month with this number."""
    first = today.replace(day=1)
    for _ in range(3):
        made = _date_or_none(first.year, first.month, number)
        if made is not None and made <= today:
            return Wall(made, made + DAY)
        first = (first - DAY).replace(day=1)
    return None


def _next_month(start: dt.datetime) -> dt.datetime:
    return (start.replace(day=1) + DAY * 32).replace(day=1)


def _date_or_none(year: int, month: int, day: int) -> dt.datetime | None:
    if not 1 <= year <= _YEAR_LAST:
        return None
    try:
        return dt.datetime(year, month, day)  # noqa: DTZ001 - wall clock
    except ValueError:
        return None
