import struct

import pytest

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.imageformats.qoi import recognise_qoi
from kernel.capture.refusal import RefusalCode
from tests.kernel.capture.imageformats.pictures import HEIGHT, WIDTH, fault, picture, sides

WHOLE = picture("QOI")
END = bytes(7) + b"\x01"


def qoi(width: int, height: int, *, channels: int = 4, space: int = 0, stream: int = 1) -> bytes:
    return b"qoif" + struct.pack(">IIBB", width, height, channels, space) + b"\xfd" * stream + END


def test_whole_file_is_recognised() -> None:
    assert sides(recognise_qoi, WHOLE) == (WIDTH, HEIGHT)


def test_longest_runs_hold_the_most_pixels() -> None:
    assert sides(recognise_qoi, qoi(62, 3, stream=3)) == (62, 3)
    assert fault(recognise_qoi, qoi(63, 3, stream=3)) is RefusalCode.CORRUPT


@pytest.mark.parametrize("data", [WHOLE[:-1], WHOLE + b"\0", qoi(1, 1, stream=0), WHOLE[:10]])
def test_file_without_its_end_mark_is_truncated(data: bytes) -> None:
    assert fault(recognise_qoi, data) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("data", [qoi(1, 1, channels=2), qoi(1, 1, space=2), qoi(0, 1)])
def test_header_that_qoi_does_not_have_is_corrupt(data: bytes) -> None:
    assert fault(recognise_qoi, data) is RefusalCode.CORRUPT


def test_bomb_is_named() -> None:
    limits = ImageLimits(pixels_max=WIDTH * HEIGHT - 1)
    assert fault(recognise_qoi, WHOLE, limits) is RefusalCode.TOO_MANY_PIXELS
