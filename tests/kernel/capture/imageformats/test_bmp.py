import struct

import pytest

from kernel.capture.imageformats.bmp import recognise_bmp
from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.refusal import RefusalCode
from tests.kernel.capture.imageformats.pictures import HEIGHT, WIDTH, fault, picture, sides

WHOLE = picture("BMP")


def bmp(  # noqa: PLR0913 - the fields of the header
    width: int = 4,
    height: int = 4,
    *,
    depth: int = 32,
    compression: int = 0,
    planes: int = 1,
    image_bytes: int = 0,
    pixels: int = 64,
) -> bytes:
    info = struct.pack("<iiHHII", width, height, planes, depth, compression, image_bytes)
    header = struct.pack("<I", 40) + info + bytes(16)
    return b"BM" + struct.pack("<I4xI", 0, 54) + header + bytes(pixels)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_every_depth_is_recognised(mode: str) -> None:
    assert sides(recognise_bmp, picture("BMP", mode)) == (WIDTH, HEIGHT)


def test_rows_from_the_top_and_the_oldest_header_are_recognised() -> None:
    assert sides(recognise_bmp, bmp(4, -4)) == (4, 4)
    core = struct.pack("<IHHHH", 12, 4, 4, 1, 24)
    assert sides(recognise_bmp, b"BM" + struct.pack("<I4xI", 0, 26) + core + bytes(48)) == (4, 4)


def test_run_length_encoding_is_bounded_by_its_declared_size() -> None:
    assert sides(recognise_bmp, bmp(400, 400, depth=8, compression=1, image_bytes=64)) == (400, 400)
    data = bmp(4, 4, depth=8, compression=1, image_bytes=65)
    assert fault(recognise_bmp, data) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("missing", [1, 30, 64])
def test_missing_pixels_are_truncation(missing: int) -> None:
    assert fault(recognise_bmp, bmp()[:-missing]) is RefusalCode.TRUNCATED


@pytest.mark.parametrize(
    "data",
    [bmp(planes=2), bmp(depth=5), bmp(compression=4), bmp(width=0), bmp(width=-4),
     b"BM" + struct.pack("<I4xII", 0, 54, 41) + bytes(100),
     b"BM" + struct.pack("<I4xI", 0, 10) + bmp()[14:]],
)  # fmt: skip
def test_header_that_contradicts_itself_is_corrupt(data: bytes) -> None:
    assert fault(recognise_bmp, data) is RefusalCode.CORRUPT


def test_bomb_is_named() -> None:
    limits = ImageLimits(pixels_max=WIDTH * HEIGHT - 1)
    assert fault(recognise_bmp, WHOLE, limits) is RefusalCode.TOO_MANY_PIXELS
