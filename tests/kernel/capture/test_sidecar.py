import json
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.capture import Cursor
from kernel.capture.sidecar import SIDECAR_BYTES_MAX, Sidecar, SidecarFault, parse_sidecar
from kernel.capture.timestamps import CapturedAt

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MAY_1_UTC_US = 1_777_622_400_000_000  # 2026-05-01T08:00:00Z


def parsed(document: object) -> Sidecar | SidecarFault:
    return parse_sidecar(json.dumps(document).encode(), BERLIN)


def test_every_field_is_read() -> None:
    document = {
        "captured_at": "2026-05-01T17:00:00",
        "tz": "Asia/Tokyo",
        "monitor": 2,
        "app": "mail",
        "window_title": "Inbox",
        "cursor": {"x": 10, "y": 20},
        "monotonic_ns": 123,
        "source": "winshot",
        "something_new": [1, 2],
    }
    assert parsed(document) == Sidecar(
        captured_at=CapturedAt(MAY_1_UTC_US, "Asia/Tokyo", 32_400),
        monitor=2,
        app="mail",
        window_title="Inbox",
        cursor=Cursor(x=10, y=20),
        monotonic_ns=123,
        source="winshot",
    )


def test_empty_object_says_nothing() -> None:
    assert parsed({}) == Sidecar()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"captured_at": "2026-05-01T10:00:00"}, CapturedAt(MAY_1_UTC_US, "Europe/Berlin", 7200)),
        ({"captured_at": "2026-05-01T10:00:00+02:00"}, CapturedAt(MAY_1_UTC_US, "UTC+02:00", 7200)),
        (
            {"captured_at": "2026-05-01T08:00:00Z", "tz": "America/Lima"},
            CapturedAt(MAY_1_UTC_US, "America/Lima", -18_000),
        ),
    ],
)
def test_zone_places_the_time(document: object, expected: CapturedAt) -> None:
    sidecar = parsed(document)
    assert isinstance(sidecar, Sidecar)
    assert sidecar.captured_at == expected


def test_byte_order_mark_of_windows_tools_is_passed_over() -> None:
    assert parse_sidecar(b"\xef\xbb\xbf" + b'{"app": "mail"}', BERLIN) == Sidecar(app="mail")


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        {"captured_at": 5},
        {"captured_at": "yesterday"},
        {"captured_at": "2026-05-01"},
        {"tz": "Nowhere/Land"},
        {"tz": ""},
        {"monitor": 64},
        {"monitor": -1},
        {"app": "x" * 256},
        {"window_title": "x" * 4097},
        {"cursor": {"x": -1, "y": 0}},
        {"cursor": [1, 2]},
        {"monotonic_ns": -1},
        {"monotonic_ns": 2**63},
        {"source": ""},
    ],
)
def test_field_out_of_its_bounds_is_a_fault_at_once(document: object) -> None:
    fault = parsed(document)
    assert isinstance(fault, SidecarFault)
    assert not fault.may_grow


def test_cut_off_json_may_still_grow() -> None:
    whole = b'{"app": "mail", "monitor": 1}'
    for length in range(len(whole)):
        fault = parse_sidecar(whole[:length], BERLIN)
        assert isinstance(fault, SidecarFault)
        assert fault.may_grow


def test_huge_or_deeply_nested_json_is_a_fault() -> None:
    assert isinstance(parse_sidecar(b" " * (SIDECAR_BYTES_MAX + 1), BERLIN), SidecarFault)
    assert isinstance(parse_sidecar(b'{"x": ' + b"[" * 60_000, BERLIN), SidecarFault)


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_bytes_give_a_sidecar_or_a_fault(data: bytes) -> None:
    assert isinstance(parse_sidecar(data, BERLIN), Sidecar | SidecarFault)
