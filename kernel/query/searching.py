"""Looking for a value: the pages worth reading, their candidates, equal answers together.

Covers: which pages of the scope are read, ties between frames, groups of equal answers. Does
not cover: citing and verifying (`kernel.query.citing`), composing the answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from contracts.screen import ScreenState
from contracts.text import TextPage
from kernel.query.candidates import Candidate
from kernel.query.containers import areas_of
from kernel.query.deadline import Deadline, OutOfTime
from kernel.query.layout import PageLayout
from kernel.query.question import Question
from kernel.query.ranking import lines_with_terms, rank
from kernel.query.retrieval import find_blobs
from kernel.query.scope import Scope
from kernel.query.screen_tables import ScreenTable, tables_of
from kernel.query.stores import Derived, Evidence
from kernel.store.folding import squash

WINDOW_EVENTS_MAX = 4000
"""With no more events than these in the scope, their pages are known beforehand."""
STATE_STAGE = "state"
FRAMES_MAX = 4
_SCORE_STEP = 20
_PER_PAGE_MAX = 8
_SAME_SHARE = 700
_ALIKE_MAX = 4


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """What one search may cost: pages found, pages looked at closely, texts of one term."""

    blobs_max: int = 256
    pages_max: int = 64
    texts_max: int = 2000


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate on a frame."""

    score: int
    candidate: Candidate
    confidence: int
    key: DerivationKey
    page: TextPage
    event: CaptureEvent
    away_us: int = 0
    """How far its frame lies from the moment that was asked for."""

    def rank_key(self) -> tuple[object, ...]:
        """Best first: score in steps, what the layout says most, the nearest or newest frame."""
        return (
            -(self.score // _SCORE_STEP),
            self.candidate.form,
            self.away_us,
            -self.event.captured_at_us,
            -self.score,
            self.candidate.answer,
            # An id tells when a frame came in: what was seen decides before it.
            self.event.source,
            self.event.monitor,
            self.event.event_id,
        )


@dataclass(slots=True)
class Search:
    """Candidates of the pages worth reading, best first; ``cut`` when time ran out."""

    found: list[Found] = field(default_factory=list)
    cut: bool = False


def search(
    evidence: Evidence,
    derived: Derived,
    question: Question,
    scope: Scope,
    limits: SearchLimits,
    deadline: Deadline,
) -> Search:
    """Read the pages of the scope that hold the question's terms.

    Frames of one window are many and alike: of those on which the terms stand in the same
    lines only the newest few are looked at closely.
    """
    result = Search()
    if not question.terms:
        return result
    alike: Counter[frozenset[str]] = Counter()
    try:
        for blob, event in pages_to_read(evidence, derived, question, scope, limits, deadline):
            deadline.check()
            if alike.total() >= limits.pages_max:
                break
            stored = derived.page_of(blob)
            if stored is None:
                continue
            lines = lines_with_terms(stored[1], question)
            if alike[lines] >= _ALIKE_MAX:
                continue
            alike[lines] += 1
            state = stored_state(derived, event.event_id)
            tables = [] if state is None else tables_of(state)
            layout = PageLayout(stored[1], () if state is None else areas_of(state))
            for item in rank(layout, question, tables)[:_PER_PAGE_MAX]:
                sure = _confidence(stored[1], item.candidate)
                away_us = scope.away_us(event.captured_at_us)
                found = Found(item.score, item.candidate, sure, *stored, event, away_us)
                result.found.append(found)
    except OutOfTime:
        result.cut = True
    result.found.sort(key=Found.rank_key)
    return result


def stored_tables(derived: Derived, event_id: str) -> list[ScreenTable]:
    """The tables of an event's screen state; none where no state is stored or it is damaged."""
    state = stored_state(derived, event_id)
    return [] if state is None else tables_of(state)


def layout_of(derived: Derived, page: TextPage, event_id: str) -> PageLayout:
    """A page's layout with the containers of its event's screen state, where one is stored."""
    state = stored_state(derived, event_id)
    return PageLayout(page, () if state is None else areas_of(state))


def stored_state(derived: Derived, event_id: str) -> ScreenState | None:
    """An event's screen state; None where none is stored or it is damaged."""
    record = derived.record_of(STATE_STAGE, event_id)
    if record is None:
        return None
    try:
        return canonical.decode(record, ScreenState)
    except msgspec.MsgspecError:
        return None


def pages_to_read(
    evidence: Evidence,
    derived: Derived,
    question: Question,
    scope: Scope,
    limits: SearchLimits,
    deadline: Deadline,
) -> list[tuple[str, CaptureEvent]]:
    """Blobs with their newest event in the scope: most of the question first, then the newest."""
    pages = []
    newest = _newest_in(evidence, scope)
    for blob, weight in find_blobs(
        derived,
        question,
        texts_max=limits.texts_max,
        admits=(None if newest is None else newest.__contains__),
    ):
        deadline.check()
        event = newest[blob] if newest is not None else _newest_of(evidence, blob, scope)
        if event is not None:
            pages.append((-weight, -event.captured_at_us, -event.seq, blob, event))
            if len(pages) >= limits.blobs_max:
                break
    return [(page[3], page[4]) for page in sorted(pages, key=lambda page: page[:4])]


def _newest_in(evidence: Evidence, scope: Scope) -> dict[str, CaptureEvent] | None:
    """The blobs of a short window with their newest event; None when it is long or open."""
    if not scope.is_timed:
        return None
    events = evidence.events_between(scope.from_us, scope.to_us, limit_rows=WINDOW_EVENTS_MAX + 1)
    if len(events) > WINDOW_EVENTS_MAX:
        return None
    return {event.blob: event for event in events if scope.admits(event)}


def _newest_of(evidence: Evidence, blob: str, scope: Scope) -> CaptureEvent | None:
    events = [event for event in evidence.events_of_blob(blob) if scope.admits(event)]
    return max(events, key=lambda e: (e.captured_at_us, e.seq), default=None)


def _confidence(page: TextPage, candidate: Candidate) -> int:
    """The lowest confidence among the words of the answer."""
    levels = [
        word.confidence_permille
        for part in candidate.answer
        for word in page.lines[part.line].words
        if word.start < part.end and word.end > part.start
    ]
    return min(levels, default=0)


def distinct(found: list[Found]) -> list[list[Found]]:
    """Groups of equal answers, best first; in a group the surest reading, then the newest.

    The same words on several frames may be read with different mistakes; answers that
    differ only in letters that OCR confuses, case and separators are equal. One of each
    frame, and no more than a few frames.
    """
    groups: dict[str, list[Found]] = {}
    for item in found:
        groups.setdefault(squash(item.candidate.text), []).append(item)
    return [_with_surest_first(group) for group in groups.values()]


def _with_surest_first(group: list[Found]) -> list[Found]:
    near = [i for i in group if 1000 * i.score >= _SAME_SHARE * group[0].score]
    surest = max(near, key=lambda i: (i.confidence, i.event.captured_at_us, i.score))
    near.sort(key=lambda i: (i.candidate.text != surest.candidate.text, i.rank_key()))
    by_blob = {item.page.blob: item for item in reversed(near)}
    return [item for item in near if by_blob[item.page.blob] is item][:FRAMES_MAX]
