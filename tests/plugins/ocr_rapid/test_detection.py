"""Boxes on crops of all sizes, in batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plugins.ocr_rapid.detection import (
    BATCH_PIXELS_MAX,
    PADDING_PX,
    STRIDE,
    TILE_MAX,
    Detector,
    canvas_size,
    plan_canvases,
)
from plugins.ocr_rapid.models import Settings, open_detector
from tests.plugins.pictures import draw


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
