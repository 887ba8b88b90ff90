"""Buttons and fields: one text in a small box of its own.

Around a button's text the box is even on both sides; in a field the text stands at the left and
the rest is blank. What is neither stays a line: a guess would be an invention.

Covers: role and box for a piece. Does not cover: check marks, sliders, icons (no text to hold on
to), whether a control can be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from contracts.base import Box
from plugins.screen_state.edges import Rule, Rules
from plugins.screen_state.geometry import height, holds, overlap, width
from plugins.screen_state.pieces import Piece

REACH_HEIGHTS: Final = 2.0
"""The box ends within so many heights of the text above and below it."""

CORNER_PX: Final = 14
"""Sides of a box need not meet: its corners are round."""

BUTTON_PAD_HEIGHTS: Final = 3.5
BUTTON_CHARS_MAX: Final = 48
FIELD_REST_SHARE: Final = 0.1
"""A field is blank over at least this share of its width."""

FIELD_LINES_MIN: Final = 3
"""A field has a border; a plain coloured box with text at its left is an entry of something."""

FULL_CHARS_MIN: Final = 12
"""A field that its text fills looks like a button, but few buttons say so much."""

SIDE_PX: Final = 2
CONTROL_PERMILLE: Final = {"button": 700, "field": 700}
"""How sure each of them is."""


@dataclass(frozen=True, slots=True)
class Control:
    """A piece in a box of its own."""

    piece: Piece
    box: Box
    role: Literal["button", "field"]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A box of four sides; ``lines`` of them are drawn, the others are where colours meet."""

    box: Box
    lines: int


def find_controls(pieces: Sequence[Piece], rules: Rules) -> list[Control]:
    """Those of the pieces (all of one region) that are buttons or fields."""
    found: list[tuple[Control, bool]] = []
    for piece in pieces:
        frame = _frame_around(piece, rules)
        if frame is None:
            continue
        if any(_is_inside(other, frame.box) for other in pieces if other is not piece):
            continue
        role = _role(piece, frame)
        if role is not None:
            found.append((Control(piece, frame.box, role), frame.lines >= FIELD_LINES_MIN))
    fields = [control.box for control, _ in found if control.role == "field"]
    return [
        replace(control, role="field") if bordered and _is_one_of(control, fields) else control
        for control, bordered in found
    ]


def _is_one_of(control: Control, fields: Sequence[Box]) -> bool:
    """Whether a text that fills its box stands in a column of fields as high as its box."""
    box = control.box
    return len(control.piece.text) >= FULL_CHARS_MIN and any(
        abs(height(other) - height(box)) <= SIDE_PX
        and min(abs(other[0] - box[0]), abs(other[2] - box[2])) <= SIDE_PX
        for other in fields
    )


def _is_inside(piece: Piece, box: Box) -> bool:
    x = (piece.box[0] + piece.box[2]) // 2
    y = (piece.box[1] + piece.box[3]) // 2
    return box[0] <= x < box[2] and box[1] <= y < box[3]


def _frame_around(piece: Piece, rules: Rules) -> _Frame | None:
    """The nearest box around the text, if its four sides belong together."""
    x0, y0, x1, y1 = piece.box
    reach = int(REACH_HEIGHTS * height(piece.box))
    over = [r for r in rules.across if r.start <= x0 + 2 and r.end >= x1 - 2]
    top = max((r for r in over if y0 - reach <= r.low <= y0 + 3), default=None)
    low = min((r for r in over if y1 - 3 <= r.low <= y1 + reach), default=None)
    if top is None or low is None or low.low <= top.low:
        return None
    if abs(top.start - low.start) > CORNER_PX or abs(top.end - low.end) > CORNER_PX:
        return None
    left = _side(rules.down, top, low, min(top.start, low.start))
    right = _side(rules.down, top, low, max(top.end, low.end))
    if left is None or right is None:
        return None
    box = (left.low, top.low, max(right.high, right.low), max(low.high, low.low))
    lines = sum(rule.low < rule.high for rule in (top, low, left, right))
    return _Frame(box, lines) if holds(box, piece.box, 3) else None


def _side(down: Sequence[Rule], top: Rule, low: Rule, x: int) -> Rule | None:
    """The upright rule at ``x`` between two rules across."""
    tall = 0.4 * (low.low - top.low)
    near = [
        rule
        for rule in down
        if abs(rule.low - x) <= CORNER_PX
        and overlap(rule.start, rule.end, top.low, low.high) >= tall
        and rule.length <= 2 * (low.high - top.low)
    ]
    return min(near, key=lambda rule: (abs(rule.low - x), rule), default=None)


def _role(piece: Piece, frame: _Frame) -> Literal["button", "field"] | None:
    box = frame.box
    left, right = piece.box[0] - box[0], box[2] - piece.box[2]
    tall = height(piece.box)
    even = abs(left - right) <= max(6, 0.25 * (left + right))
    if even and max(left, right) <= BUTTON_PAD_HEIGHTS * tall:
        return "button" if len(piece.text) <= BUTTON_CHARS_MAX else None
    if frame.lines < FIELD_LINES_MIN:
        return None
    if left <= 1.5 * tall and right >= FIELD_REST_SHARE * width(box) and right > 2 * left:
        return "field"
    return None
