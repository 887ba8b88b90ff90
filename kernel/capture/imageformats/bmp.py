"""BMP (Windows GDI, BITMAPCOREHEADER to BITMAPV5HEADER): declared sizes against real ones.

Does not cover: run-length streams beyond their declared length.
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

SIGNATURE = b"BM"
_FILE = struct.Struct("<2sI4xII")
_CORE = struct.Struct("<HHHH")
_INFO = struct.Struct("<iiHHII")
_CORE_BYTES = 12
_INFO_BYTES = (40, 52, 56, 64, 108, 124)
_DEPTHS = (1, 2, 4, 8, 16, 24, 32)
_RGB, _RLE8, _RLE4, _BITFIELDS, _ALPHA_BITFIELDS = 0, 1, 2, 3, 6


def recognise_bmp(data: bytes, limits: ImageLimits) -> ImageFacts:
    """The facts of a whole BMP. Raises `ImageFault`."""
    _, file_bytes, pixels_at, header_bytes = unpack_at(_FILE, data, 0, "header")
    compression, image_bytes = _RGB, 0
    if header_bytes == _CORE_BYTES:
        width, height, planes, depth = unpack_at(_CORE, data, 18, "header")
    elif header_bytes in _INFO_BYTES:
        fields = unpack_at(_INFO, data, 18, "header")
        width, height, planes, depth, compression, image_bytes = fields
    else:
        raise corrupt(f"no bitmap header has {header_bytes} bytes")
    # A negative height means that rows are stored from the top.
    height = abs(height)
    require_sides(width, height, limits)
    if planes != 1 or depth not in _DEPTHS or pixels_at < 14 + header_bytes:
        raise corrupt("the header declares a pixel format that BMP does not have")
    if compression in (_RGB, _BITFIELDS, _ALPHA_BITFIELDS):
        image_bytes = (width * depth + 31) // 32 * 4 * height
    elif compression not in (_RLE8, _RLE4):
        raise corrupt(f"compression {compression} is none of BMP's own")
    # Some writers leave the file size at 0; the pixels decide then.
    needed_bytes = max(pixels_at + image_bytes, file_bytes)
    if len(data) < needed_bytes:
        raise truncated(f"{len(data)} of {needed_bytes} bytes are there")
    return ImageFacts("image/bmp", width, height)
