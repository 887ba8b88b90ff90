"""Turns new evidence into waiting work.

Covers: walking the journal from the backlog's cursor, one batch at a time. Does not cover:
when work runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from kernel.pipeline.stages import Stage
from kernel.store.backlog import Backlog

BATCH_EVENTS = 512


class EventSource(Protocol):
    """The part of the evidence store that the feeder reads."""

    def events_after(self, seq: int, *, limit_rows: int) -> list[CaptureEvent]:
        """Events behind a journal position, in order."""
        ...


class KnownResults(Protocol):
    """The part of the derived store that the feeder asks."""

    def has(self, key: DerivationKey) -> bool:
        """Whether the work of this key is done."""
        ...

    def which_processed(self, blobs: Sequence[str]) -> frozenset[str]:
        """Those of the blobs that have a text page, whoever made it."""
        ...


class Feeder:
    """Keeps the backlog in step with the journal; idempotent."""

    def __init__(
        self,
        events: EventSource,
        results: KnownResults,
        backlog: Backlog,
        stages: Sequence[Stage],
    ) -> None:
        self._events = events
        self._results = results
        self._backlog = backlog
        self._all = tuple(stages)
        self._stages = tuple(stage for stage in stages if stage.unit == "blob")
        self._rewind_if_stages_changed()

    def feed(self) -> int:
        """Take in everything new in the journal; returns how many tasks were added."""
        if not self._stages:
            # Nothing can be planned now; the cursor waits for a run that has stages.
            return 0
        added = 0
        while events := self._events.events_after(self._backlog.cursor(), limit_rows=BATCH_EVENTS):
            items: dict[DerivationKey, int] = {}
            read = self._results.which_processed([event.blob for event in events])
            for event in events:
                # What another version or other settings read stays until a replay.
                if event.blob in read:
                    continue
                for stage in self._stages:
                    key = stage.key(event.blob)
                    if not self._results.has(key):
                        items[key] = event.captured_at_us
            added += self._backlog.enqueue(items.items(), cursor=events[-1].seq)
        return added

    def _rewind_if_stages_changed(self) -> None:
        """Other plugins or settings mean other keys: what is not read yet is due under those."""
        name = " ".join(
            f"{s.name}={s.plugin.plugin_id}@{s.plugin.version}/{s.config_digest}" for s in self._all
        )
        if name and self._backlog.stages() != name:
            self._backlog.set_stages(name)
