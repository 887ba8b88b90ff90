"""A host's result is believed only as far as its contract goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import canonical
from contracts.text import TextPage
from kernel.pipeline.results import ResultRefused, parse_page

DIGEST = "ab" * 32


def page(blob: str = DIGEST) -> bytes:
    return canonical.encode(
        TextPage(blob=blob, width_px=8, height_px=8, engine="e", engine_version="1", lines=())
    )


def test_page_about_the_input_is_taken() -> None:
    assert parse_page(page(), input_digest=DIGEST).blob == DIGEST


def test_page_about_another_input_is_refused() -> None:
    with pytest.raises(ResultRefused) as caught:
        parse_page(page("cd" * 32), input_digest=DIGEST)
    assert caught.value.code == "wrong-input"


@given(st.binary(max_size=300))
def test_rubbish_is_refused_with_the_one_error(data: bytes) -> None:
    with pytest.raises(ResultRefused):
        parse_page(data, input_digest=DIGEST)


@given(st.integers(0, len(page()) - 1), st.integers(1, 255))
def test_damaged_page_is_refused_or_still_about_the_input(place: int, change: int) -> None:
    damaged = bytearray(page())
    damaged[place] ^= change
    code = ""
    try:
        code = parse_page(bytes(damaged), input_digest=DIGEST).blob
    except ResultRefused as error:
        code = error.code
    assert code in {"contract-violation", "wrong-input", DIGEST}
