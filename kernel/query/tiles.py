"""Tiles of dashboards: a caption over a figure in large print over a smaller line.

Covers: questions for what the smaller line tells ("how many complaints are open", "what is the
target for the delay"). Does not cover: the figure itself (`kernel.query.labels`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits, Part, label_fit
from kernel.query.layout import PageLayout, Piece
from kernel.query.question import WEAK_WEIGHT, Kind, Question

_BONUS = 300
_LARGE = 1.25
_REACH = 1.6
_CAPTION_WORDS_MAX = 6
_CAPTION_FIT_MIN = 600
"""So much of the caption is said by the question: rejected specimens are not those received."""
_NOTE_WORDS_MAX = 7
_KINDS = frozenset({Kind.NUMBER, Kind.THING, Kind.DURATION})


@dataclass(frozen=True, slots=True)
class Tile:
    """A caption, the figure below it, and the smaller line below that."""

    caption: Piece
    figure: Piece
    note: Piece


def tiles_of(layout: PageLayout) -> Iterator[Tile]:
    """The tiles of the page that have a smaller line with a figure of its own."""
    for figure in layout.pieces:
        over = layout.above(figure, reach=_REACH)[:1]
        under = layout.below(figure, reach=_REACH)[:1]
        if not over or not under or not any(map(str.isdigit, figure.text)):
            continue
        caption, note = over[0], under[0]
        smaller = all(figure.height >= _LARGE * piece.height for piece in (caption, note))
        short = len(caption.text.split()) <= _CAPTION_WORDS_MAX
        if smaller and short and len(note.text.split()) <= _NOTE_WORDS_MAX:
            edges = [piece.box[0] for piece in (caption, figure, note)]
            if max(edges) - min(edges) <= figure.height and any(map(str.isdigit, note.text)):
                yield Tile(caption, figure, note)


def told_by_tiles(layout: PageLayout, question: Question, hits: PageHits) -> list[Candidate]:
    """The smaller line of the only tile of which caption and line say all that is asked."""
    if question.kind not in _KINDS:
        return []
    content = {at for at, term in enumerate(question.terms) if term.weight > WEAK_WEIGHT}
    content -= {at for at in content if question.terms[at].unsaid}
    found = []
    for tile in tiles_of(layout):
        caption, note = (
            hits.within(piece.line, piece.start, piece.end) for piece in (tile.caption, tile.note)
        )
        qualified = (content & note) - caption
        whole = Part(tile.caption.line, tile.caption.start, tile.caption.end)
        meant = label_fit(layout, hits, whole) >= _CAPTION_FIT_MIN
        if meant and qualified and content & caption and content <= caption | note:
            found.append(tile)
    fitting = [tile for tile in found if _fits(question, tile.note.text)]
    return [_candidate(fitting[0])] if len(fitting) == 1 else []


def _fits(question: Question, text: str) -> bool:
    return question.kind is Kind.THING or shapes.fits(question.kind, text)


def _candidate(tile: Tile) -> Candidate:
    answer, caption = (
        Part(piece.line, piece.start, piece.end) for piece in (tile.note, tile.caption)
    )
    text = f"{tile.caption.text}: {tile.note.text}"
    return Candidate(Form.BELOW, (answer,), (caption,), text, tile.note.text, _BONUS)
