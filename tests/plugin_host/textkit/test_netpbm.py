"""Raw frames, well made and not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.textkit.netpbm import NetpbmFault, NetpbmHead, as_rgb, read_head, read_pixels

RGB = np.random.default_rng(2).integers(0, 256, (3, 5, 3), dtype=np.uint8)
PAM = b"P7\nWIDTH 5\nHEIGHT 3\nDEPTH %d\nMAXVAL 255\nTUPLTYPE ANY\nENDHDR\n"


def pixels_of(data: bytes) -> np.ndarray:
    head = read_head(data)
    assert head is not None
    return as_rgb(read_pixels(data, head))


def test_each_spelling_of_a_frame_is_the_same_pixels() -> None:
    alpha = np.concatenate((RGB, np.full((3, 5, 1), 255, np.uint8)), axis=2)
    spellings = [
        b"P6\n# by hand\n5 3\n255\n" + RGB.tobytes(),
        PAM % 3 + RGB.tobytes(),
        PAM % 4 + alpha.tobytes(),
    ]
    for data in spellings:
        assert np.array_equal(pixels_of(data), RGB)


def test_grey_becomes_three_equal_channels_and_what_is_transparent_stays() -> None:
    grey = RGB[:, :, :1]
    assert np.array_equal(pixels_of(b"P5 5 3 255\n" + grey.tobytes()), np.repeat(grey, 3, axis=2))
    veiled = np.concatenate((grey, grey // 2), axis=2)
    assert pixels_of(PAM % 2 + veiled.tobytes()).shape == (3, 5, 4)


def test_another_format_has_no_head() -> None:
    assert read_head(b"\x89PNG\r\n") is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"P6 5 3 65535\n" + RGB.tobytes() * 2, "deep"),
        (b"P7\nWIDTH 5\nHEIGHT 3\nDEPTH 9\nMAXVAL 255\nENDHDR\n", "deep"),
        (b"P6 5 3 255\n" + RGB.tobytes()[:-1], "undecodable"),
        (b"P6 0 3 255\n", "undecodable"),
    ],
)
def test_what_is_not_read_is_refused_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(NetpbmFault) as caught:
        pixels_of(data)
    assert caught.value.code == code


def is_frame_or_refused(data: bytes) -> bool:
    try:
        head = read_head(data)
        return isinstance(head, NetpbmHead) and read_pixels(data, head).size > 0
    except NetpbmFault as fault:
        return fault.code in {"deep", "undecodable"}


@given(st.binary(max_size=200), st.sampled_from([b"P5", b"P6", b"P7\n"]))
def test_any_bytes_are_a_frame_or_a_refusal(tail: bytes, start: bytes) -> None:
    assert is_frame_or_refused(start + tail)
