"""The JSON file beside an inbox image that says when and where it was captured.

Covers: the fields (docs/inbox.md has them too), reading, what is wrong with one. Pure. Does
not cover: which sidecar belongs to which image (`kernel.capture.inboxlisting`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

import msgspec

from contracts.base import NAME_CHARS_MAX, Monitor, Name, Nanos
from contracts.capture import Cursor
from kernel.capture.refusal import Refusal
from kernel.capture.timestamps import (
    CAPTURED_AT_CHARS_MAX,
    CapturedAt,
    parse_captured_at,
    place_utc,
    read_zone,
)

SIDECAR_BYTES_MAX = 65_536
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class SidecarPoint(msgspec.Struct, frozen=True):
    """The pointer's hot spot in pixels of the captured frame."""

    x: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    y: Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class SidecarFields(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is optional; unknown ones are passed over, the file is kept as it came."""

    captured_at: Annotated[str, msgspec.Meta(max_length=CAPTURED_AT_CHARS_MAX)] | None = None
    tz: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX)] | None = None
    monitor: Monitor = 0
    app: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    window_title: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    cursor: SidecarPoint | None = None
    monotonic_ns: Nanos = 0
    source: Name = "inbox"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a whole sidecar says; ``captured_at`` None: the image file's own time."""

    captured_at: CapturedAt | None = None
    monitor: int = 0
    app: str | None = None
    window_title: str | None = None
    cursor: Cursor | None = None
    monotonic_ns: int = 0
    source: str = "inbox"


@dataclass(frozen=True, slots=True)
class SidecarFault:
    """Why a sidecar cannot be used; ``may_grow``: it may be one that is still being written."""

    reason: str
    may_grow: bool = False


def parse_sidecar(data: bytes, local_zone: dt.tzinfo) -> Sidecar | SidecarFault:
    """What the bytes say, or why not; never raises.

    JSON in UTF-8, with or without a byte order mark. ``captured_at`` without an offset is a
    time of ``tz``, else of ``local_zone``; with an offset, ``tz`` names the wall clock.
    """
    if len(data) > SIDECAR_BYTES_MAX:
        return SidecarFault(f"{len(data)} bytes, the limit is {SIDECAR_BYTES_MAX}")
    try:
        fields = msgspec.json.decode(data.removeprefix(_BYTE_ORDER_MARK), type=SidecarFields)
    except msgspec.ValidationError as error:
        return SidecarFault(str(error))
    except msgspec.DecodeError as error:
        return SidecarFault(str(error), may_grow=True)
    except RecursionError:
        return SidecarFault("the JSON is nested too deep")
    captured_at = _place(fields, local_zone)
    if isinstance(captured_at, SidecarFault):
        return captured_at
    return Sidecar(
        captured_at=captured_at,
        monitor=fields.monitor,
        app=fields.app,
        window_title=fields.window_title,
        cursor=Cursor(x=fields.cursor.x, y=fields.cursor.y) if fields.cursor else None,
        monotonic_ns=fields.monotonic_ns,
        source=fields.source,
    )


def _place(fields: SidecarFields, local_zone: dt.tzinfo) -> CapturedAt | SidecarFault | None:
    named_zone = read_zone(fields.tz) if fields.tz is not None else None
    if fields.tz is not None and named_zone is None:
        return SidecarFault(f"tz {fields.tz!r} is no IANA time zone")
    if fields.captured_at is None:
        return None
    captured = parse_captured_at(fields.captured_at, named_zone or local_zone)
    if isinstance(captured, CapturedAt) and named_zone is not None:
        captured = place_utc(captured.utc_us, named_zone)
    if isinstance(captured, Refusal):
        return SidecarFault(f"captured_at: {captured.reason}")
    return captured
