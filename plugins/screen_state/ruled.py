"""Tables whose rows are parted by rules or fills, and whose columns are not.

Rules of one stretch, one below the other, part rows; what all rows leave free between them parts
columns. A cell may have several lines. The row of heads is told by how it looks (`looks`), and
its texts may be wider than the columns they head.

Two columns are a table only with a head: a list of settings or of names and values looks the same
otherwise. Rows without a head count from 1, so that row 0 is a head wherever there is one.

A head with one rule below it may head rows that nothing parts; then columns stand straight below
their heads.

Covers: rows, columns and heads as places. Does not cover: rules that cross (`grid`), tables without
any rules (`columns`), cells over several columns.
"""

from __future__ import annotations

import bisect
import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contracts.base import Box
from contracts.text import Word
from plugins.screen_state.bands import SLACK_PX, Band, Span, find_bands, line_bands, runs_of
from plugins.screen_state.edges import Rule, Rules
from plugins.screen_state.geometry import middle, overlap
from plugins.screen_state.looks import is_head
from plugins.screen_state.pieces import Piece

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRETCH_PX_MIN: Final = 120
GAP_CHARS: Final = 1.25
"""What is free between two columns, in characters, at least: more than a blank."""

ROWS_MIN: Final = 2
HEADLESS_ROWS_MIN: Final = 3
HEADLESS_COLUMNS_MIN: Final = 3
FILLED_SHARE: Final = 0.6
"""So much of its cells is not empty."""

HEADLESS_FILLED_SHARE: Final = 0.75

PITCH_SLACK: Final = 0.3
"""Rows that no rules part are evenly far from each other, but for this share."""

PITCH_SHARE: Final = 2.6
"""The highest row is at most so many times as high as the usual one."""


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
        for run in runs_of(find_bands(inside, ys)):
            table = _table(run, left, right, grey)
            if table is not None and not any(_touch(table, other) for other in found):
                found.append(table)
    return found


def find_headed(pieces: Sequence[Piece], grey: NDArray[np.uint8]) -> list[RuledTable]:
    """Tables without any rules, below a head that stands straight above three columns or more.

    Their rows have one line each; lists of four rows and more are `columns`, head or not.
    """
    words = [word for piece in pieces for word in piece.words]
    if not words:
        return []
    left = min(word.box[0] for word in words)
    right = max(word.box[2] for word in words)
    rows = line_bands(words)
    found: list[RuledTable] = []
    at = 0
    while at + ROWS_MIN < len(rows):
        table = None
        if len(rows[at].group_spans) >= HEADLESS_COLUMNS_MIN:
            below = list(itertools.takewhile(lambda row: not row.starts_anew, rows[at + 1 :]))
            table = _below_one_rule(rows[at], below, left, right + 1, grey)
        if table is not None:
            found.append(table)
        at += 1 if table is None else len(table.rows)
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
        ys: list[int] = []
        for rule in sorted(group, key=lambda rule: rule.low):
            if not ys or rule.low - ys[-1] > SLACK_PX:
                ys.append((rule.low + rule.high) // 2)
        yield min(r.start for r in group), max(r.end for r in group), ys


def _is_same_stretch(first: Rule, second: Rule) -> bool:
    return abs(first.start - second.start) <= SLACK_PX and abs(first.end - second.end) <= SLACK_PX


def _table(
    run: Sequence[Band], left: int, right: int, grey: NDArray[np.uint8]
) -> RuledTable | None:
    """The table of these rows, with its head if it has one; None where they are none."""
    closed = [band for band in run if not band.is_open]
    opened = [band for band in run if band.is_open]
    if len(closed) == 1:
        return _below_one_rule(closed[0], opened, left, right, grey)
    if len(closed) > 1:
        spans = _spans(closed[1:])
        run = [*closed, *itertools.takewhile(lambda band: _fits(band, spans), opened)]
    if len(run) > ROWS_MIN:
        table = _headed(run[0], run[1:], left, right, grey)
        if table is not None:
            return table
    spans = _spans(run)
    if len(closed) < HEADLESS_ROWS_MIN or len(spans) < HEADLESS_COLUMNS_MIN:
        return None
    cuts = _between(spans, spans)
    if not _is_even(run) or not _is_filled(run, cuts, HEADLESS_FILLED_SHARE):
        return None
    return RuledTable(left, right, _rows(run, cuts))


def _below_one_rule(
    head: Band, opened: Sequence[Band], left: int, right: int, grey: NDArray[np.uint8]
) -> RuledTable | None:
    """The table below a rule under its head, whose rows nothing parts but what is free.

    All cells but a few have text, each column begins, ends or has its middle where its head has,
    and rows are evenly far from each other: tabs over a page are no head.
    """
    body = list(opened[:1])
    pitches = [low.words_top - high.words_top for high, low in itertools.pairwise(opened)]
    for band, pitch in zip(opened[1:], pitches, strict=True):
        if abs(pitch - pitches[0]) > PITCH_SLACK * pitches[0]:
            break
        body.append(band)
    heads, spans = head.group_spans, _spans(body) if body else []
    if len(body) < ROWS_MIN or len(heads) != len(spans):
        return None
    if not all(_is_aligned(one, span) for one, span in zip(heads, spans, strict=True)):
        return None
    if not _is_filled(body, _between(spans, spans), HEADLESS_FILLED_SHARE):
        return None
    return _headed(head, body, left, right, grey)


def _is_aligned(head: Span, span: Span) -> bool:
    ends = (head[0] - span[0], head[1] - span[1], (sum(head) - sum(span)) // 2)
    return any(abs(end) <= SLACK_PX for end in ends)


def _fits(band: Band, spans: Sequence[Span]) -> bool:
    """Whether a row without a rule below it has texts in most of the columns, and in one each."""
    char_px = band.char_px
    homes = [
        [n for n, span in enumerate(spans) if overlap(*group, *span) > -char_px]
        for group in band.group_spans
    ]
    single = all(len(home) == 1 for home in homes)
    return single and len({home[0] for home in homes}) >= FILLED_SHARE * len(spans)


def _headed(
    head: Band, body: Sequence[Band], left: int, right: int, grey: NDArray[np.uint8]
) -> RuledTable | None:
    """The table of a head and the rows below it; None where the first row is no head."""
    if head.lines > min(2, max(band.lines for band in body)):
        return None
    columns = _columns(head.group_spans, _spans(body))
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


def _rows(bands: Sequence[Band], cuts: Sequence[int]) -> tuple[RuledRow, ...]:
    return tuple(
        RuledRow(band.top, band.bottom, number, tuple(cuts))
        for number, band in enumerate(bands, start=1)
    )


def _spans(bands: Sequence[Band]) -> list[Span]:
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


def _is_filled(bands: Sequence[Band], cuts: Sequence[int], share: float = FILLED_SHARE) -> bool:
    """Whether most cells have text."""
    filled = sum(sum(map(bool, _by_column(band.words, cuts))) for band in bands)
    return filled >= share * len(bands) * (len(cuts) + 1)


def _is_even(bands: Sequence[Band]) -> bool:
    """Whether no row is much higher than the others."""
    talls = [band.bottom - band.top for band in bands]
    return max(talls) <= PITCH_SHARE * statistics.median(talls)


def _touch(first: RuledTable, second: RuledTable) -> bool:
    across = overlap(first.left, first.right, second.left, second.right) > 0
    down = overlap(
        first.rows[0].top, first.rows[-1].bottom, second.rows[0].top, second.rows[-1].bottom
    )
    return across and down > 0
