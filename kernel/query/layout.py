"""How the text of a frame is laid out: pieces, rows, blocks.

Covers: geometry over a `TextPage` (what stands beside, below, above, in one block), finding
terms on it, the box of a span. Does not cover: what the layout means
(`kernel.query.candidates`). Pure; does not depend on the order of the lines.

A *piece* is a run of words of one line without a wide gap: a label, a cell, a sentence.
"""

from __future__ import annotations

import bisect
import itertools
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from contracts.base import Box
from contracts.text import TextLine, TextPage, Word
from kernel.query.containers import BAR_PIECES_MIN, BAR_SHARE, Area, Regions, regions_of
from kernel.query.sections import Outline
from kernel.query.shapes import is_command
from kernel.query.turns import Talk
from kernel.query.words import Needle, spans_in

_PIECE_GAP = 1.3
"""A gap wider than this many line heights starts a new piece."""
_COLUMN_GAP = 0.75
_COLUMN_GAP_RATIO = 2.0
_COLUMN_LINES_MIN = 2
_COLUMN_SLACK_PX = 3
"""A narrower gap does when it is so many line heights, so many times the others of its line, and so
many other lines begin where it ends: engines join a label with the value in the next column."""
_STACK_PITCH = 1.95
"""Lines of one block are at most this many ems apart, middle to middle: engines differ in how
tightly they box a line, the distance of its middle to the next one does not."""
_STACK_REACH = 1.4
_NEIGHBOURS_MAX = 24
_ROW_SHARE_MIN = 0.5
_ALIGNED_SHARE_MIN = 0.3
_ALIKE = 1.7
TITLE_SHARE = 0.05
_CLOCK = re.compile(r"(?:\d+ +)?(?:\d{4}-\d{2}-\d{2}\W+)?\d{1,2}:\d{2}(?::\d{2}|\b)")
_FORM_GAP = 2.2
_FORM_EDGE_PX, _FORM_LABELS_MIN = 4, 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words; offsets are those of its line."""

    index: int
    line: int
    start: int
    end: int
    box: Box
    text: str

    @property
    def height(self) -> int:
        """Height of the piece in pixels, at least one."""
        return max(1, self.box[3] - self.box[1])

    @property
    def em(self) -> float:
        """The font size in pixels, guessed from the width of a character."""
        width = 1.9 * (self.box[2] - self.box[0]) / max(1, len(self.text))
        return min(max(width, 0.62 * self.height), 0.9 * self.height)

    @property
    def middle_y(self) -> float:
        """Vertical centre in pixels."""
        return (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found on the page."""

    line: int
    start: int
    end: int
    quality: int
    piece: int


class PageLayout:
    """A page's words as a plane; build one for each page and ask.

    ``areas`` are the windows, panes, tables and fields of its screen state, where one is stored.
    What stands in two containers (`kernel.query.containers`) is never in one row or block.
    """

    def __init__(self, page: TextPage, areas: Sequence[Area] = ()) -> None:
        self.page = page
        self.areas = areas
        self.pieces: list[Piece] = []
        self._pieces_of_line: list[list[Piece]] = []
        columns = sorted(line.box[0] for line in page.lines)
        for at, line in enumerate(page.lines):
            made = list(_cut(at, line, len(self.pieces), columns))
            self._pieces_of_line.append(made)
            self.pieces.extend(made)

    @cached_property
    def regions(self) -> Regions:
        """The containers of the pieces."""
        frame = self.page.width_px, self.page.height_px
        return regions_of([piece.box for piece in self.pieces], frame, self.areas)

    @cached_property
    def outline(self) -> Outline:
        """The headings and titles of the page."""
        return Outline(self)

    @cached_property
    def talk(self) -> Talk:
        """The messages of the page."""
        return Talk(self)

    def together(self, first: Piece, second: Piece) -> bool:
        """Whether one container holds both."""
        home = self.regions.of_piece
        return home[first.index] == home[second.index]

    @cached_property
    def _by_top(self) -> list[Piece]:
        return sorted(self.pieces, key=lambda piece: (piece.box[1], piece.index))

    @cached_property
    def _tops(self) -> list[int]:
        return [piece.box[1] for piece in self._by_top]

    @cached_property
    def _height_max(self) -> int:
        return max((piece.height for piece in self.pieces), default=1)

    @cached_property
    def height(self) -> int:
        """Median height of the pieces in pixels."""
        heights = sorted(piece.height for piece in self.pieces)
        return heights[len(heights) // 2] if heights else 1

    def between(self, top: float, bottom: float) -> Iterator[Piece]:
        """Pieces that overlap the horizontal band."""
        first = bisect.bisect_left(self._tops, top - self._height_max)
        for piece in self._by_top[first:]:
            if piece.box[1] >= bottom:
                break
            if piece.box[3] > top:
                yield piece

    def piece_at(self, line: int, start: int) -> Piece:
        """The piece that holds (or precedes) an offset of a line."""
        pieces = self._pieces_of_line[line]
        for piece in reversed(pieces):
            if piece.start <= start:
                return piece
        return pieces[0]

    def find(self, needle: Needle) -> list[Hit]:
        """All occurrences of a term, in line order."""
        hits: list[Hit] = []
        for at, line in enumerate(self.page.lines):
            for span in spans_in(needle, line.text):
                piece = self.piece_at(at, span.start)
                hits.append(Hit(at, span.start, span.end, span.quality, piece.index))
        return hits

    @cached_property
    def bar(self) -> frozenset[int]:
        """Pieces (by index) of a task bar: a row of several at the lower edge of the frame."""
        edge = BAR_SHARE * self.page.height_px
        low = [piece for piece in self.pieces if piece.box[1] >= edge]
        return frozenset(piece.index for piece in low if len(self.row_of(piece)) >= BAR_PIECES_MIN)

    @cached_property
    def timed(self) -> frozenset[int]:
        """Pieces (by index) with a time before them on their row: each an entry of a log."""
        around = self.told_around
        return frozenset(
            piece.index
            for piece in self.pieces
            if any(
                other.box[2] <= piece.box[0]
                and _CLOCK.match(other.text)
                and around[other.index] == around[piece.index]
                for other in self.row_of(piece, across=True)
            )
        )

    @cached_property
    def titles(self) -> list[Piece]:
        """Pieces at the upper edge of the frame, where windows have their titles."""
        edge = TITLE_SHARE * self.page.height_px
        return [piece for piece in self.pieces if piece.box[3] <= edge]

    @cached_property
    def form_labels(self) -> frozenset[int]:
        """Pieces (by index) that are labels of a form: set right, each close to its value.

        Their right edges agree, as do the left edges of what stands beside them.
        """
        columns: dict[tuple[int, int], list[Piece]] = {}
        for piece in self.pieces:
            value = self.right_of(piece)
            told = any(ch.isalpha() for ch in piece.text) and not any(map(str.isdigit, piece.text))
            if (
                value is None
                or not told
                or value.box[0] - piece.box[2] > _FORM_GAP * max(piece.em, piece.height)
            ):
                continue
            place = (piece.box[2] // _FORM_EDGE_PX, value.box[0] // _FORM_EDGE_PX)
            for across in ((0, 0), (1, 0), (0, 1), (1, 1)):
                near = (place[0] + across[0], place[1] + across[1])
                columns.setdefault(near, []).append(piece)
        return frozenset(
            piece.index
            for column in columns.values()
            if len({p.text for p in column}) >= _FORM_LABELS_MIN
            and max(p.box[0] for p in column) - min(p.box[0] for p in column) > column[0].em
            for piece in column
        )

    @cached_property
    def prompts(self) -> list[Piece]:
        """Shell prompts with what was typed after them, top to bottom."""
        return [piece for piece in self._by_top if is_command(piece.text)]

    def prompt_over(self, piece: Piece) -> Piece | None:
        """The prompt whose command put out the piece, or the piece itself; None elsewhere."""
        over = [
            prompt
            for prompt in self.prompts
            if prompt.box[1] <= piece.box[1] + piece.height // 2
            and prompt.box[0] <= piece.box[0] + piece.height
            and self.told_around[prompt.index] == self.told_around[piece.index]
        ]
        # Of terminals side by side the nearest one is the piece's own.
        edge = max((prompt.box[0] for prompt in over), default=0) - self.height
        return max((p for p in over if p.box[0] >= edge), key=lambda p: p.box[1], default=None)

    @cached_property
    def told_around(self) -> list[int]:
        """For every piece the innermost window or pane of the screen state; 0 in none."""
        told = {area.box for area in self.areas}
        boxes, chain = self.regions.boxes, self.regions.chain
        return [
            next((region for region in chain(piece.index) if boxes[region] in told), 0)
            for piece in self.pieces
        ]

    def of_one_command(self, first: Piece, second: Piece) -> bool:
        """Whether both were put out by one command, where commands were given."""
        return self.prompt_over(first) == self.prompt_over(second)

    def row_of(self, piece: Piece, *, across: bool = False) -> list[Piece]:
        """Pieces on the same visual row, left to right, the piece itself among them.

        ``across``: those beside its container, too.
        """
        row = [
            other
            for other in self.between(piece.box[1], piece.box[3])
            if _share(piece.box[1], piece.box[3], other.box[1], other.box[3]) >= _ROW_SHARE_MIN
            and (across or self.together(piece, other))
        ]
        return sorted(row, key=lambda other: (other.box[0], other.index))

    def right_of(self, piece: Piece) -> Piece | None:
        """The next piece on the row."""
        return next((p for p in self.row_of(piece) if p.box[0] >= piece.box[2] - 6), None)

    def left_of(self, piece: Piece) -> Piece | None:
        """The piece before it on the row."""
        row = [p for p in self.row_of(piece) if p.box[2] <= piece.box[0] + 6]
        return row[-1] if row else None

    def below(self, piece: Piece, *, reach: float) -> list[Piece]:
        """Pieces that start under it within ``reach`` line heights, nearest first."""
        top, bottom = piece.box[3] - 0.4 * piece.height, piece.box[3] + reach * piece.height
        found = [
            other
            for other in self.between(top, bottom)
            if other.box[1] >= top and self._stacks(piece, other)
        ]
        return sorted(found, key=lambda other: (other.box[1], other.box[0], other.index))

    def above(self, piece: Piece, *, reach: float) -> list[Piece]:
        """Pieces that end over it within ``reach`` line heights, nearest first."""
        bottom, top = piece.box[1] + 0.4 * piece.height, piece.box[1] - reach * piece.height
        found = [
            other
            for other in self.between(top, bottom)
            if other.box[3] <= bottom and self._stacks(piece, other)
        ]
        return sorted(found, key=lambda other: (-other.box[3], other.box[0], other.index))

    def _stacks(self, first: Piece, second: Piece) -> bool:
        apart = first.index != second.index
        return apart and aligned(first, second) and self.together(first, second)

    @cached_property
    def block_of(self) -> list[int]:
        """For every piece the number of its block: lines stacked without a gap."""
        parent = list(range(len(self.pieces)))

        def root(at: int) -> int:
            while parent[at] != at:
                parent[at] = parent[parent[at]]
                at = parent[at]
            return at

        for piece in self.pieces:
            for other in self.below(piece, reach=_STACK_REACH)[:_NEIGHBOURS_MAX]:
                alike = 1 / _ALIKE <= other.height / piece.height <= _ALIKE
                pitch = other.middle_y - piece.middle_y
                if alike and pitch <= _STACK_PITCH * max(piece.em, other.em):
                    first, second = sorted((root(piece.index), root(other.index)))
                    parent[second] = first
        return [root(at) for at in range(len(self.pieces))]

    @cached_property
    def _blocks(self) -> dict[int, list[Piece]]:
        blocks: dict[int, list[Piece]] = {}
        for piece in sorted(self.pieces, key=lambda p: (p.box[1], p.box[0], p.index)):
            blocks.setdefault(self.block_of[piece.index], []).append(piece)
        return blocks

    def block(self, piece: Piece) -> list[Piece]:
        """The pieces of its block, top to bottom."""
        return self._blocks[self.block_of[piece.index]]

    def same_block(self, first: Piece, second: Piece) -> bool:
        """Whether both stand in one block, at most five lines apart."""
        if self.block_of[first.index] != self.block_of[second.index]:
            return False
        return abs(first.middle_y - second.middle_y) <= 5 * first.height

    def box_of(self, line: int, start: int, end: int) -> Box:
        """The box around the words that hold the span; the line's box when it has no words."""
        return box_of_span(self.page.lines[line], start, end)


def box_of_span(line: TextLine, start: int, end: int) -> Box:
    """The union of the boxes of the words that overlap the span."""
    boxes = [word.box for word in line.words if word.start < end and word.end > start]
    return union(boxes) if boxes else line.box


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box around all; raises ValueError without any."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def aligned(first: Piece, second: Piece) -> bool:
    """Whether one stands over the other: they share x, or their left edges agree."""
    left = max(first.box[0], second.box[0])
    right = min(first.box[2], second.box[2])
    narrow = max(1, min(first.box[2] - first.box[0], second.box[2] - second.box[0]))
    near = abs(first.box[0] - second.box[0]) <= 0.6 * min(first.height, second.height)
    return near or (right - left) / narrow >= _ALIGNED_SHARE_MIN


def distance(first: Box, second: Box) -> float:
    """Gap between two boxes in pixels; across counts half as much as down."""
    across = max(0, first[0] - second[2], second[0] - first[2])
    down = max(0, first[1] - second[3], second[1] - first[3])
    return down + across / 2


def _share(top: float, bottom: float, other_top: float, other_bottom: float) -> float:
    common = min(bottom, other_bottom) - max(top, other_top)
    return common / max(1.0, min(bottom - top, other_bottom - other_top))


def _cut(at: int, line: TextLine, index: int, columns: Sequence[int]) -> Iterator[Piece]:
    words = sorted(line.words, key=lambda word: word.start)
    if not words:
        if line.text.strip():
            yield Piece(index, at, 0, len(line.text), line.box, line.text)
        else:
            yield Piece(index, at, 0, 0, line.box, "")
        return
    gaps = [after.box[0] - word.box[2] for word, after in itertools.pairwise(words)]
    height = max(1, line.box[3] - line.box[1])
    group: list[Word] = [words[0]]
    for number, word in enumerate(words[1:]):
        others = gaps[:number] + gaps[number + 1 :]
        if _is_wide(gaps[number], others, height, word.box[0], columns):
            yield _piece(at, line, group, index)
            index += 1
            group = []
        group.append(word)
    yield _piece(at, line, group, index)


def _is_wide(
    gap: int, others: Sequence[int], height: int, right: int, columns: Sequence[int]
) -> bool:
    """Whether a gap parts two pieces; ``columns`` are the left edges of all lines, sorted."""
    if gap > _PIECE_GAP * height:
        return True
    usual = statistics.median(others) if others else 0.3 * height
    if gap < max(_COLUMN_GAP * height, _COLUMN_GAP_RATIO * usual):
        return False
    first = bisect.bisect_left(columns, right - _COLUMN_SLACK_PX)
    beyond = bisect.bisect_right(columns, right + _COLUMN_SLACK_PX)
    return beyond - first >= _COLUMN_LINES_MIN


def _piece(at: int, line: TextLine, group: Sequence[Word], index: int) -> Piece:
    start, end = group[0].start, group[-1].end
    box = union([word.box for word in group])
    return Piece(index, at, start, end, box, line.text[start:end])
