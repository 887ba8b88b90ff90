"""Whom a letter or mail is from: the line of its sender, and its signature.

Covers: the lines of a mail that name its sender, and from where to where the mail goes. Does not
cover: chats (`kernel.query.turns`), what a heading is over (`kernel.query.sections`). Pure.

What a mail says and encloses is its sender's: "the Fjordlink offer" is the table in a mail from
somebody at fjordlink.example, or signed with that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernel.query.layout import PageLayout, Piece

SENDER = re.compile(r"\W*(?:from|sender)\s?:", re.IGNORECASE)
_FURTHER = re.compile(r"\W*(?:to|cc|date|sent|subject|reply-to)\s?:", re.IGNORECASE)
_CLOSING = re.compile(
    r"(?:(?:kind|best|warm|with (?:kind|best))\s+(?:regards|wishes)|regards|best|cheers|thanks"
    r"|many thanks|yours(?: (?:sincerely|faithfully|truly))?|sincerely)\s*,?",
    re.IGNORECASE,
)
_HEADER_HEIGHTS = 5.0
_SIGNED_LINES_MAX = 4
_LINE_HEIGHTS = 2.2


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail: the pieces (by index) that name its sender, and its upper and lower edge."""

    named: frozenset[int]
    region: int
    top: float
    bottom: float


def letters_of(layout: PageLayout) -> tuple[Letter, ...]:
    """The mails on a page, each in its window or pane, as far as the next one there."""
    around = layout.told_around
    senders = [p for p in layout.pieces if SENDER.match(p.text) and _is_header(layout, p)]
    made = []
    for sender in senders:
        region = around[sender.index]
        below = [
            other.box[1]
            for other in senders
            if around[other.index] == region and other.box[1] > sender.box[1]
        ]
        bottom = min(below, default=float("inf"))
        inside = [
            p
            for p in layout.pieces
            if around[p.index] == region and sender.box[1] <= p.box[1] < bottom
        ]
        signed = {p.index for p in _signature(layout, inside)}
        beside = layout.right_of(sender)
        value = {beside.index} if beside is not None else set()
        made.append(
            Letter(frozenset({sender.index, *value, *signed}), region, sender.box[1], bottom)
        )
    return tuple(made)


def _is_header(layout: PageLayout, sender: Piece) -> bool:
    """Whether other lines of a mail's header stand right under or over it."""
    near = _HEADER_HEIGHTS * sender.height
    return any(
        layout.told_around[p.index] == layout.told_around[sender.index]
        and abs(p.box[0] - sender.box[0]) <= 2 * sender.height
        and _FURTHER.match(p.text)
        for p in layout.between(sender.box[1] - near, sender.box[3] + near)
    )


def _signature(layout: PageLayout, inside: Sequence[Piece]) -> Iterator[Piece]:
    """The lines below "Kind regards,"."""
    for closing in inside:
        if not _CLOSING.fullmatch(closing.text.strip()):
            continue
        last = closing
        for _ in range(_SIGNED_LINES_MAX):
            below = layout.below(last, reach=_LINE_HEIGHTS)[:1]
            if not below:
                break
            last = below[0]
            yield last
