"""A region of a screen as tesseract likes it: dark text on light ground, letters 20 pixels high.

Tesseract was made for scanned paper. On screens as they are it loses a fifth of the words; read
region by region, dark ones turned light and all doubled, it loses few (docs/ocr.md).

Covers: pixels. Does not cover: the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DARK_BELOW: Final = 118
"""A region is dark when the median of its pixels (0..255) is below."""

PADDING_PX: Final = 8
"""Flat ground around a region, in pixels of the frame: letters at an edge are read badly."""

DOUBLED_PIXELS_MAX: Final = 8 << 20
"""Regions that would be larger when doubled (pictures) stay as they are."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A grey picture: a region with `PADDING_PX` around it, ``scale`` times as large."""

    pixels: NDArray[np.uint8]
    scale: int


def prepare(region: NDArray[np.uint8]) -> Prepared:
    """``region`` (red-green-blue) in grey, turned light where it is dark, padded and doubled."""
    grey = np.asarray(cv2.cvtColor(region, cv2.COLOR_RGB2GRAY))
    if float(np.median(grey)) < DARK_BELOW:
        grey = 255 - grey
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    sides = (PADDING_PX,) * 4
    ground = int(np.median(edge))
    padded = np.asarray(cv2.copyMakeBorder(grey, *sides, cv2.BORDER_CONSTANT, value=ground))
    scale = 2 if padded.size * 4 <= DOUBLED_PIXELS_MAX else 1
    if scale > 1:
        padded = np.asarray(
            cv2.resize(padded, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        )
    return Prepared(pixels=padded, scale=scale)
