"""PNG (W3C PNG third edition, section 5): chunk walk with checksums, from IHDR to IEND.

Does not cover: inflating the pixels; bytes after IEND, which decoders ignore, are let be.
"""

from __future__ import annotations

import struct
import zlib

from kernel.capture.imageformats.facts import (
    ImageFacts,
    ImageLimits,
    corrupt,
    count_part,
    require_sides,
    truncated,
    unpack_at,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK_HEAD = struct.Struct(">I4s")
_CRC = struct.Struct(">I")
_IHDR = struct.Struct(">IIBBBBB")
_CHUNK_BYTES_MAX = 2**31 - 1
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_INDEXED = 3

_DEFLATE_RATIO_MAX = 1032
"""No deflate stream grows more than this (RFC 1951: 258 bytes out of 2 bits)."""


def recognise_png(data: bytes, limits: ImageLimits) -> ImageFacts:
    """The facts of a whole PNG. Raises `ImageFault`.

    Promise: any proper prefix of an accepted file that ends before its IEND chunk's last
    byte is refused.
    """
    width_px, height_px, row_bits, indexed = _read_ihdr(data, limits)
    view = memoryview(data)
    offset = len(SIGNATURE)
    idat_bytes = 0
    has_palette = False
    ended = False
    parts = 0
    while not ended:
        parts = count_part(parts)
        length, kind = unpack_at(_CHUNK_HEAD, data, offset, "chunk header")
        if length > _CHUNK_BYTES_MAX or not kind.isalpha():
            raise corrupt(f"no chunk begins at byte {offset}")
        body = offset + _CHUNK_HEAD.size
        (expected,) = unpack_at(_CRC, data, body + length, "chunk")
        if zlib.crc32(view[offset + 4 : body + length]) != expected:
            raise corrupt(f"the checksum of chunk {kind.decode('ascii')} does not match")
        idat_bytes += length if kind == b"IDAT" else 0
        has_palette = has_palette or kind == b"PLTE"
        ended = kind == b"IEND"
        offset = body + length + _CRC.size
    if idat_bytes == 0:
        raise corrupt("there is no pixel data before the end mark")
    if indexed and not has_palette:
        raise corrupt("an indexed image has no palette")
    row_bytes = (row_bits + 7) // 8 + 1
    if row_bytes * height_px > idat_bytes * _DEFLATE_RATIO_MAX + _DEFLATE_RATIO_MAX:
        raise corrupt(f"{idat_bytes} bytes of pixel data cannot hold the declared pixels")
    return ImageFacts("image/png", width_px, height_px)


def _read_ihdr(data: bytes, limits: ImageLimits) -> tuple[int, int, int, bool]:
    length, kind = unpack_at(_CHUNK_HEAD, data, len(SIGNATURE), "header")
    if kind != b"IHDR" or length != _IHDR.size:
        raise corrupt("the first chunk is not the image header")
    fields = unpack_at(_IHDR, data, len(SIGNATURE) + _CHUNK_HEAD.size, "header")
    width_px, height_px, depth, colour, compression, filtering, interlace = fields
    require_sides(width_px, height_px, limits)
    known = depth in _DEPTHS.get(colour, ()) and compression == 0 and filtering == 0
    if not known or interlace > 1:
        raise corrupt("the header declares a pixel format that PNG does not have")
    if len(data) == len(SIGNATURE) + _CHUNK_HEAD.size + _IHDR.size:
        raise truncated("the file ends after its header")
    return width_px, height_px, width_px * depth * _CHANNELS[colour], colour == _INDEXED
