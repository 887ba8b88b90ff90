"""Whether a statement is of another period, sort or tense than what is asked for.

Covers: "this year" against "last year", "card number" against a label of another number, the last
figures of a number, what another thing is the same as, what is still to be done where it is asked
what was, labels for whom a thing is done to. Does not cover: negation and units
(`kernel.query.polarity`). Pure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.question import Kind, Question
from kernel.query.told import is_in
from kernel.query.vocabulary import STOP_WORDS, VAGUE_NOUNS, WEAK_ADJECTIVES
from kernel.query.words import spans_in, stem_of

_WORD = re.compile(r"[^\W\d_]+")
_PERIOD = re.compile(
    r"\b(?:(?P<now>this|current)|(?P<before>last|previous|prior|past)"
    r"|(?P<after>next|coming|following))\s+"
    r"(?P<unit>year|quarter|month|week|night|season|term|weekend)(?:'s)?\b",
    re.IGNORECASE,
)
_WHOLE = WEAK_ADJECTIVES | frozenset(
    "total overall full exact grand net gross own main actual real final".split()
)
"""Before a general noun these name no other sort: the total amount is the amount."""
_ONLY_THE_END = re.compile(r"\bending (?:in|with|on)\s+\W*(?P<end>\w+)", re.IGNORECASE)
_SAME_AS = re.compile(r"\b(?:same as|identical to|equal to|copied from)\b", re.IGNORECASE)
_PAST = re.compile(r"\b(?:did|was|were|has|have|had)\b", re.IGNORECASE)
_TO_COME = re.compile(
    r"(?:\b(?:will|shall|should|must|might|going to|needs? to|has to|have to|(?:is|are) to)"
    r"|['\u2019]ll)\s+(?:(?!not\b)[a-z]+\s+){0,2}$",
    re.IGNORECASE,
)


def is_otherwise_qualified(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether the candidate says of what is asked that it is another one."""
    return (
        _is_of_another_period(question, candidate)
        or _is_another_sort(question, candidate, hits)
        or _tells_only_the_end(question, candidate)
        or _is_only_compared(question, candidate)
        or _is_to_come(question, candidate)
        or _names_the_recipient(question, candidate)
    )


def _periods(text: str) -> set[tuple[str, str]]:
    return {(_side(found), found.group("unit").casefold()) for found in _PERIOD.finditer(text)}


def _side(found: re.Match[str]) -> str:
    return next(side for side in ("now", "before", "after") if found.group(side))


def _is_of_another_period(question: Question, candidate: Candidate) -> bool:
    """Whether another year, month or week is told of: last year's is not this year's."""
    asked, told = _periods(question.text), _periods(candidate.text)
    units = {unit for _, unit in asked}
    return bool(asked) and not asked & told and any(unit in units for _, unit in told)


def _is_another_sort(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether the label puts another word before a general noun: the tracking number."""
    if candidate.form is Form.SENTENCE:
        return False
    asked = [at for at, term in enumerate(question.terms) if term.asked]
    if not asked[1:] or question.terms[asked[-1]].text.casefold() not in VAGUE_NOUNS:
        return False
    noun = stem_of(question.terms[asked[-1]].text)
    own = [hits.by_term[at] for at in asked[:-1]]
    if any(is_in(found, candidate) for found in own):
        return False
    said = {stem_of(word.group()) for word in _WORD.finditer(question.text)}
    return any(
        stem_of(second) == noun
        and stem_of(first) not in said
        and first.casefold() not in STOP_WORDS | _WHOLE
        for first, second in _pairs(candidate)
    )


def _pairs(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """Neighbouring words of the candidate's label."""
    text = candidate.text
    label = text.removesuffix(candidate.value)
    words = _WORD.findall(label)
    yield from itertools.pairwise(words)


def _tells_only_the_end(question: Question, candidate: Candidate) -> bool:
    """Whether of the number that is asked for only the last figures are shown."""
    found = _ONLY_THE_END.search(candidate.value)
    asked = {term.text.casefold() for term in question.terms if term.asked}
    return (
        found is not None
        and "number" in asked
        and not re.search(r"\bend|\blast\b|\bdigits?\b", question.text, re.IGNORECASE)
    )


def _is_only_compared(question: Question, candidate: Candidate) -> bool:
    """Whether what is asked for only tells what something else is: "same as delivery address"."""
    found = _SAME_AS.search(candidate.text)
    asked = [term for term in question.terms if term.asked]
    if found is None or _SAME_AS.search(question.text):
        return False
    before = candidate.text[: found.start()]
    return any(not list(spans_in(term.needle, before)) for term in asked)


def _is_to_come(question: Question, candidate: Candidate) -> bool:
    """Whether what is asked for as done is told as still to be done."""
    at = question.verb if question.verb is not None else question.deed
    text = candidate.text
    if at is None or question.kind is Kind.FIND or not _PAST.search(question.text):
        return False
    if _TO_COME.search(question.text[: question.text.find(question.terms[at].text)]):
        return False
    spans = list(spans_in(question.terms[at].needle, text))
    return bool(spans) and all(_TO_COME.search(text[: span.start]) for span in spans)


def _names_the_recipient(question: Question, candidate: Candidate) -> bool:
    """Whether the label tells to whom it is done where it is asked who does it."""
    if question.kind is not Kind.PERSON or question.deed is None:
        return False
    verb = question.terms[question.deed].text
    if not re.match(rf"\W*who\s+{re.escape(verb)}\b", question.text, re.IGNORECASE):
        return False
    found = re.match(r"\W*(?P<verb>[^\W\d_]+)\s+(?:to|for)\s*:", candidate.text)
    return found is not None and stem_of(found.group("verb")) == stem_of(verb)
