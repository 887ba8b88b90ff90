"""How the text of a row looks: how dark, how heavy, on what ground.

Heads of tables are set apart: bold, grey, on another fill. What differs is measured on the
pixels; what the words say counts too: a head names what the numbers below it are.

Covers: whether a row of cells is the head of those below it. Does not cover: where rows and
columns are (`ruled`).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box
from contracts.text import Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS_MAX: Final = 4
"""Rows below that a head is compared with."""

WORDS_MAX: Final = 12
"""So many words of a row are looked at."""

WEIGHT_SHARE: Final = 1.15
"""Bold letters cover so much more of their boxes than plain ones."""

CONTRAST_MIN: Final = 28
"""Greys by which letters stand out more, or less, than those of all other rows."""

GROUND_MIN: Final = 4
"""Greys by which the ground differs from that of all other rows."""

SIZE_SHARE: Final = 1.25
PATCH_PX_MIN: Final = 3
EDGE_PX: Final = 2
"""The ground is what shows so far around the letters."""

LIST_COLUMNS: Final = 2
"""So few columns a list of names and values has too."""

DIGIT_SHARE: Final = 0.25
"""A cell with this share of digits (of letters and digits) is a number, a date, an amount."""


@dataclass(frozen=True, slots=True)
class Look:
    """Of a row's letters: grey of the ground, contrast, share of ink, height in pixels."""

    ground: float
    contrast: float
    weight: float
    tall: float


def look_of(grey: NDArray[np.uint8], boxes: Sequence[Box]) -> Look | None:
    """How what stands in the boxes looks; None where they are too small to say."""
    ink = room = 0.0
    grounds, peaks, talls = [], [], []
    for x0, y0, x1, y1 in boxes[:WORDS_MAX]:
        patch = grey[y0:y1, x0:x1].astype(np.int16)
        if min(patch.shape) < PATCH_PX_MIN:
            continue
        ground = _ground(grey, (x0, y0, x1, y1))
        away = np.abs(patch - ground)
        peak = float(np.partition(away, -1 - away.size // 50, axis=None)[-1 - away.size // 50])
        if peak < CONTRAST_MIN:
            continue
        ink += float(away.sum())
        room += peak * patch.size
        grounds.append(ground)
        peaks.append(peak)
        talls.append(y1 - y0)
    if not grounds:
        return None
    return Look(
        statistics.median(grounds), statistics.median(peaks), ink / room, statistics.median(talls)
    )


def _ground(grey: NDArray[np.uint8], box: Box) -> float:
    """The median right around a box, where no letters are."""
    x0, y0 = max(0, box[0] - EDGE_PX), max(0, box[1] - EDGE_PX)
    patch = grey[y0 : box[3] + EDGE_PX, x0 : box[2] + EDGE_PX]
    edge = (patch[0], patch[-1], patch[:, 0], patch[:, -1])
    return float(np.median(np.concatenate(edge)))


def is_head(
    grey: NDArray[np.uint8],
    first: Sequence[Sequence[Word]],
    below: Sequence[Sequence[Sequence[Word]]],
) -> bool:
    """Whether a row (words by column) is the head of the rows below it."""
    cells = [words for words in first if words]
    if not cells or not below or not all(_has_letters(words) for words in cells):
        return False
    if any(_is_number(words) for words in cells):
        return False
    own = look_of(grey, [word.box for words in cells for word in words])
    others = [
        look_of(grey, [word.box for words in row for word in words[: _top_line(words)]])
        for row in below[:ROWS_MAX]
    ]
    looks = [look for look in others if look is not None]
    if own is not None and looks and _is_apart(own, looks, is_wide=len(cells) > LIST_COLUMNS):
        return True
    return len(cells) == len(first) > LIST_COLUMNS and _names_numbers(first, below)


def _is_apart(own: Look, looks: Sequence[Look], *, is_wide: bool) -> bool:
    heavier = own.weight >= WEIGHT_SHARE * max(look.weight for look in looks)
    contrast = all(abs(own.contrast - look.contrast) >= CONTRAST_MIN for look in looks)
    ground = all(abs(own.ground - look.ground) >= GROUND_MIN for look in looks)
    smaller = all(look.tall >= SIZE_SHARE * own.tall for look in looks)
    # The first of a list of settings or messages may be chosen, on another ground.
    return heavier or contrast or smaller or (ground and is_wide)


def _names_numbers(
    first: Sequence[Sequence[Word]], below: Sequence[Sequence[Sequence[Word]]]
) -> bool:
    """Whether a word stands over nothing but numbers, and no number over anything."""
    if any(_is_number(words) for words in first):
        return False
    for column, words in enumerate(first):
        values = [row[column] for row in below if row[column]]
        if words and values and all(_is_number(value) for value in values):
            return True
    return False


def _top_line(words: Sequence[Word]) -> int:
    """How many of the words stand in the first line of their cell."""
    if not words:
        return 0
    bottom = words[0].box[3]
    return sum(word.box[1] < bottom for word in words)


def _has_letters(words: Sequence[Word]) -> bool:
    return any(ch.isalpha() or ch == "#" for word in words for ch in word.text)


def _is_number(words: Sequence[Word]) -> bool:
    text = "".join(word.text for word in words)
    digits = sum(ch.isdigit() for ch in text)
    return digits > 0 and digits >= DIGIT_SHARE * sum(ch.isalnum() for ch in text)
