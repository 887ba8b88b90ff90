"""Cards of boards and rows of lists: an id, a title, and a name, which is who has it.

Covers: "who is working on MH-498", "who has the wristbands", by the name on the card that says
all the question does. Does not cover: who reported,
reviewed or created anything: a name alone tells no deed. Tables with heads
(`kernel.query.row_questions`). Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel.query import shapes
from kernel.query.agents import Having, asked_holder
from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.layout import PageLayout, Piece
from kernel.query.question import WEAK_WEIGHT, Kind, Question
from kernel.query.vocabulary import CLASS_NOUNS, ROW_NOUNS, STOP_WORDS
from kernel.query.words import units_of

_BONUS = 300
_CARD_PIECES_MAX = 10
_CARDS_MIN = 3
_NAMED_SHARE = 0.5
_CLASSES = CLASS_NOUNS | ROW_NOUNS | frozenset("card cards tickets tasks issues story item".split())
_ID = re.compile(r"#?\b(?=[\w-]*\d)[A-Z][A-Za-z]*-?\d+\b|#\d+\b")
_NOBODY = re.compile(r"\W*(?:unassigned|not assigned|no assignee|nobody|open)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\s*(?:[\u00b7\u2022|,/-]|\d)")
"""What may follow a name on its line: points, a date, the next of several entries."""
_LABEL = re.compile(r"(?P<label>[A-Za-z][A-Za-z ]{1,24}):\s*(?P<value>\S.*)?")


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its pieces from top to bottom, its id, and the name of who has it."""

    pieces: tuple[Piece, ...]
    id: Part
    who: Part
    holder: str

    @property
    def title(self) -> tuple[Part, ...]:
        """All that is neither the id nor the line of the name; also what follows the id."""
        own = {(part.line, part.start) for part in (self.id, self.who)}
        rest = [
            Part(p.line, p.end - len(after), p.end)
            for p in self.pieces
            if (p.line, p.start) == (self.id.line, self.id.start)
            and (after := p.text[self.id.end - p.start :].lstrip(" :.-\u2013\u2014"))
        ]
        others = [Part(p.line, p.start, p.end) for p in self.pieces if (p.line, p.start) not in own]
        return (*rest, *others)


def cards_of(layout: PageLayout) -> list[Card]:
    """The cards of the page, where there are several of one kind; else none."""
    made = [card for pieces in _groups(layout) if (card := _card(layout, pieces)) is not None]
    kinds = Counter(_kind(layout, card) for card in made)
    return [card for card in made if kinds[_kind(layout, card)] >= _CARDS_MIN]


def _kind(layout: PageLayout, card: Card) -> str:
    text = layout.page.lines[card.id.line].text[card.id.start : card.id.end]
    return re.sub(r"\d+", "0", text)


def _groups(layout: PageLayout) -> Iterator[tuple[Piece, ...]]:
    """Pieces that may make up a card: those of a small box, else of a block, else of a row."""
    held: dict[int, list[Piece]] = {}
    for piece in layout.pieces:
        held.setdefault(layout.regions.of_piece[piece.index], []).append(piece)
    boxed = {
        region for region, pieces in held.items() if region and len(pieces) <= _CARD_PIECES_MAX
    }
    done: set[int] = set()
    for region in sorted(boxed):
        pieces = sorted(held[region], key=lambda p: (p.middle_y, p.box[0]))
        done.update(piece.index for piece in pieces)
        yield tuple(pieces)
    for piece in layout.pieces:
        if piece.index in done:
            continue
        block = layout.block(piece)
        group = block if len(block) > 1 else layout.row_of(piece)
        done.update(p.index for p in group)
        if len(group) <= _CARD_PIECES_MAX:
            yield tuple(group)


def _card(layout: PageLayout, pieces: Sequence[Piece]) -> Card | None:
    """The card that pieces make up; None without one id and one name besides a title."""
    ids = [
        Part(p.line, p.start + found.start(), p.start + found.end())
        for p in pieces
        for found in [_ID.match(p.text.strip())]
        if found
    ]
    names = [part for piece in pieces for part in _names_on(piece)]
    title = [p for p in pieces if not _names_on(p) and not _ID.fullmatch(p.text.strip())]
    labels = [p for p in pieces if _LABEL.match(p.text)]
    if len(ids) != 1 or len(names) != 1 or not title or labels:
        return None
    part = names[0]
    holder = layout.page.lines[part.line].text[part.start : part.end]
    return Card(tuple(pieces), ids[0], part, holder)


def _names_on(piece: Piece) -> list[Part]:
    """The name of a person with which a short piece begins, or that nobody has it."""
    nobody = _NOBODY.match(piece.text)
    if nobody and (not piece.text[nobody.end() :] or _ASIDE.match(piece.text[nobody.end() :])):
        return [Part(piece.line, piece.start, piece.start + nobody.end())]
    words = list(re.finditer(r"\S+", piece.text))
    for count in (3, 2):
        if len(words) < count:
            continue
        end = words[count - 1].end()
        rest = piece.text[end:]
        if shapes.is_person(piece.text[:end].rstrip(",")) and (not rest or _ASIDE.match(rest)):
            return [Part(piece.line, piece.start, piece.start + end)]
    return []


def told_by_cards(layout: PageLayout, question: Question, hits: PageHits) -> list[Candidate]:
    """Who has what a question names, by the only card that says all of it; else none."""
    having = asked_holder(question.text) if question.kind is Kind.PERSON else None
    if having is None:
        return []
    meant = [
        at
        for at, term in enumerate(question.terms)
        if term.text.casefold() not in having.asking and _is_of(term.text, having.what)
    ]
    said = [at for at in meant if question.terms[at].text.casefold() not in _CLASSES]
    if not said or all(question.terms[at].weight <= WEAK_WEIGHT for at in said):
        return []
    cards = [card for card in cards_of(layout) if _says(layout, question, hits, card, said, having)]
    if len({card.holder for card in cards}) != 1:
        return []
    return [_candidate(layout, cards[0])]


def _is_of(word: str, what: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", what) is not None


def _says(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    card: Card,
    said: Sequence[int],
    having: Having,
) -> bool:
    """Whether the card's id or title says all the words."""
    inside = frozenset[int]().union(
        *(
            hits.within(p.line, p.start, p.end)
            for p in card.pieces
            if (p.line, p.start) != (card.who.line, card.who.start)
        )
    )
    if not inside.issuperset(said):
        return False
    named = hits.within(card.id.line, card.id.start, card.id.end)
    if any(question.terms[at].required and at in named for at in said):
        return True
    return not having.is_loose or _is_titled(layout, hits, card)


def _is_titled(layout: PageLayout, hits: PageHits, card: Card) -> bool:
    """Whether the question says most of the title's words."""
    words = met = 0
    for piece in card.pieces:
        if _names_on(piece) or piece.line == card.id.line:
            continue
        for unit in units_of(piece.text):
            if piece.text[unit.start : unit.end].casefold() not in STOP_WORDS:
                words += 1
                at = piece.start + unit.start
                met += bool(hits.within(piece.line, at, at + unit.end - unit.start))
    return met >= _NAMED_SHARE * words


def _candidate(layout: PageLayout, card: Card) -> Candidate:
    lines = layout.page.lines
    parts = (card.id, *card.title)
    said = " ".join(lines[part.line].text[part.start : part.end] for part in parts)
    return Candidate(
        form=Form.CARD,
        answer=(card.who,),
        support=parts,
        text=f"{said} \u2014 {card.holder}",
        value=card.holder,
        bonus=_BONUS,
        value_at=card.who,
    )
