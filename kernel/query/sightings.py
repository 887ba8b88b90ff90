"""Lines over time: finding them by the words of a question, joining them to stretches.

Covers: which intervals hold what is asked about, how well, and the unbroken stretches of time
in which any of them was on screen. Does not cover: claims about them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from contracts.capture import CaptureEvent
from contracts.interval import TextInterval
from kernel.query.question import WEAK_WEIGHT, Question, Term
from kernel.query.retrieval import match_of
from kernel.query.scope import Scope
from kernel.query.stores import Evidence, Pages, Timeline
from kernel.query.words import parts_holding, spans_in
from kernel.store.folding import squash
from kernel.store.frames import GAP_US_MAX

ROWS_MAX = 4000
"""Intervals that one question looks at."""
_SUBSTRING_CHARS_MIN = 3
_PART_CHARS_MIN = 4
_BESIDE_MAX = 64

Beside: TypeAlias = Callable[[TextInterval, Term], bool]
"""Whether a term stands on the last frame of a line."""

Stream: TypeAlias = tuple[str, int]
"""Source and monitor: frames of one stream follow each other."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An interval of a line that holds what is asked about: where in the line, and how well."""

    line: TextInterval
    start: int
    end: int
    quality: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which at least one of the lines was on screen without a break.

    ``lines`` in order of time; the edges are times of frames that show one of them.
    """

    first_us: int
    last_us: int
    lines: tuple[Sighting, ...]

    @property
    def length_us(self) -> int:
        """From the first frame to the last."""
        return self.last_us - self.first_us


def find_sightings(
    timeline: Timeline,
    question: Question,
    scope: Scope,
    *,
    beside: Beside | None = None,
    rows_max: int = ROWS_MAX,
) -> list[Sighting]:
    """Intervals in the scope whose line holds every term of the question, newest first.

    Where no line holds all of them, those with every name, number and quoted phrase of which
    ``beside`` says that the other words stand on the same frame.
    """
    telling = tuple(term for term in question.terms if term.weight > WEAK_WEIGHT)
    terms = telling or question.terms
    if not terms:
        return []
    found = _with_all(timeline, terms, scope, rows_max)
    required = tuple(term for term in terms if term.specific)
    if not found and beside is not None and 0 < len(required) < len(terms):
        rest = [term for term in terms if not term.specific]
        some = _with_all(timeline, required, scope, rows_max)[:_BESIDE_MAX]
        found = [s for s in some if all(beside(s.line, term) for term in rest)]
    return found


def find_within_words(
    timeline: Timeline, question: Question, scope: Scope, *, rows_max: int = ROWS_MAX
) -> list[Sighting]:
    """Intervals in the scope whose line holds the question's only word within a longer one.

    Newest first; none for a question of several words or of fewer than four characters.
    """
    if len(question.terms) != 1:
        return []
    text = question.terms[0].text
    squashed = squash(text)
    if len(squashed) < _PART_CHARS_MIN or " " in text:
        return []
    made = []
    for line in timeline.holding(squashed, scope, limit_rows=rows_max):
        spans = parts_holding(text, line.text)
        if spans:
            made.append(Sighting(line, spans[0].start, spans[0].end, spans[0].quality))
    return made


def _with_all(
    timeline: Timeline,
    terms: Sequence[Term],
    scope: Scope,
    rows_max: int,
) -> list[Sighting]:
    match = " AND ".join(f"({match_of(term)})" for term in terms)
    lines = timeline.find([match], scope, limit_rows=rows_max)
    made = _sightings(lines, terms)
    if made:
        return made
    # Words that were glued or cut are found as substrings of the rarest kind: the longest term.
    longest = max((squash(term.text) for term in terms), key=len)
    if len(longest) < _SUBSTRING_CHARS_MIN:
        return []
    return _sightings(timeline.holding(longest, scope, limit_rows=rows_max), terms)


def _sightings(lines: Sequence[TextInterval], terms: Sequence[Term]) -> list[Sighting]:
    made = []
    for line in lines:
        spans = [spans_in(term.needle, line.text) for term in terms]
        if not all(spans):
            continue
        flat = [span for found in spans for span in found]
        quality = sum(max(span.quality for span in found) for found in spans) // len(spans)
        start, end = min(span.start for span in flat), max(span.end for span in flat)
        made.append(Sighting(line, start, end, quality))
    return made


def on_its_frame(evidence: Evidence, pages: Pages) -> Beside:
    """Whether a term stands anywhere on the last frame of a line."""

    def stands(line: TextInterval, term: Term) -> bool:
        event = evidence.find_event(line.last_event)
        stored = pages.page_of(event.blob) if event else None
        return stored is not None and any(
            spans_in(term.needle, other.text) for other in stored[1].lines
        )

    return stands


def clipped(line: TextInterval, scope: Scope, evidence: Evidence) -> tuple[str, int, str, int]:
    """First and last event of an interval in a scope, with their times."""
    first, first_us = line.first_event, line.first_us
    last, last_us = line.last_event, line.last_us
    if first_us < scope.from_us:
        event = _edge(evidence, line, scope.from_us, min(last_us + 1, scope.to_us), late=False)
        first, first_us = event or (first, first_us)
    if last_us >= scope.to_us:
        event = _edge(evidence, line, max(first_us, scope.from_us), scope.to_us, late=True)
        last, last_us = event or (last, last_us)
    return first, first_us, last, last_us


_EDGE_ROWS = 400
_PAGE_ROWS = 5000
_EDGE_SPAN_US = 60_000_000
_EDGE_GROWTH = 16
PAUSE_US_MAX = 60_000_000
"""What was on the screen in a longer pause between two unlike frames, nobody knows."""
_LOOKED_BACK_US = 40 * 86_400_000_000
"""A neighbouring frame farther away than this is none."""


def _edge(
    evidence: Evidence, line: TextInterval, from_us: int, to_us: int, *, late: bool
) -> tuple[str, int] | None:
    """The frame of the interval's stream that is nearest to one end of the window."""
    event = nearest_frame(evidence, stream_of(line), from_us, to_us, late=late)
    return (event.event_id, event.captured_at_us) if event else None


def stream_of(shown: TextInterval | CaptureEvent) -> Stream:
    """The stream of a line or an event."""
    return (shown.source, shown.monitor)


def nearest_frame(
    evidence: Evidence, stream: Stream, from_us: int, to_us: int, *, late: bool
) -> CaptureEvent | None:
    """The last (``late``) or first frame of a stream in a window."""
    span, start, end = _EDGE_SPAN_US, from_us, to_us
    while start < end:
        low = max(start, end - span) if late else start
        high = end if late else min(end, start + span)
        after = (-1, -1)
        best: CaptureEvent | None = None
        while True:
            events = evidence.events_between(low, high, limit_rows=_EDGE_ROWS, after=after)
            own = [e for e in events if stream_of(e) == stream]
            if own:
                best = own[-1] if late else own[0]
            if len(events) < _EDGE_ROWS or (best and not late):
                break
            after = (events[-1].captured_at_us, events[-1].seq)
        if best is not None:
            return best
        start, end = (start, low) if late else (high, end)
        span *= _EDGE_GROWTH
    return None


def frame_before(evidence: Evidence, stream: Stream, moment_us: int) -> CaptureEvent | None:
    """The frame of the stream before a moment; None when there is none near."""
    start = max(0, moment_us - _LOOKED_BACK_US)
    return nearest_frame(evidence, stream, start, moment_us, late=True)


def frame_after(evidence: Evidence, stream: Stream, moment_us: int) -> CaptureEvent | None:
    """The frame of the stream after a moment; None when there is none near."""
    end = moment_us + _LOOKED_BACK_US
    return nearest_frame(evidence, stream, moment_us + 1, end, late=False)


def is_unseen(before: CaptureEvent, after: CaptureEvent) -> bool:
    """Whether nothing is known of the time between two frames that follow each other.

    Where both are the same picture nothing changed: a still screen is captured seldom.
    """
    paused_us = after.captured_at_us - before.captured_at_us
    return paused_us > PAUSE_US_MAX and before.blob != after.blob


def unseen_within(stretch: Stretch, evidence: Evidence) -> int:
    """How much of a stretch passed between frames so far apart that nothing is known of it.

    Microseconds; frames of all streams on which the lines stood count together.
    """
    streams = {stream_of(sighting.line) for sighting in stretch.lines}
    before: CaptureEvent | None = None
    unseen_us = 0
    after = (-1, -1)
    while True:
        page = evidence.events_between(
            stretch.first_us, stretch.last_us + 1, limit_rows=_PAGE_ROWS, after=after
        )
        for event in page:
            if stream_of(event) not in streams:
                continue
            if before is not None and is_unseen(before, event):
                unseen_us += event.captured_at_us - before.captured_at_us
            before = event
        if len(page) < _PAGE_ROWS:
            return unseen_us
        after = (page[-1].captured_at_us, page[-1].seq)


def stretches_of(sightings: Sequence[Sighting], scope: Scope, evidence: Evidence) -> list[Stretch]:
    """The stretches of time in which any of the lines was there, in order of time.

    Two lines of one stream follow each other without a break when no frame lies between them
    that shows neither, and little time: nothing is known of a long pause.
    """
    spans = sorted(
        ((*clipped(s.line, scope, evidence), s) for s in sightings),
        key=lambda row: (row[1], row[3], stream_of(row[4].line), row[0]),
    )
    joined: list[Stretch] = []
    for _, first_us, _, last_us, sighting in spans:
        before = joined[-1] if joined else None
        if before and (
            first_us <= before.last_us or _is_next(evidence, before, first_us, sighting)
        ):
            joined[-1] = Stretch(
                before.first_us, max(before.last_us, last_us), (*before.lines, sighting)
            )
        else:
            joined.append(Stretch(first_us, last_us, (sighting,)))
    return joined


def _is_next(evidence: Evidence, before: Stretch, first_us: int, sighting: Sighting) -> bool:
    """Whether no frame of the stream lies between the end of a stretch and a line's beginning."""
    line = sighting.line
    if all(stream_of(s.line) != stream_of(line) for s in before.lines):
        return False
    if first_us - before.last_us > GAP_US_MAX:
        return False
    start = before.last_us + 1
    return nearest_frame(evidence, stream_of(line), start, first_us, late=False) is None
