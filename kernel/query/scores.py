"""What a candidate's score is made of: weights of the terms, what speaks for form and kind.

Covers: how much each term counts for a candidate, what its label and its look add. Does not cover:
which candidates answer at all (`kernel.query.ranking`). Pure; all in integers.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.circumstances import is_no_person
from kernel.query.informing import informing_bonus
from kernel.query.layout import Hit, PageLayout
from kernel.query.lightverbs import is_light_verb
from kernel.query.nearness import LEVEL_SYNONYM, LOCAL, is_said_over, level_of, overlaps
from kernel.query.question import Kind, Question, Term
from kernel.query.refusing import is_vague
from kernel.query.vocabulary import EVENT_NOUNS

_TYPE_BONUS = 180
_NAMED_BONUS = 60
_UNNAMED_WEIGHT = 40
_TOLD_BLANKS_MIN = 3
_LABEL_FIT_WHOLE = 1000
_PARTED = re.compile(r"[,;(|\u00b7]\s*$")
_FIGURE = re.compile(r"\s*[:=]?\s*[\u20ac$\u00a3]?\d")


def bonus_of(
    question: Question, hits: PageHits, candidate: Candidate, levels: list[int], *, named: bool
) -> int:
    """What form, label and look add to a candidate's score, in thousandths of it."""
    bonus = candidate.bonus + (_NAMED_BONUS if named else 0)
    bonus += informing_bonus(question, candidate, hits)
    if candidate.form in (Form.FIELD, Form.BELOW) and not label_is_asked(
        question, candidate, levels
    ):
        bonus = 0
    if shapes.is_command(candidate.value) and candidate.form is Form.SENTENCE:
        bonus -= _TYPE_BONUS
    if question.kind in (Kind.PERSON, Kind.TIME, Kind.NUMBER, Kind.DURATION):
        fits = shapes.fits(question.kind, candidate.value)
        if question.kind is Kind.PERSON:
            fits = fits or not is_no_person(question, candidate, hits)
        told = question.kind is Kind.TIME and shapes.tells_occasion(candidate.value)
        bonus += _TYPE_BONUS if fits else _TYPE_BONUS // 4 if told else -_TYPE_BONUS
    if question.kind is Kind.THING and shapes.is_time(candidate.value):
        bonus -= _TYPE_BONUS // 2
    if question.kind is Kind.REASON:
        bonus += _reason_bonus(candidate)
    if any(t.asked and shapes.has_shape_of(t.text, candidate.value) for t in question.terms):
        bonus += _TYPE_BONUS // 2
    return bonus


def _reason_bonus(candidate: Candidate) -> int:
    """A reason is told in words: a sentence or log line, best with a cue."""
    told = candidate.form is Form.SENTENCE or candidate.value.count(" ") >= _TOLD_BLANKS_MIN
    cued = shapes.tells_reason(candidate.value)
    given = shapes.gives_reason(candidate.value)
    return (_TYPE_BONUS if told else -_TYPE_BONUS) + _TYPE_BONUS // 2 * (cued + given)


def weights_of(question: Question, levels: list[int], candidate: Candidate) -> list[int]:
    """The terms' weights; what is asked weighs little where the label itself stands for it.

    "Which track is now playing?" is answered by "Now playing: ...", "how many tickets are in
    the backlog?" by "BACKLOG 3".
    """
    speaks = label_speaks(question, candidate)
    return [
        _UNNAMED_WEIGHT
        if level < LOCAL
        and not term.specific
        and (term.asked or term.unsaid or index == question.verb)
        and (
            term.unsaid
            or is_light_verb(question, index, candidate)
            or speaks
            or index in candidate.speaks_for
            or named_by_shape(question, term, candidate)
            or is_unsaid_event(question, term)
        )
        else term.weight
        for index, (term, level) in enumerate(zip(question.terms, levels, strict=True))
    ]


def label_levels(
    question: Question,
    layout: PageLayout,
    hits: PageHits,
    candidate: Candidate,
    levels: list[int],
) -> list[int]:
    """The levels with the label alone in view: a value does not say what it is a value of.

    What a heading over it says is said of the label: "Upper limit" of "Critical results".
    """
    if candidate.form not in (Form.FIELD, Form.BELOW) or not candidate.support:
        return levels
    label = dataclasses.replace(candidate, answer=candidate.support)
    outside = [
        tuple(hit for hit in found if not any(overlaps(hit, part) for part in candidate.answer))
        for found in hits.by_term
    ]
    told = [
        max(
            level_of(layout, found, label),
            LEVEL_SYNONYM * _names_a_figure(layout, all_of, candidate),
        )
        for found, all_of in zip(outside, hits.by_term, strict=True)
    ]
    asked = [at for at, term in enumerate(question.terms) if term.asked]
    if not asked or told[asked[-1]] < LEVEL_SYNONYM:
        return told
    over = [
        at
        for at in asked[:-1]
        if not question.terms[at].specific and is_said_over(layout, hits.by_term[at], label)
    ]
    return [max(level, LEVEL_SYNONYM) if at in over else level for at, level in enumerate(told)]


def _names_a_figure(layout: PageLayout, found: Iterable[Hit], candidate: Candidate) -> bool:
    """Whether a word stands inside a value before a figure: "10 Nov, size 1.84 GB" tells a size."""
    for hit in found:
        text = layout.page.lines[hit.line].text
        if any(overlaps(hit, part) for part in candidate.answer) and (
            _PARTED.search(text[: hit.start]) and _FIGURE.match(text, hit.end)
        ):
            return True
    return False


def label_is_asked(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether the candidate itself names something of what is asked for, if anything is."""
    asked = [
        level
        for index, (term, level) in enumerate(zip(question.terms, levels, strict=True))
        if term.asked and index not in candidate.speaks_for
    ]
    return not asked or max(asked) >= LEVEL_SYNONYM or label_speaks(question, candidate)


def label_speaks(question: Question, candidate: Candidate) -> bool:
    """Whether the label alone says what is asked: each of its words is in the question."""
    if question.strict or candidate.fit < _LABEL_FIT_WHOLE:
        return False
    if question.kind is Kind.NUMBER:
        return shapes.is_count(candidate.value) and candidate.plain
    return question.kind is Kind.THING and not candidate.support


def asked_is_own(question: Question, levels: list[int], candidate: Candidate) -> bool:
    """Whether a label or head of the candidate names all that is asked."""
    if candidate.form in (Form.SENTENCE, Form.CARD):
        return False
    asked = [
        level
        for term, level in zip(question.terms, levels, strict=True)
        if term.asked and (not term.specific or len(question.terms) == 1)
    ]
    return bool(asked) and min(asked) >= LEVEL_SYNONYM


def named_by_shape(question: Question, term: Term, candidate: Candidate) -> bool:
    """Whether the value shows by its look that it is what the term names.

    Not enough in a sentence for "what is the X of Y": sentences hold all sorts of things.
    """
    if term.specific or not shapes.has_shape_of(term.text, candidate.value):
        return False
    return not question.strict or candidate.form is not Form.SENTENCE or is_vague(term)


def is_unsaid_event(question: Question, term: Term) -> bool:
    """Whether a calendar shows the thing without calling it so: "the appointment with ..."."""
    return question.kind is Kind.TIME and term.text.casefold() in EVENT_NOUNS
