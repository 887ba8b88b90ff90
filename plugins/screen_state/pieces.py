"""Pieces: the words of a page, line by line, cut where a pane or a cell ends.

A reader joins words that stand near each other; a window over another may cut between them. A
piece is what of one line stands in one place.

Covers: cutting, and putting pieces into rows. Does not cover: where the cuts are (`windows`,
`grid`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from contracts.base import Box
from contracts.text import TextLine, TextPage, Word
from plugins.screen_state.geometry import height, middle, overlap, union

ROW_SHARE = 0.5
"""Pieces of one row share this much of the lower one's height."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one line; ``order`` is the line's place in reading order."""

    order: int
    text: str
    box: Box
    confidence_permille: int
    words: tuple[Word, ...]

    @property
    def char_px(self) -> float:
        """Mean width of a character in pixels, at least 1."""
        chars = sum(len(word.text) for word in self.words) or len(self.text) or 1
        across = sum(word.box[2] - word.box[0] for word in self.words)
        return max(1.0, (across or self.box[2] - self.box[0]) / chars)


def page_pieces(page: TextPage) -> list[Piece]:
    """Every line of the page as one piece."""
    return [
        Piece(order, line.text, line.box, line.confidence_permille, line.words)
        for order, line in enumerate(page.lines)
    ]


def cut(pieces: Iterable[Piece], place: Callable[[Word], Hashable]) -> dict[Hashable, list[Piece]]:
    """Pieces by the place of their words; words of one place that follow each other stay together.

    A piece without words is placed by its box.
    """
    found: dict[Hashable, list[Piece]] = {}
    for piece in pieces:
        if not piece.words:
            whole = Word(
                text=piece.text,
                box=piece.box,
                confidence_permille=piece.confidence_permille,
                start=0,
                end=len(piece.text),
            )
            found.setdefault(place(whole), []).append(piece)
            continue
        for where, group in itertools.groupby(piece.words, place):
            words = tuple(group)
            part = piece if len(words) == len(piece.words) else part_of(piece, words)
            found.setdefault(where, []).append(part)
    return found


def part_of(piece: Piece, words: Sequence[Word]) -> Piece:
    """The piece of these of its words; raises ValueError for none."""
    first = piece.words[0].start
    text = piece.text[words[0].start - first : words[-1].end - first]
    chars = sum(len(word.text) for word in words) or 1
    weighted = sum(word.confidence_permille * len(word.text) for word in words)
    return Piece(
        order=piece.order,
        text=text or " ".join(word.text for word in words),
        box=union(word.box for word in words),
        confidence_permille=weighted // chars,
        words=tuple(words),
    )


def text_rows(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Pieces that stand beside each other, rows top to bottom, each left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (middle(p.box)[1], p.box[0], p.order)):
        if rows and _is_level(rows[-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda p: (p.box[0], p.order))
    return rows


def _is_level(row: Sequence[Piece], piece: Piece) -> bool:
    box = row[0].box
    lower = min(height(box), height(piece.box))
    return overlap(box[1], box[3], piece.box[1], piece.box[3]) >= ROW_SHARE * lower


def join_text(pieces: Sequence[Piece]) -> str:
    """Texts of pieces in the order given, parted by blanks."""
    return " ".join(piece.text for piece in pieces)


def line_of(piece: Piece) -> TextLine:
    """The piece as a line of a page."""
    return TextLine(
        text=piece.text,
        box=piece.box,
        confidence_permille=piece.confidence_permille,
        words=piece.words,
    )
