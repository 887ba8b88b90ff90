"""The text caret: a thin upright stroke of one colour at the end of a line.

Covers: a bar caret right behind the last letter. Does not cover: block and underline carets of
terminals (a block looks like a letter on another ground), carets inside of a line, and carets
in the phase in which they are not shown: None says nothing about where the person types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACK_HEIGHTS: Final = 0.7
"""A reader may have taken the caret for a letter: it is looked for from so far before the end."""

AHEAD_HEIGHTS: Final = 0.6
TALL_SHARE: Final = 1.12
"""Higher than the letters of the line reach, from their highest to their lowest: so no I or l."""

LETTERS_HEIGHTS: Final = 6.0
THICK_PX_MAX: Final = 3
EVEN_MAX: Final = 10
INK_MIN: Final = 60


def find_caret(grey: NDArray[np.uint8], box: Box) -> int | None:
    """The x of the caret at the end of the text in ``box``, or None."""
    tall = box[3] - box[1]
    y0, y1 = max(0, box[1] - tall // 2), min(grey.shape[0], box[3] + tall // 2)
    x0 = max(box[0], round(box[2] - BACK_HEIGHTS * tall))
    x1 = min(grey.shape[1], round(box[2] + AHEAD_HEIGHTS * tall) + 1)
    if x1 - x0 < THICK_PX_MAX + 2 or y1 - y0 < THICK_PX_MAX:
        return None
    patch = grey[y0:y1, x0:x1].astype(np.int16)
    ground = int(patch[tall // 2 : -max(1, tall // 2), -1].mean()) if tall > 1 else 0
    ink = np.abs(patch - ground) >= INK_MIN
    if int(ink.sum(axis=0).max()) < 0.8 * tall:
        return None
    runs = _tall_runs(ink)
    letters = _letters(grey, box, y0, y1, x0, ground)
    least = max(TALL_SHARE * letters, 0.8 * tall)
    columns = [
        x
        for x, (start, end) in enumerate(runs)
        if end - start >= least and int(np.ptp(patch[start:end, x])) <= EVEN_MAX
    ]
    if not columns or columns[-1] - columns[0] >= THICK_PX_MAX:
        return None
    first, last = columns[0], columns[-1]
    start, end = runs[first]
    after = patch[start:end, last + 1 : last + 3]
    before = patch[start:end, max(0, first - 1) : first]
    if after.shape[1] == 0 or int(np.abs(after - ground).max()) >= INK_MIN // 2:
        return None
    # A letter's stem has serifs or bows on its left; the caret stands free or just behind one.
    if before.size and float((np.abs(before - ground) >= INK_MIN).mean()) > 0.5:  # noqa: PLR2004
        return None
    return x0 + first


def _tall_runs(ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """For each column its longest run of ink, (0, 0) for none."""
    runs = []
    for column in ink.T:
        turns = np.flatnonzero(np.diff(np.concatenate(([0], column.astype(np.int8), [0]))))
        pairs = turns.reshape(-1, 2)
        if len(pairs) == 0:
            runs.append((0, 0))
            continue
        longest = int(np.argmax(pairs[:, 1] - pairs[:, 0]))
        runs.append((int(pairs[longest, 0]), int(pairs[longest, 1])))
    return runs


def _letters(grey: NDArray[np.uint8], box: Box, y0: int, y1: int, x1: int, ground: int) -> int:
    """How far the line's last letters reach from top to bottom, in pixels."""
    x0 = max(box[0], round(x1 - LETTERS_HEIGHTS * (box[3] - box[1])))
    top, bottom = box[1] - y0, box[3] - y0
    patch = grey[y0:y1, x0:x1][top:bottom].astype(np.int16)
    if patch.size == 0:
        return 0
    rows = np.flatnonzero((np.abs(patch - ground) >= INK_MIN).any(axis=1))
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0
