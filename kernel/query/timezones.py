"""Clock times of which the time zone is said: 2:20 CET, 14:00 UTC, 02:20 summer time.

Covers: which moment such a time is, the two passes of an hour that a clock change repeats. Does
not cover: reading the words (`kernel.query.timeclocks`), days (`kernel.query.timecalendar`). Pure.
"""

from __future__ import annotations

import datetime as dt

from kernel.query.timewords import ZONE_HOURS

_HALVES = ((1, 1), (7, 1))
"""Days of the two halves of a year."""


def moment_in(wall: dt.datetime, said: str, zone: dt.tzinfo) -> tuple[dt.datetime | None, str]:
    """The moment of a clock time whose zone was said, and what is told of it, maybe nothing.

    None where it is as well said without the zone. "CET" by somebody who lives there means the
    clock on the wall, but for an hour that a clock change repeats.
    """
    if said in ("summer", "winter"):
        return _in_half(wall, zone, summer=said == "summer")
    if said.startswith("+"):
        hours, _, minutes = said[1:].partition(":")
        return _at_offset(wall, dt.timedelta(hours=int(hours), minutes=int(minutes))), ""
    own = _own_names(wall, zone)
    offset = own.get(said)
    if offset is None:
        return _at_offset(wall, dt.timedelta(hours=ZONE_HOURS[said])), ""
    if _occurs_twice(wall, zone):
        return _at_offset(wall, offset), ""
    now = (wall.replace(tzinfo=zone).tzname() or "").casefold()
    return None, "" if now == said else f"“{said.upper()}” was taken for the local time"


def pass_mark(moment: dt.datetime) -> str:
    """Which pass of a repeated hour an aware time is of, to be said behind it: " +02:00".

    Empty for any other time: the clock on the wall says it.
    """
    zone = moment.tzinfo
    if zone is None or not _occurs_twice(moment.replace(tzinfo=None), zone):
        return ""
    return f" {moment.isoformat()[-6:]}"


def changes_clocks_near(moment_us: int, zone: dt.tzinfo) -> bool:
    """Whether the clock of the zone is changed within a day of the moment."""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=moment_us)
    day = dt.timedelta(days=1)
    try:
        offsets = {at.astimezone(zone).utcoffset() for at in (moment - day, moment + day)}
    except OverflowError:
        return False
    return len(offsets) > 1


def _in_half(wall: dt.datetime, zone: dt.tzinfo, *, summer: bool) -> tuple[dt.datetime | None, str]:
    """The pass of a repeated hour that is of that half of the year."""
    offsets = sorted(_own_names(wall, zone).values())
    wanted = offsets[-1] if summer else offsets[0]
    for fold in (0, 1):
        aware = wall.replace(tzinfo=zone, fold=fold)
        if aware.utcoffset() == wanted and len(offsets) > 1:
            return aware, ""
    half = "summer" if summer else "winter"
    return None, f"“{half} time”: there was none on {wall:%Y-%m-%d}"


def _own_names(wall: dt.datetime, zone: dt.tzinfo) -> dict[str, dt.timedelta]:
    """The names of the zone's clocks in that year, with what they are ahead of UTC."""
    names = {}
    for month, day in _HALVES:
        aware = wall.replace(month=month, day=day, tzinfo=zone)
        names[(aware.tzname() or "").casefold()] = aware.utcoffset() or dt.timedelta(0)
    return names


def _occurs_twice(wall: dt.datetime, zone: dt.tzinfo) -> bool:
    """Whether the hour is one that a clock change repeats."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return early is not None and late is not None and early > late


def _at_offset(wall: dt.datetime, offset: dt.timedelta) -> dt.datetime:
    return wall.replace(tzinfo=dt.timezone(offset))
