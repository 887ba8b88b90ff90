import pytest

from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.imageformats.pnm import recognise_pnm
from kernel.capture.refusal import RefusalCode
from tests.kernel.capture.imageformats.pictures import HEIGHT, WIDTH, fault, picture, sides


def pam(*lines: bytes, pixels: int = 24) -> bytes:
    return b"\n".join((b"P7", *lines, b"ENDHDR\n")) + bytes(pixels)


SIZES = (b"WIDTH 3", b"HEIGHT 2", b"DEPTH 4", b"MAXVAL 255")


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_other_tools_write_is_recognised(mode: str) -> None:
    assert sides(recognise_pnm, picture("PPM", mode)) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "data",
    [
        b"P6 3 2 255\n" + bytes(18),
        b"P6\n# a comment\n3\n# another\n2 255\n" + bytes(18),
        b"P5\n3 2\n255\n" + bytes(6),
        pam(*SIZES),
        pam(b"# a comment", *SIZES, b"TUPLTYPE RGB_ALPHA"),
    ],
)
def test_headers_by_hand_are_recognised(data: bytes) -> None:
    assert sides(recognise_pnm, data) == (3, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pam(*SIZES, pixels=23), RefusalCode.TRUNCATED),
        (pam(*SIZES, pixels=25), RefusalCode.CORRUPT),
        (b"P6 3 2 255\n" + bytes(17), RefusalCode.TRUNCATED),
        (b"P6 3 2 255\n" + bytes(19), RefusalCode.CORRUPT),
        (b"P6 3 2 65535\n" + bytes(36), RefusalCode.CORRUPT),
        (pam(b"WIDTH 3", b"HEIGHT 2", b"DEPTH 5", b"MAXVAL 255"), RefusalCode.CORRUPT),
        (pam(b"WIDTH 3", b"HEIGHT 2", b"DEPTH 4"), RefusalCode.CORRUPT),
        (b"P6 3 2", RefusalCode.TRUNCATED),
        (b"P7\nWIDTH 3\n", RefusalCode.TRUNCATED),
        (b"P6 three" + bytes(2000), RefusalCode.CORRUPT),
        (b"P6 0 2 255\n", RefusalCode.CORRUPT),
    ],
)
def test_frames_that_are_not_as_declared_are_refused(data: bytes, code: RefusalCode) -> None:
    assert fault(recognise_pnm, data) is code


def test_bomb_is_named() -> None:
    data = b"P6 999999999 999999999 255\n"
    assert fault(recognise_pnm, data, ImageLimits()) is RefusalCode.TOO_MANY_PIXELS
