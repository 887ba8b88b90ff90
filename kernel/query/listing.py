"""Which rows of a table are, or are not, what a question says of them.

Covers: "which pods are running", "which invoice is not paid", "which server was never backed up":
one claim for each row, from the newest frame with such a table. Does not cover: how many they are
(`kernel.query.rows`), one value of one row (`kernel.query.tables`).
"""

from __future__ import annotations

import re

from contracts.answer import Claim
from kernel.query.candidates import PageHits, Part
from kernel.query.deadline import OutOfTime
from kernel.query.layout import PageLayout, Piece
from kernel.query.plan import Reading
from kernel.query.polarity import denies
from kernel.query.question import Kind, Question
from kernel.query.ranking import find_hits
from kernel.query.rows import (
    Counted,
    column_under,
    columns_saying,
    head_over,
    said_of_rows,
    the_one_named,
)
from kernel.query.searching import layout_of, pages_to_read
from kernel.query.sources import Outcome, Sources

LISTED_MAX = 12
_PAGES_MAX = 12
_NO = frozenset("no never none false off disabled - \u2013 \u2014 n/a x \u2717 \u2718".split())
_YES = frozenset("yes true on enabled y \u2713 \u2714".split())
_PLURAL = re.compile(
    r"\W*(?:which|what)\b[\w ]*?\b[a-z]+(?<!s)s\s+(?:are|were|have|do|did)\b", re.IGNORECASE
)


def asks_for_a_list(question: Question) -> bool:
    """Whether several rows may be meant: "which pods are ...", or any row that is not so."""
    asked = any(term.asked for term in question.terms)
    of_things = question.kind is Kind.THING and asked and bool(_said(question))
    return of_things and (denies(question.text) or bool(_PLURAL.match(question.text)))


def _said(question: Question) -> frozenset[int]:
    """What is said of the rows, or denied of them."""
    return frozenset(
        at for at in said_of_rows(question) if question.terms[at].text.casefold() not in _NO
    )


def list_rows(reading: Reading, sources: Sources) -> Outcome:
    """A claim for each row that is meant on the newest frame that has such a table."""
    outcome = Outcome()
    question = reading.question
    if not asks_for_a_list(question):
        return outcome
    try:
        pages = pages_to_read(
            sources.evidence,
            sources.derived,
            question,
            reading.scope,
            sources.search,
            sources.deadline,
        )
        for blob, event in pages[:_PAGES_MAX]:
            sources.deadline.check()
            stored = sources.derived.page_of(blob)
            layout = layout_of(sources.derived, stored[1], event.event_id) if stored else None
            listed = rows_meant(layout, question) if layout else None
            if stored is None or listed is None or len(listed.cells) > LISTED_MAX:
                continue
            for cell, name in zip(listed.cells, listed.names, strict=True):
                places = [Part(p.line, p.start, p.end) for p in dict.fromkeys((name, cell))]
                cited = tuple(sources.citer.cite(place, *stored, event) for place in places)
                said = f"{name.text} \u2014 {listed.head.text}: {cell.text}"
                outcome.add(Claim(text=said, citations=cited), sources)
            if outcome.claims:
                outcome.notes.append("rows are told as far as one frame shows them")
                break
    except OutOfTime:
        outcome.cut = True
    return outcome


def rows_meant(layout: PageLayout, question: Question) -> Counted | None:
    """The rows of a page of which holds what the question says; None where no table tells it."""
    hits = find_hits(layout, question)
    said = _said(question)
    denied = denies(question.text)
    tables = columns_saying(layout, hits, said)
    if denied:
        tables = [(head, _others(layout, head, cells)) for head, cells in tables]
    tables += _columns_deciding(layout, hits, said, _NO if denied else _YES)
    return the_one_named(layout, question, [table for table in tables if table[1]])


def _others(layout: PageLayout, head: Piece, cells: list[Piece]) -> list[Piece]:
    """The cells under a head besides those that say what is denied."""
    saying = {cell.index for cell in cells}
    return [cell for cell in column_under(layout, head) if cell.index not in saying]


def _columns_deciding(
    layout: PageLayout, hits: PageHits, said: frozenset[int], words: frozenset[str]
) -> list[tuple[Piece, list[Piece]]]:
    """Heads that are what is said ("Backed up"), with the cells that say yes, or no, to it."""
    found: dict[int, tuple[Piece, list[Piece]]] = {}
    for index in hits.pieces():
        head = layout.pieces[index]
        if not said <= hits.within(head.line, head.start, head.end):
            continue
        cells = [
            cell for cell in column_under(layout, head) if cell.text.strip().casefold() in words
        ]
        if cells and head_over(layout, cells[0]) == head:
            found[head.index] = (head, cells)
    return list(found.values())
