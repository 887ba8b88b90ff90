"""The grammar of times of day: digital, spoken, parts of the day.

Covers: reading one at a place in the tokens. Does not cover: days (`kernel.query.timedays`),
whole phrases (`kernel.query.timephrase`). Pure.
"""

from __future__ import annotations

from dataclasses import replace

from kernel.query import timewords
from kernel.query.timeparts import Clock
from kernel.query.timewords import (
    AFTER_HOUR,
    NOONS,
    NUMBERS,
    PARTS,
    SEASONS,
    SOME,
    UNITS,
    ZONE_HOURS,
    Token,
    TokenReader,
)

HOURS, MINUTES = 24, 60
HALF_HOURS = 12
AMOUNT_MAX = 5000
_SPOKEN = ("five", "ten", "twenty", "twenty-five")


class ClockReader(TokenReader):
    """Reads times of day and amounts of time; each reader gives (thing, next position) or None."""

    def _amount(self, at: int) -> tuple[tuple[int, str], int] | None:
        """A number with a unit, in minutes where halves are said: two hours, half an hour."""
        token = self._at(at)
        if token.kind == "amount" and token.unit:
            return (int(token.text), token.unit), at + 1
        if token.text == "half" and self._word(at + 1, "an", "a"):
            unit = UNITS.get(self._at(at + 2).text, "")
            return ((30, "minute"), at + 3) if unit == "hour" else None
        begin, number = self._number(at)
        if number is None or number > AMOUNT_MAX:
            return None
        begin = self._skip(begin, frozenset({"of", "more"}))
        halved = (
            self._word(begin, "and")
            and self._word(begin + 1, "a")
            and self._word(begin + 2, "half")
        )
        if halved:
            begin += 3
        unit = UNITS.get(self._at(begin).text, "")
        if not unit or len(self._at(begin).text) == 1:
            return None
        after = begin + 1
        late = (
            self._word(after, "and")
            and self._word(after + 1, "a")
            and self._word(after + 2, "half")
        )
        if (halved or late) and unit == "hour":
            return (number * 60 + 30, "minute"), after + (3 if late else 0)
        return (number, unit), after

    def _number(self, at: int) -> tuple[int, int | None]:
        token = self._at(at)
        if token.text in ("a", "an"):
            some = SOME.get(self._at(at + 1).text)
            return (at + 2, some) if some else (at + 1, 1)
        if token.text in SOME:
            return at + 1, SOME[token.text]
        if token.kind == "number":
            return at + 1, int(token.text)
        if token.text in NUMBERS:
            return at + 1, NUMBERS[token.text]
        return at, None

    def _clock(self, at: int, *, bare: bool) -> tuple[Clock, int] | None:
        """A time of day, with the time zone that is said behind it."""
        read = self._local_clock(at, bare=bare)
        if read is None or read[0].grain == "part":
            return read
        zone, after = self._zone_said(read[1])
        return replace(read[0], zone=zone), after

    def _zone_said(self, at: int) -> tuple[str, int]:
        """CET, (UTC), summer time, +02:00; an empty name and the same place for none."""
        opened = self._word(at, "(")
        begin = at + opened
        zone, after = "", begin
        season = SEASONS.get(self._at(begin).text, "")
        last = begin + 1 + self._word(begin + 1, "saving", "savings")
        if season and self._word(last, "time"):
            zone, after = season, last + 1
        elif self._at(begin).text in ZONE_HOURS:
            zone, after = self._at(begin).text, begin + 1
        elif self._word(begin, "+") and _is_offset(self._at(begin + 1)):
            zone, after = "+" + self._at(begin + 1).text, begin + 2
        if opened and zone:
            return (zone, after + 1) if self._word(after, ")") else ("", at)
        return (zone, after) if zone else ("", at)

    def _local_clock(self, at: int, *, bare: bool) -> tuple[Clock, int] | None:
        token = self._at(at)
        if token.text in ("early", "late", "mid"):
            read = self._clock(self._skip(at + 1, frozenset({"in", "the"})), bare=False)
            if read is None or read[0].grain != "part":
                return None
            return narrowed(read[0], token.text), read[1]
        if token.text in PARTS:
            low, high = PARTS[token.text]
            after = at + 1 + (token.text == "lunch" and self._word(at + 1, "time", "break"))
            return Clock(low, high, "part", name=token.text), after
        if token.text in NOONS:
            return Clock(NOONS[token.text], NOONS[token.text], "minute", name=token.text), at + 1
        if token.kind == "clock":
            digital = _digital(token)
            return (digital, at + 1) if digital else None
        if token.kind == "hour":
            hour = _twelve(int(token.text), token.half)
            return (Clock(hour * 60, hour * 60, "hour"), at + 1) if hour is not None else None
        return self._spoken(at, bare=bare)

    def _spoken(self, at: int, *, bare: bool) -> tuple[Clock, int] | None:
        """Half past nine, quarter to ten, nine o'clock; a bare hour where that is allowed."""
        begin = at + (self._at(at).text in ("a", "an"))
        shift = timewords.PAST_HALF.get(self._at(begin).text)
        if shift is None and self._counts_minutes(begin):
            _, shift = self._number(begin)
        after_shift = begin + 1 + self._word(begin + 1, "minutes")
        if shift is not None and self._word(after_shift, "past", "to"):
            read = self._hour(after_shift + 1)
            if read is None:
                return None
            hour, guessed, after = read
            sign = 1 if self._word(after_shift, "past") else -1
            minutes = (hour * 60 + sign * shift) % (HOURS * MINUTES)
            return Clock(minutes, minutes, "minute", guessed=guessed), after
        read = self._hour(at)
        if read is None:
            return None
        hour, guessed, after = read
        spoken = self._word(after - 1, "o'clock") or not guessed
        if not (bare or spoken):
            return None
        return Clock(hour * 60, hour * 60, "hour", guessed=guessed), after

    def _counts_minutes(self, at: int) -> bool:
        """Twenty past, 5 minutes to; not "from nine to five"."""
        if self._word(at + 1, "minutes"):
            return True
        opened = at > 0 and self._word(at - 1, "from", "between")
        return self._word(at + 1, "past", "to") and self._word(at, *_SPOKEN) and not opened

    def _hour(self, at: int) -> tuple[int, bool, int] | None:
        """An hour, whether its half of the day was guessed, and the next position."""
        token = self._at(at)
        if token.kind == "hour":
            hour = _twelve(int(token.text), token.half)
            return (hour, False, at + 1) if hour is not None else None
        after, number = self._number(at)
        if number is None or number > HOURS or token.text in ("a", "an") or token.text in SOME:
            return None
        if self._word(after, "o'clock", "oclock"):
            after += 1
        half = self._at(after).text.replace(".", "")
        if half in ("am", "pm"):
            whole = _twelve(number, half)
            return (whole, False, after + 1) if whole is not None else None
        said = self._at(self._skip(after, frozenset({"in", "the"})))
        if said.text in ("morning", "afternoon", "evening") and self._word(after, "in"):
            half = "am" if said.text == "morning" else "pm"
            whole = _twelve(number, half)
            return (whole, False, after + 3) if whole is not None else None
        following = self._at(after)
        if following.kind == "word" and following.text not in AFTER_HOUR:
            # "By 3 people", "at 5 percent".
            return None
        return number, 0 < number <= HALF_HOURS, after

    def _named_part(self, at: int) -> tuple[Clock, int] | None:
        """This morning, last night, tonight, early this morning."""
        token = self._at(at)
        if token.text == "tonight":
            low, high = PARTS["evening"][0], PARTS["night"][1]
            return Clock(low, high, "part", name="night"), at + 1
        early = token.text if token.text in ("early", "late") else ""
        begin = at + bool(early)
        if not self._word(begin, "this", "last"):
            return None
        read = self._clock(begin + 1, bare=False)
        if read is None or read[0].grain != "part":
            return None
        clock, after = read
        if self._word(begin, "last"):
            if clock.name not in ("night", "evening"):
                return None
            clock = replace(clock, low=PARTS["evening"][0])
        return (narrowed(clock, early) if early else clock), after


def narrowed(clock: Clock, share: str) -> Clock:
    """The early, late or middle part of a part of the day."""
    width = (clock.high - clock.low) // timewords.EARLY_LATE_SHARE
    if share == "early":
        return replace(clock, high=clock.low + width)
    if share == "late":
        return replace(clock, low=clock.high - width)
    quarter = (clock.high - clock.low) // 4
    return replace(clock, low=clock.low + quarter, high=clock.high - quarter)


def _twelve(hour: int, half: str) -> int | None:
    """The hour of 24 for one of twelve with am or pm."""
    if hour > HALF_HOURS:
        return hour if hour < HOURS else None
    if half == "pm":
        return hour % 12 + 12
    return hour % 12


def _is_offset(token: Token) -> bool:
    return token.kind == "clock" and token.text.count(":") == 1 and not token.half and token.glued


def _digital(token: Token) -> Clock | None:
    parts = [int(part) for part in token.text.split(":")]
    hour = _twelve(parts[0], token.half) if token.half else parts[0]
    seconds = parts[2] if parts[2:] else 0
    if hour is None or hour > HOURS or parts[1] >= MINUTES or seconds >= MINUTES:
        return None
    minutes = min(hour * MINUTES + parts[1], HOURS * MINUTES)
    return Clock(minutes, minutes, "second" if parts[2:] else "minute", seconds=seconds)
