"""The base of every record and the constrained types that they share.

Covers: struct options common to all records, scalar types with bounds, the box.
Does not cover: encoding (`contracts.canonical`), versions (`contracts.registry`).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

TEXT_CHARS_MAX = 65_536
"""Longest text a single record field may hold, in code points."""

NAME_CHARS_MAX = 255
"""Longest name (application, plugin, source, time zone), in code points."""

PIXELS_MAX = 65_535
"""Largest coordinate or side length of a frame, in pixels."""

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=TEXT_CHARS_MAX)]
# Patterns end in `$(?!\n)`: in Python a bare `$` also matches before a trailing newline, and an
# id that carries one would pass here and break a file name or a log line elsewhere. Each has an
# example, from which the lock makes its golden bytes.
Digest: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", examples=["0" * 63 + "d"])
]
"""BLAKE3-256 in lower-case hexadecimal."""

EventId: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^ev-[0-9a-f]{32}$(?!\n)", examples=["ev-" + "0" * 31 + "e"])
]
TaskId: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^t-[0-9a-f]{32}$(?!\n)", examples=["t-" + "0" * 31 + "a"])
]
HostId: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^h[0-9]{1,19}-[0-9a-f]{8}$(?!\n)", examples=["h1-0000000a"])
]
PluginId: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,62}$(?!\n)", examples=["example_plugin"])
]
StageName: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,30}$(?!\n)", examples=["text"])
]
ElementId: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^el-[0-9a-f]{16}$(?!\n)", examples=["el-" + "0" * 15 + "1"])
]
"""A screen element, the same from frame to frame for as long as it is on screen."""

RunId: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^r-[0-9a-f]{32}$(?!\n)", examples=["r-" + "0" * 31 + "b"])
]
"""One run of the kernel, from boot to exit."""

Version: TypeAlias = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$(?!\n)", examples=["1.2.3"]),
]

UtcMicros: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
"""UTC time in microseconds since 1970-01-01; the bound is the end of year 9999."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Nanos: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A span or a monotonic stamp in nanoseconds; fits SQLite's signed 64 bits."""

Monitor: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=63)]
TextOffset: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=TEXT_CHARS_MAX)]
"""A position in a text field, in code points."""

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
    """Base of every wire message between kernel and host; same rules as `Record`.

    A message whose version moves past 1 repeats ``schema_version`` with its own literal.
    """

    schema_version: Literal[1] = 1
