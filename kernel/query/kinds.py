"""Of what kind an asked value must be, and whether a text has one where it counts.

Covers: kinds that a noun of the question names (amount, port, version, ...) or its "how" does
(old, heavy, ...), counted things; how near to the words of the question such a value stands in
prose. Does not cover: persons, places, reasons (`kernel.query.circumstances`), whose value it is
(`kernel.query.refusing`). Pure.
"""

from __future__ import annotations

import re

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.question import Kind, Question, Term
from kernel.query.told import Told, is_in, told_by
from kernel.query.vocabulary import VAGUE_NOUNS
from kernel.query.words import stem_of

_TIME_UNIT = (
    r"(?:ns|us|ms|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|years?)"
)
_SPAN = r"\b\d+d\d+h\b|\b\d+h\d+m\b|\b\d+m\d+s\b"
_AMOUNT = (
    r"(?<![\w.])(?<!\w[-/])[€$£¥+-]{0,2}\d[\d.,]*(?![.,]?\d)"
    rf"(?!\s*(?:%|{_TIME_UNIT}\b))(?![\w/-]*[^\W\d])"
)
"""A number that is no part of an identifier, no share and no length of time."""
_LENGTH = r"\d\s*(?:mm|cm|m|km|in|inch(?:es)?|ft|feet|mi|miles?|px|\")(?!\w)"
_KINDS: dict[str, re.Pattern[str]] = {
    "amount": re.compile(_AMOUNT),
    "money": re.compile(
        r"[€$£¥]\s?\d|\d\s?(?:€|EUR|USD|GBP|CHF|dollars?|euros?|pounds?)(?!\w)"
        r"|(?<![\d.])\d[\d,]*\.\d\d(?![\d.])"
    ),
    "much": re.compile(
        r"[€$£¥]\s?\d|\d\s?%|\d\s?(?:[A-Z]{3}|[KMGTP]i?B?|kg|g|l|ml|km|points?|pcs|units?|hours?)\b"
        r"|(?<![\w.-])\d[\d,]*\.\d+(?![\w.])|(?<![\w.-])\d{1,3}(?:,\d{3})+(?![\w.])"
    ),
    "port": re.compile(r"(?<![\d.,-])\d{1,5}(?![\d.,-]*\d)"),
    "pid": re.compile(r"(?<![\d.,-])\d{1,7}(?![\d.,-]*\d)"),
    "version": re.compile(r"(?<![\d.])\bv?\d+(?:\.\d+)+(?![\d%])|\bv\d+\b|\d{4}[a-z]?\b|\b\d+\b"),
    "phone": re.compile(r"(?<![\w.])\+?\d[\d ()/-]{5,}\d"),
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.\w+)+"),
    "url": re.compile(r"\w+://\S+|\bwww\.\S+|\b[\w-]+(?:\.[\w-]+)+(?:/\S*)?"),
    "ip": re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}\b", re.I),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,}"),
    "bic": re.compile(r"\b[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b"),
    "percent": re.compile(r"\d\s?(?:%|percent)"),
    "bytes": re.compile(r"\d\s?(?:[KMGTP](?:i?B)?|bytes?|[KMGT]?i?B)\b|\b\d[\d,.]*\b"),
    "size": re.compile(
        r"\d[\d.,]*\s?(?:[KMGTP](?:i?B)?|bytes?|i?B|px|[cm]m|m|inch|in|pages?|lines?)\b"
    ),
    "duration": re.compile(rf"\d\s*{_TIME_UNIT}(?!\w)|{_SPAN}|\b\d+:\d\d\b", re.I),
    "age": re.compile(rf"\d\s*{_TIME_UNIT}\s+(?:old|ago)\b|\bage[d:]?\W{{0,3}}\d|\bborn\b", re.I),
    "speed": re.compile(
        r"\d\s*(?:[kmgt]?bit/?s|[kmgt]?bps|[kmgt]i?b/s|[kmg]?hz|km/h|mph|rpm|m/s|ms|fps|s)\b", re.I
    ),
    "weight": re.compile(r"\d\s*(?:kg|g|mg|t|lbs?|oz|pounds?|tons?|grams?)\b", re.I),
    "temperature": re.compile(r"-?\d\s*°|\d\s*(?:°|degrees?|[CFK])\b"),
    "length": re.compile(_LENGTH),
    "colour": re.compile(
        r"\b(?:black|white|gr[ae]y|red|green|blue|yellow|orange|purple|pink|brown|silver|gold|beige"
        r"|navy|teal|violet|cyan|magenta)\b|#[0-9a-f]{6}\b",
        re.I,
    ),
    "number": re.compile(r"\d"),
}
_NOUNS = {
    "amount": "amount balance total sum revenue sales turnover subtotal budget spend deposit",
    "money": "price cost salary wage rent",
    "port": "port",
    "pid": "pid",
    "version": "version release",
    "phone": "phone telephone mobile fax",
    "email": "email mail e-mail",
    "url": "url website homepage",
    "ip": "ip",
    "iban": "iban",
    "bic": "bic swift",
    "percent": "percentage percent",
    "bytes": "memory ram",
    "duration": "duration timeout delay uptime latency",
    "age": "age",
    "weight": "weight",
    "temperature": "temperature",
    "colour": "color colour",
    "number": "extension digits number quantity count units margin churn length rate fee",
    "size": "size",
}
_KIND_OF_NOUN = {stem_of(noun): kind for kind, nouns in _NOUNS.items() for noun in nouns.split()}
_DEGREES = {
    "old": "age",
    "heavy": "weight",
    "fast": "speed",
    "expensive": "money",
    "tall": "length",
    "wide": "length",
    "deep": "length",
    "far": "length",
}
_VAGUE = VAGUE_NOUNS | {"address", "usage", "use", "size", "length", "margin"}
_ADDING = frozenset("including excluding incl excl with without plus minus net gross".split())
_NAMING = frozenset({"email", "url", "phone"})
"""Kinds whose nouns name a thing as well: "which email mentions ..."."""
_COSTS = re.compile(r"\b(?:costs?|pay|paid|price|worth|spend|spent|charged?)\b", re.IGNORECASE)
_SHARE = re.compile(r"\b(?:which|what) (?:share|proportion|fraction) of\b", re.IGNORECASE)
_TELLING = frozenset({"size", "version", "phone", "email", "iban", "percent", "money", "url"})
"""Kinds whose values tell by their look what they are."""
_NO_TIMES = frozenset({"phone", "port", "pid", "amount", "money"})
_LOOSE = frozenset({"duration", "size", "age", "version"})
_UNITLESS = frozenset({"money", "much", "percent", "length", "bytes"})
"""Kinds that labels, heads and code give without their unit."""
_NAMED_YEAR = re.compile(r"(?<=[^\W\d_][ ,])(?:19|20)\d\d\b")
_NEAR_WORDS = 6
_NUMBER = re.compile(
    r"(?<![\w.,-])[€$£¥+-]?\d[\d.,]*(?![\w-]*\w*\d)"
    r"|\b(?:no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b",
    re.I,
)
_COUNTS = re.compile(rf"\W*(?:(?:about|over|only|at least|up to)\s+)?(?:{_NUMBER.pattern})", re.I)
_NONE_OF = re.compile(r"\W*no (?P<what>\w+)", re.IGNORECASE)
_PARTED = re.compile(r"[,;](?:\s|$)|\s[-\u2013]\s[\w ]+:\s")
_VALUE_WORDS_MAX = 5
_COUNT_WORDS_BEFORE, _COUNT_WORDS_AFTER = 3, 2
_WHICH = re.compile(r"\s*(?:in |on |at |for |from |of )?which\b", re.I)
_TALLY = re.compile(
    r"(?:[\w ]{1,30}:)?\W*\d+ [a-z]+(?:(?:,| and|, and| of)? \d+ [a-z]+)+\W*"
    r"|[a-z]+(?: [a-z]+)?(?<=[^s]s) \(?\d+\)?",
    re.I,
)


def asked_kind(question: Question) -> str | None:
    """The kind that the question names for the value; None where any text may answer."""
    if question.kind in (Kind.NUMBER, Kind.DURATION):
        for degree, kind in _DEGREES.items():
            if re.search(rf"\bhow {degree}\b", question.text, re.IGNORECASE):
                return kind
        if re.search(r"\bhow much\b", question.text, re.IGNORECASE) and _COSTS.search(
            question.text
        ):
            return "money"
        if re.search(r"\bhow much\b", question.text, re.IGNORECASE):
            return "much"
    if _SHARE.search(question.text):
        return "percent"
    asked = [term for term in question.terms if term.asked and not term.required]
    if not asked:
        asked = [t for t in question.terms if t.asked and stem_of(t.text) in _KIND_OF_NOUN]
    # "The total including VAT" is a total.
    cut = next((at for at, t in enumerate(asked) if t.text.casefold() in _ADDING and at), None)
    asked = asked[:cut]
    head: str | None = None
    for term in reversed(asked):
        # "Phone number": the other noun says which number; a budget review is no budget.
        head = _KIND_OF_NOUN.get(stem_of(term.text), head)
        if term.text.casefold() not in _VAGUE:
            break
    return None if head in _NAMING and not question.strict else head


def is_of_wrong_kind(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether the value is not of the kind asked for, or stands too far from what it is of."""
    counted = candidate.form in (Form.FIELD, Form.SENTENCE)
    if counted and _WHICH.match(question.text) and _TALLY.fullmatch(candidate.text):
        # "5 passed, 1 failed" tells how many did, and of none that it did.
        return True
    kind = asked_kind(question)
    if kind is None or question.kind not in (Kind.THING, Kind.NUMBER, Kind.DURATION):
        return False
    labelled = candidate.form is not Form.SENTENCE
    if labelled and kind in _LOOSE and _is_headed(question, candidate, hits):
        return not any(ch.isalnum() for ch in candidate.value)
    if labelled and kind in _UNITLESS and _is_headed(question, candidate, hits):
        kind = "number"
    told = told_by(question, candidate, hits)
    text = told.rest
    if kind in _NO_TIMES:
        text = shapes.without_times(text)
    elif kind == "number":
        # "Tax refund 2024" tells no amount.
        text = _NAMED_YEAR.sub(lambda found: " " * len(found.group()), text)
    spans = [found.span() for found in _KINDS[kind].finditer(text)]
    if not spans:
        return True
    return not labelled and not any(_is_near(told, span) for span in spans)


def is_beside_its_subject(
    question: Question, term: Term, candidate: Candidate, hits: PageHits
) -> bool:
    """Whether a value of the kind that the term names stands right beside its subject.

    "notes.pdf (1.2 MB)" tells a size, "Python 3.11.7" a version, without those words.
    """
    kind = _KIND_OF_NOUN.get(stem_of(term.text))
    if kind not in _TELLING or candidate.form is not Form.SENTENCE:
        return False
    told = told_by(question, candidate, hits)
    subjects = [place for place in told.words if place not in told.asked]
    return any(
        found.start() >= subject[1] and not told.words_between(found.span(), subject)
        for found in _KINDS[kind].finditer(told.rest)
        for subject in subjects
    )


def _is_headed(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether the label or head of the candidate names what is asked for, or implies it."""
    if any(
        hit.line == p.line and p.start <= hit.start < p.end
        for hit in hits.implied
        for p in candidate.support
    ):
        return True
    return any(
        term.asked and not term.specific and is_in(found, candidate)
        for term, found in zip(question.terms, hits.by_term, strict=True)
    )


def counts_another_thing(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether a number is not that of the things that "how many" asks for.

    In prose it stands beside their name; elsewhere a label or head names them.
    """
    if question.kind is not Kind.NUMBER or not re.search(
        r"\bhow many\b", question.text, re.IGNORECASE
    ):
        return False
    told = told_by(question, candidate, hits)
    if candidate.form is not Form.SENTENCE and len(told.text.split()) <= _VALUE_WORDS_MAX:
        # A date is no amount, nor is what only ends in a figure; a line of a log is prose.
        none = _NONE_OF.match(told.text)
        if none and not any(start <= none.start("what") < end for start, end in told.asked):
            # "Error: no answer" is no number of errors.
            return True
        return not _COUNTS.match(shapes.without_times(told.text))
    numbers = [found.span() for found in _NUMBER.finditer(told.text)]
    done = [place for place in told.words if told.text[slice(*place)].casefold().endswith("ed")]
    if any(0 < after[0] - number[1] <= 1 for number in numbers for after in done):
        # "118 passed": the things themselves are named around it.
        return False
    return not any(
        told.words_between(number, noun) <= reach
        for number in numbers
        for noun in told.asked
        for reach in (_reach(told, number, noun),)
        if number[1] <= noun[0]
        # "Node lbl-07, 412 labels": a comma ends what the noun is counted by.
        or (noun[1] <= number[0] and not _PARTED.search(told.text[noun[1] : number[0]]))
    )


def _reach(told: Told, number: tuple[int, int], noun: tuple[int, int]) -> int:
    """How many words may part a number and what it counts.

    None for what was done: "218: assertion failed: depth == 4" is no number of failures.
    """
    if told.text[slice(*noun)].casefold().endswith("ed"):
        return 0
    return _COUNT_WORDS_BEFORE if number[0] < noun[0] else _COUNT_WORDS_AFTER


def _is_near(told: Told, span: tuple[int, int]) -> bool:
    return not told.words or any(
        told.words_between(span, word) <= _NEAR_WORDS for word in told.words
    )
