"""Where text stands on a frame: boxes of lines, found tile by tile.

Covers: tiles, the model's input, RapidOCR's own post-processing. Does not cover: reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from rapidocr.ch_ppocr_det.utils import DBPostProcess

from contracts.base import Box
from plugin_host.textkit.tiles import TileBox, merge_tile_boxes, plan_tiles
from plugins.ocr_rapid.recall import Recall, key_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plugins.ocr_rapid.models import Session

TILE_MAX: Final = (2048, 320)
"""Widest and highest tile: memory and the time of one step grow with its area."""

TILE_OVERLAP: Final = 64
BOXES_KEPT_MAX: Final = 20_000
"""Boxes remembered of tiles seen before, over all tiles: about 4 MB."""

STRIDE: Final = 32
"""The network halves its input five times."""


class Detector:
    """Finds boxes of text lines, in tiles seen before without work; for one thread at a time."""

    def __init__(self, session: Session, *, boxes_kept_max: int = BOXES_KEPT_MAX) -> None:
        self._session = session
        self._recall: Recall[list[Box]] = Recall(boxes_kept_max)
        self._postprocess = DBPostProcess(
            thresh=0.3,
            box_thresh=0.5,
            max_candidates=4000,
            unclip_ratio=1.6,
            use_dilation=True,
            score_mode="fast",
        )

    def find(self, pixels: NDArray[np.uint8], step: Callable[[int, int], None]) -> list[Box]:
        """Boxes of text on ``pixels`` (BGR), top to bottom; ``step(done, total)`` per tile."""
        height, width = pixels.shape[:2]
        tiles = plan_tiles(width, height, side_max=TILE_MAX, overlap_px=TILE_OVERLAP)
        found: list[TileBox] = []
        for done, tile in enumerate(tiles):
            step(done, len(tiles))
            x0, y0, x1, y1 = tile
            content = pixels[y0:y1, x0:x1]
            key = key_of(content)
            boxes = self._recall.find(key)
            if boxes is None:
                boxes = self._find_in(content)
                self._recall.keep(key, boxes, 1 + len(boxes))
            found.extend(
                TileBox(tile=tile, box=(left + x0, top + y0, right + x0, bottom + y0))
                for left, top, right, bottom in boxes
            )
        return merge_tile_boxes(found, width, height)

    def _find_in(self, tile: NDArray[np.uint8]) -> list[Box]:
        height, width = tile.shape[:2]
        # Padded, not resized as RapidOCR does: resizing by a few pixels blurs small text.
        padded = cv2.copyMakeBorder(
            tile, 0, -height % STRIDE, 0, -width % STRIDE, cv2.BORDER_REPLICATE
        )
        batch = cv2.dnn.blobFromImage(padded, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        quads, _ = self._postprocess(self._session.run(batch), padded.shape[:2])
        boxes: list[Box] = []
        for quad in quads:
            x0, y0 = (max(0, int(v)) for v in np.floor(quad.min(axis=0)))
            x1, y1 = (int(v) for v in np.ceil(quad.max(axis=0)))
            x1, y1 = min(x1, width), min(y1, height)
            if x1 - x0 > STRIDE // 8 and y1 - y0 > STRIDE // 8:
                boxes.append((x0, y0, x1, y1))
        return boxes
