"""Boxes on crops of all sizes, in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from plugins.ocr_rapid.detection import (
    BATCH_PIXELS_MAX,
    PADDING_PX,
    STRIDE,
    TILE_MAX,
    Detector,
    canvas_size,
    join_boxes,
    plan_canvases,
)
from plugins.ocr_rapid.models import Settings, open_detector
from tests.plugins.pictures import draw

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module", params=["auto", "f32"])
def detector(request: pytest.FixtureRequest) -> Detector:
    return Detector(open_detector(Settings(precision=request.param)))


@pytest.mark.parametrize("top", [0, 230, 250, 270])
def test_a_line_is_found_once_wherever_the_seams_lie(detector: Detector, top: int) -> None:
    frame = Image.new("RGB", (640, 2 * TILE_MAX[1]), "white")
    frame.paste(draw("Payment due on 30 September 2025"), (0, top))
    steps: list[int] = []

    (boxes,) = detector.find([np.asarray(frame)], lambda done, _total: steps.append(done))

    assert len(boxes) == 1
    assert boxes[0][2] - boxes[0][0] > 380
    assert len(steps) >= 1


def test_what_is_found_on_a_crop_does_not_depend_on_the_crops_beside_it(
    detector: Detector,
) -> None:
    texts = ("Order HL-2291", "Room 5B", "7", "Pipeline failed", "Berth 7", "a", "b", "c", "d")
    crops = [np.asarray(draw(text))[20:80, : 200 + 40 * (i % 2)] for i, text in enumerate(texts)]

    together = detector.find(crops, lambda _done, _total: None)

    assert together == [detector.find([crop], lambda _done, _total: None)[0] for crop in crops]
    assert all(len(boxes) == 1 for boxes in together)


@given(st.integers(1, 2016), st.integers(1, 288))
def test_a_canvas_holds_its_crop_with_ground_on_all_sides(width: int, height: int) -> None:
    wide, high = canvas_size(width, height)

    assert wide >= width + 2 * PADDING_PX
    assert high >= height + 2 * PADDING_PX
    assert wide % STRIDE == high % STRIDE == 0


@given(st.lists(st.sampled_from([(96, 64), (320, 64), (2048, 320)]), max_size=40))
def test_every_canvas_runs_once_beside_others_of_its_size(sizes: list[tuple[int, int]]) -> None:
    batches = list(plan_canvases(sizes))

    assert sorted(index for batch in batches for index in batch) == list(range(len(sizes)))
    for batch in batches:
        width, height = sizes[batch[0]]
        assert {sizes[index] for index in batch} == {(width, height)}
        assert len(batch) == 1 or len(batch) * width * height <= BATCH_PIXELS_MAX


def log(ink: str, ground: str) -> NDArray[np.uint8]:
    """Rows in small type whose words stand below each other."""
    picture = Image.new("RGB", (640, 24 * 17 + 8), ground)
    pen, letters = ImageDraw.Draw(picture), ImageFont.load_default(size=13)
    for number in range(24):
        row = f"10:{number + 10}:07 GET /api/v1/item_{number} 200 {number} ms shard_{number % 4}"
        for place, letter in enumerate(row):
            pen.text((8 + place * 8, 4 + number * 17), letter, fill=ink, font=letters)
    return np.asarray(picture)


@pytest.mark.parametrize(
    ("ink", "ground"), [("#544d40", "#e1ded8"), ("#222", "#fff"), ("#5a6a4c", "#8e9a84")]
)
def test_light_text_is_found_as_its_dark_negative_is(
    detector: Detector, ink: str, ground: str
) -> None:
    dark = log(ink, ground)

    (boxes,) = detector.find([dark], lambda _done, _total: None)

    assert detector.find([255 - dark], lambda _done, _total: None) == [boxes]
    assert len(boxes) >= 24


def test_boxes_that_touch_on_a_row_are_one_line() -> None:
    time, verb, path = (8, 10, 81, 27), (78, 11, 110, 27), (110, 10, 233, 28)

    assert join_boxes([path, time, verb]) == [(8, 10, 233, 28)]


def test_boxes_that_stand_apart_above_each_other_or_in_another_size_stay_apart() -> None:
    cell, next_cell, below = (8, 10, 80, 27), (84, 10, 120, 27), (8, 24, 80, 41)
    heading = (70, 2, 160, 34)

    assert join_boxes([cell, next_cell, below]) == [cell, next_cell, below]
    assert join_boxes([cell, heading]) == [heading, cell]
