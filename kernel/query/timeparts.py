"""What a time phrase says, part by part: days, times of day, moments, whole phrases.

Covers: data only. Does not cover: reading it from text (`kernel.query.timephrase`), which
moments are meant (`kernel.query.times`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Day:
    """A day or longer stretch of the calendar, as said.

    ``kind``: "offset" (``amount`` units back; 0 is this one), "weekday", "date", "monthday",
    "month", "year", "weekend", "week_of" (the week around a date).
    """

    kind: str
    amount: int = 0
    unit: str = "day"
    weekday: int = 0
    which: str = ""
    """For weekdays and months: "", "last", "this"."""
    year: int | None = None
    month: int | None = None
    day: int | None = None
    sure: bool = False
    other_order: bool = False
    """Whether day and month could be the other way round."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day: minutes from ``low`` to ``high``; equal for a point."""

    low: int
    high: int
    grain: Literal["hour", "minute", "second", "part"]
    seconds: int = 0
    guessed: bool = False
    """Whether morning or afternoon was not said."""
    name: str = ""
    zone: str = ""
    """What was said of its time zone: "cet", "utc", "summer", "+02:00"; empty for the person's."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, a time of day, both, or a time counted back from now."""

    day: Day | None = None
    clock: Clock | None = None
    back_s: int | None = None
    """Seconds before now."""
    back_unit: str = ""
    exact: dt.datetime | None = None
    """A time with its offset to UTC."""
    about: bool = False

    @property
    def sure(self) -> bool:
        """Whether it can only be a time of looking."""
        return self.back_s is not None or (self.day is not None and self.day.sure)


Form = Literal["in", "before", "after", "since", "until", "between", "stretch"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A whole phrase with its place in the text."""

    form: Form
    first: Moment
    second: Moment | None = None
    start: int = 0
    end: int = 0
    sure: bool = False
    earlier: bool = False
    """"Earlier today": what is still to come is left out."""
