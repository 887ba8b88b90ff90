"""When nothing is said: words of the question that are missing where they must be.

Covers: judging by the levels at which the terms stand. Does not cover: whether the value can be
of the kind asked for (`kernel.query.ranking`). Pure.
"""

from __future__ import annotations

from kernel.query import shapes
from kernel.query.candidates import Candidate
from kernel.query.nearness import LEVEL_APART, LEVEL_CLOSE, LEVEL_NEAR, LEVEL_SYNONYM, LOCAL
from kernel.query.question import WEAK_WEIGHT, Kind, Question, Term
from kernel.query.vocabulary import VAGUE_NOUNS

_COMPOUND_WORDS_MIN = 2


def is_missed(term: Term, level: int) -> bool:
    """Whether a term that no answer can do without is not where it must be."""
    if term.specific and term.needle.squashed.isdigit():
        return level < LOCAL
    need = LEVEL_CLOSE if term.specific else LOCAL
    if term.required and level < need and not term.asked:
        return True
    return term.anchored and not term.asked and level == 0


def is_another(question: Question, levels: list[int]) -> bool:
    """Whether the row is of another kind: the print service is not the backup service."""
    return any(
        levels[noun] >= LEVEL_SYNONYM > levels[qualifier] for qualifier, noun in question.compounds
    )


def lacks_what_is_searched(question: Question, levels: list[int]) -> bool:
    """Whether a word that is searched for is nowhere on the page."""
    return question.kind is Kind.FIND and any(
        level == 0 and term.weight > WEAK_WEIGHT
        for term, level in zip(question.terms, levels, strict=True)
    )


def is_of_another_kind(question: Question, levels: list[int], candidate: Candidate) -> bool:
    """Whether what stands there says only the general word: STATUS is not the exit status."""
    asked = [
        (term, level)
        for term, level in zip(question.terms, levels, strict=True)
        if term.asked and not term.specific and term.weight > WEAK_WEIGHT
    ]
    if len(asked) < _COMPOUND_WORDS_MIN or any(
        shapes.has_shape_of(term.text, candidate.value) for term, _ in asked
    ):
        return False
    met = [term for term, level in asked if level >= LOCAL]
    return bool(met) and len(met) < len(asked) and all(is_vague(term) for term in met)


def is_half_of_the_thing(question: Question, levels: list[int]) -> bool:
    """Whether only the first of two words is near: the budget alert is not the budget review."""
    person = question.kind is Kind.PERSON
    need = LEVEL_NEAR if person else LEVEL_CLOSE
    if person and any(
        term.anchored and not term.asked and level < LEVEL_CLOSE
        for term, level in zip(question.terms, levels, strict=True)
    ):
        # Who moved the retro did not move the deadline.
        return True
    return any(levels[noun] < need <= levels[first] for first, noun in question.compounds)


def is_about_nothing_else(question: Question, levels: list[int]) -> bool:
    """Whether only general words of what is asked for are met, and nothing said of it."""
    graded = list(zip(question.terms, levels, strict=True))
    if any(term.required and level >= LOCAL for term, level in graded):
        return False
    said = [level for term, level in graded if not term.asked and term.weight > WEAK_WEIGHT]
    return bool(said) and max(said) < LEVEL_APART


def is_vague(term: Term) -> bool:
    """Whether the noun says nothing without another one: "number", "status"."""
    return term.text.casefold() in VAGUE_NOUNS
