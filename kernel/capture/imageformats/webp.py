"""WebP (RFC 9649): RIFF length, chunk walk, and the canvas of VP8, VP8L or VP8X.

Does not cover: bitstreams; bytes after the RIFF length are let be.
"""

from __future__ import annotations

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

SIGNATURE = b"RIFF"
FORM = b"WEBP"
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_VP8 = struct.Struct("<3s3sHH")
_VP8L = struct.Struct("<BI")
_VP8X = struct.Struct("<B3x3s3s")
_VP8_START = b"\x9d\x01\x2a"
_VP8L_START = 0x2F
_FOURTEEN_BITS = 0x3FFF


def recognise_webp(data: bytes, limits: ImageLimits) -> ImageFacts:
    """The facts of a whole WebP, still or animated. Raises `ImageFault`."""
    _, riff_bytes, _ = unpack_at(_RIFF, data, 0, "header")
    end = riff_bytes + 8
    if len(data) < end:
        raise truncated(f"{len(data)} of {end} bytes are there")
    offset = _RIFF.size
    canvas: tuple[int, int] | None = None
    picture: tuple[int, int] | None = None
    animated = False
    parts = 0
    while offset + _CHUNK.size <= end:
        parts = count_part(parts)
        kind, length = _CHUNK.unpack_from(data, offset)
        body = offset + _CHUNK.size
        if body + length > end:
            raise corrupt(f"chunk {kind!r} reaches beyond the file")
        if kind == b"VP8X":
            canvas = _read_vp8x(data, body)
        elif kind == b"VP8 " and picture is None:
            picture = _read_vp8(data, body)
        elif kind == b"VP8L" and picture is None:
            picture = _read_vp8l(data, body)
        animated = animated or kind == b"ANMF"
        offset = body + length + length % 2
    sides = canvas or picture
    if sides is None or (picture is None and not animated):
        raise corrupt("there is no picture in the file")
    if canvas and picture and not animated and canvas != picture:
        raise corrupt("canvas and picture are of different size")
    require_sides(*sides, limits)
    return ImageFacts("image/webp", *sides)


def _read_vp8x(data: bytes, offset: int) -> tuple[int, int]:
    _, width, height = unpack_at(_VP8X, data, offset, "canvas header")
    return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1


def _read_vp8(data: bytes, offset: int) -> tuple[int, int]:
    tag, start, width, height = unpack_at(_VP8, data, offset, "picture header")
    if tag[0] & 1 or start != _VP8_START:
        raise corrupt("the picture does not begin with a key frame")
    return width & _FOURTEEN_BITS, height & _FOURTEEN_BITS


def _read_vp8l(data: bytes, offset: int) -> tuple[int, int]:
    start, bits = unpack_at(_VP8L, data, offset, "picture header")
    if start != _VP8L_START:
        raise corrupt("the lossless picture has no signature")
    return (bits & _FOURTEEN_BITS) + 1, (bits >> 14 & _FOURTEEN_BITS) + 1
