"""How large print is, by the width of its letters.

Covers: the size of a line's print in pixels for one letter, from its text and its width. Does not
cover: what larger print means (`kernel.query.sections`). Pure.

Engines box a line as high as its tallest and lowest letters: "on one axis" is lower than "Type (g)"
in the same print. The width says more, and bold print is wider than plain print, too.
"""

from __future__ import annotations

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
