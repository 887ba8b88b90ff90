import io
import struct

import pytest
from PIL import Image

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.imageformats.webp import recognise_webp
from kernel.capture.refusal import RefusalCode
from tests.kernel.capture.imageformats.pictures import HEIGHT, WIDTH, fault, picture, sides

LOSSLESS = picture("WEBP", lossless=True)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0" + bytes(9)}])
def test_every_kind_of_picture_is_recognised(options: dict[str, object]) -> None:
    assert sides(recognise_webp, picture("WEBP", **options)) == (WIDTH, HEIGHT)


def test_animation_is_recognised_by_its_canvas() -> None:
    frames = [Image.new("RGB", (10, 6), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    assert sides(recognise_webp, buffer.getvalue()) == (10, 6)


def test_canvas_and_picture_must_agree() -> None:
    canvas = struct.pack("<B3x", 0) + (99).to_bytes(3, "little") + (9).to_bytes(3, "little")
    picture_chunk = (b"VP8L", LOSSLESS[20:])
    data = riff((b"VP8X", canvas), picture_chunk)
    assert fault(recognise_webp, data) is RefusalCode.CORRUPT
    assert fault(recognise_webp, riff((b"VP8X", canvas))) is RefusalCode.CORRUPT


@pytest.mark.parametrize(
    "data",
    [riff(), riff((b"VP8L", b"?" + bytes(4))), riff((b"VP8 ", bytes(10))), riff((b"JUNK", b"x"))],
)
def test_file_without_a_picture_is_corrupt(data: bytes) -> None:
    assert fault(recognise_webp, data) is RefusalCode.CORRUPT


def test_chunk_that_reaches_beyond_the_file_is_corrupt() -> None:
    data = riff((b"VP8L", LOSSLESS[20:]))
    longer = data[:16] + struct.pack("<I", 10_000) + data[20:]
    assert fault(recognise_webp, longer) is RefusalCode.CORRUPT


def test_bomb_is_named() -> None:
    limits = ImageLimits(pixels_max=WIDTH * HEIGHT - 1)
    assert fault(recognise_webp, LOSSLESS, limits) is RefusalCode.TOO_MANY_PIXELS
