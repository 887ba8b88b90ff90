"""What stands in a lane of a board: the cards under the head that a question names.

Covers: "what is blocked?", "which tickets are in review?", each card with its id and title, from
the newest frame with such a board. Does not cover: how many they are (the head tells that), who
has a card (`kernel.query.cards`), rows of tables (`kernel.query.listing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.answer import Claim
from contracts.text import TextLine
from kernel.query.candidates import Part
from kernel.query.cards import Card, cards_of
from kernel.query.deadline import OutOfTime
from kernel.query.headings import board_head_over
from kernel.query.layout import PageLayout, Piece
from kernel.query.plan import Reading
from kernel.query.question import Kind, Question, analyse
from kernel.query.searching import layout_of, pages_to_read
from kernel.query.sources import Outcome, Sources
from kernel.query.vocabulary import STOP_WORDS
from kernel.query.words import stem_of

CARDS_MAX = 24
_PAGES_MAX = 12
_LANE_ASKED = re.compile(
    r"(?:what|which(?: (?:cards?|tickets?|tasks?|issues?|items?|stories|bugs|jobs))?)"
    r"(?:'s| is| are| was| were)"
    r" (?P<lane>(?:(?:in|on|under) (?:the )?|(?!the |an? |my |our ))[a-z -]+)",
    re.IGNORECASE,
)
"""A lane goes without an article, unless it is said to be in it."""
_LANE_WORDS_MAX = 4
_UNSAID = frozenset("in on under at the to for now currently still column lane list stage".split())


@dataclass(frozen=True, slots=True)
class Lane:
    """The head of a lane and the cards under it, top to bottom."""

    head: Piece
    cards: tuple[Card, ...]


def asks_for_a_lane(question: Question) -> bool:
    """Whether what stands in a lane may be asked for: "what is blocked", "which tickets are"."""
    return question.kind is not Kind.FIND and bool(_lane_of(question))


def _lane_of(question: Question) -> frozenset[str]:
    """The stems of the words that name a lane; none where no lane is asked for."""
    found = _LANE_ASKED.fullmatch(question.text.strip().rstrip("?!. "))
    lane = found.group("lane") if found else ""
    return _stems(lane) if len(lane.split()) <= _LANE_WORDS_MAX else frozenset()


def _sought(question: Question) -> Question:
    """What to look for: a lane whose words are all too common to be looked up, by its name."""
    found = _LANE_ASKED.fullmatch(question.text.strip().rstrip("?!. "))
    lane = re.sub(r"^(?:in|on|under) (?:the )?", "", found["lane"] if found else "", flags=re.I)
    common = lane and all(word in STOP_WORDS for word in lane.casefold().split())
    return analyse(f'"{lane}"') if common else question


def _stems(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return frozenset(stem_of(word) for word in words if word not in _UNSAID)


def lane_meant(layout: PageLayout, question: Question) -> Lane | None:
    """The lane of a page whose head is what the question says; None where there is none."""
    named = _lane_of(question)
    lanes: dict[int, list[Card]] = {}
    for card in cards_of(layout) if named else ():
        head = board_head_over(layout, card.pieces[0])
        if head is not None and _stems(head.text) == named:
            lanes.setdefault(head.index, []).append(card)
    if len(lanes) != 1:
        return None
    at, cards = next(iter(lanes.items()))
    return Lane(layout.pieces[at], tuple(cards))


def list_lane(reading: Reading, sources: Sources) -> Outcome:
    """A claim for each card of the lane on the newest frame that has it."""
    outcome = Outcome()
    question = reading.question
    if not asks_for_a_lane(question):
        return outcome
    try:
        pages = pages_to_read(
            sources.evidence,
            sources.derived,
            _sought(question),
            reading.scope,
            sources.search,
            sources.deadline,
        )
        for blob, event in pages[:_PAGES_MAX]:
            sources.deadline.check()
            stored = sources.derived.page_of(blob)
            layout = layout_of(sources.derived, stored[1], event.event_id) if stored else None
            lane = lane_meant(layout, question) if layout else None
            if stored is None or lane is None or len(lane.cards) > CARDS_MAX:
                continue
            for card in lane.cards:
                parts = (card.id, *card.title, _part(lane.head))
                cited = tuple(sources.citer.cite(part, *stored, event) for part in parts)
                said = f"{_text(stored[1].lines, (card.id, *card.title))} \u2014 {lane.head.text}"
                outcome.add(Claim(text=said, citations=cited), sources)
            if outcome.claims:
                outcome.notes.append("cards are told as far as one frame shows them")
                break
    except OutOfTime:
        outcome.cut = True
    return outcome


def _part(piece: Piece) -> Part:
    return Part(piece.line, piece.start, piece.end)


def _text(lines: Sequence[TextLine], parts: Sequence[Part]) -> str:
    return " ".join(lines[part.line].text[part.start : part.end] for part in parts)
