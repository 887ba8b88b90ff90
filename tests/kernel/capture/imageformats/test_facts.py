import struct

import pytest

from kernel.capture.imageformats.facts import (
    PARTS_MAX,
    ImageFault,
    ImageLimits,
    count_part,
    require_sides,
    unpack_at,
)
from kernel.capture.refusal import RefusalCode


@pytest.mark.parametrize(
    ("width_px", "height_px", "code"),
    [
        (1, 1, None),
        (100, 10, None),
        (0, 1, RefusalCode.CORRUPT),
        (1, -1, RefusalCode.CORRUPT),
        (101, 1, RefusalCode.TOO_MANY_PIXELS),
        (1, 101, RefusalCode.TOO_MANY_PIXELS),
        (40, 26, RefusalCode.TOO_MANY_PIXELS),
    ],
)
def test_sides_must_be_positive_and_within_the_limits(
    width_px: int, height_px: int, code: RefusalCode | None
) -> None:
    limits = ImageLimits(pixels_max=1000, side_px_max=100)
    if code is None:
        require_sides(width_px, height_px, limits)
        return
    with pytest.raises(ImageFault) as caught:
        require_sides(width_px, height_px, limits)
    assert caught.value.code is code


def test_fields_that_the_bytes_do_not_reach_are_truncation() -> None:
    layout = struct.Struct(">I")
    assert unpack_at(layout, b"..\0\0\0\7", 2, "header") == (7,)
    with pytest.raises(ImageFault, match="inside its header") as caught:
        unpack_at(layout, b"..\0\0\0", 2, "header")
    assert caught.value.code is RefusalCode.TRUNCATED


def test_parts_are_counted_to_a_limit() -> None:
    assert count_part(PARTS_MAX - 1) == PARTS_MAX
    with pytest.raises(ImageFault):
        count_part(PARTS_MAX)
