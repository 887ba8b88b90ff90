"""JPEG (ITU-T T.81, annex B): marker walk from SOI over every scan to EOI.

Does not cover: entropy-coded data; bytes after EOI (phones append pictures) are let be.
"""

from __future__ import annotations

import re
import struct

from kernel.capture.imageformats.facts import (
    ImageFacts,
    ImageLimits,
    corrupt,
    count_part,
    require_sides,
    truncated,
    unpack_at,
)

SIGNATURE = b"\xff\xd8\xff"
_LENGTH = struct.Struct(">H")
_FRAME = struct.Struct(">BHHB")
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
_LENGTH_BYTES_MIN = 2

# Stuffed zeros and restart markers belong to the entropy-coded data.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_FILL = re.compile(rb"\xff*")


def recognise_jpeg(data: bytes, limits: ImageLimits) -> ImageFacts:
    """The facts of a whole JPEG. Raises `ImageFault`."""
    sides: tuple[int, int] | None = None
    scanned = False
    offset = 2
    parts = 0
    while True:
        parts = count_part(parts)
        marker, offset = _read_marker(data, offset)
        if marker == _EOI:
            break
        if marker in _BARE_MARKERS:
            continue
        (length,) = unpack_at(_LENGTH, data, offset, "segment header")
        if length < _LENGTH_BYTES_MIN or marker == _SOI:
            raise corrupt(f"the segment at byte {offset} is malformed")
        if len(data) < offset + length:
            raise truncated("the file ends inside a segment")
        if marker in _FRAME_MARKERS and sides is None:
            _, height_px, width_px, _ = unpack_at(_FRAME, data, offset + 2, "frame header")
            require_sides(width_px, height_px, limits)
            sides = width_px, height_px
        offset += length
        if marker == _SOS:
            scanned = True
            offset = _skip_scan(data, offset)
    if sides is None or not scanned:
        raise corrupt("there is no picture between the start and the end mark")
    return ImageFacts("image/jpeg", *sides)


def _read_marker(data: bytes, offset: int) -> tuple[int, int]:
    """The marker at ``offset``, past fill bytes, and where its segment begins."""
    if offset < len(data) and data[offset] != 0xFF:  # noqa: PLR2004 - T.81 B.1.1.2
        raise corrupt(f"no marker at byte {offset}")
    fill = _FILL.match(data, offset)
    offset = fill.end() if fill else offset
    if offset >= len(data):
        raise truncated("the file ends before its end mark")
    if data[offset] == 0:
        raise corrupt(f"no marker at byte {offset - 1}")
    return data[offset], offset + 1


def _skip_scan(data: bytes, offset: int) -> int:
    found = _NEXT_MARKER.search(data, offset)
    if found is None:
        raise truncated("the file ends inside its pixel data")
    return found.start()
