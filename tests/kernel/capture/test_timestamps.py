import datetime as dt
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.timestamps import (
    CapturedAt,
    ClockRules,
    ClockVerdict,
    SourceClock,
    judge_clock,
    parse_captured_at,
    place_utc,
    read_local_zone,
    read_zone,
)

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MAY_1_UTC_US = 1_777_622_400_000_000  # 2026-05-01T08:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01T08:00:00Z", CapturedAt(MAY_1_UTC_US, "UTC", 0)),
        ("2026-05-01T08:00:00+00:00", CapturedAt(MAY_1_UTC_US, "UTC", 0)),
        ("2026-05-01T10:00:00+02:00", CapturedAt(MAY_1_UTC_US, "UTC+02:00", 7200)),
        ("2026-05-01T03:30:00-04:30", CapturedAt(MAY_1_UTC_US, "UTC-04:30", -16_200)),
        ("2026-05-01T10:00:00", CapturedAt(MAY_1_UTC_US, "Europe/Berlin", 7200)),
        ("2026-05-01 10:00", CapturedAt(MAY_1_UTC_US, "Europe/Berlin", 7200)),
        ("20260501T100000", CapturedAt(MAY_1_UTC_US, "Europe/Berlin", 7200)),
        ("2026-05-01T08:00:00.123456Z", CapturedAt(MAY_1_UTC_US + 123_456, "UTC", 0)),
        # The hour that occurs twice: the first of the two.
        ("2026-10-25T02:30:00", CapturedAt(1_792_888_200_000_000, "Europe/Berlin", 7200)),
        # The hour that is skipped: as if the clock had not been changed.
        ("2026-03-29T02:30:00", CapturedAt(1_774_747_800_000_000, "Europe/Berlin", 3600)),
        ("9999-12-31T23:59:59.999999Z", CapturedAt(253_402_300_799_999_999, "UTC", 0)),
        ("1970-01-01T00:00:00Z", CapturedAt(0, "UTC", 0)),
    ],
)
def test_iso_8601_times_are_read(text: str, expected: CapturedAt) -> None:
    assert parse_captured_at(text, BERLIN) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-05-01", "20260501", "2026-W18-5", "2026-13-01T00:00:00", "10:00:00",
     "1969-12-31T23:59:59Z", "1970-01-01T00:30:00", "9999-12-31T23:59:59-01:00",
     "0001-01-01T00:00:00+14:00", "2026-05-01T10:00:00" + " " * 100, "2026-05-01T10:00:00+25:00"],
)  # fmt: skip
def test_what_is_no_time_of_these_years_is_refused(text: str) -> None:
    result = parse_captured_at(text, BERLIN)
    assert isinstance(result, Refusal)
    assert result.code is RefusalCode.BAD_CAPTURED_AT


@given(st.text(max_size=80))
def test_any_text_gives_a_time_or_a_refusal(text: str) -> None:
    assert isinstance(parse_captured_at(text, BERLIN), CapturedAt | Refusal)


@given(
    st.datetimes(
        min_value=dt.datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
        max_value=dt.datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=st.timezones() | st.just(dt.timezone(dt.timedelta(hours=-7, minutes=-15))),
    )
)
def test_every_aware_time_round_trips_to_the_microsecond(moment: dt.datetime) -> None:
    read = parse_captured_at(moment.isoformat(), dt.UTC)
    assert isinstance(read, CapturedAt)
    assert dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=read.utc_us) == moment


@given(st.integers(-(2**70), 2**70))
def test_any_file_time_is_placed_or_refused(utc_us: int) -> None:
    placed = place_utc(utc_us, BERLIN)
    if isinstance(placed, CapturedAt):
        assert placed.utc_us == utc_us
        assert placed.tz_name == "Europe/Berlin"
    else:
        assert placed.code is RefusalCode.BAD_CAPTURED_AT


def test_local_zone_comes_from_the_first_place_that_names_one(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Tokyo\n")
    assert str(read_local_zone({}, tmp_path)) == "Asia/Tokyo"
    data = tmp_path / "zoneinfo" / "America"
    data.mkdir(parents=True)
    (data / "Lima").write_bytes(b"")
    (tmp_path / "localtime").symlink_to(data / "Lima")
    assert str(read_local_zone({}, tmp_path)) == "America/Lima"
    assert str(read_local_zone({"TZ": ":Europe/Berlin"}, tmp_path)) == "Europe/Berlin"
    assert str(read_local_zone({"TZ": "nonsense"}, tmp_path)) == "America/Lima"


def test_local_zone_of_a_machine_that_names_none_is_its_offset(tmp_path: Path) -> None:
    assert read_local_zone({}, tmp_path).utcoffset(None) is not None


@pytest.mark.parametrize("name", ["", "Europe", "../etc/passwd", "/etc/passwd", "No/Where", "a\0b"])
def test_what_names_no_zone_gives_none(name: str) -> None:
    assert read_zone(name) is None


NOW_US = MAY_1_UTC_US
RULES = ClockRules(ahead_s=120, future_s=86_400, backward_s=2)


@pytest.mark.parametrize(
    ("ahead_s", "verdict"),
    [
        (-1e6, ClockVerdict.SOUND),
        (0, ClockVerdict.SOUND),
        (120, ClockVerdict.SOUND),
        (121, ClockVerdict.AHEAD),
        (86_400, ClockVerdict.AHEAD),
        (86_401, ClockVerdict.FUTURE),
    ],
)
def test_time_ahead_of_the_kernel_is_noted_then_refused(
    ahead_s: float, verdict: ClockVerdict
) -> None:
    captured = SourceClock(NOW_US + int(ahead_s * 1_000_000))
    assert judge_clock(captured, NOW_US, None, RULES) is verdict


@pytest.mark.parametrize(
    ("step_s", "stamp", "previous_stamp", "verdict"),
    [
        (-2, 0, 0, ClockVerdict.SOUND),
        (-3, 0, 0, ClockVerdict.BACKWARD),
        (-3, 20, 10, ClockVerdict.BACKWARD),
        # An older capture that came late: its clock is right, its turn is not.
        (-3, 10, 20, ClockVerdict.SOUND),
        (3, 10, 20, ClockVerdict.SOUND),
    ],
)
def test_time_that_jumps_back_is_noted(
    step_s: int, stamp: int, previous_stamp: int, verdict: ClockVerdict
) -> None:
    previous = SourceClock(NOW_US - 10_000_000, previous_stamp)
    captured = SourceClock(previous.utc_us + step_s * 1_000_000, stamp)
    assert judge_clock(captured, NOW_US, previous, RULES) is verdict
