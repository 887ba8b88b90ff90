"""How much of what was asked about has been read.

Covers: counting the captures of a scope and those with text, naming their windows. Does not
cover: reading the rest.
"""

from __future__ import annotations

from contracts.answer import Coverage
from contracts.capture import CaptureEvent
from kernel.query.scope import Scope
from kernel.query.stores import Derived, Evidence

EVENTS_MAX = 200_000
"""Captures of a scope that are counted one by one."""
_PAGE_ROWS = 5000


def cover(evidence: Evidence, derived: Derived, scope: Scope) -> Coverage:
    """Captures in the scope, and those of them that have text.

    Of a scope with more than `EVENTS_MAX` captures the first ones are counted.
    """
    if scope.is_open:
        return Coverage(events=evidence.count_events(), processed=derived.count_processed_events())
    events = processed = 0
    for page in pages_of(evidence, scope):
        inside = [event.blob for event in page if scope.admits(event)]
        done = derived.which_processed(sorted(set(inside)))
        events += len(inside)
        processed += sum(blob in done for blob in inside)
        if events >= EVENTS_MAX:
            break
    return Coverage(events=events, processed=processed)


def unread(evidence: Evidence, derived: Derived, scope: Scope, *, limit: int) -> list[str]:
    """Blobs of the scope without text, the newest captures first."""
    found: dict[str, int] = {}
    for page in pages_of(evidence, scope):
        inside = [event for event in page if scope.admits(event)]
        done = derived.which_processed(sorted({event.blob for event in inside}))
        for event in inside:
            if event.blob not in done:
                found[event.blob] = event.captured_at_us
    return sorted(found, key=lambda blob: (-found[blob], blob))[:limit]


def window_names(evidence: Evidence, scope: Scope) -> set[tuple[str | None, str | None]]:
    """Applications and titles of the scope's captures, read or not."""
    return {
        (event.app, event.window_title)
        for page in pages_of(evidence, scope)
        for event in page
        if scope.admits(event)
    }


def pages_of(evidence: Evidence, scope: Scope) -> list[list[CaptureEvent]]:
    """The captures of the scope's window, in pages of bounded length."""
    pages: list[list[CaptureEvent]] = []
    after = (-1, -1)
    while len(pages) * _PAGE_ROWS < EVENTS_MAX:
        page = evidence.events_between(
            scope.from_us, scope.to_us, limit_rows=_PAGE_ROWS, after=after
        )
        if not page:
            break
        pages.append(page)
        after = (page[-1].captured_at_us, page[-1].seq)
    return pages
