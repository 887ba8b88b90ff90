"""When a capture happened: reading times, naming zones, judging clocks.

Covers: ISO 8601 with and without an offset, file times, the rules for clocks that run ahead
or jump back. Pure but for `read_local_zone`. Does not cover: reading clocks.
"""

from __future__ import annotations

import datetime as dt
import os
import zoneinfo
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kernel.capture.refusal import Refusal, RefusalCode

MICROS = 1_000_000
CAPTURED_AT_CHARS_MAX = 64
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_OFFSET_S_MAX = 86_400
_UTC_US_MAX = 253_402_300_799_999_999
"""The last microsecond of year 9999, as in `contracts.base.UtcMicros`."""


@dataclass(frozen=True, slots=True)
class CapturedAt:
    """A moment and the wall clock it was read from.

    ``utc_us`` is within 1970 to 9999. ``tz_name`` is an IANA name where one is known, else
    "UTC" or the offset as "UTC+02:00".
    """

    utc_us: int
    tz_name: str
    tz_offset_s: int


def parse_captured_at(text: str, local_zone: dt.tzinfo) -> CapturedAt | Refusal:
    """The moment that an ISO 8601 date and time names; never raises.

    Without an offset the time is one of ``local_zone``: an hour that occurs twice means its
    first occurrence, an hour that a clock change skips is read with the offset before it.
    A date without a time is refused: midnight would be an invention.
    """
    if len(text) > CAPTURED_AT_CHARS_MAX:
        return _refuse(text[:CAPTURED_AT_CHARS_MAX], "is too long for a time")
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return _refuse(text, "is not an ISO 8601 date and time, such as 2026-05-01T10:00:00+02:00")
    if _is_date_only(text.strip()):
        return _refuse(text, "has no time of day")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=local_zone)
    return place_moment(moment)


def place_moment(moment: dt.datetime) -> CapturedAt | Refusal:
    """An aware time as a `CapturedAt`; refused when it lies outside 1970 to 9999."""
    offset = moment.utcoffset()
    if offset is None:
        return _refuse(moment.isoformat(), "has no offset to UTC")
    # Whole arithmetic on naive times: astimezone overflows at the ends of the calendar.
    utc_us = (moment.replace(tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND - offset // _MICROSECOND
    if not 0 <= utc_us <= _UTC_US_MAX:
        return _refuse(moment.isoformat(), "lies outside the years 1970 to 9999")
    # Offsets of old times have parts of a second in principle; the contract has seconds.
    offset_s = round(offset.total_seconds())
    assert abs(offset_s) <= _OFFSET_S_MAX
    return CapturedAt(utc_us, name_zone(moment), offset_s)


def place_utc(utc_us: int, zone: dt.tzinfo) -> CapturedAt | Refusal:
    """Microseconds since 1970 UTC (a file's time) on the wall clock of ``zone``."""
    try:
        moment = (_EPOCH + dt.timedelta(microseconds=utc_us)).astimezone(zone)
    except OverflowError:
        return _refuse(f"{utc_us} microseconds since 1970", "lies outside the years 1970 to 9999")
    return place_moment(moment)


def format_captured_at(utc_us: int, tz_offset_s: int) -> str:
    """ISO 8601 with the offset of the capture's wall clock; seconds of an offset are kept."""
    zone = dt.timezone(dt.timedelta(seconds=tz_offset_s)) if tz_offset_s else dt.UTC
    try:
        return (_EPOCH + dt.timedelta(microseconds=utc_us)).astimezone(zone).isoformat()
    except (OverflowError, ValueError):
        # The wall clock of the calendar's last hours may lie beyond it.
        return (_EPOCH + dt.timedelta(microseconds=utc_us)).isoformat()


def name_zone(moment: dt.datetime) -> str:
    """The IANA name of an aware time's zone, else "UTC", else "UTC+hh:mm"."""
    if isinstance(moment.tzinfo, zoneinfo.ZoneInfo) and moment.tzinfo.key:
        return moment.tzinfo.key
    offset = moment.utcoffset()
    return str(dt.timezone(offset)) if offset else "UTC"


def read_zone(name: str) -> dt.tzinfo | None:
    """The zone of an IANA name, None when there is none; never raises."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        # A name that is a folder of the zone data raises OSError, one with "..", ValueError.
        return None


def read_local_zone(
    environment: dict[str, str] | None = None, etc_dir: Path = Path("/etc")
) -> dt.tzinfo:
    """This machine's zone: ``TZ``, ``/etc/localtime``, ``/etc/timezone``, else its offset now."""
    named = (os.environ if environment is None else environment).get("TZ", "").lstrip(":")
    _, marker, linked = str((etc_dir / "localtime").resolve()).rpartition("/zoneinfo/")
    names = [named, linked if marker else ""]
    try:
        names.append((etc_dir / "timezone").read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError):
        names.append("")
    for name in names:
        zone = read_zone(name) if name else None
        if zone is not None:
            return zone
    return dt.datetime.now().astimezone().tzinfo or dt.UTC


class ClockVerdict(StrEnum):
    """What a capture's time is worth beside the kernel's clock and the capture before it."""

    SOUND = "sound"
    AHEAD = "clock-ahead"
    """Ahead of the kernel's clock: stored as claimed, with a ledger record.

    Either clock may be the wrong one: a virtual machine's lags after its host slept.
    """
    BACKWARD = "clock-backward"
    """Earlier than the capture before it from the same source: stored, with a ledger record."""
    FUTURE = "future-clock"
    """Too far ahead to be believed: refused."""


@dataclass(frozen=True, slots=True)
class ClockRules:
    """Tolerances in seconds."""

    ahead_s: float = 120.0
    future_s: float = 86_400.0
    backward_s: float = 2.0


@dataclass(frozen=True, slots=True)
class SourceClock:
    """The last capture of one source: its claimed time and monotonic stamp (0: unknown)."""

    utc_us: int
    monotonic_ns: int = 0


def judge_clock(
    captured: SourceClock, now_us: int, previous: SourceClock | None, rules: ClockRules
) -> ClockVerdict:
    """The verdict on a capture's claimed time.

    Backward is judged in the order of taking; where both captures carry monotonic stamps,
    only if those say that the capture is indeed the later one.
    """
    ahead_us = captured.utc_us - now_us
    if ahead_us > rules.future_s * MICROS:
        return ClockVerdict.FUTURE
    if previous is not None and previous.utc_us - captured.utc_us > rules.backward_s * MICROS:
        stamps_known = captured.monotonic_ns > 0 and previous.monotonic_ns > 0
        if not stamps_known or captured.monotonic_ns > previous.monotonic_ns:
            return ClockVerdict.BACKWARD
    if ahead_us > rules.ahead_s * MICROS:
        return ClockVerdict.AHEAD
    return ClockVerdict.SOUND


def refuse_future(captured_at_us: int, now_us: int) -> Refusal:
    """The refusal that belongs to `ClockVerdict.FUTURE`."""
    ahead_s = (captured_at_us - now_us) // MICROS
    return Refusal(
        RefusalCode.FUTURE_CLOCK,
        f"the capture time lies {ahead_s} s in the future of this machine's clock",
    )


def _is_date_only(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _refuse(text: str, why: str) -> Refusal:
    return Refusal(RefusalCode.BAD_CAPTURED_AT, f"{text!r} {why}")
