"""Characters of a line to words with boxes: the model says where they are, the ink says exactly.

The model gives a space as a character and each character's middle; edges of words are then set
to the ink between two middles. A space that the model left out is put in only where the ink
proves it: a gap far wider than any between two characters of one word.

Covers: words, boxes, missing spaces, scripts without spaces. Does not cover: lines of the page.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box
from plugin_host.textkit.reading import LineReading, WordReading, union_box
from plugins.ocr_rapid.confusions import settle_confusions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plugins.ocr_rapid.characters import Reading

INK_CONTRAST: Final = 40
"""A pixel that differs this much from the line's background (0..255, any channel) is ink."""

GAP_SHARE: Final = 0.45
"""A gap of this share of the ink's height may be a space that was not read. Measured on 11,000
pairs of characters of the fixture pages: gaps inside words stay below, but for `NARROW`."""

GAP_SHARE_AT_NARROW: Final = 0.85
"""The same next to a character that fills little of its cell: the l of Mail stands 0.7 apart."""

GAP_RATIO: Final = 4.0
"""... and it is this many times the line's median gap: letter-spaced type is not torn apart."""

GAPS_MIN: Final = 3
"""Gaps that a median needs; a shorter line is judged by `GAP_SHARE_AT_NARROW` alone."""

NARROW: Final = frozenset(".,:;'`|!iIlj-_·•()[]{}\"")

ROW_INK_MAX: Final = 0.75
"""A row with more ink than this share of its width is a rule or a frame, not text."""

INKLESS_CONFIDENCE_MIN: Final = 0.9
"""A word without any ink of its own must be read as surely as this: the model sometimes sees a
letter in a wide gap."""

BOX_PADDING_SHARE: Final = 0.15
"""Boxes stand this share of the ink's height above and below the ink: what a browser selects."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Ink-free columns [start, end) of a crop."""

    start: int
    end: int


def build_reading(box: Box, crop: NDArray[np.uint8], characters: Reading) -> LineReading | None:
    """The words of one crop (BGR) that lies at ``box``; None where nothing was read."""
    if not any(not c.text.isspace() for c in characters):
        return None
    characters = settle_confusions(characters)
    width = box[2] - box[0]
    ink = find_ink(crop)
    low, high = find_text_rows(ink)
    columns: NDArray[np.bool_] = np.asarray(ink[low:high].any(axis=0))
    middles = [c.middle * width for c in characters]
    cuts = _cut(characters, middles, columns, high - low)
    padding = max(1, round(BOX_PADDING_SHARE * (high - low)))
    top, bottom = box[1] + max(0, low - padding), box[1] + min(len(ink), high + padding)
    words: list[WordReading] = []
    for index, (first, last, is_glued) in enumerate(cuts):
        left = _edge_after(columns, middles, cuts[index - 1][1] if index else None, first)
        following = cuts[index + 1][0] if index + 1 < len(cuts) else None
        right = _edge_before(columns, middles, last, following)
        members = characters[first : last + 1]
        confidence = sum(c.confidence for c in members) / len(members)
        if right <= left and confidence < INKLESS_CONFIDENCE_MIN:
            continue
        words.append(
            WordReading(
                text="".join(c.text for c in members),
                box=(box[0] + left, top, box[0] + max(right, left + 1.0), bottom),
                confidence=confidence,
                is_glued=is_glued,
            )
        )
    if not words:
        return None
    return LineReading(words=tuple(words), box=union_box(tuple(word.box for word in words)))


def find_ink(crop: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels of a crop are not background: the background is the median of each channel."""
    background = np.median(crop.reshape(-1, crop.shape[2]), axis=0)
    difference = np.abs(crop.astype(np.int16) - background.astype(np.int16)).max(axis=2)
    ink: NDArray[np.bool_] = difference > INK_CONTRAST
    return ink


def find_text_rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """First row of the text in a crop's ink and the row after its last; all rows without ink.

    Of several runs of rows (a neighbouring line, a frame) the one nearest to the middle counts.
    """
    height = len(ink)
    share = ink.mean(axis=1)
    rows = np.flatnonzero((share > 0) & (share < ROW_INK_MAX))
    if not rows.size:
        return 0, height
    # The point of an i and the arc of a tilde stand off by a row or two.
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > max(2, height // 8)) + 1)
    middle = (height - 1) / 2
    nearest = min(runs, key=lambda run: (_distance(run, middle), -len(run)))
    return int(nearest[0]), int(nearest[-1]) + 1


def _distance(run: NDArray[np.intp], row: float) -> float:
    return max(0.0, float(run[0]) - row, row - float(run[-1]))


def _cut(
    characters: Reading,
    middles: list[float],
    columns: NDArray[np.bool_],
    ink_height: int,
) -> list[tuple[int, int, bool]]:
    """Words as (first character, last character, is glued to the one before)."""
    cuts: list[tuple[int, int, bool]] = []
    gaps = _gaps_without_space(characters, middles, columns)
    first: int | None = None
    is_glued = False
    for index, character in enumerate(characters):
        if character.text.isspace():
            if first is not None:
                cuts.append((first, index - 1, is_glued))
            first, is_glued = None, False
            continue
        if first is None:
            first = index
            continue
        if _is_unspaced(character.text) or _is_unspaced(characters[index - 1].text):
            cuts.append((first, index - 1, is_glued))
            first, is_glued = index, True
        elif _is_missing_space(characters, gaps, index, ink_height):
            cuts.append((first, index - 1, is_glued))
            first, is_glued = index, False
    if first is not None:
        cuts.append((first, len(characters) - 1, is_glued))
    return cuts


def _gaps_without_space(
    characters: Reading, middles: list[float], columns: NDArray[np.bool_]
) -> dict[int, int]:
    """Ink-free pixels before character i, for each i that follows another without a space."""
    gaps: dict[int, int] = {}
    for index in range(1, len(characters)):
        if characters[index].text.isspace() or characters[index - 1].text.isspace():
            continue
        run = _widest_run(columns, middles[index - 1], middles[index])
        gaps[index] = run.end - run.start if run else 0
    return gaps


def _is_missing_space(
    characters: Reading, gaps: dict[int, int], index: int, ink_height: int
) -> bool:
    gap = gaps.get(index, 0)
    others = [width for other, width in gaps.items() if other != index]
    pair = (characters[index - 1].text, characters[index].text)
    if len(others) < GAPS_MIN or NARROW.intersection(pair):
        share = GAP_SHARE_AT_NARROW
    else:
        share = GAP_SHARE
    if gap < share * ink_height:
        return False
    return not others or gap >= GAP_RATIO * max(1.0, float(np.median(others)))


def _widest_run(columns: NDArray[np.bool_], start: float, end: float) -> _Run | None:
    low, high = max(0, round(start)), min(len(columns), round(end) + 1)
    free = np.flatnonzero(~columns[low:high])
    if not free.size:
        return None
    breaks = np.flatnonzero(np.diff(free) > 1)
    starts = np.concatenate(([0], breaks + 1))
    ends = np.concatenate((breaks, [free.size - 1]))
    widest = int(np.argmax(free[ends] - free[starts]))
    return _Run(start=low + int(free[starts[widest]]), end=low + int(free[ends[widest]]) + 1)


def _edge_after(
    columns: NDArray[np.bool_], middles: list[float], previous: int | None, first: int
) -> float:
    """Where the word that begins with character ``first`` begins."""
    start = middles[previous] if previous is not None else 0.0
    run = _widest_run(columns, start, middles[first])
    if run is None:
        return start if previous is None else (start + middles[first]) / 2
    return float(run.end)


def _edge_before(
    columns: NDArray[np.bool_], middles: list[float], last: int, following: int | None
) -> float:
    """Where the word that ends with character ``last`` ends."""
    end = middles[following] if following is not None else float(len(columns))
    run = _widest_run(columns, middles[last], end)
    if run is None:
        return end if following is None else (middles[last] + end) / 2
    return float(run.start)


def _is_unspaced(text: str) -> bool:
    """Whether a character is of a script that is written without spaces between words."""
    return unicodedata.east_asian_width(text[0]) in {"W", "F"} and text[0].isalnum()
