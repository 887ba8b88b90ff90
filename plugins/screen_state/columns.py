"""Tables without rules: words of rows below each other that keep the same gaps free.

What a program prints in columns (`df`, `kubectl get`): four rows and three columns at least
(three lines beside each other are as often the cards of a board), rows at even distances, gaps
that no row crosses and that in most rows are two characters wide; prose keeps no such gaps.

Covers: rows of cells, as pieces. Does not cover: drawn tables (`grid`), two columns (a list of
names and values looks no other than an indented text), heads that stand over two columns.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.text import Word
from plugins.screen_state.geometry import height, width
from plugins.screen_state.gutter import merge
from plugins.screen_state.pieces import Piece, cut, text_rows

ROWS_MIN: Final = 4
GAPS_MIN: Final = 2
WIDE_CHARS: Final = 1.7
"""A gap of a table is so many characters wide in at least half of the rows."""

FREE_CHARS: Final = 0.6
FILLED_SHARE: Final = 0.75
"""Each row has text in this share of the columns."""

PITCH_HEIGHTS: Final = 2.2
PITCH_SHARE: Final = 0.25
"""Distances of rows differ at most by this share from the usual one."""

FIXED_SHARE: Final = 0.05
PITCH_CHARS_MIN: Final = 4
HEAD_PITCH: Final = 1.6
"""The row of heads is at most this many rows above the first one."""

ROWS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """A table: for each row its cells by column, None where a cell is empty."""

    rows: tuple[tuple[Piece | None, ...], ...]
    used: frozenset[Piece]


@dataclass(frozen=True, slots=True)
class _Row:
    pieces: tuple[Piece, ...]
    words: tuple[Word, ...]
    char_px: float

    @property
    def top(self) -> int:
        return min(word.box[1] for word in self.words)

    @property
    def middle(self) -> float:
        return statistics.median((word.box[1] + word.box[3]) / 2 for word in self.words)

    @property
    def tall(self) -> int:
        return max(height(word.box) for word in self.words)


def find_columns(pieces: Sequence[Piece]) -> list[Columns]:
    """Tables in a region's pieces, top to bottom."""
    rows = [row for row in map(_row, text_rows(pieces)) if row is not None]
    found: list[Columns] = []
    start = 0
    while start + ROWS_MIN <= len(rows):
        end, gaps = _longest(rows, start)
        if gaps:
            above = rows[start - 1] if start else None
            wide = _gaps(rows[start:end], only_wide=True)
            head = _head(above, rows[start:end], wide) if above else None
            if head is not None:
                gaps = wide
            elif above:
                head = _head(above, rows[start:end], gaps)
            found.append(_table(rows[start:end], gaps, head, above))
            start = end
        else:
            start += 1
    return found


def _head(above: _Row, rows: Sequence[_Row], gaps: Sequence[int]) -> list[Piece] | None:
    """The cells of the row above the table, if it has one text for each column.

    Heads stand at the left of columns whose numbers stand at the right: they need not keep the
    gaps free, and are taken in their order.
    """
    pitch = rows[1].middle - rows[0].middle
    if not 0 < rows[0].middle - above.middle <= HEAD_PITCH * pitch:
        return None
    groups: list[list[Word]] = [[above.words[0]]]
    for word in above.words[1:]:
        if word.box[0] - groups[-1][-1].box[2] >= WIDE_CHARS * above.char_px:
            groups.append([])
        groups[-1].append(word)
    if len(groups) != len(gaps) + 1:
        return None
    ends = [0] * len(groups)
    for word in (word for row in rows for word in row.words):
        ends[_column(word, gaps)] = max(ends[_column(word, gaps)], word.box[2])
    for at, group in enumerate(groups):
        if not (ends[at - 1] if at else 0) <= group[0].box[0] < ends[at]:
            return None
    group_of = {id(word): at for at, group in enumerate(groups) for word in group}
    parts = cut(above.pieces, lambda word: group_of[id(word)])
    return [merge(sorted(parts[at], key=lambda p: p.box[0])) for at in range(len(groups))]


def _row(pieces: Sequence[Piece]) -> _Row | None:
    words = tuple(sorted((w for p in pieces for w in p.words), key=lambda w: w.box[0]))
    if len(words) < GAPS_MIN + 1:
        return None
    return _Row(tuple(pieces), words, statistics.median(p.char_px for p in pieces))


def _longest(rows: Sequence[_Row], start: int) -> tuple[int, list[int]]:
    """The end of the table that begins at ``start``, and the middles of its gaps."""
    best: tuple[int, list[int]] = (start, [])
    first: int | None = None
    for end in range(start + ROWS_MIN, min(len(rows), start + ROWS_MAX) + 1):
        if not _is_even(rows[start:end]):
            break
        gaps = _gaps(rows[start:end])
        if len(gaps) < GAPS_MIN or (first is not None and len(gaps) < first):
            break
        first = len(gaps)
        if all(_is_filled(row, gaps) for row in rows[start:end]):
            best = (end, gaps)
    return best


def _follows(above: _Row, below: _Row) -> bool:
    near = below.top - above.top <= PITCH_HEIGHTS * max(above.tall, below.tall)
    alike = max(above.tall, below.tall) <= 1.4 * min(above.tall, below.tall)
    return near and alike


def _is_even(rows: Sequence[_Row]) -> bool:
    """Whether the rows follow each other at even distances."""
    if not all(_follows(above, below) for above, below in itertools.pairwise(rows)):
        return False
    pitches = [below.middle - above.middle for above, below in itertools.pairwise(rows)]
    usual = statistics.median(pitches)
    return all(abs(pitch - usual) <= PITCH_SHARE * usual for pitch in pitches)


def _gaps(rows: Sequence[_Row], *, only_wide: bool = False) -> list[int]:
    """Middles of the gaps that all rows keep free; none unless two of them are wide."""
    spans = sorted((word.box[0], word.box[2]) for row in rows for word in row.words)
    char_px = statistics.median(row.char_px for row in rows)
    free: list[tuple[int, int]] = []
    reach = spans[0][1]
    for start, end in spans[1:]:
        if start - reach >= FREE_CHARS * char_px:
            free.append((reach, start))
        reach = max(reach, end)
    wide = [gap for gap in free if _is_wide(gap, rows, char_px)]
    if len(wide) < GAPS_MIN:
        return []
    # In a fixed pitch columns may be one blank apart; elsewhere that parts a number and its unit.
    kept = free if not only_wide and _is_fixed_pitch(rows) else wide
    return [(start + end) // 2 for start, end in kept]


def _is_fixed_pitch(rows: Sequence[_Row]) -> bool:
    """Whether all characters are equally wide."""
    pitches = [
        width(word.box) / len(word.text)
        for row in rows
        for word in row.words
        if len(word.text) >= PITCH_CHARS_MIN
    ]
    if len(pitches) < ROWS_MIN:
        return False
    usual = statistics.median(pitches)
    return statistics.median(abs(pitch - usual) for pitch in pitches) <= FIXED_SHARE * usual


def _is_wide(gap: tuple[int, int], rows: Sequence[_Row], char_px: float) -> bool:
    """Whether half of the rows leave more than a blank there."""
    middle = sum(gap) / 2
    wide = 0
    for row in rows:
        left = max((w.box[2] for w in row.words if w.box[2] <= middle), default=None)
        right = min((w.box[0] for w in row.words if w.box[0] >= middle), default=None)
        wide += left is not None and right is not None and right - left >= WIDE_CHARS * char_px
    return 2 * wide >= len(rows)


def _is_filled(row: _Row, gaps: Sequence[int]) -> bool:
    filled = {_column(word, gaps) for word in row.words}
    return len(filled) >= FILLED_SHARE * (len(gaps) + 1)


def _column(word: Word, gaps: Sequence[int]) -> int:
    middle = (word.box[0] + word.box[2]) / 2
    return sum(middle > gap for gap in gaps)


def _table(
    rows: Sequence[_Row], gaps: Sequence[int], head: list[Piece] | None, above: _Row | None
) -> Columns:
    cells: list[tuple[Piece | None, ...]] = [] if head is None else [tuple(head)]
    for row in rows:
        parts = cut(row.pieces, lambda word: _column(word, gaps))
        cells.append(
            tuple(
                merge(sorted(parts[at], key=lambda p: p.box[0])) if at in parts else None
                for at in range(len(gaps) + 1)
            )
        )
    used = {piece for row in rows for piece in row.pieces}
    if head is not None and above is not None:
        used |= set(above.pieces)
    return Columns(tuple(cells), frozenset(used))
