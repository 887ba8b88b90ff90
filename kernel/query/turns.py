"""Who spoke when: the messages of a chat, a thread or a discussion, and which answers which.

Covers: messages under a line with somebody's name and a time, messages with their time at the end
(bubbles), the message before each, the one that heads a thread. Does not cover: what a question
takes over from them (`kernel.query.replies`). Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kernel.query.shapes import is_byline, tells_clock

if TYPE_CHECKING:
    from kernel.query.layout import PageLayout, Piece

_NAMED = re.compile(
    r"[A-Z][\w.'\u2019-]*(?: [\w.'\u2019-]+){0,2}?\W*\d{1,2}:\d{2}(?:\s?[APap]\.?[Mm]\.?)?\W*"
)
_NAMED_DAY = re.compile(r"(?:[A-Z][\w.'\u2019-]*\W+){1,3}(?:Yesterday|Today)\W*")
"""In lists of mails the day stands for the time of older ones."""
_BYLINE_WORDS_MAX = 9
_NAMED_AT_MOST = 4
_TOLD = re.compile(r"(?<!Dr)(?<!Mr)(?<!Ms)(?<!Mrs)[.!?] ")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)
_TIMED = re.compile(r"\s\d{1,2}:\d{2}(?:\s?[ap]m)?$", re.IGNORECASE)
_TIMED_WORDS_MIN = 3
_REPLIES = re.compile(r"\d+ (?:replies|reply|answers?|comments?)", re.IGNORECASE)
_APART_HEIGHTS_MAX = 8.0
_BELOW_HEIGHTS = 2.2


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: the pieces (by index) of what it says, top to bottom, and its upper edge."""

    said: tuple[int, ...]
    top: int
    byline: int | None
    """The piece (by index) that tells who wrote it and when; None where none does."""


class Talk:
    """The messages on a page."""

    def __init__(self, layout: PageLayout) -> None:
        self._layout = layout
        self._before: dict[tuple[int, ...], Turn | None] = {}
        self._opener: dict[tuple[int, ...], Turn | None] = {}

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """All messages, top to bottom."""
        headed = self._under_bylines()
        held = {piece for turn in headed for piece in turn.said}
        made = [*headed, *(t for t in self._timed_at_the_end() if not held & set(t.said))]
        return tuple(sorted(made, key=lambda turn: (turn.top, turn.said)))

    @cached_property
    def _of_piece(self) -> dict[int, Turn]:
        return {piece: turn for turn in self.turns for piece in turn.said}

    def turn_of(self, piece: Piece) -> Turn | None:
        """The message that a piece is part of; None outside of messages."""
        return self._of_piece.get(piece.index)

    def before(self, turn: Turn) -> Turn | None:
        """The message right before one in its conversation; None before the first."""
        if turn.said not in self._before:
            self._before[turn.said] = self._find_before(turn)
        return self._before[turn.said]

    def _find_before(self, turn: Turn) -> Turn | None:
        home = self._layout.pieces[turn.said[0]]
        near = [
            (self._depth(turn, other), other.top, other)
            for other in self.turns
            if other.top < turn.top and other.said != turn.said
        ]
        near = [found for found in near if found[0] > 0]
        if not near:
            return None
        _, _, last = max(near, key=lambda found: found[:2])
        end = max(self._layout.pieces[piece].box[3] for piece in last.said)
        return last if turn.top - end <= _APART_HEIGHTS_MAX * home.height else None

    def opener(self, turn: Turn) -> Turn | None:
        """The message that a reply of a thread is about; None outside of threads."""
        if turn.said not in self._opener:
            self._opener[turn.said] = self._find_opener(turn)
        return self._opener[turn.said]

    def _find_opener(self, turn: Turn) -> Turn | None:
        home = self._layout.pieces[turn.said[0]]
        around = self._layout.told_around
        heads = [
            piece
            for piece in self._layout.pieces
            if _REPLIES.fullmatch(piece.text.strip())
            and piece.box[3] <= turn.top + piece.height // 2
            and around[piece.index] == around[home.index]
        ]
        if not heads:
            return None
        edge = max(head.box[1] for head in heads)
        over = [
            other
            for other in self.turns
            if other.top < edge and around[other.said[0]] == around[home.index]
        ]
        return max(over, key=lambda other: other.top, default=None)

    def _under_bylines(self) -> list[Turn]:
        layout = self._layout
        lines = [piece for piece in layout.pieces if heads_message(self._line_of(piece))]
        heads = {piece.index for piece in lines}
        made = []
        for head in lines:
            said: list[Piece] = []
            last = head
            while True:
                below = [
                    piece
                    for piece in layout.below(last, reach=_BELOW_HEIGHTS)
                    if abs(piece.box[0] - head.box[0]) <= head.height
                ]
                if not below or below[0].index in heads:
                    break
                last = below[0]
                if not _REPLIES.fullmatch(last.text.strip()):
                    said.append(last)
            if said:
                made.append(Turn(tuple(p.index for p in said), head.box[1], head.index))
        return made

    def _line_of(self, piece: Piece) -> str:
        """A piece with the time right of it, which engines may give by itself."""
        if not piece.text[:1].isupper():
            return piece.text
        beside = self._layout.right_of(piece)
        timed = beside is not None and _CLOCK.fullmatch(beside.text.strip())
        return f"{piece.text} {beside.text}" if beside is not None and timed else piece.text

    def _timed_at_the_end(self) -> list[Turn]:
        layout = self._layout
        made = []
        for piece in layout.pieces:
            timed = _TIMED.search(piece.text)
            if timed is None or heads_message(piece.text):
                continue
            lines = [p for p in layout.block(piece) if p.box[1] <= piece.box[1]]
            words = sum(len(p.text.split()) for p in lines)
            if words - 1 < _TIMED_WORDS_MIN:
                continue
            named = lines[0] if len(lines) > 1 and _is_name(lines[0].text) else None
            said = [p for p in lines if p is not named and not heads_message(p.text)]
            head = None if named is None else named.index
            made.append(Turn(tuple(p.index for p in said), lines[0].box[1], head))
        return made

    def _depth(self, first: Turn, second: Turn) -> int:
        """How deep the innermost container around both is; 0 where nothing connects them."""
        chain = self._layout.regions.chain
        one, two = chain(first.said[0]), chain(second.said[0])
        common = [region for region in one if region in two]
        pieces = self._layout.pieces
        own, other = pieces[first.said[0]], pieces[second.said[0]]
        if len(common) > 1:
            return len(common)
        return 1 if abs(own.box[0] - other.box[0]) <= own.height else 0


def heads_message(text: str) -> bool:
    """Whether a line tells somebody's name and a time: "Build bot 09:20"."""
    text = text.strip()
    if _NAMED.fullmatch(text) or _NAMED_DAY.fullmatch(text):
        return True
    few = len(text.split()) <= _BYLINE_WORDS_MAX and not _TOLD.search(text)
    return few and is_byline(text) and tells_clock(text)


def _is_name(text: str) -> bool:
    words = text.split()
    return len(words) <= _NAMED_AT_MOST and all(word[:1].isupper() for word in words)
