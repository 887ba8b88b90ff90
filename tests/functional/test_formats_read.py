"""What the intake takes, the text plugins can decode."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from kernel.capture.imagefile import recognise_image
from kernel.capture.imageformats.facts import ImageFacts
from plugin_host.textkit.images import decode_picture

FRAME = Image.effect_noise((31, 17), 60).convert("RGB")


def saved(form: str, **options: bool) -> bytes:
    buffer = io.BytesIO()
    FRAME.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved("PNG"), id="png"),
        pytest.param(saved("JPEG"), id="jpeg"),
        pytest.param(saved("WEBP"), id="webp, lossy"),
        pytest.param(saved("WEBP", lossless=True), id="webp, lossless"),
        pytest.param(saved("BMP"), id="bmp"),
        pytest.param(saved("QOI"), id="qoi"),
        pytest.param(b"P6 31 17 255\n" + FRAME.tobytes(), id="P6"),
        pytest.param(b"P5 31 17 255\n" + FRAME.convert("L").tobytes(), id="P5"),
        pytest.param(
            b"P7\nWIDTH 31\nHEIGHT 17\nDEPTH 3\nMAXVAL 255\nENDHDR\n" + FRAME.tobytes(), id="P7"
        ),
    ],
)
def test_a_format_that_is_taken_in_can_be_read(data: bytes) -> None:
    facts = recognise_image(data)
    assert isinstance(facts, ImageFacts)
    picture = decode_picture(data)
    assert (picture.width_px, picture.height_px) == (facts.width_px, facts.height_px) == (31, 17)
