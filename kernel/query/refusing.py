"""When nothing is said: words of the question that are missing where they must be.

Covers: all refusals together, judging by the levels at which the terms stand. Does not cover: the
kinds of values (`kernel.query.kinds`), who, where and why (`kernel.query.circumstances`). Pure.
"""

from __future__ import annotations

import re

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.choices import tells_state
from kernel.query.circumstances import (
    is_byline_of_a_deed,
    is_no_person,
    is_no_place,
    is_no_reason,
    tells_only_where,
)
from kernel.query.kinds import counts_another_thing, is_of_wrong_kind
from kernel.query.nearness import (
    LEVEL_APART,
    LEVEL_CLOSE,
    LEVEL_HEADING,
    LEVEL_NEAR,
    LEVEL_PIECE,
    LEVEL_SYNONYM,
    LOCAL,
)
from kernel.query.polarity import is_denied, is_per_another_unit, is_the_contrary
from kernel.query.qualifiers import is_otherwise_qualified
from kernel.query.question import WEAK_WEIGHT, Kind, Question, Term
from kernel.query.speakers import names_only_the_speaker
from kernel.query.told import told_by
from kernel.query.vocabulary import COMMUNICATING, VAGUE_NOUNS
from kernel.query.words import spans_in, stem_of

_COMPOUND_WORDS_MIN = 2
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_STATE_STEMS = frozenset(map(stem_of, ("status", "state", "stage", "phase", "progress")))


def is_missed(term: Term, level: int) -> bool:
    """Whether a term that no answer can do without is not where it must be."""
    if term.unsaid:
        return False
    if term.classing and not level:
        return True
    if term.specific and term.needle.squashed.isdigit():
        return level < LOCAL
    need = LEVEL_CLOSE if term.specific else 1 if term.classing else LOCAL
    if term.required and level < need and not term.asked:
        return True
    return term.anchored and not term.asked and level == 0


def is_refused(question: Question, hits: PageHits, candidate: Candidate, levels: list[int]) -> bool:
    """Whether the candidate is of another thing or kind than the question asks for."""
    if candidate.form is not Form.SENTENCE and is_another(question, levels):
        return True
    if question.kind is Kind.FIND:
        return False
    if question.states:
        return _is_no_state(question, candidate, levels)
    if is_of_another_identifier(question, candidate, levels):
        return True
    if question.kind is Kind.TIME and any(
        term.required and level < LEVEL_CLOSE
        for term, level in zip(question.terms, levels, strict=True)
    ):
        return True
    return (
        is_denied(question, candidate, hits)
        or is_untold(question, candidate, hits)
        or is_per_another_unit(question, candidate)
        or is_the_contrary(question, candidate)
        or names_only_the_speaker(question, candidate)
        or is_otherwise_qualified(question, candidate, hits)
        or is_half_of_the_thing(question, levels)
        or is_of_another_kind(question, levels, candidate)
        or is_about_nothing_else(question, levels)
        or is_of_another_subject(question, candidate, levels)
        or is_byline_of_a_deed(question, candidate, levels)
        or _asks_only(question, candidate)
        or _is_from_a_question(question, candidate)
        or is_of_wrong_kind(question, candidate, hits)
        or counts_another_thing(question, candidate, hits)
        or is_no_person(question, candidate, hits)
        or is_no_place(question, candidate, hits)
        or tells_only_where(question, candidate, hits)
        or is_no_reason(question, candidate, levels)
    )


def _is_no_state(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether the candidate tells none of the states that are asked for, or of another thing."""
    labelled = candidate.form is not Form.SENTENCE
    return (
        not tells_state(question.states, candidate.value, labelled=labelled)
        or is_of_another_identifier(question, candidate, levels)
        or is_half_of_the_thing(question, levels)
        or is_about_nothing_else(question, levels)
        or is_of_another_subject(question, candidate, levels)
        or shapes.is_question(candidate.value)
    )


def is_of_another_identifier(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether the candidate is of a thing with another identifier of the same form.

    A line that tells of Q-2026-0397 says nothing of Q-2026-0418.
    """
    asked = [
        shapes.skeleton_of(term.text)
        for term, level in zip(question.terms, levels, strict=True)
        if term.specific and not term.asked and level < LEVEL_PIECE and _is_identifier(term.text)
    ]
    if not asked:
        return False
    words = candidate.text.split()
    return any(shapes.skeleton_of(word) in asked for word in words if _is_identifier(word))


def _is_identifier(word: str) -> bool:
    bare = word.strip(".,;:!?()[]")
    return any(map(str.isdigit, bare)) and any(map(str.isupper, bare)) and bare[-1:].isalnum()


def is_untold(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether it is told that what is asked for is not known: "gate to follow", "TBD"."""
    if any(stem_of(term.text) in _STATE_STEMS for term in question.terms):
        return False
    if candidate.form is not Form.SENTENCE:
        return shapes.is_placeholder(candidate.value)
    told = told_by(question, candidate, hits)
    # "412 labels pending" leaves nothing open where it is asked how many are pending.
    said = {told.text[start:end].casefold() for start, end in told.words}
    return any(
        shapes.is_left_open(told.text[end:]) and told.text[end:].split()[0].casefold() not in said
        for _, end in told.asked
    )


def _asks_only(question: Question, candidate: Candidate) -> bool:
    """Whether the candidate is a question, and does not name what is asked for in passing.

    "Can you review PR 5520?" tells which PR.
    """
    asks = any(term.text.casefold() in ("ask", "asked") for term in question.terms)
    if asks and question.kind is Kind.THING:
        return not shapes.is_question(candidate.value)
    if not shapes.is_question(candidate.value):
        return False
    named = [term.text for term in question.terms if term.asked and not is_vague(term)]
    spans = [shapes.find_shape(noun, candidate.value) for noun in named]
    return not any(
        candidate.value[span[0] : span[1]].strip() not in question.text for span in spans if span
    )


def _is_from_a_question(question: Question, candidate: Candidate) -> bool:
    """Whether somebody is named only because they asked: asking is not doing.

    "Has anybody got a barrow? Mine is flat." asks for a barrow, whatever is said after it.
    """
    if question.kind is not Kind.PERSON or candidate.form is not Form.CARD:
        return False
    told = any(term.text.casefold() in COMMUNICATING for term in question.terms)
    said = candidate.text.rpartition(" \u2014 ")[2]
    asking = [part for part in _SENTENCE_END.split(said) if part.endswith("?")]
    telling = " ".join(part for part in _SENTENCE_END.split(said) if part not in asking)
    only_asked = any(
        spans_in(term.needle, part) and not spans_in(term.needle, telling)
        for part in asking
        for term in question.terms
        if term.weight > WEAK_WEIGHT
    )
    return not told and (only_asked or said.rstrip().endswith("?") or shapes.is_question(said))


def is_of_another_subject(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether a sentence is told of a name that neither it nor a heading over it has.

    Who is named over a sentence is not whom it speaks of when it names somebody itself.
    """
    if not question.strict or candidate.form is not Form.SENTENCE:
        return False
    somebody = shapes.holds_person(candidate.text)
    return any(
        level < (LEVEL_PIECE if somebody and _is_capitalised(term) else LEVEL_HEADING)
        for term, level in zip(question.terms, levels, strict=True)
        if term.specific and not term.asked
    )


def _is_capitalised(term: Term) -> bool:
    return term.text.isalpha() and term.text.istitle()


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
