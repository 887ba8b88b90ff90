import struct

import pytest

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.imageformats.jpeg import recognise_jpeg
from kernel.capture.refusal import RefusalCode
from tests.kernel.capture.imageformats.pictures import HEIGHT, WIDTH, fault, picture, sides

WHOLE = picture("JPEG")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_every_kind_of_scan_is_walked(options: dict[str, object]) -> None:
    assert sides(recognise_jpeg, picture("JPEG", **options)) == (WIDTH, HEIGHT)


def test_thumbnail_inside_a_segment_is_not_the_picture() -> None:
    thumbnail = b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xd9"
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert sides(recognise_jpeg, WHOLE[:2] + segment + WHOLE[2:]) == (WIDTH, HEIGHT)


def test_fill_bytes_before_markers_are_passed_over() -> None:
    assert sides(recognise_jpeg, WHOLE[:2] + b"\xff\xff\xff" + WHOLE[2:]) == (WIDTH, HEIGHT)


def test_end_mark_inside_a_segment_does_not_end_the_picture() -> None:
    comment = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"
    data = WHOLE[:2] + comment + WHOLE[2:]
    assert sides(recognise_jpeg, data) == (WIDTH, HEIGHT)
    assert fault(recognise_jpeg, data[:-2]) is RefusalCode.TRUNCATED


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x01\xff\xd9",
        b"\xff\xd8\xff\xd8\x00\x04..\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x04..junk\xff\xd9",
        b"\xff\xd8\xff\x00\xff\xd9",
    ],
)
def test_segments_that_make_no_picture_are_corrupt(data: bytes) -> None:
    assert fault(recognise_jpeg, data) is RefusalCode.CORRUPT


def test_bomb_is_named_at_its_frame_header() -> None:
    limits = ImageLimits(side_px_max=WIDTH - 1)
    assert fault(recognise_jpeg, WHOLE[:-10], limits) is RefusalCode.TOO_MANY_PIXELS
