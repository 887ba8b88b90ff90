"""How near an occurrence of a term is to a candidate, in levels.

Covers: the levels, and what on a page connects two places (a piece, a block, a row, a heading).
Does not cover: what follows from it (`kernel.query.ranking`). Pure.
"""

from __future__ import annotations

from kernel.query.candidates import STARTS_ANEW, Candidate, Form, Part
from kernel.query.layout import Hit, PageLayout, Piece, distance

LEVEL_OWN = 1000
LEVEL_PIECE = 920
LEVEL_BLOCK = 820
LEVEL_TITLE = 780
LEVEL_ROW = 710
LEVEL_HEADING = 700
LEVEL_NEAR = 650
LEVEL_PAGE = 350
LEVEL_APART = 450
"""Below this nothing connects a term and a candidate but the frame."""
LEVEL_SYNONYM = 840
LEVEL_CLOSE = 560
"""Names and unfamiliar words must be at this level: some five lines away, or over the candidate."""
LOCAL = 720
"""A term at this level or above counts as being where the candidate is."""

_NEAR_HEIGHTS = 12.0
_ROW_HEIGHTS_MAX = 12
_HEADING_WORDS_MAX = 6
_TITLE_SHARE = 0.05


def level_of(layout: PageLayout, found: tuple[Hit, ...], candidate: Candidate) -> int:
    """How near the nearest occurrence of a term is to the candidate, times its quality."""
    best = 0
    for hit in found:
        best = max(best, _nearness(layout, hit, candidate) * hit.quality // 1000)
    return best


def _nearness(layout: PageLayout, hit: Hit, candidate: Candidate) -> int:
    own = (*candidate.answer, *candidate.support)
    if any(overlaps(hit, part) for part in own):
        return LEVEL_OWN
    home = [layout.piece_at(part.line, part.start) for part in own]
    piece = layout.pieces[hit.piece]
    if any(piece.index == member.index for member in home):
        return LEVEL_PIECE
    if any(layout.same_block(piece, member) for member in home) and not are_peers(piece, home[0]):
        return LEVEL_BLOCK
    level = _distant_level(layout, piece, home[0])
    if candidate.form is not Form.SENTENCE and _on_one_row(layout, piece, home[0]):
        # Prose is not about what happens to stand left or right of it.
        level = max(level, LEVEL_ROW)
    return level


def _on_one_row(layout: PageLayout, piece: Piece, home: Piece) -> bool:
    near = distance(piece.box, home.box) < _ROW_HEIGHTS_MAX * layout.height
    return near and any(other.index == piece.index for other in layout.row_of(home))


def are_peers(piece: Piece, home: Piece) -> bool:
    """Whether both begin like items of one list or log: then one says nothing of the other."""
    return bool(STARTS_ANEW.match(piece.text) and STARTS_ANEW.match(home.text))


def _distant_level(layout: PageLayout, piece: Piece, home: Piece) -> int:
    heights = distance(piece.box, home.box) / layout.height
    level = LEVEL_PAGE + int((LEVEL_NEAR - LEVEL_PAGE) * _NEAR_HEIGHTS / (_NEAR_HEIGHTS + heights))
    if piece.box[3] <= _TITLE_SHARE * layout.page.height_px and piece.box[1] < home.box[1]:
        level = max(level, LEVEL_TITLE)
    short = len(piece.text.split()) <= _HEADING_WORDS_MAX
    if short and piece.box[3] <= home.box[1] and piece.height > 1.12 * layout.height:
        level = max(level, LEVEL_HEADING)
    return level


def overlaps(hit: Hit, part: Part) -> bool:
    """Whether the occurrence lies in the part, if only in part."""
    return hit.line == part.line and hit.start < part.end and hit.end > part.start
