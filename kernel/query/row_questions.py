"""A row of a table that a question tells by a cell, and the cell of it that is asked for.

Covers: questions of which every word is said by the row's key, by heads of the table, by what
stands over it, or by the way of asking ("who drives", "when does it end"); then the cell where
row and head meet is the answer, whatever the words are. Does not cover: rows told by part of a
cell (`kernel.query.tables`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kernel.query import shapes
from kernel.query.agents import HOLDER_HEADS, agents_of, asked_holder, is_holder
from kernel.query.candidates import Candidate, Form, PageHits, Part, label_fit
from kernel.query.grids import Row, is_named, rows_with, text_of
from kernel.query.layout import PageLayout
from kernel.query.nearness import LEVEL_BLOCK, level_of
from kernel.query.polarity import denies, is_per_another_unit, is_the_contrary
from kernel.query.question import WEAK_WEIGHT, Kind, Question
from kernel.query.screen_tables import ScreenTable
from kernel.query.tables import contiguous_row
from kernel.query.vocabulary import CLASS_NOUNS, ROW_NOUNS
from kernel.store.folding import squash

_BONUS = 330
_HEAD_FIT_MIN = 500
_IMPLIED_FIT = 900
_NOUN = re.compile(r"\W*(?:which|what) (\w+)\b", re.IGNORECASE)
_DAYS = re.compile(r"\bhow many days\b", re.IGNORECASE)
_OF_DAYS = re.compile(r"\d+(?:[.,]\d+)?(?: ?d| days?)?", re.IGNORECASE)
_CLASSES = CLASS_NOUNS | ROW_NOUNS


@dataclass(frozen=True, slots=True)
class _Implied:
    """Heads that a way of asking means, and the words of it that need not be said."""

    kind: Kind
    asked: re.Pattern[str]
    heads: frozenset[str]


def _implied(kind: Kind, asked: str, heads: str) -> _Implied:
    return _Implied(kind, re.compile(rf"\b(?:{asked})\b", re.I), frozenset(heads.split(", ")))


_IMPLIED = (
    _implied(
        Kind.PLACE,
        r"(?:come|comes|came|sent|shipped|starts?|started|departs?|leaves?)(?= .*\bfrom\b)",
        "from, origin, source, departure",
    ),
    _implied(
        Kind.PLACE,
        r"go|goes|going|went|sent|shipped|delivered|headed|bound|travel|travels|lead|leads",
        "to, destination, delivered to, ship to",
    ),
    _implied(
        Kind.PLACE,
        r"is|are|was|were|done|happen|happens|located|kept|stored|take|takes|place|held|mounted",
        "where, location, place, mountpoint, mounted on, mount point",
    ),
    _implied(
        Kind.TIME,
        r"arrive|arrives|arriving|arrived|expected|come|comes|due",
        "eta, arrival, arrives, arrival time, expected, expected arrival",
    ),
    _implied(
        Kind.TIME,
        r"start|starts|started|begin|begins|began",
        "start, starts, from, begin, begins, start date, start time, started",
    ),
    _implied(
        Kind.TIME,
        r"end|ends|ended|finish|finishes|finished|until|over",
        "end, ends, to, until, till, finish, end date, end time, finished",
    ),
    _implied(Kind.TIME, r"since when .*", "since, open since, down since, raised"),
    _implied(
        Kind.NUMBER,
        r"left|remain|remains|remaining|available|days?(?=.* (?:left|remain\w*|available)\b)",
        "left, remaining, remains, balance, available, days left, days remaining, remaining days",
    ),
    _implied(
        Kind.NUMBER,
        r"taken|used|spent|days?(?=.* (?:taken|used|spent)\b)",
        "taken, used, spent, days taken, days used",
    ),
    _implied(Kind.TIME, r"back", "back, back on, return, returns, returned"),
)


def told_by_rows(
    layout: PageLayout, question: Question, hits: PageHits, tables: Sequence[ScreenTable]
) -> list[Candidate]:
    """The cell that is asked for; none where no row is told in full, or several differ."""
    if question.kind in (Kind.FIND, Kind.REASON) or question.states or denies(question.text):
        return []
    found: list[tuple[int, Candidate]] = []
    for row in rows_with(layout, hits, tables):
        told = _told(layout, question, hits, row)
        if told is not None:
            found.append(told)
    best = max((said for said, _ in found), default=0)
    chosen = _finest([candidate for said, candidate in found if said == best])
    return chosen[:1] if len({squash(c.value) for c in chosen}) == 1 else []


def _finest(candidates: list[Candidate]) -> list[Candidate]:
    """Those of which no other is a part: the layout may take two columns that touch for one."""
    return [
        candidate
        for candidate in candidates
        if not any(_holds(candidate.answer, other.answer) for other in candidates)
    ]


def _holds(cell: Sequence[Part], other: Sequence[Part]) -> bool:
    """Whether one cell has all of the other, and more."""
    return tuple(cell) != tuple(other) and all(
        any(p.line == o.line and p.start <= o.start and o.end <= p.end for p in cell) for o in other
    )


def _told(
    layout: PageLayout, question: Question, hits: PageHits, row: Row
) -> tuple[int, Candidate] | None:
    """The cell of the row that the question asks for, with how many words the key says."""
    keys = {column: parts for column, parts in row.cells.items() if is_named(layout, hits, parts)}
    own = frozenset[int]().union(*(_terms_in(hits, parts) for parts in keys.values()))
    required = any(question.terms[at].required for at in own)
    if not own or not (required or min(row.cells, default=0) in keys):
        return None
    made = []
    for column, head in row.heads.items():
        if column in keys or column not in row.cells:
            continue
        fit = _fit(layout, question, hits, row, (column, head), own)
        candidate = fit and _candidate(layout, row, keys, column)
        if (
            candidate
            and _may_be(question, candidate)
            and _is_all_said(layout, question, hits, row, (column, own, candidate))
        ):
            made.append((fit, candidate))
    best = max((fit for fit, _ in made), default=0)
    chosen = [candidate for fit, candidate in made if fit == best]
    return (len(own), chosen[0]) if len(chosen) == 1 else None


def _terms_in(hits: PageHits, parts: Sequence[Part]) -> frozenset[int]:
    return frozenset[int]().union(*(hits.within(p.line, p.start, p.end) for p in parts))


def _fit(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    row: Row,
    headed: tuple[int, tuple[Part, ...]],
    own: frozenset[int],
) -> int:
    """How well a head is what is asked for; 0 where it is not."""
    _, head = headed
    asked = {
        at
        for at, term in enumerate(question.terms)
        if term.asked and at not in own and not term.unsaid and term.weight > WEAK_WEIGHT
    }
    if not asked:
        # "How heavy is it": the adjective is what the head says.
        asked = {at for at, t in enumerate(question.terms) if at not in own and not t.specific}
    noun = _NOUN.match(question.text)
    if noun:
        # "Which user runs it": the noun is what is asked for, however common it is.
        named_first = noun.group(1).casefold()
        asked |= {at for at, t in enumerate(question.terms) if t.text.casefold() == named_first}
    name = text_of(layout, head).casefold().strip(" :.?")
    if name in implied_heads(question):
        return _IMPLIED_FIT
    if asks_holder(question) and is_holder(name):
        # "Crew lead" is of what the row is, and of nothing else that it names.
        return _IMPLIED_FIT if name in HOLDER_HEADS or _names_row(layout, hits, row) else 0
    fit = label_fit(layout, hits, head[0]) if len(head) == 1 else 0
    said = _terms_in(hits, head)
    names = {text_of(layout, parts).casefold() for parts in row.heads.values()}
    others = frozenset[int]().union(*(_terms_in(hits, parts) for parts in row.heads.values()))
    words = {at: question.terms[at].text.casefold() for at in asked - said - others}
    named = bool(asked & said) and all(
        word in _CLASSES or agents_of(word) & names for word in words.values()
    )
    return fit + len(said) if fit >= _HEAD_FIT_MIN and named else 0


def _names_row(layout: PageLayout, hits: PageHits, row: Row) -> bool:
    """Whether the question says the first cell with letters: what the row is."""
    cell = next(iter(row.cells.values()))[0]
    beside = contiguous_row(layout, layout.piece_at(cell.line, cell.start))
    first = next((p for p in beside if any(map(str.isalpha, p.text))), beside[0])
    return is_named(layout, hits, (Part(first.line, first.start, first.end),))


def asks_holder(question: Question) -> bool:
    """Whether it asks who has or minds something."""
    return question.kind is Kind.PERSON and asked_holder(question.text) is not None


def implied_heads(question: Question) -> frozenset[str]:
    """Heads, in small letters, that the question means without naming them."""
    if question.kind is Kind.PERSON:
        agents = (agents_of(t.text.casefold()) for t in question.terms if not t.specific)
        return frozenset[str]().union(*agents)
    for implied in _IMPLIED:
        if implied.kind is question.kind and implied.asked.search(question.text):
            return implied.heads
    return frozenset()


def _candidate(
    layout: PageLayout, row: Row, keys: dict[int, tuple[Part, ...]], column: int
) -> Candidate:
    key, head, answer = next(iter(keys.values())), row.heads[column], row.cells[column]
    value = text_of(layout, answer)
    text = f"{text_of(layout, key)} \u2014 {text_of(layout, head)}: {value}"
    support = tuple(part for parts in (*keys.values(), head) for part in parts)
    at = answer[0] if len(answer) == 1 else None
    return Candidate(Form.CELL, answer, support, text, value, _BONUS, value_at=at)


def _may_be(question: Question, candidate: Candidate) -> bool:
    """Whether the value can be of the kind that is asked for."""
    kind, value = question.kind, candidate.value
    if is_per_another_unit(question, candidate) or is_the_contrary(question, candidate):
        return False
    if kind is Kind.PERSON:
        return any(map(str.isalpha, value)) and not shapes.is_time(value)
    if kind is Kind.PLACE:
        return any(map(str.isalnum, value)) or "/" in value
    if kind is Kind.DURATION:
        return shapes.fits(kind, value) or shapes.is_count(value)
    if kind is Kind.NUMBER and _DAYS.search(question.text) and implied_heads(question):
        # "How many days are left" is not told by "20 GB".
        return shapes.is_count(value) or bool(_OF_DAYS.fullmatch(value))
    return shapes.fits(kind, value)


def _is_all_said(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    row: Row,
    told: tuple[int, frozenset[int], Candidate],
) -> bool:
    """Whether key, heads, what is over the table or the way of asking say every word."""
    column, own, candidate = told
    heads = {at: text_of(layout, parts).casefold() for at, parts in row.heads.items()}
    said = own.union(*(_terms_in(hits, parts) for parts in row.heads.values()))
    name = heads[column].strip(" :.?")
    asking = _asking(question, name)
    # Beside an identifier what sort of thing it is goes without saying.
    classes = _CLASSES if any(_is_code(question.terms[at].text) for at in own) else frozenset[str]()
    for at, term in enumerate(question.terms):
        word = term.text.casefold()
        if at in said or term.unsaid or word in asking:
            continue
        if not term.required and (term.weight <= WEAK_WEIGHT or word in classes):
            continue
        if not term.specific and agents_of(word) & set(heads.values()):
            continue
        if level_of(layout, hits.by_term[at], candidate) < LEVEL_BLOCK:
            return False
    return True


def _is_code(text: str) -> bool:
    return any(map(str.isdigit, text))


def _asking(question: Question, head: str) -> frozenset[str]:
    """The words of the question that are said by asking for such a head."""
    having = asked_holder(question.text) if question.kind is Kind.PERSON else None
    said = frozenset[str]()
    if having and is_holder(head):
        words = {term.text.casefold() for term in question.terms if not term.specific}
        said = having.asking | {word for word in words if word not in having.what}
    for implied in _IMPLIED:
        if implied.kind is question.kind and head in implied.heads:
            for found in implied.asked.finditer(question.text):
                said |= frozenset(re.findall(r"[^\W_]+", found.group().casefold()))
    return said
