import struct
import zlib

import pytest

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.imageformats.png import SIGNATURE, recognise_png
from kernel.capture.refusal import RefusalCode
from tests.kernel.capture.imageformats.pictures import HEIGHT, WIDTH, fault, picture, sides


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    *, depth: int = 8, colour: int = 0, methods: bytes = b"\0\0\0", palette: bool = False
) -> bytes:
    header = struct.pack(">IIBB", 4, 4, depth, colour) + methods
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(200))), chunk(b"IEND", b"")]
    if palette:
        parts.insert(1, chunk(b"PLTE", bytes(3)))
    return SIGNATURE + b"".join(parts)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "I;16"])
def test_every_pixel_format_is_recognised(mode: str) -> None:
    if mode in ("LA", "RGBA"):
        colours = {"LA": 4, "RGBA": 6}
        assert sides(recognise_png, png(colour=colours[mode])) == (4, 4)
    else:
        assert sides(recognise_png, picture("PNG", mode)) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("depth", "colour", "methods"),
    [(3, 0, b"\0\0\0"), (4, 2, b"\0\0\0"), (16, 3, b"\0\0\0"), (8, 1, b"\0\0\0"), (8, 7, b"\0\0\0"),
     (8, 0, b"\1\0\0"), (8, 0, b"\0\1\0"), (8, 0, b"\0\0\2")],
)  # fmt: skip
def test_pixel_format_that_png_does_not_have_is_corrupt(
    depth: int, colour: int, methods: bytes
) -> None:
    data = png(depth=depth, colour=colour, methods=methods, palette=True)
    assert fault(recognise_png, data) is RefusalCode.CORRUPT


def test_indexed_image_needs_a_palette() -> None:
    assert sides(recognise_png, png(colour=3, palette=True)) == (4, 4)
    assert fault(recognise_png, png(colour=3)) is RefusalCode.CORRUPT


def test_wrong_checksum_of_any_chunk_is_corrupt() -> None:
    data = bytearray(picture("PNG"))
    at = data.index(b"IDAT") + 10
    data[at] ^= 1
    assert fault(recognise_png, bytes(data)) is RefusalCode.CORRUPT


def test_first_chunk_must_be_the_header() -> None:
    data = SIGNATURE + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
    assert fault(recognise_png, data) is RefusalCode.CORRUPT
    assert fault(recognise_png, png()[: 8 + 8 + 13]) is RefusalCode.TRUNCATED


def test_bomb_is_named_before_anything_behind_the_header_is_read() -> None:
    data = picture("PNG")[:33]
    limits = ImageLimits(pixels_max=WIDTH * HEIGHT - 1)
    assert fault(recognise_png, data, limits) is RefusalCode.TOO_MANY_PIXELS
