"""Whether a sentence tells something of the sort that a question asks for.

Covers: names, numbers and identifiers in a sentence that the question itself does not say, and
whether what is asked for stands right before one. Does not cover: kinds that a noun demands
(`kernel.query.kinds`). Pure.
"""

from __future__ import annotations

import re

from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.ordinary import is_ordinary
from kernel.query.question import Kind, Question
from kernel.query.told import told_by
from kernel.query.vocabulary import CALENDAR

UNTOLD, PREDICATED = -150, 100
"""What a sentence loses that tells nothing new, and gains that says what something is."""
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


def _is_telling(token: str, at: int) -> bool:
    """Whether a word is an identifier, a number, or a name (but not for opening the sentence)."""
    bare = token.strip(".,!?'\u2019")
    if _IDENTIFIER.search(bare):
        return True
    named = bare[:1].isupper() and at > 0 and len(bare) > 1
    return named and bare.casefold() not in CALENDAR and not is_ordinary(bare)
