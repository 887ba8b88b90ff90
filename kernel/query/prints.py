"""How large print is, by the width of its letters.

Covers: the size of a line's print in pixels for one letter, from its text and its width; whether
all letters are as wide as each other. Does not
cover: what larger print means (`kernel.query.sections`). Pure.

Engines box a line as high as its tallest and lowest letters: "on one axis" is lower than "Type (g)"
in the same print. The width says more, and bold print is wider than plain print, too.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

_PITCH_WORDS_MIN, _PITCH_LENGTHS_MIN, _PITCH_SPREAD = 4, 3, 0.16
_NARROW, _WIDE, _CAPITAL, _PLAIN = 0.5, 1.5, 1.25, 1.0
_NARROW_CHARS = frozenset("iljtfrI.,:;'|! ()[]/")
_WIDE_CHARS = frozenset("mwMW@%")


def print_px(text: str, width_px: int) -> float:
    """The width of an ordinary small letter in pixels; 0.0 for no text."""
    letters = sum(map(_share_of, text))
    return width_px / letters if letters else 0.0


def _share_of(char: str) -> float:
    """How wide a character is, in ordinary small letters of a proportional font."""
    if char in _NARROW_CHARS:
        return _NARROW
    if char in _WIDE_CHARS:
        return _WIDE
    return _CAPITAL if char.isupper() else _PLAIN


def is_fixed_pitch(words: Sequence[tuple[int, int]]) -> bool:
    """Whether all characters are as wide as each other, as in a terminal.

    ``words``: the number of characters and the width in pixels of each. The widths then lie on a
    line over the numbers, whatever room the boxes leave around the words; on such screens they
    were off by less than 0.1 characters, in proportional print by 0.15 to 1 (root mean square).
    Few words, or words of one length, tell nothing: then they may be.
    """
    lengths, widths = [float(n) for n, _ in words], [float(w) for _, w in words]
    if len(words) < _PITCH_WORDS_MIN or len(set(lengths)) < _PITCH_LENGTHS_MIN:
        return True
    pitch, around = statistics.linear_regression(lengths, widths)
    off = sorted(abs(w - around - pitch * n) for n, w in zip(lengths, widths, strict=True))
    # One word in ten may be boxed with what stands beside it.
    kept = off[: len(off) - max(1, len(off) // 10)]
    return pitch > 0 and statistics.fmean(n * n for n in kept) <= (_PITCH_SPREAD * pitch) ** 2
