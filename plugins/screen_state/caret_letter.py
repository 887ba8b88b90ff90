"""The letter that a reader made of a caret, taken out of the text again.

A caret behind "how" is read as "howl" in one frame and, while it blinks, as "how" in the next:
nothing was written. But "until" before a caret ends in an l. The pixels before the caret tell:
where the last letter there is no upright stroke, the stroke that was read is the caret.

Covers: the texts of lines and controls with a caret. Does not cover: where carets are (`caret`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box
from plugins.screen_state.geometry import height
from plugins.screen_state.tree import Draft

if TYPE_CHECKING:
    from numpy.typing import NDArray

INK_MIN: Final = 60
"""What differs from the ground by so much is ink."""

LETTERS_HEIGHTS: Final = 6.0
"""The last letters of a line are looked at over so many heights of it."""

CARET_LETTERS: Final = "|lI1!]"
"""What readers take a caret for."""

BRACKETS: Final = "()[]{}/"
TOUCHING_SHARE: Final = 0.9
"""As shares of its height: wider ink is more than one letter, and a stroke is at most so wide."""

STROKE_SHARE: Final = 0.2
STEM_SHARE: Final = 0.85
NARROW_SHARE: Final = 0.6
BAND: Final = (0.12, 0.55)
"""Where the cross bar of a t or f lies, as shares of the letter's height from its top."""


def drop_letter(draft: Draft, grey: NDArray[np.uint8]) -> None:
    """Take the caret's letter from the text, unless the last letter may be such a one.

    Changes ``text``, and ``box``, which then ends with the last letter.
    """
    x, text, box = draft.caret_x, draft.text or "", draft.box
    if x is None or x >= box[2] or text[-1:] not in tuple(CARET_LETTERS):
        return
    rest = text[:-1].rstrip()
    ink, left = _line_ink(grey, box, x)
    columns = np.flatnonzero(ink.any(axis=0))
    if not rest or not len(columns):
        return
    last = int(columns[-1])
    letter, before = _last_letters(ink)
    if letter.shape[1] > TOUCHING_SHARE * _tall(letter) and _top(letter) <= _top(ink) + 1:
        letter = letter[:, -max(2, round(STROKE_SHARE * _tall(letter))) :]
    # A bracket looks like a stroke: then it is the last letter, and what stands before it is not.
    bracket = rest[-1] in BRACKETS and _top(before) > _top(letter) + 2
    if bracket or not _is_stem(letter):
        draft.text = rest
        draft.box = (box[0], box[1], left + last + 1, box[3])


def _last_letters(ink: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The ink of the last letter and of the one before it, if free columns part them."""
    found = []
    end = ink.shape[1]
    filled = ink.sum(axis=0) > 0
    for _ in range(2):
        while end > 0 and not filled[end - 1]:
            end -= 1
        start = end
        while start > 0 and filled[start - 1]:
            start -= 1
        found.append(ink[:, start:end])
        end = start
    return found[0], found[1]


def _top(ink: NDArray[np.bool_]) -> int:
    """The row of the highest ink; 0 for none."""
    rows = np.flatnonzero(ink.any(axis=1))
    return int(rows[0]) if len(rows) else 0


def _line_ink(grey: NDArray[np.uint8], box: Box, x: int) -> tuple[NDArray[np.bool_], int]:
    """Where the line's last letters before ``x`` have ink, and the x of the first column."""
    left = max(box[0], round(x - LETTERS_HEIGHTS * height(box)))
    patch = grey[box[1] : box[3], left:x].astype(np.int16)
    ground = int(np.median(patch)) if patch.size else 0
    ink: NDArray[np.bool_] = np.abs(patch - ground) >= INK_MIN
    return ink, left


def _tall(ink: NDArray[np.bool_]) -> int:
    """From the highest ink to the lowest, in pixels."""
    rows = np.flatnonzero(ink.any(axis=1))
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0


def _is_stem(ink: NDArray[np.bool_]) -> bool:
    """Whether a letter is one upright stroke, as those are that a caret is taken for."""
    rows = np.flatnonzero(ink.any(axis=1))
    glyph = ink[rows[0] : rows[-1] + 1]
    tall, across = glyph.shape
    runs = tall_runs(glyph)
    lengths = [end - start for start, end in runs]
    stem = int(np.argmax(lengths))
    # The dot of an i stands above its stroke, that of a ! below it.
    if tall < STEM_SHARE * len(ink) / 2 or runs[stem][0] > 1 or across > NARROW_SHARE * tall:
        return False
    if lengths[stem] < STEM_SHARE * tall:
        return bool(across <= NARROW_SHARE * tall / 2 and lengths[stem] >= NARROW_SHARE * tall)
    right = stem
    while right + 1 < across and lengths[right + 1] >= STEM_SHARE * lengths[stem]:
        right += 1
    if stem == 0 or right + 1 == across:
        return True
    band = glyph[round(BAND[0] * tall) + 1 : round(BAND[1] * tall)]
    return not bool((band[:, stem - 1] & band[:, right + 1]).any())


def tall_runs(ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """For each column (y by x) its longest run of ink, (0, 0) for none."""
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
