"""QOI (qoiformat.org, specification 1.0): header, end marker, and enough bytes between.

Does not cover: the ops of the stream.
"""

from __future__ import annotations

import struct

from kernel.capture.imageformats.facts import (
    ImageFacts,
    ImageLimits,
    corrupt,
    require_sides,
    truncated,
    unpack_at,
)

SIGNATURE = b"qoif"
_HEADER = struct.Struct(">4sIIBB")
_END = b"\x00" * 7 + b"\x01"

_PIXELS_PER_BYTE_MAX = 62
"""The longest run that one byte of the stream may mean."""


def recognise_qoi(data: bytes, limits: ImageLimits) -> ImageFacts:
    """The facts of a whole QOI. Raises `ImageFault`."""
    _, width_px, height_px, channels, colour_space = unpack_at(_HEADER, data, 0, "header")
    require_sides(width_px, height_px, limits)
    if channels not in (3, 4) or colour_space not in (0, 1):
        raise corrupt("the header declares a pixel format that QOI does not have")
    stream_bytes = len(data) - _HEADER.size - len(_END)
    if stream_bytes < 1 or not data.endswith(_END):
        raise truncated("the file does not end with its end mark")
    if stream_bytes * _PIXELS_PER_BYTE_MAX < width_px * height_px:
        raise corrupt(f"{stream_bytes} bytes cannot hold the declared pixels")
    return ImageFacts("image/qoi", width_px, height_px)
