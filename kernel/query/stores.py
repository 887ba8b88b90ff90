"""What the query reads, as protocols: evidence, text pages with their index, lines over time.

Covers: the shapes that the stores of `kernel.store` have, and stand-ins for what is not there
yet. Does not cover: reading them (`kernel.query.searching`, `kernel.query.sightings`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from contracts.capture import CaptureEvent, PixelBlob
from contracts.derivation import DerivationKey
from contracts.interval import TextInterval
from contracts.text import TextPage
from kernel.query.scope import Scope


class Evidence(Protocol):
    """What the query reads of `kernel.store.evidence.EvidenceStore`."""

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id."""
        ...

    def events_of_blob(self, digest: str) -> list[CaptureEvent]:
        """Every event that shows these bytes, oldest first."""
        ...

    def events_between(
        self, from_us: int, to_us: int, *, limit_rows: int, after: tuple[int, int] = (-1, -1)
    ) -> list[CaptureEvent]:
        """Events captured in the window, in order of time."""
        ...

    def find_blob(self, digest: str) -> PixelBlob | None:
        """The blob's record."""
        ...

    def read_blob(self, digest: str) -> bytes:
        """The bytes, checked against the digest; raises `KernelError`."""
        ...

    def count_events(self) -> int:
        """Number of events."""
        ...


class Pages(Protocol):
    """Text pages by blob, see `kernel.store.derived.DerivedStore`."""

    def page_of(self, blob: str) -> tuple[DerivationKey, TextPage] | None:
        """The active text page of a blob, read back from its stored bytes."""
        ...


class Index(Protocol):
    """The word and substring index, see `kernel.store.derived.DerivedStore`."""

    def blobs_matching_words(self, match: str, *, texts_max: int) -> tuple[str, ...]:
        """Blobs with a line matching the FTS5 expression, latest first."""
        ...

    def blobs_holding(self, squashed: str, *, texts_max: int) -> tuple[str, ...]:
        """Blobs with a line holding the folded substring, latest first."""
        ...


class Derived(Index, Pages, Protocol):
    """What the query reads of the derived store as a whole."""

    def which_processed(self, blobs: Sequence[str]) -> frozenset[str]:
        """Those of the blobs that have a text page."""
        ...

    def count_processed_events(self) -> int:
        """How many events show a blob with text."""
        ...

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """The current result of a stage about a subject, as it was stored."""
        ...

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """Break off running statements once this says so."""
        ...


class Timeline(Protocol):
    """Lines of text over time, see `kernel.query.timeline`."""

    def find(self, matches: Sequence[str], scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Intervals of lines that match any of the FTS5 expressions over folded words.

        Those that overlap the scope, newest first.
        """
        ...

    def holding(self, squashed: str, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """The same for lines that hold a folded substring of three or more characters."""
        ...

    def of_text(self, text: str, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Intervals of lines with exactly this text, newest first."""
        ...

    def during(self, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """Every interval that overlaps the scope, oldest first."""
        ...

    def windows(self, scope: Scope) -> list[tuple[str | None, str | None]]:
        """Applications and titles of the windows in the scope, in a fixed order."""
        ...


class NothingProcessed:
    """Stands in for the derived store of a data dir in which nothing was processed yet."""

    def blobs_matching_words(self, match: str, *, texts_max: int) -> tuple[str, ...]:
        """None."""
        _ = match, texts_max
        return ()

    def blobs_holding(self, squashed: str, *, texts_max: int) -> tuple[str, ...]:
        """None."""
        _ = squashed, texts_max
        return ()

    def page_of(self, blob: str) -> tuple[DerivationKey, TextPage] | None:
        """None."""
        _ = blob
        return None

    def which_processed(self, blobs: Sequence[str]) -> frozenset[str]:
        """None."""
        _ = blobs
        return frozenset()

    def count_processed_events(self) -> int:
        """Zero."""
        return 0

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """None."""
        _ = stage, subject
        return None

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """Nothing runs, so nothing is stopped."""
        _ = is_over


class NoTimeline:
    """Stands in for lines over time where there are none."""

    def find(self, matches: Sequence[str], scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """None."""
        _ = matches, scope, limit_rows
        return []

    def holding(self, squashed: str, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """None."""
        _ = squashed, scope, limit_rows
        return []

    def of_text(self, text: str, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """None."""
        _ = text, scope, limit_rows
        return []

    def during(self, scope: Scope, *, limit_rows: int) -> list[TextInterval]:
        """None."""
        _ = scope, limit_rows
        return []

    def windows(self, scope: Scope) -> list[tuple[str | None, str | None]]:
        """None."""
        _ = scope
        return []
