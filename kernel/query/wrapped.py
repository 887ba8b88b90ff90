"""Quoted phrases that run over the end of a line into the next one.

Covers: finding the frames, the two lines of one block that hold the phrase together, citing
both. Does not cover: phrases within a line (`kernel.query.sightings`), or over three lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from contracts.answer import Claim
from contracts.capture import CaptureEvent
from contracts.text import TextPage
from kernel.query.candidates import Part
from kernel.query.layout import PageLayout
from kernel.query.plan import Reading
from kernel.query.question import Term
from kernel.query.sightings import clipped, stream_of
from kernel.query.sources import Outcome, Sources
from kernel.query.words import spans_in
from kernel.store.folding import squash, word_parts

ROWS_MAX = 400
FRAMES_MAX = 48
"""Frames of which the layout is made for one question."""
_INTERVALS_MAX = 64
_REACH_LINES = 1.2
_WORD = re.compile(r"\S+")


def find_wrapped(reading: Reading, sources: Sources) -> Outcome:
    """The lines over which a quoted phrase of the question runs, the newest frames first."""
    outcome = Outcome()
    phrases = [term for term in reading.question.terms if _is_phrase(term)]
    seen: set[str] = set()
    for event in _frames(phrases[0], reading, sources) if phrases else ():
        sources.deadline.check()
        stored = sources.derived.page_of(event.blob)
        parts = parts_of(stored[1], reading.question.terms) if stored else ()
        if stored is None or not parts:
            continue
        key, page = stored
        text = " ".join(page.lines[part.line].text.strip() for part in parts)
        if squash(text) in seen:
            continue
        seen.add(squash(text))
        first_us, last_us = _together(page, parts, event, reading, sources)
        claim = Claim(
            text=text,
            citations=tuple(sources.citer.cite(part, key, page, event) for part in parts),
            first_us=first_us,
            last_us=last_us,
            visible_us=last_us - first_us,
        )
        outcome.add(claim, sources)
        if len(outcome.claims) >= sources.claims_max:
            break
    if outcome.claims:
        outcome.notes.append("the phrase runs over the end of a line")
    return outcome


def parts_of(page: TextPage, terms: Sequence[Term]) -> tuple[Part, ...]:
    """The two parts of the first phrase that is wrapped; empty where a term is not on the page."""
    layout = PageLayout(page)
    found: tuple[Part, ...] = ()
    for term in terms:
        if any(spans_in(term.needle, line.text) for line in page.lines):
            continue
        wrapped = _wrapped(layout, term) if _is_phrase(term) else ()
        if not wrapped:
            return ()
        found = found or wrapped
    return found


def _is_phrase(term: Term) -> bool:
    return term.specific and len(term.text.split()) > 1


def _halves(phrase: str) -> Iterator[tuple[str, str]]:
    """Every way to break a phrase between two of its words."""
    words = phrase.split()
    for at in range(1, len(words)):
        yield " ".join(words[:at]), " ".join(words[at:])


def _wrapped(layout: PageLayout, term: Term) -> tuple[Part, ...]:
    """The end of a piece and the beginning of the one below that are the phrase together."""
    for head, tail in _halves(term.text):
        for piece in layout.pieces:
            start = _start_of_end(piece.text, squash(head))
            if start is None:
                continue
            for below in layout.below(piece, reach=_REACH_LINES):
                end = _end_of_start(below.text, squash(tail))
                if end is not None and layout.same_block(piece, below):
                    return (
                        Part(piece.line, piece.start + start, piece.end),
                        Part(below.line, below.start, below.start + end),
                    )
    return ()


def _start_of_end(text: str, wanted: str) -> int | None:
    """Where the words at the end of a text begin that are the wanted ones; None without them."""
    starts = [found.start() for found in _WORD.finditer(text)]
    return next((at for at in reversed(starts) if squash(text[at:]) == wanted), None)


def _end_of_start(text: str, wanted: str) -> int | None:
    ends = [found.end() for found in _WORD.finditer(text)]
    return next((at for at in ends if squash(text[:at]) == wanted), None)


def _frames(phrase: Term, reading: Reading, sources: Sources) -> Iterator[CaptureEvent]:
    """Frames with a line that ends or begins as the phrase may be broken, the newest first."""
    halves = [half for half in _halves(phrase.text) if all(map(squash, half))]
    longer = {max(half, key=lambda side: (len(squash(side)), side)) for half in halves}
    matches = [f'"{" ".join(word_parts(side))}"' for side in sorted(longer) if word_parts(side)]
    if not matches:
        return
    rows = sources.timeline.find(matches, reading.scope, limit_rows=ROWS_MAX)
    looked: set[str] = set()
    for line in rows:
        if len(looked) >= FRAMES_MAX:
            return
        _, _, last, _ = clipped(line, reading.scope, sources.evidence)
        event = sources.evidence.find_event(last)
        if event is not None and event.blob not in looked:
            looked.add(event.blob)
            yield event


def _together(
    page: TextPage,
    parts: Sequence[Part],
    event: CaptureEvent,
    reading: Reading,
    sources: Sources,
) -> tuple[int, int]:
    """First and last time around a frame at which all the lines were on the screen."""
    moment_us = event.captured_at_us
    first_us, last_us = 0, reading.scope.to_us
    for part in parts:
        rows = sources.timeline.of_text(
            page.lines[part.line].text, reading.scope, limit_rows=_INTERVALS_MAX
        )
        own = [
            line
            for line in rows
            if stream_of(line) == stream_of(event) and line.first_us <= moment_us <= line.last_us
        ]
        if not own:
            return moment_us, moment_us
        _, start_us, _, end_us = clipped(own[0], reading.scope, sources.evidence)
        first_us, last_us = max(first_us, start_us), min(last_us, end_us)
    return first_us, last_us
