"""Whether a sentence tells something of the sort that a question asks for.

Covers: names, numbers and identifiers in a sentence that the question itself does not say, and
whether what is asked for stands right before one. Does not cover: kinds that a noun demands
(`kernel.query.kinds`). Pure.
"""

from __future__ import annotations

import dataclasses
import re

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.ordinary import is_ordinary
from kernel.query.question import Kind, Question
from kernel.query.told import told_by
from kernel.query.vocabulary import CALENDAR
from kernel.query.words import stem_of

UNTOLD, PREDICATED = -150, 100
"""What a sentence loses that tells nothing new, and gains that says what something is."""
_OPENED = re.compile(
    r"\s*(?P<word>on|in|at|from|to|into|for|under|with|by)\s+(?:which|what)\s+(?P<noun>[a-z]+)",
    re.IGNORECASE,
)
_CALLED = frozenset(
    stem_of(noun)
    for noun in "room floor gate desk page line bay dock rack street day date month year week time"
    " hour address price city country person company".split()
)
"""Nouns that stand beside what they name, or whose values tell by their look what they are."""
_TOKEN = re.compile(r"[^\s,;:()\[\]\"“”]+")
_IDENTIFIER = re.compile(r"\d|[a-z][A-Z]|\w[_@/\\]\w|\w\.\w|^[-~/.]\w")
_BEFORE_VALUE = re.compile(r"\s*(?:is|was|are|were|will be|named|called|[:=#])?\s*[\"“(]?$")


def informing_bonus(question: Question, candidate: Candidate, hits: PageHits) -> int:
    """What a sentence is worth for what it tells, in thousandths of its score; else 0."""
    if candidate.form is not Form.SENTENCE or question.kind is not Kind.THING:
        return 0
    if not any(term.asked for term in question.terms):
        return 0
    told = told_by(question, candidate, hits)
    new = [
        found for found in _TOKEN.finditer(told.rest) if _is_telling(found.group(), found.start())
    ]
    if not new:
        return UNTOLD
    ends = [end for _, end in told.asked]
    said = any(
        end <= found.start() and _BEFORE_VALUE.match(told.text[end : found.start()])
        for end in ends
        for found in new
    )
    return PREDICATED if said else 0


def told_by_preposition(question: Question, candidate: Candidate, hits: PageHits) -> Candidate:
    """The candidate, speaking for what is asked where its preposition leads to an identifier.

    "On which columns does she want an index?" is answered by "an index on (accession, flag)"; what
    is called by its noun ("room 4", "floor 2") is not told without it.
    """
    if not _is_led_to(question, candidate, hits):
        return candidate
    asked = (at for at, term in enumerate(question.terms) if term.asked and not term.specific)
    return dataclasses.replace(candidate, speaks_for=candidate.speaks_for | frozenset(asked))


def _is_led_to(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether an identifier follows the preposition that the question opens with."""
    opened = _OPENED.match(question.text)
    if opened is None or candidate.form is not Form.SENTENCE:
        return False
    if stem_of(opened.group("noun")) in _CALLED:
        return False
    told = told_by(question, candidate, hits)
    after = re.compile(
        rf"[^,;.:()]{{0,24}}?\b{opened.group('word')}\b\W*(?P<value>[^\s,;:()]+)", re.IGNORECASE
    )
    places = [place for place in told.words if place not in told.asked]
    text = shapes.without_times(told.text)
    return any(
        (found := after.match(text, end)) is not None
        and (_IDENTIFIER.search(found.group("value").strip(".,!?")) is not None or "(" in found[0])
        for _, end in places
    )


def _is_telling(token: str, at: int) -> bool:
    """Whether a word is an identifier, a number, or a name (but not for opening the sentence)."""
    bare = token.strip(".,!?'\u2019")
    if _IDENTIFIER.search(bare):
        return True
    named = bare[:1].isupper() and at > 0 and len(bare) > 1
    return named and bare.casefold() not in CALENDAR and not is_ordinary(bare)
