"""The grammar of days and longer stretches of the calendar.

Covers: reading one at a place in the tokens. Does not cover: times of day
(`kernel.query.timeclocks`), whole phrases (`kernel.query.timephrase`). Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from kernel.query.timeparts import Day
from kernel.query.timewords import (
    CONNECTORS,
    LAST,
    LINKS,
    MONTHS,
    UNITS,
    WEEKDAYS,
    TokenReader,
)

_YEAR_MIN, _YEAR_MAX = 1970, 2199
_DAYS_MAX, _MONTHS_MAX = 31, 12
_CENTURY = 100
_CENTURY_NOW = 2000


class DayReader(TokenReader):
    """Reads days; each reader gives (day, next position) or None."""

    def _day(self, at: int) -> tuple[Day, int] | None:
        readers: tuple[Callable[[int], tuple[Day, int] | None], ...] = (
            self._near_day,
            self._calendar_unit,
            self._weekday,
            self._date,
            self._month_or_year,
        )
        found = [read for reader in readers if (read := reader(at)) is not None]
        return max(found, key=lambda read: read[1], default=None)

    def _near_day(self, at: int) -> tuple[Day, int] | None:
        begin = self._skip(at, frozenset({"the"}))
        if self._word(begin, "day") and self._word(begin + 1, "before"):
            if self._word(begin + 2, "yesterday"):
                return Day("offset", amount=2, sure=True), begin + 3
            return None
        if self._word(begin, "yesterday", "yesterday's"):
            return Day("offset", amount=1, sure=True), begin + 1
        if self._word(begin, "today", "today's"):
            return Day("offset", amount=0), begin + 1
        if self._word(begin, "other") and self._word(begin + 1, "day"):
            return Day("other_day", sure=True), begin + 2
        return None

    def _calendar_unit(self, at: int) -> tuple[Day, int] | None:
        """Last week, this month, the week before last, the weekend, week of 3 November."""
        begin = self._skip(at, frozenset({"the"}))
        token = self._at(begin)
        if (
            token.text in UNITS
            and self._word(begin + 1, "before")
            and self._word(begin + 2, "last")
        ):
            unit = UNITS[token.text]
            return (Day("offset", amount=2, unit=unit, sure=True), begin + 3)
        if token.text == "week" and self._word(begin + 1, "of"):
            read = self._date(self._skip(begin + 2, frozenset({"the"})))
            return (replace(read[0], kind="week_of"), read[1]) if read else None
        which = "last" if token.text in LAST else "this" if token.text == "this" else ""
        after = begin + bool(which)
        name = self._at(after).text.removesuffix("'s")
        if name == "weekend":
            return Day("weekend", which=which, sure=which == "last"), after + 1
        unit = UNITS.get(name, "") if name in ("week", "month", "year", "day") else ""
        if not which or not unit:
            return None
        amount = 1 if which == "last" else 0
        weekday = WEEKDAYS.get(self._at(after + 2).text) if self._word(after + 1, "on") else None
        if unit == "week" and weekday is not None:
            named = "last week" if which == "last" else "this"
            return Day("weekday", weekday=weekday, which=named, sure=which == "last"), after + 3
        return Day("offset", amount=amount, unit=unit, sure=which == "last"), after + 1

    def _weekday(self, at: int) -> tuple[Day, int] | None:
        token = self._at(at)
        which = "last" if token.text in LAST else "this" if token.text == "this" else ""
        begin = at + bool(which)
        name = self._at(begin).text.removesuffix("'s")
        if token.text == "last" and name == "week" and self._at(begin).text.endswith("'s"):
            # Last week's Tuesday.
            number = WEEKDAYS.get(self._at(begin + 1).text)
            if number is not None:
                return Day("weekday", weekday=number, which="last week", sure=True), begin + 2
        number = WEEKDAYS.get(name)
        if number is None or (name in ("sun", "sat", "mon", "wed", "fri") and self._shouts(begin)):
            return None
        after = begin + 1
        dated = self._date(after + (self._at(after).text == ","))
        if dated is not None and not which:
            return dated
        linked = self._skip(after, frozenset({"of"}))
        if self._word(linked, "last") and self._word(linked + 1, "week"):
            return Day("weekday", weekday=number, which="last week", sure=True), linked + 2
        if self._word(linked, "this") and self._word(linked + 1, "week"):
            return Day("weekday", weekday=number, which="this"), linked + 2
        return Day("weekday", weekday=number, which=which, sure=which == "last"), after

    def _shouts(self, at: int) -> bool:
        """A short name counts with a time or a number beside it: "sat" is a verb, too."""
        before, after = self._at(at - 1) if at else self._at(len(self._tokens)), self._at(at + 1)
        beside = {"on", "last", "this", "since", "until", "before", "after", "from", "between"}
        return before.text not in beside and after.kind not in ("number", "clock", "hour")

    def _date(self, at: int) -> tuple[Day, int] | None:
        token = self._at(at)
        if token.kind == "date":
            day = _numeric_date(token.text)
            return (day, at + 1) if day else None
        if token.text in MONTHS and not (token.text in ("may", "mar") and not self._counts(at + 1)):
            return self._month_first(at)
        begin = self._skip(at, frozenset({"the"}))
        token = self._at(begin)
        if token.kind not in ("number", "ordinal") or not 1 <= int(token.text) <= _DAYS_MAX:
            return None
        after = begin + 1 + self._word(begin + 1, "of")
        month = MONTHS.get(self._at(after).text.removesuffix("."))
        if month is not None:
            year, end = self._year(after + 1)
            return Day("date", day=int(token.text), month=month, year=year), end
        if token.kind == "ordinal" and self._word(begin - 1, "the"):
            return Day("monthday", day=int(token.text)), begin + 1
        return None

    def _month_first(self, at: int) -> tuple[Day, int] | None:
        after = at + 1 + self._word(at + 1, ".")
        number = self._at(after)
        if number.kind not in ("number", "ordinal") or not 1 <= int(number.text) <= _DAYS_MAX:
            return None
        year, end = self._year(after + 1)
        return Day("date", day=int(number.text), month=MONTHS[self._at(at).text], year=year), end

    def _counts(self, at: int) -> bool:
        return self._at(at).kind in ("number", "ordinal")

    def _year(self, at: int) -> tuple[int | None, int]:
        begin = at + (self._at(at).text == ",")
        token = self._at(begin)
        if token.kind == "number" and _YEAR_MIN <= int(token.text) <= _YEAR_MAX:
            return int(token.text), begin + 1
        return None, at

    def _month_or_year(self, at: int) -> tuple[Day, int] | None:
        """November, last November, in November 2024, in 2024."""
        token = self._at(at)
        which = "last" if token.text in LAST else "this" if token.text == "this" else ""
        begin = at + bool(which)
        name = self._at(begin).text
        preceded = at > 0 and self._at(at - 1).text in (*LINKS, *CONNECTORS, "between", "and")
        if name in MONTHS and (which or preceded or name not in ("may", "mar")):
            year, after = self._year(begin + 1)
            return Day("month", month=MONTHS[name], year=year, which=which), after
        if which or not preceded or token.kind != "number":
            return None
        year = int(token.text)
        after_of = self._at(at - 1).text in ("in", "of", "since", "during", "before", "after")
        if after_of and _YEAR_MIN <= year <= _YEAR_MAX:
            return Day("year", year=year), at + 1
        return None


def _numeric_date(text: str) -> Day | None:
    if "-" in text:
        year, month, day = (int(part) for part in text.split("-"))
        ambiguous = False
    else:
        first, second, year = (int(part) for part in text.replace("/", ".").split("."))
        year += _CENTURY_NOW if year < _CENTURY else 0
        day, month = (first, second) if second <= _MONTHS_MAX else (second, first)
        ambiguous = (
            "/" in text and first <= _MONTHS_MAX and second <= _MONTHS_MAX and first != second
        )
    if not (_YEAR_MIN <= year <= _YEAR_MAX):
        return None
    try:
        dt.date(year, month, day)
    except ValueError:
        return None
    return Day("date", year=year, month=month, day=day, other_order=ambiguous)
