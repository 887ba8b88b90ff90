"""Heads are told by how they look, and by the numbers that stand below words."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from contracts.text import Word
from plugins.screen_state.looks import is_head, look_of

WIDTH = 60


def drawn(rows: list[list[str]], weight: int, ink: str, ground: str) -> bool:
    """Whether the first of the rows, drawn like that above plain ones, is their head."""
    image = Image.new("RGB", (WIDTH * len(rows[0]), 30 * len(rows)), "white")
    pen = ImageDraw.Draw(image)
    placed: list[list[list[Word]]] = []
    for y, row in enumerate(rows):
        if not y:
            pen.rectangle((0, 0, image.width, 29), fill=ground)
        placed.append([])
        for x, text in enumerate(row):
            at = (x * WIDTH + 4, y * 30 + 8)
            pen.text(at, text, fill="black" if y else ink, font_size=13, stroke_width=0)
            for step in range(0 if y else weight):
                pen.text((at[0] + step + 1, at[1]), text, fill=ink, font_size=13)
            box = (at[0], at[1], at[0] + 7 * len(text), at[1] + 15)
            word = Word(text=text, box=box, confidence_permille=1000, start=0, end=len(text))
            placed[-1].append([word])
    grey = np.asarray(image.convert("L"))
    return is_head(grey, placed[0], placed[1:])


WORDS = [["name", "state"], ["ada", "open"], ["jon", "shut"], ["kim", "open"]]


@pytest.mark.parametrize(
    ("weight", "ink", "is_one"),
    [(1, "black", True), (0, "#909090", True), (0, "black", False)],
)
def test_bold_and_grey_texts_are_heads_and_plain_ones_are_not(
    weight: int, ink: str, *, is_one: bool
) -> None:
    assert drawn(WORDS, weight, ink, "white") is is_one


def test_another_ground_makes_a_head_only_of_three_columns() -> None:
    assert not drawn(WORDS, 0, "black", "#dde4ff")
    three = [["name", "state", "who"], ["ada", "open", "jon"], ["kim", "shut", "lee"]]
    assert drawn(three, 0, "black", "#dde4ff")


def test_words_over_numbers_are_heads_however_they_look() -> None:
    rows = [["city", "trains", "late"], ["Graz", "41", "3"], ["Linz", "67", "12"]]
    assert drawn(rows, 0, "black", "white")
    assert not drawn([row[:2] for row in rows], 0, "black", "white")


def test_a_row_with_a_number_is_no_head_even_in_bold() -> None:
    assert not drawn([["name", "1080"], *WORDS[1:]], 1, "black", "white")


def test_boxes_without_letters_have_no_look() -> None:
    blank = np.full((20, 20), 200, dtype=np.uint8)
    assert look_of(blank, [(2, 2, 18, 18), (5, 5, 6, 6)]) is None
