"""What is packed are exactly the pixels of a frame; what would lose any is left as it came."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from plugins.repack_tiles.pictures import Unfit, load_pixels
from plugins.repack_tiles.tiles import pixels_digest

PIXELS = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


RGB = Image.fromarray(PIXELS)
OPAQUE = RGB.copy()
OPAQUE.putalpha(255)
HEAD = b"P6\n# made by hand\n30 20\n255\n"
PAM = b"P7\nWIDTH 30\nHEIGHT 20\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n"


@pytest.mark.parametrize(
    "data",
    [
        encoded(RGB, "PNG"),
        encoded(OPAQUE, "PNG"),
        encoded(RGB, "BMP"),
        encoded(RGB, "WEBP", lossless=True),
        HEAD + PIXELS.tobytes(),
        PAM + PIXELS.tobytes(),
    ],
    ids=["png", "opaque-alpha", "bmp", "webp", "ppm", "pam"],
)
def test_one_picture_has_one_identity_in_every_encoding(data: bytes) -> None:
    assert pixels_digest(load_pixels(data)) == pixels_digest(PIXELS)


def test_grey_and_palette_are_the_colours_that_they_show() -> None:
    grey = RGB.convert("L")
    assert np.array_equal(load_pixels(encoded(grey, "PNG")), np.asarray(grey.convert("RGB")))
    assert np.array_equal(
        load_pixels(b"P5 30 20 255\n" + grey.tobytes()), np.asarray(grey.convert("RGB"))
    )
    palette = RGB.quantize(16)
    assert np.array_equal(load_pixels(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))


def test_what_is_transparent_keeps_its_fourth_channel() -> None:
    image = OPAQUE.copy()
    image.putpixel((3, 4), (1, 2, 3, 200))
    assert np.array_equal(load_pixels(encoded(image, "PNG")), np.asarray(image))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (encoded(RGB, "JPEG"), "lossy"),
        (encoded(RGB, "WEBP", quality=80), "lossy"),
        (encoded(Image.fromarray(PIXELS[:, :, 0].astype(np.uint16) * 257), "PNG"), "deep"),
        (b"P6 30 20 65535\n" + PIXELS.tobytes() * 2, "deep"),
        (PAM.replace(b"255", b"100") + PIXELS.tobytes(), "deep"),
        (encoded(RGB, "PNG")[:-100], "undecodable"),
        (HEAD + PIXELS.tobytes()[:-1], "undecodable"),
        (b"P6 70000 1 255\n", "too-large"),
        (b"P6 60000 60000 255\n", "too-large"),
        (b"", "undecodable"),
        (
            encoded(RGB, "PNG", save_all=True, append_images=[RGB.rotate(180)]),
            "animated",
        ),
    ],
)
def test_what_would_not_come_back_as_it_was_is_left_out(data: bytes, code: str) -> None:
    with pytest.raises(Unfit) as unfit:
        load_pixels(data)
    assert unfit.value.code == code
