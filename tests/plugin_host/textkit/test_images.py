"""Encoded bytes to pixels, and refusals."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contracts.tiles import pixels_digest
from plugin_host.hooks import PluginError
from plugin_host.textkit.images import decode_picture


def encode(image: Image.Image, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=form)
    return buffer.getvalue()


def test_pixels_come_back_exactly_from_a_lossless_format() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)

    picture = decode_picture(encode(Image.fromarray(pixels)))

    assert np.array_equal(picture.pixels, pixels)
    assert (picture.width_px, picture.height_px) == (60, 40)


@pytest.mark.parametrize("form", ["PNG", "BMP", "QOI", "PPM", "WEBP"])
def test_lossless_formats_of_one_frame_have_one_digest(form: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, format=form, **({"lossless": True} if form == "WEBP" else {}))

    picture = decode_picture(buffer.getvalue())

    assert np.array_equal(picture.pixels, pixels)
    assert picture.digest == pixels_digest(60, 40, 3, pixels.tobytes()).hex()


def test_opaque_pixels_have_one_digest_with_and_without_alpha() -> None:
    image = Image.new("RGB", (10, 8), (9, 99, 199))
    veiled = image.copy()
    image.putalpha(255)
    assert decode_picture(encode(image)).digest == decode_picture(encode(veiled)).digest
    image.putalpha(254)
    assert decode_picture(encode(image)).digest is None


@pytest.mark.parametrize(
    "data",
    [
        encode(Image.new("RGB", (10, 8)), "JPEG"),
        encode(Image.new("RGB", (10, 8)), "WEBP"),
        encode(Image.fromarray(np.zeros((4, 4), np.uint16))),
    ],
    ids=["jpeg", "lossy webp", "deep"],
)
def test_pixels_that_depend_on_the_decoder_have_no_digest(data: bytes) -> None:
    assert decode_picture(data).digest is None


def test_deep_grey_is_scaled_and_not_clipped() -> None:
    deep = np.array([[0, 257 * 100, 65_535]], dtype=np.uint16)

    picture = decode_picture(encode(Image.fromarray(deep)))

    assert picture.pixels[0].tolist() == [[0, 0, 0], [100, 100, 100], [255, 255, 255]]


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparent_ground_is_the_opposite_of_the_ink(ink: int, ground: int) -> None:
    image = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    image.paste((ink, ink, ink, 255), (0, 0, 5, 10))

    picture = decode_picture(encode(image))

    assert picture.pixels[0, 0].tolist() == [ink] * 3
    assert picture.pixels[0, 9].tolist() == [ground] * 3


def test_the_limit_is_on_the_size_that_the_header_says() -> None:
    data = encode(Image.new("1", (4000, 4000)))

    assert len(data) < 10_000
    with pytest.raises(PluginError) as caught:
        decode_picture(data, pixels_max=1_000_000)
    assert caught.value.code == "image-too-large"


def refusal(data: bytes) -> str | None:
    """The code of the refusal, or None when the bytes are a picture."""
    try:
        picture = decode_picture(data)
    except PluginError as error:
        return error.code
    assert picture.pixels.dtype == np.uint8
    return None


KNOWN = {None, "image-undecodable", "image-too-large"}


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF89a"]))
def test_any_bytes_are_a_picture_or_a_refusal(tail: bytes, head: bytes) -> None:
    assert refusal(head + tail) in KNOWN


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_a_damaged_file_is_a_picture_or_a_refusal(at: int, noise: bytes) -> None:
    data = bytearray(encode(Image.radial_gradient("L")))
    data[at : at + len(noise)] = noise

    assert refusal(bytes(data)) in KNOWN
