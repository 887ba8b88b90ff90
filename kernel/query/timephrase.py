"""The grammar of time phrases: from tokens to what was said, not yet to moments.

Covers: days, clock times, parts of the day, stretches ("the last two hours"), and how they are
connected (before, since, between, ...). Does not cover: which moments are meant
(`kernel.query.times`). Pure.

A phrase is *sure* when only a time of looking can be meant ("yesterday", "two hours ago"), and
open when a screen may as well speak of it ("on 31 October", "at 16:00").
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from kernel.query import timewords
from kernel.query.timeclocks import MINUTES, ClockReader, narrowed
from kernel.query.timedays import DayReader
from kernel.query.timeparts import Clock, Day, Moment, Phrase
from kernel.query.timewords import (
    ABOUT,
    AT,
    CONNECTORS,
    FUTURE,
    LAST,
    LINKS,
    SOME,
    TO,
    TO_END,
    UNITS,
    Token,
)

_OPENING = frozenset("([{\"'\u2018\u201c")


class Reader(ClockReader, DayReader):
    """Reads phrases out of a list of tokens; each reader gives (thing, next position) or None."""

    def phrases(self) -> list[Phrase]:
        """All phrases, left to right, the longest at each place."""
        found: list[Phrase] = []
        at = 0
        while at < len(self._tokens):
            if self._word(at, "on") and self._word(at + 1, "on"):
                # What was I working on on Friday.
                at += 1
                continue
            read = None if self._is_glued(at) else self._phrase(at)
            if read is None:
                at += 1
                continue
            phrase, after = read
            start, end = self._tokens[at].start, self._tokens[after - 1].end
            beside = {self._at(after).text, self._at(at - 1).text if at else ""}
            if not beside & FUTURE:
                found.append(replace(phrase, start=start, end=end))
            at = after
        return found

    def _is_glued(self, at: int) -> bool:
        """Whether it belongs to what stands before it: the 0 of redis-master-0."""
        return self._at(at).glued and self._at(at - 1).text not in _OPENING

    # --- phrases ---------------------------------------------------------------------------

    def _phrase(self, at: int) -> tuple[Phrase, int] | None:
        readers: tuple[Callable[[int], tuple[Phrase, int] | None], ...] = (
            self._between,
            self._stretch,
            self._connected,
            self._plain,
        )
        found = [read for reader in readers if (read := reader(at)) is not None]
        return max(found, key=lambda read: read[1], default=None)

    def _plain(self, at: int) -> tuple[Phrase, int] | None:
        earlier = self._word(at, "earlier", "later", "sometime")
        begin = at + earlier
        if self._word(begin, "all") and self._moment(begin + 1, bare=False):
            begin += 1
        read = self._moment(begin, bare=False)
        if read is None:
            return None
        moment, after = read
        return Phrase("in", moment, sure=moment.sure or earlier, earlier=earlier), after

    def _connected(self, at: int) -> tuple[Phrase, int] | None:
        """Before, after, since, until; with a day in front or behind."""
        day, begin = self._leading_day(at)
        form = CONNECTORS.get(self._at(begin).text)
        if self._word(begin, "up") and self._word(begin + 1, "to", "until"):
            form, begin = "until", begin + 1
        if form is None or (self._word(begin, "from") and day is None and not self._on(begin + 1)):
            return None
        read = self._moment(begin + 1, bare=True)
        if read is None:
            return None
        moment, after = read
        if self._word(begin, "from") and not self._word(after, "on", "onward", "onwards"):
            return None
        if self._word(begin, "from"):
            after += 1
        moment, after = self._with_trailing_day(moment, after)
        if day is not None and moment.day is None:
            moment = replace(moment, day=day)
        return Phrase(form, moment, sure=moment.sure), after

    def _on(self, at: int) -> bool:
        read = self._moment(at, bare=True)
        return read is not None and self._word(read[1], "on", "onward", "onwards")

    def _between(self, at: int) -> tuple[Phrase, int] | None:
        """Between A and B, from A to B, A - B; with a day in front or behind."""
        day, begin = self._leading_day(at)
        if self._at(begin).text in TO_END:
            # Monday to Wednesday.
            day, begin = None, at
        named = self._word(begin, "between", "from")
        first = self._moment(begin + named, bare=True)
        if first is None:
            return self._dates_of_one_month(begin + named) if named else None
        link = self._at(first[1])
        if not _is_link(link, first[0], named=named):
            return self._dates_of_one_month(begin + named) if named else None
        second = self._moment(first[1] + 1, bare=True)
        if second is None or not _go_together(first[0], second[0], named=named):
            return self._dates_of_one_month(begin + named) if named else None
        ending, after = self._with_trailing_day(second[0], second[1])
        opening = first[0]
        if opening.day is None and opening.back_s is None:
            opening = replace(opening, day=day or (ending.day if opening.clock else None))
        if ending.day is None and ending.back_s is None and ending.clock is not None:
            ending = replace(ending, day=day if opening.day is None else None)
        sure = opening.sure or ending.sure
        return Phrase("between", opening, ending, sure=sure), after

    def _dates_of_one_month(self, at: int) -> tuple[Phrase, int] | None:
        """Between 3 and 5 November."""
        begin = self._skip(at, frozenset({"the"}))
        first = self._at(begin)
        if first.kind not in ("number", "ordinal") or self._at(begin + 1).text not in (*TO, "-"):
            return None
        read = self._day(self._skip(begin + 2, frozenset({"the"})))
        if read is None or read[0].kind != "date" or read[0].month is None:
            return None
        last, after = read
        opening = replace(last, day=int(first.text))
        return Phrase("between", Moment(day=opening), Moment(day=last)), after

    def _stretch(self, at: int) -> tuple[Phrase, int] | None:
        """The last two hours, in the past 45 minutes; just now, recently."""
        for words, seconds in _NOWS:
            if all(self._word(at + n, word) for n, word in enumerate(words)):
                moment = Moment(back_s=seconds, back_unit="minute")
                return Phrase("stretch", moment, sure=True), at + len(words)
        begin = self._skip(at, frozenset({"in", "within", "during", "over", "for", "the", "these"}))
        if self._at(begin).text not in LAST:
            return None
        read = self._amount(begin + 1)
        if read is None:
            # The last hour; the last week is a week of the calendar.
            unit = UNITS.get(self._at(begin + 1).text, "")
            rolling = unit in timewords.UNIT_SECONDS or self._word(begin, "past")
            if not unit or not rolling or len(self._at(begin + 1).text) == 1:
                return None
            read = (1, unit), begin + 2
        (amount, unit), after = read
        seconds = amount * _SECONDS[unit]
        return Phrase("stretch", Moment(back_s=seconds, back_unit=unit), sure=True), after

    def _leading_day(self, at: int) -> tuple[Day | None, int]:
        read = self._day(self._skip(at, frozenset({"on"})))
        if read is None:
            return None, at
        after = read[1] + (self._at(read[1]).text == ",")
        return read[0], after

    def _with_trailing_day(self, moment: Moment, at: int) -> tuple[Moment, int]:
        if moment.day is not None or moment.clock is None:
            return moment, at
        read = self._day(self._skip(at, LINKS))
        return (replace(moment, day=read[0]), read[1]) if read else (moment, at)

    # --- moments ---------------------------------------------------------------------------

    def _moment(self, at: int, *, bare: bool) -> tuple[Moment, int] | None:
        """The longest moment here; ``bare`` allows an hour without "at", "am" or minutes."""
        found = [
            read
            for read in (
                self._ago(at),
                self._iso(at),
                self._day_then_clock(at),
                self._clock_then_day(at, bare=bare),
            )
            if read is not None
        ]
        return max(found, key=lambda read: read[1], default=None)

    def _ago(self, at: int) -> tuple[Moment, int] | None:
        begin = self._skip(at, AT)
        vague = SOME.keys() & {self._at(begin).text, self._at(begin + 1).text}
        about = self._at(at).text in ABOUT or bool(vague)
        read = self._amount(begin)
        if read is None or not self._word(read[1], "ago", "earlier", "back"):
            return None
        (amount, unit), after = read[0], read[1] + 1
        if unit in timewords.CALENDAR_UNITS:
            day = Day("offset", amount=amount, unit=unit, sure=True)
            clock = self._clock(self._skip(after, LINKS), bare=self._at(after).text in AT)
            if clock and unit == "day":
                return Moment(day=day, clock=clock[0], about=about), clock[1]
            return Moment(day=day, about=about), after
        return Moment(back_s=amount * _SECONDS[unit], back_unit=unit, about=about), after

    def _iso(self, at: int) -> tuple[Moment, int] | None:
        begin = self._skip(at, AT | {"on"})
        token = self._at(begin)
        if token.kind != "iso":
            return None
        try:
            moment = dt.datetime.fromisoformat(token.text.upper().replace("Z", "+00:00"))
        except ValueError:
            return None
        if moment.tzinfo is not None:
            return Moment(exact=moment), begin + 1
        day = Day("date", year=moment.year, month=moment.month, day=moment.day)
        minutes = moment.hour * MINUTES + moment.minute
        grain: Literal["minute", "second"] = "second" if token.text.count(":") > 1 else "minute"
        clock = Clock(minutes, minutes, grain, seconds=moment.second)
        return Moment(day=day, clock=clock), begin + 1

    def _day_then_clock(self, at: int) -> tuple[Moment, int] | None:
        early = self._at(at).text if self._word(at, "early", "late") else ""
        read = self._day(self._skip(at + bool(early), LINKS))
        if read is None:
            return None
        day, after = read
        if early:
            clock = self._clock(self._skip(after, LINKS), bare=False)
            if clock is None or clock[0].grain != "part":
                return None
            return Moment(day=day, clock=narrowed(clock[0], early)), clock[1]
        begin = after + (self._at(after).text == ",")
        about = self._at(begin).text in ABOUT
        linked = self._skip(begin, LINKS | {"'s"})
        bare = self._at(begin).text in AT
        clock = self._clock(linked, bare=bare)
        if clock is not None:
            return Moment(day=day, clock=clock[0], about=about), clock[1]
        return Moment(day=day), after

    def _clock_then_day(self, at: int, *, bare: bool) -> tuple[Moment, int] | None:
        about = self._at(at).text in ABOUT
        begin = self._skip(at, LINKS)
        linked = any(self._at(n).text in AT for n in range(at, begin))
        named = self._named_part(at)
        clock = named or self._clock(begin, bare=bare or linked)
        if clock is None:
            return None
        made, after = clock
        if made.grain == "part" and named is None and not bare and begin == at:
            # "Lunch" alone is no time; "at lunch", "the afternoon" are.
            day = self._day(self._skip(after, LINKS))
            if day is None:
                return None
        if named is not None:
            which = self._at(at).text
            offset = 1 if which == "last" else 0
            day_said = Day("offset", amount=offset, sure=which == "last")
            return Moment(day=day_said, clock=made, about=about), after
        day = self._day(self._skip(after, LINKS))
        if day is not None:
            return Moment(day=day[0], clock=made, about=about), day[1]
        return Moment(clock=made, about=about), after


_SECONDS = dict(timewords.UNIT_SECONDS) | {
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
_NOWS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("just", "now"), 600),
    (("a", "moment", "ago"), 600),
    (("a", "minute", "ago"), 300),
    (("a", "second", "ago"), 120),
    (("recently",), 86_400),
    (("lately",), 86_400),
)


def _is_link(link: Token, first: Moment, *, named: bool) -> bool:
    """Whether what stands behind a moment may lead to the end of a stretch that begins with it.

    "And" does so only behind "between" or "from", a dash behind a day only then.
    """
    if named:
        return link.text in TO or link.kind == "dash"
    if link.kind == "dash":
        return first.clock is not None
    return link.text in TO_END


def _go_together(first: Moment, second: Moment, *, named: bool) -> bool:
    """Whether both are clock times or both are days, or the first has a day of its own.

    Without "from" or "between" both must be days of the calendar, or one of them no bare number:
    "3 - 4" is no time.
    """
    if not named and all(m.clock is None or m.clock.guessed for m in (first, second)):
        return all(_is_plain_day(m) for m in (first, second))
    if first.exact or second.exact:
        return bool(first.exact) == bool(second.exact) or bool(first.day) == bool(second.day)
    if first.clock is None and second.clock is not None:
        return first.day is not None and second.day is not None
    if second.clock is None and first.clock is not None:
        return second.day is not None and first.day is not None
    return True


def _is_plain_day(moment: Moment) -> bool:
    """Whether it is one day, said as such: Monday, 3 November, yesterday."""
    day = moment.day
    if day is None or moment.clock is not None:
        return False
    return day.kind in ("weekday", "date") or (day.kind == "offset" and day.unit == "day")
