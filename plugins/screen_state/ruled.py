"""Tables whose rows are parted by rules or fills, and whose columns are not.

Rules of one stretch, one below the other, part rows; what all rows leave free between them parts
columns. A cell may have several lines. The row of heads is told by how it looks (`looks`), and
its texts may be wider than the columns they head.

Two columns are a table only with a head: a list of settings or of names and values looks the same
otherwise. Rows without a head count from 1, so that row 0 is a head wherever there is one.

Covers: rows, columns and heads as places. Does not cover: rules that cross (`grid`), tables without
any rules (`columns`), cells over several columns.
"""

from __future__ import annotations

import bisect
import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from contracts.base import Box
from contracts.text import Word
from plugins.screen_state.edges import Rule, Rules
from plugins.screen_state.geometry import height, middle, overlap
from plugins.screen_state.looks import is_head
from plugins.screen_state.pieces import Piece

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRETCH_PX_MIN: Final = 120
SLACK_PX: Final = 6
"""Rules of one table begin and end at the same places, give or take this."""

LINES_MAX: Final = 4
"""A row with more lines than that is no row of a table but a part of a page."""

BLANK_SHARE: Final = 0.55
"""Lines of one row stand nearer than this share of their height."""

PAD_HEIGHTS: Final = 2.2
"""A row leaves at most so many heights of its letters free above and below its text."""

GAP_CHARS: Final = 1.25
"""What is free between two columns, in characters, at least: more than a blank."""

HEAD_GAP_CHARS: Final = 1.4
ROWS_MIN: Final = 2
HEADLESS_ROWS_MIN: Final = 3
HEADLESS_COLUMNS_MIN: Final = 3
FILLED_SHARE: Final = 0.6
"""So much of its cells is not empty."""

HEADLESS_FILLED_SHARE: Final = 0.75

PITCH_SHARE: Final = 2.6
"""The highest row is at most so many times as high as the usual one."""


Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RuledRow:
    """A row: from where to where it goes down, its number, where its columns are parted."""

    top: int
    bottom: int
    number: int
    cuts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A table: its rows, top to bottom, and how far they go across."""

    left: int
    right: int
    rows: tuple[RuledRow, ...]

    @property
    def box(self) -> Box:
        """From its first row to its last, as wide as its rules."""
        return self.left, self.rows[0].top, self.right, self.rows[-1].bottom

    def find(self, word: Word) -> tuple[int, int] | None:
        """Row and column of a word, by its middle; None outside of the table."""
        x, y = middle(word.box)
        if not self.left <= x < self.right:
            return None
        at = bisect.bisect_right([row.top for row in self.rows], y) - 1
        if at < 0 or y >= self.rows[at].bottom:
            return None
        return self.rows[at].number, bisect.bisect_right(self.rows[at].cuts, x)


@dataclass(frozen=True, slots=True)
class _Band:
    """What stands between two rules: its words, by x, and the lines they make."""

    top: int
    bottom: int
    words: tuple[Word, ...]
    lines: int
    char_px: float
    starts_anew: bool
    """More than the room of a row is free above it: nothing above belongs to its table."""

    @property
    def groups(self) -> list[list[Word]]:
        """Its words, parted where more than a blank is free through all of its lines."""
        groups: list[list[Word]] = []
        reach = 0
        for word in self.words:
            if not groups or word.box[0] - reach >= HEAD_GAP_CHARS * self.char_px:
                groups.append([])
            groups[-1].append(word)
            reach = max(reach, word.box[2])
        return groups


def find_ruled(
    pieces: Sequence[Piece], rules: Rules, box: Box, grey: NDArray[np.uint8]
) -> list[RuledTable]:
    """Tables in a region's pieces; ``box`` is the region."""
    words = sorted((w for p in pieces for w in p.words), key=lambda w: w.box[1])
    if not words:
        return []
    found: list[RuledTable] = []
    for left, right, ys in _stretches(rules, box):
        inside = [w for w in words if left <= middle(w.box)[0] < right]
        for run in _runs(_bands(inside, ys)):
            table = _table(run, left, right, grey)
            if table is not None and not any(_touch(table, other) for other in found):
                found.append(table)
    return found


def _stretches(rules: Rules, box: Box) -> Iterable[tuple[int, int, list[int]]]:
    """Left end, right end and heights of rules of one stretch, those with most rules first."""
    groups: list[list[Rule]] = []
    for rule in sorted(rules.across, key=lambda rule: (rule.start, rule.end, rule.low)):
        inside = box[1] - 2 <= rule.low <= box[3] + 2
        if rule.length < STRETCH_PX_MIN or not inside:
            continue
        if rule.start < box[0] - SLACK_PX or rule.end > box[2] + SLACK_PX:
            continue
        near = (g for g in groups if _is_same_stretch(g[0], rule))
        home = next(near, None)
        if home is None:
            groups.append([rule])
        else:
            home.append(rule)
    for group in sorted(groups, key=lambda g: (-len(g), g[0])):
        if len(group) < ROWS_MIN:
            continue
        ys: list[int] = []
        for rule in sorted(group, key=lambda rule: rule.low):
            if not ys or rule.low - ys[-1] > SLACK_PX:
                ys.append((rule.low + rule.high) // 2)
        yield min(r.start for r in group), max(r.end for r in group), ys


def _is_same_stretch(first: Rule, second: Rule) -> bool:
    return abs(first.start - second.start) <= SLACK_PX and abs(first.end - second.end) <= SLACK_PX


def _bands(words: Sequence[Word], ys: Sequence[int]) -> list[_Band]:
    """What stands above, between and below the rules, top to bottom; nothing where no text is."""
    places: dict[int, list[Word]] = {}
    for word in words:
        places.setdefault(bisect.bisect_right(ys, middle(word.box)[1]), []).append(word)
    bands = []
    for at in range(len(ys) + 1):
        own = places.get(at)
        if own is None:
            continue
        top = ys[at - 1] if at else None
        bottom = ys[at] if at < len(ys) else None
        band = _band(own, top, bottom)
        if band is not None:
            bands.append(band)
    return bands


def _band(words: Sequence[Word], top: int | None, bottom: int | None) -> _Band | None:
    """The row between two rules: its last lines, where more than a row stands there.

    Without a rule above it that is the row right above a rule, without one below the first row
    below a rule.
    """
    lines = _lines(words)
    tall = statistics.median(height(word.box) for word in words)
    chunks: list[list[list[Word]]] = [[lines[0]]]
    for above, line in itertools.pairwise(lines):
        gap = min(w.box[1] for w in line) - max(w.box[3] for w in above)
        if gap > BLANK_SHARE * tall:
            chunks.append([])
        chunks[-1].append(line)
    chunk = chunks[0] if bottom is None else chunks[-1]
    own = [word for line in chunk for word in line]
    first, last = min(w.box[1] for w in own), max(w.box[3] for w in own)
    room = int(PAD_HEIGHTS * tall)
    starts = top is None or len(chunks) > 1 or first - top > room
    if bottom is None:
        starts = top is None or first - top > room
        bottom = last + 1
    elif bottom - last > room:
        return None
    top = max(first - room, 0) if top is None or starts else top
    top = max(top, max((max(w.box[3] for w in c[-1]) for c in chunks[:-1]), default=top))
    chars = sum(len(word.text) for word in own) or 1
    across = sum(word.box[2] - word.box[0] for word in own)
    ordered = tuple(sorted(own, key=lambda w: w.box[0]))
    return _Band(top, bottom, ordered, len(chunk), max(1.0, across / chars), starts)


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Words by the line they stand in, top to bottom."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (middle(w.box)[1], w.box[0])):
        if lines:
            y0 = min(w.box[1] for w in lines[-1])
            y1 = max(w.box[3] for w in lines[-1])
            low = min(height(word.box), y1 - y0)
            if 2 * overlap(y0, y1, word.box[1], word.box[3]) >= low:
                lines[-1].append(word)
                continue
        lines.append([word])
    return lines


def _runs(bands: Sequence[_Band]) -> Iterable[list[_Band]]:
    """Bands that follow each other and could be the rows of one table."""
    run: list[_Band] = []
    for band in bands:
        is_row = band.lines <= LINES_MAX and len(band.groups) > 1
        joins = run and not band.starts_anew and band.top <= run[-1].bottom + SLACK_PX
        if run and not (is_row and joins):
            yield run
            run = []
        if is_row:
            run.append(band)
    if run:
        yield run


def _table(
    run: Sequence[_Band], left: int, right: int, grey: NDArray[np.uint8]
) -> RuledTable | None:
    """The table of these rows, with its head if it has one; None where they are none."""
    if len(run) > ROWS_MIN:
        table = _headed(run[0], run[1:], left, right, grey)
        if table is not None:
            return table
    spans = _spans(run)
    if len(run) < HEADLESS_ROWS_MIN or len(spans) < HEADLESS_COLUMNS_MIN:
        return None
    cuts = _between(spans, spans)
    if not _is_even(run) or not _is_filled(run, cuts, HEADLESS_FILLED_SHARE):
        return None
    return RuledTable(left, right, _rows(run, cuts))


def _headed(
    head: _Band, body: Sequence[_Band], left: int, right: int, grey: NDArray[np.uint8]
) -> RuledTable | None:
    """The table of a head and the rows below it; None where the first row is no head."""
    if head.lines > min(2, max(band.lines for band in body)):
        return None
    heads = [(group[0].box[0], max(w.box[2] for w in group)) for group in head.groups]
    columns = _columns(heads, _spans(body))
    if len(columns) < ROWS_MIN:
        return None
    cuts = _between([span for _, span in columns], [span for _, span in columns])
    over = [heading or span for heading, span in columns]
    head_cuts = _between(over, over)
    first = _by_column(head.words, head_cuts)
    below = [_by_column(band.words, cuts) for band in body]
    if not _is_even(body) or not _is_filled(body, cuts) or not is_head(grey, first, below):
        return None
    row = RuledRow(head.top, head.bottom, 0, tuple(head_cuts))
    return RuledTable(left, right, (row, *_rows(body, cuts)))


def _columns(heads: Sequence[Span], spans: Sequence[Span]) -> list[tuple[Span | None, Span]]:
    """Columns with the places of their heads, left to right.

    As many heads as columns belong together in their order (heads at the left, numbers at the
    right). Else a head over nothing is a column whose cells are empty, and a head over two gaps of
    text that no other head claims is over one column.
    """
    if len(heads) == len(spans):
        return list(zip(heads, spans, strict=True))
    found: list[tuple[Span | None, Span]] = []
    rest = list(spans)
    for head, later in itertools.zip_longest(heads, heads[1:]):
        while rest and rest[0][1] <= head[0]:
            found.append((None, rest.pop(0)))
        own: list[Span] = []
        while rest and rest[0][0] < head[1] and (later is None or rest[0][1] <= later[0]):
            own.append(rest.pop(0))
        if not own and rest and rest[0][0] < head[1] and later is not None:
            own.append(rest.pop(0))
        if own:
            found.append((head, (own[0][0], own[-1][1])))
        elif found and found[-1][1][1] > head[0]:
            # Two heads over one column: its text leaves no gap between them.
            before = found[-1][0] or head
            found[-1] = ((before[0], head[1]), found[-1][1])
        else:
            found.append((head, head))
    return found + [(None, span) for span in rest]


def _between(lefts: Sequence[Span], rights: Sequence[Span]) -> list[int]:
    """The middles between the end of each span and the start of the next one."""
    return [(left[1] + right[0]) // 2 for left, right in zip(lefts, rights[1:], strict=False)]


def _rows(bands: Sequence[_Band], cuts: Sequence[int]) -> tuple[RuledRow, ...]:
    return tuple(
        RuledRow(band.top, band.bottom, number, tuple(cuts))
        for number, band in enumerate(bands, start=1)
    )


def _spans(bands: Sequence[_Band]) -> list[Span]:
    """From where to where each column has text: what lies between gaps that all rows leave."""
    char_px = statistics.median(band.char_px for band in bands)
    spans: list[Span] = []
    for word in sorted((w for band in bands for w in band.words), key=lambda w: w.box[0]):
        if not spans or word.box[0] - spans[-1][1] >= GAP_CHARS * char_px:
            spans.append((word.box[0], word.box[2]))
        else:
            spans[-1] = (spans[-1][0], max(spans[-1][1], word.box[2]))
    return spans


def _by_column(words: Sequence[Word], cuts: Sequence[int]) -> list[list[Word]]:
    """The words of a row by column, each column's in reading order."""
    columns: list[list[Word]] = [[] for _ in range(len(cuts) + 1)]
    for word in sorted(words, key=lambda w: (w.box[1], w.box[0])):
        columns[bisect.bisect_right(cuts, middle(word.box)[0])].append(word)
    return columns


def _is_filled(bands: Sequence[_Band], cuts: Sequence[int], share: float = FILLED_SHARE) -> bool:
    """Whether most cells have text."""
    filled = sum(sum(map(bool, _by_column(band.words, cuts))) for band in bands)
    return filled >= share * len(bands) * (len(cuts) + 1)


def _is_even(bands: Sequence[_Band]) -> bool:
    """Whether no row is much higher than the others."""
    talls = [band.bottom - band.top for band in bands]
    return max(talls) <= PITCH_SHARE * statistics.median(talls)


def _touch(first: RuledTable, second: RuledTable) -> bool:
    across = overlap(first.left, first.right, second.left, second.right) > 0
    down = overlap(
        first.rows[0].top, first.rows[-1].bottom, second.rows[0].top, second.rows[-1].bottom
    )
    return across and down > 0
