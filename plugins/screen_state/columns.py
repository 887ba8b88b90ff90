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
from plugins.screen_state.geometry import height
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
            found.append(_table(rows[start:end], gaps))
            start = end
        else:
            start += 1
    return found


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


def _gaps(rows: Sequence[_Row]) -> list[int]:
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
    return [(start + end) // 2 for start, end in free]


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


def _table(rows: Sequence[_Row], gaps: Sequence[int]) -> Columns:
    cells: list[tuple[Piece | None, ...]] = []
    for row in rows:
        parts = cut(row.pieces, lambda word: _column(word, gaps))
        cells.append(
            tuple(
                merge(sorted(parts[at], key=lambda p: p.box[0])) if at in parts else None
                for at in range(len(gaps) + 1)
            )
        )
    return Columns(tuple(cells), frozenset(p for row in rows for p in row.pieces))
