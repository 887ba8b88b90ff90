"""From "before lunch yesterday" to a window of time, in the time zone of the person.

Covers: finding the time phrases of a question, the windows they mean seen from now, what was
guessed on the way (told in ``notes``), hours that a clock change skips or repeats. Does not
cover: whether the question means the time of looking or speaks of a time on the screen
(`kernel.query.plan`). Pure: now and the zone are given.

Why no library: dateparser, parsedatetime, ctparse and dateutil were tried on thirty phrases.
All give points where a person means a stretch ("yesterday afternoon", "last week", "on 12
November"); dateparser finds nothing in "before lunch", "between 9 and 10", "half an hour ago",
"since Monday"; parsedatetime takes "since Monday" for the next one and looks at the clock of
the machine for "last night"; ctparse prefers the future; dateutil reads dates only. The rules
of the zones come from `zoneinfo`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from kernel.query.timecalendar import DAY, Calendar, Wall, midnight
from kernel.query.timeparts import Clock, Day, Moment, Phrase
from kernel.query.timephrase import Reader
from kernel.query.timewindow import Window
from kernel.query.timezones import moment_in, pass_mark

MICROS = 1_000_000
_MINUTE_US = 60 * MICROS
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MINUTE_AROUND = dt.timedelta(minutes=5)
"""A time said with minutes is meant to be about right."""
_ABOUT_HOUR, _ABOUT_MINUTE = dt.timedelta(minutes=30), dt.timedelta(minutes=15)
_AGO_SHARE = 4
"""Two hours ago is a time between one and a half and two and a half hours back."""
_VAGUE_SHARE = 2
_AGO_MIN = dt.timedelta(minutes=1)
_PM_HOURS = range(1, 7)
"""An hour said without am or pm in this range is one of the afternoon."""
_HALF_DAY = 12 * 60
_SEVEN = 7


def find_windows(text: str, now_us: int, zone: dt.tzinfo) -> list[Window]:
    """The windows of a question's time phrases, in the order of the phrases.

    A day and a time of day that stand apart ("yesterday ... between 9 and 10") are one window.
    """
    try:
        return _Resolver(text, now_us, zone).windows(_merged(Reader(text).phrases()))
    except (OverflowError, ValueError):
        # A time beyond the calendar is none that anything was captured at.
        return []


def read_bound(text: str, now_us: int, zone: dt.tzinfo, *, end: bool) -> int | None:
    """The moment that an option like ``--since`` or ``--until`` names; None when it names none.

    A stretch counts from its beginning for ``--since`` and with its end for ``--until``; a
    point of time is taken to the minute.
    """
    asked = f"at {text.strip()}" if text.strip()[:1].isdigit() else text.strip()
    phrases = Reader(asked).phrases()
    if len(phrases) != 1 or phrases[0].form not in ("in", "stretch"):
        return None
    if (phrases[0].start, phrases[0].end) not in ((0, len(asked)), (3, len(asked))):
        return None
    resolver = _Resolver(text, now_us, zone)
    try:
        return resolver.bound(phrases[0], end=end)
    except (OverflowError, ValueError):
        return None


def phrase_of(from_us: int, to_us: int, zone: dt.tzinfo) -> str:
    """A phrase that `find_windows` reads back as exactly this window (whole seconds)."""
    return f"from {_iso(from_us, zone)} to {_iso(to_us, zone)}"


def local(moment_us: int, zone: dt.tzinfo) -> dt.datetime:
    """The moment on the wall clock; UTC where the zone has no such day."""
    moment = _EPOCH + dt.timedelta(microseconds=moment_us)
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        return moment


def _iso(moment_us: int, zone: dt.tzinfo) -> str:
    moment = local(moment_us, zone)
    return moment.isoformat(sep="T", timespec="seconds")


def _merged(phrases: list[Phrase]) -> list[Phrase]:
    """Phrases of which one has the day and the other the time of day, made one."""
    if len(phrases) < 2:  # noqa: PLR2004 - two to be merged
        return phrases
    first, second, *rest = phrases
    for with_day, other in ((first, second), (second, first)):
        day = with_day.first.day
        part = with_day.first.clock
        alone = with_day.form == "in" and (part is None or part.grain == "part")
        lacks = other.first.day is None and other.first.clock is not None
        if day is not None and alone and lacks and _is_one_day(day):
            made = replace(
                other,
                first=_in_part(replace(other.first, day=day), part),
                second=_in_part(other.second, part) if other.second else None,
                sure=with_day.sure or other.sure,
                start=first.start,
                end=second.end,
            )
            return [made, *rest]
    return phrases


def _in_part(moment: Moment, part: Clock | None) -> Moment:
    """The moment with a bare hour in the half of the day that the part says."""
    clock = moment.clock
    if part is None or clock is None or not clock.guessed:
        return moment
    late = part.low >= _HALF_DAY and clock.low < _HALF_DAY
    return replace(moment, clock=_moved(clock, clock.low + _HALF_DAY if late else clock.low))


def _is_one_day(day: Day) -> bool:
    return day.kind in ("weekday", "date", "monthday") or (
        day.kind == "offset" and day.unit == "day"
    )


class _Resolver:
    """Turns phrases into windows, seen from one moment in one zone."""

    def __init__(self, text: str, now_us: int, zone: dt.tzinfo) -> None:
        self._text = text
        self._zone = zone
        self._now_us = now_us
        self._now = local(now_us, zone).replace(tzinfo=None)
        self._notes: list[str] = []

    def windows(self, phrases: list[Phrase]) -> list[Window]:
        found = []
        for phrase in phrases:
            self._notes = []
            window = self._window(phrase)
            if window is not None:
                found.append(window)
        return found

    def bound(self, phrase: Phrase, *, end: bool) -> int | None:
        moment = phrase.first
        if moment.exact is not None:
            return _utc_us(moment.exact)
        if moment.back_s is not None:
            return self._now_us if phrase.form == "stretch" and end else self._back_us(moment)
        wall = self._wall(moment, self._day_of(moment))
        if wall is None or wall.start is None or wall.end is None:
            return None
        late = end and not wall.point
        return self._utc_us(wall.end if late else wall.start, late=end)

    def _window(self, phrase: Phrase) -> Window | None:
        phrase = self._with_zones(phrase)
        bounds = self._bounds(phrase)
        if bounds is None:
            return None
        from_us, to_us = bounds
        ends = phrase.form in ("between", "until") and not phrase.earlier
        if phrase.earlier:
            to_us = min(to_us, self._now_us + 1)
        if to_us <= from_us:
            return None
        return Window(
            from_us=from_us,
            to_us=to_us,
            text=self._text[phrase.start : phrase.end],
            understood=self._say(from_us, to_us),
            notes=tuple(dict.fromkeys(self._notes)),
            sure=phrase.sure,
            start=phrase.start,
            end=phrase.end,
            at_us=self._point(phrase),
            beyond_us=_unit_us(phrase.second or phrase.first) if ends else 0,
        )

    def _with_zones(self, phrase: Phrase) -> Phrase:
        """With moments whose time zone was said as what they are, whatever the clock here says."""
        first, second = phrase.first, phrase.second
        if second is not None and second.clock is not None and second.clock.zone:
            said = second.clock.zone
            if first.clock is not None and not first.clock.zone and first.day == second.day:
                # From 9 to 10 UTC.
                first = replace(first, clock=replace(first.clock, zone=said))
        second = second and self._with_zone(second, second.day or first.day)
        return replace(phrase, first=self._with_zone(first, first.day), second=second)

    def _with_zone(self, moment: Moment, day: Day | None) -> Moment:
        if moment.clock is None or not moment.clock.zone or moment.exact is not None:
            return moment
        wall = self._wall(moment, self._day_of(replace(moment, day=day)))
        if wall is None or wall.start is None or not wall.point:
            return moment
        exact, note = moment_in(wall.start, moment.clock.zone, self._zone)
        self._notes += [note] if note else []
        if exact is not None and day is None and _utc_us(exact) > self._now_us:
            exact -= DAY
        return replace(moment, exact=exact)

    def _point(self, phrase: Phrase) -> tuple[int, int] | None:
        """The minute or second that a phrase names; None where it is said less exactly."""
        moment = phrase.first
        clock = moment.clock
        if phrase.form != "in" or moment.about or clock is None or clock.grain == "hour":
            return None
        if moment.exact is not None:
            at_us = _utc_us(moment.exact)
            return at_us, at_us + _unit_us(moment)
        wall = self._wall(moment, self._day_of(moment))
        if wall is None or wall.start is None or not wall.point:
            return None
        wall = self._not_to_come(phrase, wall)
        assert wall.start is not None
        early, late = self._utc_us(wall.start), self._utc_us(wall.start, late=True)
        return (early, early + _unit_us(moment)) if early == late else None

    def _bounds(self, phrase: Phrase) -> tuple[int, int] | None:
        if phrase.form == "stretch":
            return self._back_us(phrase.first), self._now_us + 1
        if phrase.form == "between":
            return self._between(phrase)
        moment = phrase.first
        if moment.back_s is not None or moment.exact is not None:
            return self._around_exact(phrase)
        wall = self._wall(moment, self._day_of(moment))
        if wall is None:
            return None
        wall = self._not_to_come(phrase, wall)
        return self._connected(phrase, wall)

    def _connected(self, phrase: Phrase, wall: Wall) -> tuple[int, int] | None:
        moment = phrase.first
        assert wall.start is not None
        assert wall.end is not None
        timed = moment.clock is not None
        day = midnight(wall.start)
        if phrase.form == "in":
            return self._stretch_us(*self._widened(moment, wall))
        if phrase.form == "before":
            from_us = self._utc_us(day) if timed else 0
            return from_us, self._utc_us(wall.start, late=True)
        if phrase.form == "after":
            to_us = self._utc_us(day + DAY, late=True) if timed else self._now_us + 1
            return self._utc_us(wall.end), to_us
        if phrase.form == "since":
            return self._utc_us(wall.start), self._now_us + 1
        from_us = self._utc_us(day) if timed else 0
        named = moment.clock is not None and moment.clock.grain == "part"
        end = wall.start if wall.point or named else wall.end
        return from_us, self._utc_us(end, late=True)

    def _between(self, phrase: Phrase) -> tuple[int, int] | None:
        assert phrase.second is not None
        first, second = phrase.first, phrase.second
        if _is_exact(first) or _is_exact(second):
            return self._ordered(self._edge(first, late=False), self._edge(second, late=True))
        first, second = self._agreeing(first, second)
        day = self._day_of(first)
        opening = self._wall(first, day)
        closing = self._wall(second, self._day_of(second) if second.day is not None else day)
        if opening is None or closing is None or opening.start is None or closing.end is None:
            return None
        start, end = opening.start, closing.end
        if end <= start and second.day is None:
            # Over midnight.
            end += DAY
        if start > self._now and first.day is None:
            self._notes.append("that time of today is still to come: yesterday's was taken")
            start, end = start - DAY, end - DAY
        elif end <= start and second.day is not None and second.day.kind == "weekday":
            start -= dt.timedelta(days=_SEVEN)
        if end <= start and closing.start is not None and opening.end is not None:
            self._notes.append("the later of the two times was said first")
            start, end = closing.start, opening.end
        return self._stretch_us(start, end) if start < end else None

    def _ordered(self, from_us: int | None, to_us: int | None) -> tuple[int, int] | None:
        if from_us is None or to_us is None or to_us <= from_us:
            return None
        return from_us, to_us

    def _edge(self, moment: Moment, *, late: bool) -> int | None:
        if moment.exact is not None:
            return _utc_us(moment.exact)
        if moment.back_s is not None:
            return self._back_us(moment)
        wall = self._wall(moment, self._day_of(moment))
        if wall is None or wall.start is None or wall.end is None:
            return None
        return self._utc_us(wall.end if late else wall.start, late=late)

    def _agreeing(self, first: Moment, second: Moment) -> tuple[Moment, Moment]:
        """Halves of the day that fit together: 2 to 4pm, 9 to 5, 11 to 1pm."""
        opening, closing = first.clock, second.clock
        if opening is None or closing is None:
            return first, second
        if opening.guessed and not closing.guessed:
            afternoon = opening.low % _HALF_DAY + _HALF_DAY
            if closing.low > _HALF_DAY and afternoon < closing.low:
                return replace(first, clock=_moved(opening, afternoon)), second
            return replace(first, clock=_moved(opening, opening.low % _HALF_DAY)), second
        if closing.guessed:
            opening = self._guess(opening) if opening.guessed else opening
            minutes = closing.low % _HALF_DAY
            if minutes <= opening.low:
                minutes += _HALF_DAY
            self._notes = [f"no am or pm was said: taken as {_hm(opening.low)} to {_hm(minutes)}"]
            return replace(first, clock=opening), replace(second, clock=_moved(closing, minutes))
        return first, second

    def _guess(self, clock: Clock) -> Clock:
        """The likely half of the day for an hour said bare."""
        if not clock.guessed:
            return clock
        hour = clock.low // 60
        if hour in _PM_HOURS:
            made = _moved(clock, clock.low + _HALF_DAY)
            self._notes.append(f"no am or pm was said: taken as {_hm(made.low)}")
            return made
        if hour < _HALF_DAY // 60:
            self._notes.append(f"no am or pm was said: taken as {_hm(clock.low)}")
        return replace(clock, guessed=False)

    def _around_exact(self, phrase: Phrase) -> tuple[int, int] | None:
        moment = phrase.first
        if moment.exact is not None:
            at_us = _utc_us(moment.exact)
            reach = _MINUTE_AROUND
        else:
            at_us = self._back_us(moment)
            share = _VAGUE_SHARE if moment.about else _AGO_SHARE
            reach = max(_AGO_MIN, dt.timedelta(seconds=moment.back_s or 0) / share)
        reach_us = reach // dt.timedelta(microseconds=1)
        day = self._day_of(moment) if moment.day is not None else None
        opened = self._utc_us(day.start) if day and day.start else 0
        closed = self._utc_us(day.end, late=True) if day and day.end else self._now_us + 1
        match phrase.form:
            case "before" | "until":
                return opened, at_us
            case "after":
                return at_us, closed
            case "since":
                return at_us, self._now_us + 1
            case _:
                return max(0, at_us - reach_us), min(at_us + reach_us, self._now_us + 1)

    def _back_us(self, moment: Moment) -> int:
        return max(0, self._now_us - (moment.back_s or 0) * MICROS)

    def _not_to_come(self, phrase: Phrase, wall: Wall) -> Wall:
        """Yesterday's (or last week's) where that of today is still to come."""
        day = phrase.first.day
        assert wall.start is not None
        assert wall.end is not None
        if wall.start <= self._now or phrase.form in ("before", "until"):
            return wall
        if day is None:
            self._notes.append("that time of today is still to come: yesterday's was taken")
            return Wall(wall.start - DAY, wall.end - DAY, wall.point)
        if day.kind == "weekday" and day.which != "this":
            week = dt.timedelta(days=_SEVEN)
            self._notes.append("that time of today is still to come: last week's was taken")
            return Wall(wall.start - week, wall.end - week, wall.point)
        return wall

    # --- days and clocks -------------------------------------------------------------------

    def _day_of(self, moment: Moment) -> Wall | None:
        if moment.day is None:
            return self._today()
        return Calendar(self._now, self._notes).wall_of(moment.day)

    def _today(self) -> Wall:
        return Wall(midnight(self._now), midnight(self._now) + DAY)

    def _wall(self, moment: Moment, day: Wall | None) -> Wall | None:
        """The stretch of a moment; a clock on a week or a month says nothing."""
        if day is None or day.start is None or day.end is None:
            return None
        if moment.clock is None:
            return day
        if day.end - day.start > DAY:
            self._notes.append("the time of day was left aside: more than one day is meant")
            return day
        clock = self._guess(moment.clock)
        start = day.start + dt.timedelta(minutes=clock.low, seconds=clock.seconds)
        end = day.start + dt.timedelta(minutes=clock.high, seconds=clock.seconds)
        return Wall(start, end, point=clock.grain != "part")

    def _widened(self, moment: Moment, wall: Wall) -> tuple[dt.datetime, dt.datetime]:
        """A point as people mean it: an hour, or some minutes around."""
        assert wall.start is not None
        assert wall.end is not None
        if not wall.point or moment.clock is None:
            return wall.start, wall.end
        hourly = moment.clock.grain == "hour"
        if moment.about:
            reach = _ABOUT_HOUR if hourly else _ABOUT_MINUTE
            return wall.start - reach, wall.start + reach
        if hourly:
            return wall.start, wall.start + dt.timedelta(hours=1)
        return wall.start - _MINUTE_AROUND, wall.start + _MINUTE_AROUND

    # --- wall clock to UTC -----------------------------------------------------------------

    def _utc_us(self, wall: dt.datetime, *, late: bool = False) -> int:
        """UTC of a time on the wall clock.

        Of an hour that occurs twice a beginning is the first and an end the second, so that a
        window loses nothing; an hour that is skipped is read with the offset before it.
        """
        aware = wall.replace(tzinfo=self._zone, fold=int(late))
        other = wall.replace(tzinfo=self._zone, fold=int(not late))
        if aware.utcoffset() != other.utcoffset():
            back = _EPOCH + dt.timedelta(microseconds=_utc_us(aware.replace(fold=0)))
            if back.astimezone(self._zone).replace(tzinfo=None) != wall:
                aware = aware.replace(fold=0)
                self._notes.append(f"{wall:%H:%M} was skipped by a clock change on {wall:%Y-%m-%d}")
            else:
                self._notes.append(
                    f"{wall:%H:%M} occurred twice on {wall:%Y-%m-%d}: both are included"
                )
        return max(0, _utc_us(aware))

    def _stretch_us(self, start: dt.datetime, end: dt.datetime) -> tuple[int, int]:
        """UTC of a stretch on the wall clock; as long as it was said to be where it was skipped."""
        from_us, to_us = self._utc_us(start), self._utc_us(end, late=True)
        if to_us <= from_us:
            to_us = from_us + (end - start) // dt.timedelta(microseconds=1)
        return from_us, to_us

    def _say(self, from_us: int, to_us: int) -> str:
        name = getattr(self._zone, "key", None) or str(self._zone)
        end, start = local(to_us, self._zone), local(from_us, self._zone)
        clock = "%H:%M:%S" if start.second or end.second else "%H:%M"
        last = f"{end:{clock}}{pass_mark(end)}"
        if from_us <= 0:
            return f"until {end:%Y-%m-%d} {last} ({name})"
        until = last if start.date() == end.date() else f"{end:%Y-%m-%d} {last}"
        return f"{start:%Y-%m-%d} {start:{clock}}{pass_mark(start)} to {until} ({name})"


def _unit_us(moment: Moment) -> int:
    """How long the clock shows the time that was said; nothing for a part of the day."""
    if moment.clock is None or moment.clock.grain == "part":
        return 0
    return MICROS if moment.clock.grain == "second" else _MINUTE_US


def _is_exact(moment: Moment) -> bool:
    return moment.exact is not None or moment.back_s is not None


def _moved(clock: Clock, minutes: int) -> Clock:
    return replace(clock, low=minutes, high=minutes, guessed=False)


def _hm(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _utc_us(moment: dt.datetime) -> int:
    offset = moment.utcoffset() or dt.timedelta(0)
    naive = moment.replace(tzinfo=dt.UTC, fold=0) - _EPOCH
    return (naive - offset) // dt.timedelta(microseconds=1)
