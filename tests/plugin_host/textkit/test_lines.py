"""Words to lines and pages."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import canonical
from contracts.text import TextPage
from plugin_host.textkit.lines import (
    PageFacts,
    build_line,
    build_page,
    clean_text,
    clip_box,
    join_pieces,
)
from plugin_host.textkit.reading import LineReading, WordReading, union_box

FACTS = PageFacts(blob="0" * 64, width_px=800, height_px=600, engine="test", engine_version="1")


def piece(text: str, x: float, y: float, *, width: float = 80, height: float = 16) -> LineReading:
    box = (x, y, x + width, y + height)
    return LineReading(words=(WordReading(text=text, box=box, confidence=0.9),), box=box)


coordinates = st.floats(-50, 900, allow_nan=False)


@st.composite
def words(draw: st.DrawFn) -> WordReading:
    x, y = draw(coordinates), draw(coordinates)
    width, height = draw(st.floats(0, 300)), draw(st.floats(0, 60))
    return WordReading(
        text=draw(st.text(max_size=8)),
        box=(x, y, x + width, y + height),
        confidence=draw(st.floats(0, 1)),
        is_glued=draw(st.booleans()),
    )


@st.composite
def readings(draw: st.DrawFn) -> LineReading:
    members = tuple(draw(st.lists(words(), min_size=1, max_size=6)))
    return LineReading(words=members, box=union_box(tuple(word.box for word in members)))


@given(st.lists(readings(), max_size=12))
def test_whatever_was_read_makes_a_valid_page(found: list[LineReading]) -> None:
    page = build_page(FACTS, found)

    assert canonical.decode(canonical.encode(page), TextPage) == page
    for line in page.lines:
        assert line.words
        for word in line.words:
            assert line.text[word.start : word.end] == word.text
            assert line.box[0] <= word.box[0] < word.box[2] <= line.box[2] <= 800
            assert line.box[1] <= word.box[1] < word.box[3] <= line.box[3] <= 600


@given(st.lists(readings(), max_size=8), st.randoms(use_true_random=False))
def test_no_word_appears_from_nowhere_or_twice(
    found: list[LineReading], shuffle: random.Random
) -> None:
    shuffled = list(found)
    shuffle.shuffle(shuffled)

    kept = sorted(word.text for line in build_page(FACTS, shuffled).lines for word in line.words)
    expected = sorted(
        clean_text(word.text)
        for line in found
        for word in line.words
        if clean_text(word.text) and clip_box(word.box, 800, 600) is not None
    )
    assert kept == expected


def test_words_are_joined_by_single_spaces_but_for_glued_ones() -> None:
    box = (10.0, 10.0, 200.0, 30.0)
    reading = LineReading(
        words=(
            WordReading("会", (10, 10, 30, 30), 1.0),
            WordReading("議", (30, 10, 50, 30), 0.5, is_glued=True),
            WordReading("3pm", (60, 10, 100, 30), 0.8),
        ),
        box=box,
    )

    line = build_line(reading, 800, 600)

    assert line is not None
    assert line.text == "会議 3pm"
    assert [(w.start, w.end) for w in line.words] == [(0, 1), (1, 2), (3, 6)]
    assert line.confidence_permille == (1000 + 500 + 3 * 800) // 5


@given(coordinates, coordinates, st.floats(0, 300), st.floats(0, 300))
def test_a_clipped_box_covers_what_is_inside(x: float, y: float, w: float, h: float) -> None:
    box = clip_box((x, y, x + w, y + h), 800, 600)

    if box is None:
        assert (
            math.ceil(x + w) <= max(0, math.floor(x))
            or x >= 800
            or x + w <= 0
            or (math.ceil(y + h) <= max(0, math.floor(y)) or y >= 600 or y + h <= 0)
        )
    else:
        assert box[0] <= max(x, 0)
        assert box[3] >= min(y + h, 600)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("e\u0301", "\u00e9"),
        ("a\x00b\x1bc", "abc"),
        (" due ", "due"),
        ("\ud800", ""),
        ("\x07", ""),
    ],
)
def test_text_is_composed_and_free_of_control_characters(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


def test_pieces_that_nearly_touch_are_one_line() -> None:
    (line,) = join_pieces([piece("Lisbon", 95, 10), piece("Offsite", 10, 11)])

    assert [word.text for word in line.words] == ["Offsite", "Lisbon"]
    assert line.box == (10, 10, 175, 27)


@pytest.mark.parametrize(
    "other",
    [
        piece("cell", 120, 10),
        piece("below", 92, 20),
        piece("heading", 92, 10, height=30),
        piece("over", 20, 10),
        replace(piece("next", 92, 10), is_after_wall=True),
    ],
    ids=["a column away", "half a row down", "a larger font", "on top", "behind a wall"],
)
def test_pieces_of_other_lines_stay_apart(other: LineReading) -> None:
    assert len(join_pieces([piece("first", 10, 10), other])) == 2
