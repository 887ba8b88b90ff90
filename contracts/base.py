"""The base of every record and the constrained types that they share.

Covers: struct options common to all records, scalar types with bounds, the box.
Does not cover: encoding (`contracts.canonical`), versions (`contracts.registry`).
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

TEXT_CHARS_MAX = 65_536
"""Longest text a single record field may hold, in code points."""

NAME_CHARS_MAX = 255
"""Longest name (application, plugin, source, time zone), in code points."""

PIXELS_MAX = 65_535
"""Largest coordinate or side length of a frame, in pixels."""

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=TEXT_CHARS_MAX)]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
"""BLAKE3-256 in lower-case hexadecimal."""

EventId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^ev-[0-9a-f]{32}$")]
TaskId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^t-[0-9a-f]{32}$")]
HostId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^h[0-9]+-[0-9a-f]{8}$")]
PluginId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,62}$")]
StageName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Version: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", max_length=32)
]

UtcMicros: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
"""UTC time in microseconds since 1970-01-01; the bound is the end of year 9999."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Pixels: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=PIXELS_MAX)]
Permille: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1000)]
"""A share or confidence in thousandths: records that are hashed hold no floats."""

Box: TypeAlias = tuple[Pixels, Pixels, Pixels, Pixels]
"""x0, y0, x1, y1 in pixels of the frame; x1 and y1 lie just outside."""


class Record(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """Base of every stored record: immutable, tagged with its kind, strict on unknown fields.

    A subclass repeats ``frozen=True, kw_only=True`` (msgspec inherits neither the keyword-only
    mark nor the tag) and declares ``schema_version: Literal[N] = N``.
    """


class Message(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """Base of every wire message between kernel and host; same rules as `Record`."""
