"""Words of the question that nothing says where the value stands: then no value is told.

Covers: every content word (noun, verb, adjective, name, number) that is not asked for must stand
in the value's own context: its line, row, head, block, form or heading, by itself, an inflected
form or a word of the same meaning. Does not cover: what is asked for (`kernel.query.ranking`),
negation and rates (`kernel.query.polarity`). Pure.
"""

from __future__ import annotations

import re

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.layout import PageLayout
from kernel.query.lightverbs import (
    adds_a_condition,
    goes_unsaid,
    is_being_done,
    is_without_its_time,
    names_another_deed,
)
from kernel.query.nearness import LEVEL_CLOSE, LEVEL_HEADING, LEVEL_PIECE, LEVEL_SENTENCE, place_of
from kernel.query.polarity import rates_in
from kernel.query.question import WEAK_WEIGHT, Kind, Question, Term
from kernel.query.told import is_in
from kernel.query.vocabulary import (
    COMMUNICATING,
    DEGREES,
    EVENT_NOUNS,
    MESSAGES,
    TIME_NOUNS,
    VAGUE_NOUNS,
    WEAK_VERBS,
)
from kernel.query.words import stem_of

_MEANT: dict[str, str] = {
    "sold": "unit units revenue sales qty quantity",
    "sell": "unit units revenue sales qty quantity",
    "ordered": "order qty quantity",
    "bought": "order qty quantity",
    "end": "exit exited",
    "ended": "exit exited",
    "left": "free available avail remaining balance",
    "available": "free avail left remaining",
    "free": "available avail left remaining",
    "remaining": "free available avail left",
    "charged": "fee price cost costs rate",
    "assigned": "assignment assignee",
    "pay": "price cost costs fee rate",
    "percent": "%",
    "percentage": "%",
    "failed": "error errors failure failures",
}
"""What a head or title says instead of a word of the question."""
_BEGINNINGS = frozenset(
    stem_of(word) for word in "start starts begin begins happen take place commence due".split()
)
"""Verbs that every entry of a calendar answers without saying them."""
_CARD_LINES_MAX = 8
_DEEDS = frozenset(stem_of(verb) for verb in "take takes took need use used".split())
"""Weak verbs that somebody does all the same."""
_LIGHT = frozenset(stem_of(verb) for verb in "run live sit stand lie stay".split())
"""Verbs of being somewhere."""
_PLACED = frozenset(
    "filed stored kept listed assigned marked tagged labelled labeled classified categorised"
    " categorized located placed put registered booked grouped held parked".split()
)
"""What is done to a thing to give it what a label names: the category that it is filed under."""
_COSTING = frozenset("cost costs worth".split())
_MATTERS = frozenset("problem trouble matter issue incident affair".split())
"""What people call a thing that is told of: "the printer problem"."""
_WEAK_STEMS = frozenset(stem_of(verb) for verb in WEAK_VERBS)
_UNSAID_NOUNS = frozenset(stem_of(noun) for noun in (TIME_NOUNS | EVENT_NOUNS | VAGUE_NOUNS))
_SUBJECT_NOUNS = frozenset(stem_of(noun) for noun in MESSAGES)
_TOLD = frozenset(stem_of(verb) for verb in COMMUNICATING)


def is_unmet(question: Question, layout: PageLayout, hits: PageHits, candidate: Candidate) -> bool:
    """Whether a content word of the question does not stand in the context of the value."""
    if question.kind is Kind.FIND:
        return False
    if names_another_deed(question, layout, hits, candidate):
        return True
    told = _is_labelled_as_asked(question, hits, candidate)
    return any(
        _must_be_met(question, index, term, candidate)
        and not goes_unsaid(question, index, layout, hits, candidate)
        and place_of(layout, hits.by_term[index], candidate) < _need(question, term, told=told)
        and not _is_meant(term, layout, candidate)
        for index, term in enumerate(question.terms)
    )


def _need(question: Question, term: Term, *, told: bool) -> int:
    if _is_deed(question, term):
        return LEVEL_PIECE
    if term.required:
        return LEVEL_HEADING
    # The label of a field says all that is asked for: what else is said may stand some lines off.
    return LEVEL_CLOSE if told else LEVEL_SENTENCE


def _is_labelled_as_asked(question: Question, hits: PageHits, candidate: Candidate) -> bool:
    """Whether the candidate's own words hold a name that is asked for: "What is the BIC of ..."."""
    return question.strict and any(
        term.asked and term.required and is_in(found, candidate)
        for term, found in zip(question.terms, hits.by_term, strict=True)
    )


def _must_be_met(question: Question, index: int, term: Term, candidate: Candidate) -> bool:
    if term.classing or term.unsaid or index in candidate.speaks_for:
        return False
    if term.required or _is_deed(question, term) or is_being_done(question, index):
        return True
    if is_without_its_time(question, index, candidate.value):
        return True
    word = term.text.casefold()
    if term.asked and question.kind is Kind.NUMBER and adds_a_condition(word):
        # "How many tests failed" asks for those that did.
        return not candidate.plain
    if term.asked and question.kind is Kind.DURATION:
        # "How long did the staging deploy take": what took it stands beside it.
        return not _is_scaffolding(question, term, candidate)
    if term.asked:
        timed = question.kind is Kind.TIME and not question.strict
        return timed and _names_the_timed(term, candidate)
    return not _is_scaffolding(question, term, candidate)


def _is_deed(question: Question, term: Term) -> bool:
    return question.kind is Kind.PERSON and stem_of(term.text) in _DEEDS


def _names_the_timed(term: Term, candidate: Candidate) -> bool:
    """Whether it names what has the time: "staging" and "rollout", neither "date" nor "start"."""
    stem = stem_of(term.text)
    shaped = shapes.has_shape_of(term.text, candidate.value)
    light = term.weight <= WEAK_WEIGHT or stem in _WEAK_STEMS or stem in _UNSAID_NOUNS
    return not (shaped or light or stem in _BEGINNINGS or rates_in(term.text))


def _is_scaffolding(question: Question, term: Term, candidate: Candidate) -> bool:
    """Whether people say it in such a question without its standing on the screen."""
    stem = stem_of(term.text)
    if term.weight <= WEAK_WEIGHT or stem in _WEAK_STEMS or stem in _SUBJECT_NOUNS:
        return True
    word = term.text.casefold()
    if question.kind in (Kind.TIME, Kind.PLACE) and stem in _BEGINNINGS and word != "placed":
        return shapes.fits(question.kind, candidate.value)
    if word in _MATTERS and term is question.terms[-1]:
        return len(question.terms) > 1 and not question.terms[-2].asked
    if word == "due" or (word in _COSTING and question.kind is Kind.NUMBER):
        # What is to be paid is due, and what is paid is what a thing costs.
        return question.kind is not Kind.TIME
    if word in _PLACED and question.kind in (Kind.THING, Kind.PLACE):
        return candidate.form in (Form.CELL, Form.FIELD, Form.BELOW)
    if stem in _LIGHT and question.kind is Kind.NUMBER:
        return candidate.form is not Form.SENTENCE
    return (
        (stem in _TOLD and question.kind is not Kind.NUMBER)
        or (stem in _LIGHT and question.kind in (Kind.THING, Kind.PLACE))
        or bool(rates_in(term.text))
        or term.text.casefold() in VAGUE_NOUNS | DEGREES
    )


def _is_meant(term: Term, layout: PageLayout, candidate: Candidate) -> bool:
    """Whether the head, the value or the title says it in another word."""
    words = set(_MEANT.get(term.text.casefold(), "").split())
    if not words:
        return False
    if words & set(re.findall(r"[^\W\d_]+|%", candidate.text.casefold())):
        return True
    part = candidate.answer[0]
    block = layout.block(layout.piece_at(part.line, part.start))
    near = " ".join(piece.text for piece in block[:_CARD_LINES_MAX])
    if words & set(re.findall(r"[a-z]+", near.casefold())):
        return True
    titled = " ".join(piece.text for piece in layout.titles)
    return candidate.form is Form.CELL and bool(words & set(re.findall(r"[a-z]+", titled.lower())))
