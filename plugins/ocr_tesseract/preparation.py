"""A screen as tesseract likes it: dark text on light ground, letters at least 20 pixels high.

Tesseract was made for scanned paper. On screens as they are it loses a fifth of the words;
turning dark regions light and doubling small frames brings most of them back (docs/ocr.md).

Covers: pixels. Does not cover: the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageFilter, ImageOps

from plugin_host.textkit.images import Picture

BLOCK_PX: Final = 16
"""Light or dark is decided per block of this side, smoothed over its neighbours."""

DARK_BELOW: Final = 118
"""A block is dark when its smoothed mean (0..255) is below."""

HIDPI_WIDTH_PX: Final = 2300
"""Wider frames show letters large enough as they are; they are not doubled."""

PREPARED_PIXELS_MAX: Final = 40 << 20
"""A frame that would be larger than this when doubled is left as it is."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A grey picture and how many of its pixels make one of the frame."""

    image: Image.Image
    scale: int


def prepare(picture: Picture) -> Prepared:
    """``picture`` in grey, dark regions inverted, doubled where its letters are small."""
    grey = Image.fromarray(picture.pixels).convert("L")
    light = invert_dark_regions(grey)
    is_small = grey.width < HIDPI_WIDTH_PX
    scale = 2 if is_small and grey.width * grey.height * 4 <= PREPARED_PIXELS_MAX else 1
    if scale > 1:
        size = (grey.width * scale, grey.height * scale)
        light = light.resize(size, Image.Resampling.BICUBIC)
    return Prepared(image=light, scale=scale)


def invert_dark_regions(grey: Image.Image) -> Image.Image:
    """``grey`` (mode L) with regions of dark ground turned to their negative."""
    blocks = grey.reduce(BLOCK_PX).filter(ImageFilter.MedianFilter(3))
    dark = blocks.point([255 if level < DARK_BELOW else 0 for level in range(256)])
    covering = dark.resize(
        (dark.width * BLOCK_PX, dark.height * BLOCK_PX), Image.Resampling.NEAREST
    )
    mask = covering.crop((0, 0, grey.width, grey.height))
    return Image.composite(ImageOps.invert(grey), grey, mask)
