"""How moments, lengths of time and quotations are said in an answer.

Covers: text for people, in the time zone of the person. Does not cover: JSON. Pure.
"""

from __future__ import annotations

import datetime as dt

from contracts.interval import TextInterval
from kernel.query.times import MICROS, local
from kernel.query.timezones import pass_mark

_QUOTE_CHARS_MAX = 160
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_UNITS_MAX = 2


def moment_text(moment_us: int, zone: dt.tzinfo) -> str:
    """A moment to the second, on the wall clock of the zone."""
    return _said(local(moment_us, zone))


def span_text(first_us: int, last_us: int, zone: dt.tzinfo) -> str:
    """A stretch of time; the date of its end only where it is another one."""
    start, end = local(first_us, zone), local(last_us, zone)
    if first_us == last_us:
        return f"at {_said(start)}"
    same = start.date() == end.date()
    return f"from {_said(start)} to {_said(end, dated=not same)}"


def _said(moment: dt.datetime, *, dated: bool = True) -> str:
    """The time on the wall clock; with its offset in an hour that a clock change repeats."""
    day = f"{moment:%Y-%m-%d} " if dated else ""
    return f"{day}{moment:%H:%M:%S}{pass_mark(moment)}"


def length_text(length_us: int) -> str:
    """A length of time in its two largest units, cut down."""
    left = length_us // MICROS
    said = []
    for size, unit in _UNITS:
        if left >= size:
            said.append(f"{left // size} {unit}")
            left %= size
    if not said:
        return "less than a second" if length_us else "one frame"
    return " ".join(said[:_UNITS_MAX])


def seen_text(seen_us: int, unseen_us: int) -> str:
    """How long something was there; at least, where nothing was captured for some of the time."""
    if not unseen_us:
        return length_text(seen_us)
    least = f"at least {length_text(seen_us)}" if seen_us else f"at most {length_text(unseen_us)}"
    return f"{least} (nothing was captured for {length_text(unseen_us)} in between)"


def seen_times_text(seen_us: int, unseen_us: int, times: int) -> str:
    """How long something was there in all, and in how many stretches of time."""
    if times == 1:
        return seen_text(seen_us, unseen_us)
    if not seen_us and not unseen_us:
        return f"one frame each, {times} times"
    return f"{seen_text(seen_us, unseen_us)} in all, {times} times"


def quoted(text: str) -> str:
    """A line in quotation marks, cut where it is very long."""
    cut = text if len(text) <= _QUOTE_CHARS_MAX else text[: _QUOTE_CHARS_MAX - 1] + "\u2026"
    return f"\u201c{cut}\u201d"


def window_text(line: TextInterval) -> str:
    """Application and window of a line, with a dash before it; empty when unknown."""
    named = line.app or line.window_title
    return f" \u2014 {named}" if named else ""
