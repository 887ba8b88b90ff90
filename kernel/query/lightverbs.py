"""Verbs that say no more than the kind of value does: "how long are messages kept", "400 days".

Covers: which verb goes without saying beside a label that names all that is asked for, by the kind
of the question; verbs of doing with a thing what one does with it (a port is listened on). Does
not cover: verbs that add a condition ("failed", "received"): those must be met. Pure.
"""

from __future__ import annotations

import re
from typing import Final

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.groups import is_past_form
from kernel.query.inflections import forms_of
from kernel.query.layout import PageLayout
from kernel.query.question import Kind, Question
from kernel.query.vocabulary import HAPPENED, STOP_WORDS


def _forms(verbs: str) -> frozenset[str]:
    return frozenset(form for verb in verbs.split() for form in forms_of(verb))


_LASTING: Final = _forms(
    "keep hold store retain save last take run stay remain live persist exist continue go be"
)
_BEGINNING: Final = _forms(
    "run start begin happen occur execute fire launch take be go make hold do perform"
)
_ON_A_DAY: Final = re.compile(
    r"\b(?:is|are|was|were|be) (?:on|at|(?:planned|scheduled|set) for)\b", re.IGNORECASE
)
_AMOUNTING: Final = _forms(
    "reach have show get make process handle hold contain list record do manage achieve run see"
    " count include comprise serve total number score attain average come amount allow permit"
)
_COSTING: Final = _forms("cost pay charge want ask come amount be")
_HAVING: Final = _forms("work do handle have own hold deal take care")
_SPENDING: Final = _forms("spend pay cost charge")
_ASKING_FOR: Final = _forms("ask want charge demand quote")
_PRICING: Final = _forms("cost charge price quote") | frozenset({"pay"})
_FOR_MONEY: Final = re.compile(r"\b(?:for|at|is|are) [€$£¥]\s?\d|\d (?:each|apiece|per)\b")
_PLACING: Final = _forms(
    "keep hold store put place save stand sit lie live locate find be stay park file archive"
)
_DONE_WITH: Final[dict[str, frozenset[str]]] = {
    noun: _forms(verbs)
    for nouns, verbs in {
        "port": "listen use bind run serve answer",
        "number phone telephone extension hotline": "ring call dial phone reach use",
        "address email mail": "write send reach use live",
        "version release build": "run use have install",
        "room desk seat gate floor bay dock": "sit meet use hold stay stand",
        "price fee rate amount": "cost pay charge come",
        "language": "write speak use print",
        "plan tariff subscription": "use have pay",
        "database engine driver": "use run",
        "colour color": "have use paint",
        "size format": "have use print",
    }.items()
    for noun in nouns.split()
}
_KIND_NAMES: Final = {
    Kind.DURATION: frozenset(
        "duration length period time lifetime retention runtime timeout term age elapsed".split()
    ),
    Kind.NUMBER: frozenset("number count amount total price cost costs fee rate".split()),
    Kind.PLACE: frozenset("location place path folder directory dir site room".split()),
}
"""What a label may add to the words of the question: the kind of its value."""
_MONEY: Final = re.compile(r"[€$£¥]\s?\d|\d\s?(?:€|EUR|USD|GBP|CHF|euros?)\b|\d[.,]\d\d\b")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_GOING: Final = _forms("bring take go drive walk ride travel get")
_MEETING: Final = _forms("meet see visit attend")
_ENTRY: Final = re.compile(r"\W*\d{1,2}[:.]\d\d\b|\W*\d{1,2}\s?[ap]m\b", re.IGNORECASE)
_TOWARDS: Final = re.compile(r"\b(?:to|at)\b", re.IGNORECASE)


def goes_unsaid(
    question: Question, index: int, layout: PageLayout, hits: PageHits, candidate: Candidate
) -> bool:
    """Whether a term is a verb that says no more than the kind of the candidate's value.

    The label must be named wholly by the question: "Target picks per hour" is another number.
    """
    if index != question.verb:
        return False
    word = question.terms[index].text.casefold()
    if candidate.form is Form.SENTENCE:
        return _is_entered(question, word, candidate) or _is_priced(question, word, candidate)
    light = _is_light(question, word, candidate.value)
    return light and is_wholly_named(question, layout, hits, candidate)


def _is_priced(question: Question, word: str, candidate: Candidate) -> bool:
    """Whether a sentence says another verb of prices for that of the question: wants for asks."""
    if question.kind not in (Kind.NUMBER, Kind.THING) or not _MONEY.search(candidate.value):
        return False
    said = {found.group().casefold() for found in _WORD.finditer(candidate.value)}
    if word in _ASKING_FOR:
        return bool(said & _ASKING_FOR)
    return word in _PRICING and bool(said & _PRICING or _FOR_MONEY.search(candidate.value))


def _is_entered(question: Question, word: str, candidate: Candidate) -> bool:
    """Whether an entry of a calendar leaves the verb out: "13:00 Car to garage", "13:00 Lena"."""
    if question.kind is not Kind.TIME:
        return False
    if word in _BEGINNING and _ON_A_DAY.search(candidate.value):
        # "The last drill was on 8 November" tells when it was held.
        return True
    if not _ENTRY.match(candidate.value):
        return False
    return word in _MEETING or (word in _GOING and bool(_TOWARDS.search(candidate.value)))


def adds_a_condition(word: str) -> bool:
    """Whether a past form tells of which things a number is: those broken, not those that came."""
    return is_past_form(word) and word not in _AMOUNTING | _COSTING | _SPENDING


def is_being_done(question: Question, index: int) -> bool:
    """Whether a term is what somebody is asked to be doing: "who is fixing the belt".

    Who merely has a thing or works on it is named beside it.
    """
    if question.kind is not Kind.PERSON or index != question.verb:
        return False
    word = question.terms[index].text.casefold()
    return word.endswith("ing") and word not in _HAVING


def is_without_its_time(question: Question, index: int, value: str) -> bool:
    """Whether it is asked when a thing was made or held, and the value tells no time."""
    word = question.terms[index].text.casefold()
    happened = question.kind is Kind.TIME and word in HAPPENED
    return happened and not shapes.fits(Kind.TIME, value)


def is_for_placing(question: Question) -> bool:
    """Whether the main verb asks where a thing is put or kept: "where is it stored"."""
    verb = question.terms[question.verb].text.casefold() if question.verb is not None else ""
    return verb in _PLACING


def is_light_verb(question: Question, index: int, candidate: Candidate) -> bool:
    """Whether a term is a verb that a label leaves out where the value is of its kind."""
    if index != question.verb:
        return False
    return _is_light(question, question.terms[index].text.casefold(), candidate.value)


def _is_light(question: Question, word: str, value: str) -> bool:
    """Whether the verb adds nothing to a value of the kind asked for."""
    kind = question.kind
    if kind is Kind.DURATION:
        return word in _LASTING and shapes.fits(kind, value)
    if kind is Kind.TIME:
        return word in _BEGINNING and shapes.fits(kind, value)
    if kind is Kind.PLACE:
        return word in _PLACING
    if kind in (Kind.NUMBER, Kind.THING) and word in _COSTING and _MONEY.search(value):
        return True
    if kind is Kind.NUMBER:
        return word in _AMOUNTING and shapes.fits(kind, value)
    return any(
        term.asked and word in _DONE_WITH.get(_singular(term.text), ()) for term in question.terms
    )


def _singular(noun: str) -> str:
    return noun.casefold().removesuffix("s")


def is_wholly_named(
    question: Question, layout: PageLayout, hits: PageHits, candidate: Candidate
) -> bool:
    """Whether the question says every word of the candidate's labels and heads.

    A row is known by the name that the question gives, whatever else stands beside that.
    """
    names = _KIND_NAMES.get(question.kind, frozenset())
    named = False
    for part in _labels_of(candidate):
        spans = _spans_in(hits, part)
        if any(term in hits.specific for term, _, _ in spans):
            named = named or candidate.form is not Form.CELL
            continue
        text = layout.page.lines[part.line].text
        words = list(_WORD.finditer(text, part.start, part.end))
        if not all(
            any(start <= found.start() < end for _, start, end in spans)
            or found.group().casefold() in names | STOP_WORDS
            for found in words
        ):
            return False
        # "How long did DIS-0874 last": the head "Duration" over its row says the rest.
        named = named or bool(spans) or (question.kind is Kind.DURATION and bool(words))
    return named


def names_another_deed(
    question: Question, layout: PageLayout, hits: PageHits, candidate: Candidate
) -> bool:
    """Whether a count is of what something else was done to: "Rejected 58" of those sent."""
    if question.kind is not Kind.NUMBER or candidate.form is Form.SENTENCE:
        return False
    labels = _labels_of(candidate)
    said = {term for part in labels for term, _, _ in _spans_in(hits, part)}
    deeds = [at for at, term in enumerate(question.terms) if is_past_form(term.text.casefold())]
    if not deeds or said & set(deeds):
        return False
    return any(
        is_past_form(found.group().casefold())
        and not any(start <= found.start() < end for _, start, end in _spans_in(hits, part))
        for part in labels
        for found in _WORD.finditer(layout.page.lines[part.line].text, part.start, part.end)
    )


def _labels_of(candidate: Candidate) -> tuple[Part, ...]:
    """The labels, heads and row keys of a value; also a label on its own line."""
    if candidate.support:
        return candidate.support
    part = candidate.answer[0]
    value_at = candidate.value_at.start if candidate.value_at else part.end - len(candidate.value)
    return (Part(part.line, part.start, max(part.start, value_at)),)


def _spans_in(hits: PageHits, part: Part) -> list[tuple[int, int, int]]:
    """The terms (by index) that stand in a part, with their places in its line."""
    return [
        (term, hit.start, hit.end)
        for term, found in enumerate(hits.by_term)
        for hit in found
        if hit.line == part.line and part.start <= hit.start < part.end
    ]
