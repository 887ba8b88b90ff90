import io
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kernel.capture.imagefile import recognise_image
from kernel.capture.imageformats.facts import PARTS_MAX, ImageFacts, ImageLimits
from kernel.capture.refusal import Refusal, RefusalCode


def encode_with_pillow(name: str, mode: str = "RGB", **options: object) -> bytes:
    image = Image.new(mode, (37, 11), 0)
    for x in range(37):
        image.putpixel((x, x % 11), (255, x, 0) if mode == "RGB" else 1)
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def declared_png(width_px: int, height_px: int, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", pixels or zlib.compress(bytes(100)))
        + png_chunk(b"IEND", b"")
    )


PAM = b"P7\nWIDTH 3\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + bytes(24)
PPM_WITH_COMMENT = b"P6\n# from a grabber\n3 2\n255\n" + bytes(18)

WHOLE: dict[str, tuple[str, bytes]] = {
    "png": ("image/png", encode_with_pillow("PNG")),
    "png-indexed": ("image/png", encode_with_pillow("PNG", "P")),
    "png-bits": ("image/png", encode_with_pillow("PNG", "1")),
    "jpeg": ("image/jpeg", encode_with_pillow("JPEG")),
    "jpeg-progressive": ("image/jpeg", encode_with_pillow("JPEG", progressive=True)),
    "jpeg-restarts": ("image/jpeg", encode_with_pillow("JPEG", restart_marker_rows=1)),
    "webp-lossy": ("image/webp", encode_with_pillow("WEBP")),
    "webp-lossless": ("image/webp", encode_with_pillow("WEBP", lossless=True)),
    "webp-extended": ("image/webp", encode_with_pillow("WEBP", exif=b"Exif\0\0" + bytes(20))),
    "bmp": ("image/bmp", encode_with_pillow("BMP")),
    "bmp-indexed": ("image/bmp", encode_with_pillow("BMP", "P")),
    "qoi": ("image/qoi", encode_with_pillow("QOI")),
    "ppm": ("image/x-portable-anymap", encode_with_pillow("PPM")),
    "pgm": ("image/x-portable-anymap", encode_with_pillow("PPM", "L")),
}


def code_of(data: bytes, limits: ImageLimits | None = None) -> RefusalCode | None:
    result = recognise_image(data, limits)
    return result.code if isinstance(result, Refusal) else None


@pytest.mark.parametrize("name", WHOLE)
def test_whole_image_is_recognised_with_its_size(name: str) -> None:
    media_type, data = WHOLE[name]
    assert recognise_image(data) == ImageFacts(media_type, 37, 11)


@pytest.mark.parametrize("data", [PAM, PPM_WITH_COMMENT])
def test_raw_frame_with_declared_header_is_recognised(data: bytes) -> None:
    assert recognise_image(data) == ImageFacts("image/x-portable-anymap", 3, 2)


@pytest.mark.parametrize("name", WHOLE)
def test_every_truncation_is_refused(name: str) -> None:
    data = WHOLE[name][1]
    for length in range(len(data)):
        assert isinstance(recognise_image(data[:length]), Refusal), f"cut at {length}"


@pytest.mark.parametrize("name", ["png", "jpeg", "webp-lossless", "bmp", "qoi", "ppm"])
def test_image_cut_in_half_is_named_truncated(name: str) -> None:
    data = WHOLE[name][1]
    assert code_of(data[: len(data) // 2]) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("name", ["png", "jpeg", "bmp", "qoi"])
def test_pillow_opens_what_is_cut_short_so_it_cannot_do_this_job(name: str) -> None:
    data = WHOLE[name][1]
    with Image.open(io.BytesIO(data[:-3])) as image:
        assert image.size == (37, 11)


@given(st.data())
def test_any_truncation_of_any_valid_png_is_refused(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 40))
    height = data.draw(st.integers(1, 40))
    rows = data.draw(st.binary(min_size=height * width * 3, max_size=height * width * 3))
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), rows).save(buffer, "PNG")
    whole = buffer.getvalue()
    assert recognise_image(whole) == ImageFacts("image/png", width, height)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert isinstance(recognise_image(whole[:cut]), Refusal)


@given(st.sampled_from(sorted(WHOLE)), st.data())
@settings(max_examples=300)
def test_mutilated_images_give_a_result_and_never_an_exception(
    name: str, data: st.DataObject
) -> None:
    image = bytearray(WHOLE[name][1])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(image) - 1))
        end = at + data.draw(st.integers(0, 8))
        image[at:end] = data.draw(st.binary(max_size=8))
        if not image:
            break
    assert isinstance(recognise_image(bytes(image)), ImageFacts | Refusal)


_BEGINNINGS = [data[:cut] for _, data in WHOLE.values() for cut in (0, 2, 4, 12, 20, 30)]


@given(st.sampled_from(_BEGINNINGS), st.binary(max_size=200))
@settings(max_examples=300)
def test_noise_after_any_beginning_gives_a_result_and_never_an_exception(
    beginning: bytes, noise: bytes
) -> None:
    assert isinstance(recognise_image(beginning + noise), ImageFacts | Refusal)


@given(st.integers(0, len(WHOLE["png"][1]) - 1), st.integers(1, 255))
def test_one_changed_byte_of_a_png_is_noticed(at: int, difference: int) -> None:
    image = bytearray(WHOLE["png"][1])
    image[at] ^= difference
    assert isinstance(recognise_image(bytes(image)), Refusal)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", RefusalCode.EMPTY),
        (b"hello, this is text", RefusalCode.NOT_AN_IMAGE),
        (b"GIF89a" + bytes(50), RefusalCode.NOT_AN_IMAGE),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", RefusalCode.NOT_AN_IMAGE),
        (b"\x89PN", RefusalCode.TRUNCATED),
        (b"RIFF\x10\x00\x00\x00WE", RefusalCode.TRUNCATED),
        (declared_png(50_000, 50_000), RefusalCode.TOO_MANY_PIXELS),
        (declared_png(70_000, 10), RefusalCode.TOO_MANY_PIXELS),
        (declared_png(0, 10), RefusalCode.CORRUPT),
        (declared_png(9_000, 9_000), RefusalCode.CORRUPT),
        (b"P6\n60000 60000\n255\n", RefusalCode.TOO_MANY_PIXELS),
        (b"qoif" + struct.pack(">IIBB", 9000, 9000, 4, 0) + bytes(30), RefusalCode.TRUNCATED),
        (
            b"qoif" + struct.pack(">IIBB", 900, 900, 4, 0) + bytes(30) + bytes(7) + b"\x01",
            RefusalCode.CORRUPT,
        ),
        (WHOLE["ppm"][1] + b"x", RefusalCode.CORRUPT),
    ],
)
def test_bad_bytes_are_refused_with_their_code(data: bytes, code: RefusalCode) -> None:
    assert code_of(data) is code


def test_file_beyond_the_byte_limit_is_refused_whatever_it_is() -> None:
    data = WHOLE["png"][1]
    assert code_of(data, ImageLimits(bytes_max=len(data) - 1)) is RefusalCode.TOO_MANY_BYTES
    assert code_of(data, ImageLimits(bytes_max=len(data))) is None


def test_png_without_pixel_data_or_with_a_foreign_chunk_name_is_corrupt() -> None:
    whole = declared_png(4, 4)
    header = whole[: 8 + 25]
    assert code_of(header + png_chunk(b"IEND", b"")) is RefusalCode.CORRUPT
    assert code_of(header + png_chunk(b"ID1T", b"x") + whole[33:]) is RefusalCode.CORRUPT


def test_bytes_after_the_end_mark_of_png_and_jpeg_do_not_matter() -> None:
    assert code_of(WHOLE["png"][1] + b"trailer") is None
    assert code_of(WHOLE["jpeg"][1] + b"trailer") is None


HOSTILE: dict[str, Callable[[], bytes]] = {
    "png of empty chunks": lambda: declared_png(4, 4)[:33] + png_chunk(b"abCd", b"") * 2_000_000,
    "jpeg of bare markers": lambda: b"\xff\xd8\xff" + b"\x01\xff" * 10_000_000,
    "jpeg of fill bytes": lambda: b"\xff\xd8" + b"\xff" * 20_000_000,
    "jpeg scan of fill bytes": lambda: WHOLE["jpeg"][1][:-2] + b"\xff" * 20_000_000 + b"\x00",
    "webp of empty chunks": lambda: (
        b"RIFF" + struct.pack("<I", 4 + 16_000_000) + b"WEBP" + b"junk\0\0\0\0" * 2_000_000
    ),
    "pam of blanks": lambda: b"P7\n" + b" " * 20_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_of_many_parts_is_refused_in_bounded_time(name: str) -> None:
    data = HOSTILE[name]()
    started_s = time.process_time()
    assert isinstance(recognise_image(data), Refusal)
    assert time.process_time() - started_s < 1.0
    assert len(data) > 12 * PARTS_MAX


def test_half_a_megabyte_is_recognised_in_two_milliseconds_of_cpu() -> None:
    image = Image.effect_noise((800, 600), 90)
    for name in ("PNG", "JPEG"):
        buffer = io.BytesIO()
        image.save(buffer, name, **({"quality": 100} if name == "JPEG" else {}))
        data = buffer.getvalue()
        costs_s = []
        for _ in range(20):
            started_s = time.process_time()
            assert isinstance(recognise_image(data), ImageFacts)
            costs_s.append(time.process_time() - started_s)
        assert min(costs_s) < 0.002 * max(1.0, len(data) / 500_000)
