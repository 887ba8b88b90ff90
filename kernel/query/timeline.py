"""Lines over time as the derived store keeps them, for the query.

Covers: turning a scope into the store's terms (streams, windows in front). Does not cover:
building intervals and reading them (`kernel.store.interval_reader`).
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.interval import TextInterval
from kernel.query.scope import Scope
from kernel.store.interval_reader import IntervalReader, Span

TEXTS_MAX = 2000
"""Texts that are looked at for one question, the newest first."""


class StoredTimeline:
    """The intervals of a derived store, see `kernel.query.stores.Timeline`."""

    def __init__(self, reader: IntervalReader) -> None:
        self._reader = reader

    def find(self, matches: Sequence[str], scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Intervals of lines that match any of the expressions, newest first."""
        span = self._span(scope)
        if span is None:
            return []
        match = " OR ".join(f"({part})" for part in matches)
        return self._reader.find(match, span, limit=limit_rows, texts_max=TEXTS_MAX)

    def holding(self, squashed: str, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Intervals of lines that hold a folded substring, newest first."""
        span = self._span(scope)
        if span is None:
            return []
        return self._reader.find_holding(squashed, span, limit=limit_rows, texts_max=TEXTS_MAX)

    def of_text(self, text: str, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Intervals of lines with exactly this text, newest first."""
        span = self._span(scope)
        return [] if span is None else self._reader.of_text(text, span, limit=limit_rows)

    def during(self, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Every interval that overlaps the scope, oldest first."""
        span = self._span(scope)
        return [] if span is None else self._reader.during(span, limit=limit_rows)

    def windows(self, scope: Scope) -> list[tuple[str | None, str | None]]:
        """Applications and titles of the windows in the scope, in a fixed order."""
        found = {
            (window.app, window.title)
            for window in self._reader.windows(scope.from_us, scope.to_us)
            if scope.admits_window(window.app, window.title)
        }
        return sorted(found, key=lambda names: (names[0] or "", names[1] or ""))

    def _span(self, scope: Scope) -> Span | None:
        """The scope in the store's terms; None when nothing can pass it."""
        streams = windows = None
        if scope.monitor is not None:
            streams = frozenset(
                stream_id
                for stream_id, (_, monitor) in self._reader.streams().items()
                if monitor == scope.monitor
            )
        if scope.names_windows:
            windows = frozenset(
                window.window_id
                for window in self._reader.windows()
                if scope.admits_window(window.app, window.title)
            )
        if streams == frozenset() or windows == frozenset() or scope.from_us >= scope.to_us:
            return None
        return Span(scope.from_us, scope.to_us, streams, windows)
