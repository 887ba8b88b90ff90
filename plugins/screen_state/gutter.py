"""Code panes: lines whose numbers stand in a gutter.

The numbers of a gutter are flush (right or left), stand before the text of their rows and rise
from row to row. Fewer than `ROWS_MIN` of them prove nothing.

Covers: the gutter of a region, number and text of each row. Does not cover: code without line
numbers (its lines are lines), folded or wrapped rows beyond having no number.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.text import Word
from plugins.screen_state.pieces import Piece, part_of, text_rows

ROWS_MIN: Final = 5
FLUSH_PX: Final = 5
RISING_SHARE: Final = 0.85
DIGITS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A row of a code pane; ``number`` is None where none is printed, ``text`` where none is."""

    number: int | None
    number_word: Word | None
    text: Piece | None


@dataclass(frozen=True, slots=True)
class CodePane:
    """The rows of a code pane, top to bottom, and the pieces they were made of."""

    rows: tuple[CodeRow, ...]
    used: frozenset[Piece]


def find_code(pieces: Sequence[Piece]) -> CodePane | None:
    """The code pane in a region's pieces, or None."""
    rows = text_rows(pieces)
    numbered = [(row, word) for row in rows for word in _first_numbers(row)]
    best: list[tuple[list[Piece], Word]] = []
    for edge in (0, 2):
        for group in _flush(numbered, edge):
            chain = _rising(group)
            if len(chain) > len(best):
                best = chain
    if len(best) < ROWS_MIN:
        return None
    return _pane(rows, best)


def _first_numbers(row: Sequence[Piece]) -> Iterable[Word]:
    """Words of a row that could be its number: digits that begin a piece."""
    for piece in row:
        word = piece.words[0] if piece.words else None
        if word and word.text.isascii() and word.text.isdigit() and len(word.text) <= DIGITS_MAX:
            yield word


def _flush(
    numbered: Sequence[tuple[list[Piece], Word]], edge: int
) -> Iterable[list[tuple[list[Piece], Word]]]:
    """Numbers whose left (0) or right (2) ends stand below each other."""
    ordered = sorted(numbered, key=lambda item: (item[1].box[edge], item[1].box[1]))
    start = 0
    for at in range(1, len(ordered) + 1):
        ends = at == len(ordered)
        if ends or ordered[at][1].box[edge] - ordered[at - 1][1].box[edge] > FLUSH_PX:
            yield sorted(ordered[start:at], key=lambda item: item[1].box[1])
            start = at


def _rising(group: list[tuple[list[Piece], Word]]) -> list[tuple[list[Piece], Word]]:
    """The group, if its numbers rise by one per row but for a few; else nothing."""
    values = [int(word.text) for _, word in group]
    if len(values) < ROWS_MIN:
        return []
    tops = [word.box[1] for _, word in group]
    gaps = [low - high for high, low in itertools.pairwise(tops) if low > high]
    if not gaps:
        return []
    pitch = statistics.median(gaps)
    steps = [
        (second - first, round((low - high) / pitch))
        for (first, second), (high, low) in zip(
            itertools.pairwise(values), itertools.pairwise(tops), strict=True
        )
    ]
    good = sum(step >= 1 and step in {rows, 1} for step, rows in steps)
    return group if good >= RISING_SHARE * len(steps) else []


def _pane(rows: list[list[Piece]], chain: list[tuple[list[Piece], Word]]) -> CodePane:
    # A reader may take a stroke beside a number for a part of it: such a box is no measure.
    char_px = statistics.median((w.box[2] - w.box[0]) / len(w.text) for _, w in chain)
    usual = [w for _, w in chain if w.box[2] - w.box[0] <= 1.5 * len(w.text) * char_px]
    gutter_right = max(word.box[2] for word in usual)
    gutter_left = min(word.box[0] for _, word in chain)
    top, bottom = chain[0][1].box[1], chain[-1][1].box[3]
    pitch = (chain[-1][1].box[1] - top) / max(1, len(chain) - 1)
    number_of = {id(row): word for row, word in chain}
    found: list[CodeRow] = []
    used: set[Piece] = set()
    for row in rows:
        inside = [p for p in row if p.box[2] > gutter_left - FLUSH_PX]
        middle = (row[0].box[1] + row[0].box[3]) / 2
        if not inside or not top - pitch < middle < bottom + pitch:
            continue
        word = number_of.get(id(row))
        text = _text_of(inside, word, gutter_right)
        if word is None and text is None:
            continue
        used.update(inside)
        found.append(CodeRow(None if word is None else int(word.text), word, text))
    return CodePane(tuple(found), frozenset(used))


def _text_of(row: Sequence[Piece], number: Word | None, gutter_right: int) -> Piece | None:
    """What of the row stands right of the gutter, in one piece."""
    parts = []
    for piece in row:
        words = [w for w in piece.words if w is not number and w.box[2] > gutter_right]
        if words:
            parts.append(part_of(piece, words))
        elif not piece.words and piece.box[0] >= gutter_right:
            parts.append(piece)
    return merge(parts) if parts else None


def merge(parts: Sequence[Piece]) -> Piece:
    """Pieces of one row as one, texts parted by blanks; raises ValueError for none."""
    if len(parts) == 1:
        return parts[0]
    words: list[Word] = []
    texts: list[str] = []
    offset = 0
    for piece in parts:
        base = piece.words[0].start if piece.words else 0
        words.extend(
            Word(
                text=w.text,
                box=w.box,
                confidence_permille=w.confidence_permille,
                start=w.start - base + offset,
                end=w.end - base + offset,
            )
            for w in piece.words
        )
        texts.append(piece.text)
        offset += len(piece.text) + 1
    boxes = [piece.box for piece in parts]
    return Piece(
        order=min(piece.order for piece in parts),
        text=" ".join(texts),
        box=(
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        ),
        confidence_permille=min(piece.confidence_permille for piece in parts),
        words=tuple(words),
    )
