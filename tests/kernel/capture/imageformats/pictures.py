"""Small pictures in every format, made by Pillow, and the call that expects a fault."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from kernel.capture.imageformats.facts import ImageFacts, ImageFault, ImageLimits
from kernel.capture.refusal import RefusalCode

WIDTH, HEIGHT = 21, 13
Recogniser = Callable[[bytes, ImageLimits], ImageFacts]


def picture(name: str, mode: str = "RGB", /, **options: object) -> bytes:
    """A picture of `WIDTH` x `HEIGHT` pixels that are not all the same."""
    image = Image.new(mode, (WIDTH, HEIGHT), 0)
    for x in range(WIDTH):
        image.putpixel((x, x % HEIGHT), (255, x, 0) if mode == "RGB" else 1)
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def sides(recogniser: Recogniser, data: bytes) -> tuple[int, int]:
    facts = recogniser(data, ImageLimits())
    return facts.width_px, facts.height_px


def fault(recogniser: Recogniser, data: bytes, limits: ImageLimits | None = None) -> RefusalCode:
    with pytest.raises(ImageFault) as caught:
        recogniser(data, limits or ImageLimits())
    return caught.value.code
