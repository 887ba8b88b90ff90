"""Clocks of the desktop: a line that says nothing but the time of its own frame.

Covers: telling such lines, whatever their place and order of words. Does not cover: times that a
page tells ("arrives 10:03"), other lines of a task bar. Pure.
"""

from __future__ import annotations

import datetime as dt
import re

from contracts.interval import TextInterval
from kernel.query.times import local
from kernel.query.timewords import MONTHS, WEEKDAYS

_SLACK = dt.timedelta(minutes=2)
"""A clock without seconds, seen late, or read from a frame that was stored a little later."""
_HALF_DAY = dt.timedelta(hours=12)
_WORDS = MONTHS.keys() | WEEKDAYS.keys() | {"am", "pm", "uhr", "week", "cw", "kw", "st", "nd", "th"}
_CLOCK = re.compile(r"(?<![\d:.])([01]?\d|2[0-3])[:.h]([0-5]\d)(?:[:.]([0-5]\d))?(?![\d:])")
_WORD = re.compile(r"[^\W\d_]+")
_FIGURES = re.compile(r"\d+")


def is_clock(line: TextInterval, zone: dt.tzinfo) -> bool:
    """Whether the line says the time, or the day, at which it was on the screen, and no more."""
    if any(word.casefold() not in _WORDS for word in _WORD.findall(line.text)):
        return False
    edges = [local(moment_us, zone) for moment_us in (line.first_us, line.last_us)]
    clock = _CLOCK.search(line.text)
    if clock is None:
        return bool(_WORD.search(line.text)) and _says_day(line.text, edges)
    hour, minute = int(clock.group(1)), int(clock.group(2))
    return any(_is_near(edge, hour, minute) for edge in edges)


def _is_near(edge: dt.datetime, hour: int, minute: int) -> bool:
    """Whether a clock shows that time at a moment, with or without the half of the day."""
    shown = edge.replace(hour=hour, minute=minute, second=0, microsecond=0)
    away = abs(shown - edge) % _HALF_DAY
    return min(away, _HALF_DAY - away) <= _SLACK


def _says_day(text: str, edges: list[dt.datetime]) -> bool:
    """Whether all its figures are of the date of one of the moments."""
    figures = {int(figure) for figure in _FIGURES.findall(text)}
    return any(
        edge.day in figures and figures <= {edge.day, edge.month, edge.year, edge.year % 100}
        for edge in edges
    )
