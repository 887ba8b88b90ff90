"""The text caret: a thin upright stroke of one colour at the end of a line.

Strokes stand behind texts for other reasons: separators of a status bar, sides of boxes, of panes
and of windows that lie over the text. A caret stands right behind its text, is as high as its
line, is about as dark as its letters, and nothing goes on from it; nor is there more text on its
row, nor another caret in its window.

Covers: a bar caret right behind the last letter. Does not cover: block and underline carets of
terminals (a block looks like a letter on another ground), carets inside of a line, and carets
in the phase in which they are not shown: None says nothing about where the person types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contracts.base import Box
from plugins.screen_state.caret_letter import INK_MIN, LETTERS_HEIGHTS, drop_letter, tall_runs
from plugins.screen_state.geometry import height, overlap
from plugins.screen_state.tree import LEAVES, Draft

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACK_HEIGHTS: Final = 0.7
"""A reader may have taken the caret for a letter: it is looked for from so far before the end."""

AHEAD_PX: Final = 3
AHEAD_SHARE: Final = 0.2
"""It stands at most so many pixels, or this share of the line's height, behind the text: letters
of a fixed pitch leave as much free. Separators keep a greater distance."""

TALL_SHARE: Final = 1.12
"""Higher than the letters of the line reach, from their highest to their lowest: so no I or l."""

HEIGHTS_MAX: Final = 2.0
"""Higher than so many heights of its line it is a side of something."""

THICK_PX_MAX: Final = 3
EVEN_MAX: Final = 10
DARK_SHARE: Final = 0.6
"""Its contrast against that of the letters, at least; separators are pale."""

CORNER_PX: Final = 3
GAP_PX: Final = 6
CONTINUED_SHARE: Final = 0.8
"""A stroke of this share of its height that follows over a gap of `GAP_PX` continues it."""

EDGE_PX: Final = 2


def reach(tall: int) -> int:
    """How many pixels behind a text of this height its caret stands, at most."""
    return max(AHEAD_PX, round(AHEAD_SHARE * tall))


def find_caret(grey: NDArray[np.uint8], box: Box) -> int | None:
    """The x of the caret at the end of the text in ``box``, or None."""
    tall = box[3] - box[1]
    y0, y1 = max(0, box[1] - tall // 2), min(grey.shape[0], box[3] + tall // 2)
    x0 = max(box[0], round(box[2] - BACK_HEIGHTS * tall))
    x1 = min(grey.shape[1], box[2] + reach(tall) + THICK_PX_MAX + 3)
    if x1 - x0 < THICK_PX_MAX + 2 or y1 - y0 < THICK_PX_MAX:
        return None
    patch = grey[y0:y1, x0:x1].astype(np.int16)
    ground = int(patch[tall // 2 : -max(1, tall // 2), -1].mean()) if tall > 1 else 0
    ink = np.abs(patch - ground) >= INK_MIN
    if int(ink.sum(axis=0).max()) < 0.8 * tall:
        return None
    runs = tall_runs(ink)
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
    if x0 + first - box[2] > reach(tall):
        return None
    start, end = runs[first]
    after = patch[start:end, last + 1 : last + 3]
    before = patch[start:end, max(0, first - 1) : first]
    if after.shape[1] == 0 or int(np.abs(after - ground).max()) >= INK_MIN // 2:
        return None
    # A letter's stem has serifs or bows on its left; the caret stands free or just behind one.
    if before.size and float((np.abs(before - ground) >= INK_MIN).mean()) > 0.5:  # noqa: PLR2004
        return None
    stroke = (x0 + first, y0 + start, x0 + last + 1, y0 + end)
    dark = abs(int(np.median(patch[start:end, first])) - ground)
    if dark < DARK_SHARE * _contrast(grey, box, x0 + first, ground):
        return None
    return None if _goes_on(grey, stroke, tall) else x0 + first


def _letters(grey: NDArray[np.uint8], box: Box, y0: int, y1: int, x1: int, ground: int) -> int:
    """How far the line's last letters reach from top to bottom, in pixels."""
    x0 = max(box[0], round(x1 - LETTERS_HEIGHTS * (box[3] - box[1])))
    top, bottom = box[1] - y0, box[3] - y0
    patch = grey[y0:y1, x0:x1][top:bottom].astype(np.int16)
    if patch.size == 0:
        return 0
    rows = np.flatnonzero((np.abs(patch - ground) >= INK_MIN).any(axis=1))
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0


def _contrast(grey: NDArray[np.uint8], box: Box, x1: int, ground: int) -> int:
    """How far the line's last letters differ from the ground, at most."""
    x0 = max(box[0], round(x1 - LETTERS_HEIGHTS * (box[3] - box[1])))
    # The column before the caret may be the caret's own soft edge.
    patch = grey[box[1] : box[3], x0 : x1 - 1].astype(np.int16)
    return int(np.abs(patch - ground).max()) if patch.size else 0


def _goes_on(grey: NDArray[np.uint8], stroke: Box, tall: int) -> bool:
    """Whether the stroke is a part of something: longer than a line, bent, or broken."""
    x0, y0, _, y1 = stroke
    column = grey[:, x0].astype(np.int16)
    same = np.abs(column - int(np.median(column[y0:y1]))) <= EVEN_MAX
    top, bottom = y0, y1
    while top > 0 and same[top - 1]:
        top -= 1
    while bottom < len(same) and same[bottom]:
        bottom += 1
    long = bottom - top
    if long > HEIGHTS_MAX * tall:
        return True
    colour = int(np.median(column[y0:y1]))
    for row in (top, bottom - 1):
        left = grey[row, max(0, x0 - CORNER_PX) : x0].astype(np.int16)
        if len(left) == CORNER_PX and bool((np.abs(left - colour) <= EVEN_MAX).all()):
            return True
    need = max(THICK_PX_MAX, round(CONTINUED_SHARE * long))
    above, below = same[max(0, top - GAP_PX - need) : top][::-1], same[bottom:][: GAP_PX + need]
    return any(_begins_within(part, need) for part in (above, below))


def _begins_within(same: NDArray[np.bool_], need: int) -> bool:
    """Whether a run of ``need`` begins in the first `GAP_PX` places."""
    return any(
        bool(same[at : at + need].all()) for at in range(min(GAP_PX + 1, len(same) - need + 1))
    )


def settle_carets(roots: Sequence[Draft], grey: NDArray[np.uint8]) -> None:
    """Take from the frame's parts the carets that are none, and from texts the caret's letter.

    Changes ``caret_x``, ``text`` and ``box`` of leaves. What stays is at most one caret in each
    window (and one in what is in no window): where two look like it, none is.
    """
    leaves = [place for root in roots for place in _places(root, None, None)]
    edges = [d.box for root in roots for d in _holders(root)]
    found: dict[int, list[Draft]] = {}
    for place in leaves:
        draft = place.draft
        if draft.caret_x is None:
            continue
        if _is_on_edge(draft, edges) or _has_text_beside(place, leaves):
            draft.caret_x = None
            continue
        drop_letter(draft, grey)
        found.setdefault(id(place.window), []).append(draft)
    for drafts in found.values():
        for draft in drafts:
            if len(drafts) > 1:
                draft.caret_x = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A leaf, the pane or window it stands in, and its window."""

    draft: Draft
    home: Draft | None
    window: Draft | None


def _places(draft: Draft, home: Draft | None, window: Draft | None) -> Iterator[_Place]:
    if draft.role in LEAVES:
        yield _Place(draft, home, window)
    if draft.role in {"window", "pane"}:
        home = draft
    if draft.role == "window":
        window = draft
    for child in draft.children:
        yield from _places(child, home, window)


def _holders(draft: Draft) -> Iterator[Draft]:
    if draft.role in {"window", "pane"}:
        yield draft
    for child in draft.children:
        yield from _holders(child)


def _is_on_edge(draft: Draft, edges: Sequence[Box]) -> bool:
    x = draft.caret_x or 0
    return any(
        abs(x - side) <= EDGE_PX and overlap(box[1], box[3], draft.box[1], draft.box[3]) > 0
        for box in edges
        for side in (box[0], box[2])
    )


def _has_text_beside(place: _Place, leaves: Sequence[_Place]) -> bool:
    """Whether more text follows on the row: then the stroke parts one from the other."""
    draft = place.draft
    if draft.role != "line":
        # A control ends where its box ends.
        return False
    for other in leaves:
        text, box = other.draft.text or "", other.draft.box
        if other.home is not place.home or other.draft is draft:
            continue
        if other.draft.role in {"button", "field"} or not any(map(str.isalnum, text)):
            continue
        level = overlap(draft.box[1], draft.box[3], box[1], box[3])
        if box[0] >= (draft.caret_x or 0) and 2 * level >= min(height(draft.box), height(box)):
            return True
    return False
