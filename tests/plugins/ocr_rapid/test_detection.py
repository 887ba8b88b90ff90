"""Boxes on frames that need several tiles."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plugins.ocr_rapid.detection import TILE_MAX, Detector
from plugins.ocr_rapid.models import Settings, open_detector
from tests.plugins.pictures import draw


@pytest.mark.parametrize("top", [0, 380, 400, 416, 430, 800])
def test_a_line_is_found_once_wherever_the_seams_lie(top: int) -> None:
    frame = Image.new("RGB", (640, 2 * TILE_MAX[1]), "white")
    line = draw("Payment due on 30 September 2025")
    frame.paste(line, (0, min(top, frame.height - line.height)))
    steps: list[int] = []

    boxes = Detector(open_detector(Settings())).find(
        np.asarray(frame), lambda done, _total: steps.append(done)
    )

    assert len(boxes) == 1
    assert boxes[0][2] - boxes[0][0] > 380
    assert len(steps) >= 2
