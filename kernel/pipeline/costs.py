"""What stages and models have cost: counted here, kept in the derived store, given to the plan.

Covers: one book at a time and its regular merge. Does not cover: the table
(`kernel.store.telemetry`), learning from it (`kernel.scheduling.learned`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from contracts.derivation import StageTiming
from kernel.scheduling.learned import learn_timings
from kernel.scheduling.schedule import ModelTimings
from kernel.store.telemetry import FailureKind, StageAggregate, TelemetryBook, TelemetryStore

MERGE_INTERVAL_S = 5.0
"""What a kernel that is killed forgets at most."""
RESTED_INTERVAL_S = 1.0
"""After a batch, and at the beginning, what was counted is there to see sooner."""


class Costs:
    """Used from the kernel's loop."""

    def __init__(
        self,
        store: TelemetryStore,
        declared: Mapping[str, ModelTimings],
        *,
        caps: Mapping[str, int] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._caps = dict(caps or {})
        self._declared = dict(declared)
        self._now_s = now_s
        self._book = TelemetryBook()
        self._known: tuple[StageAggregate, ...] = store.read()
        self._merged_s = now_s()

    def add(self, stage: str, model_key: str, timing: StageTiming) -> None:
        """Count a finished task."""
        self._book.add(stage, model_key, timing)

    def add_failure(
        self, stage: str, model_key: str, kind: FailureKind, spent: StageTiming | None = None
    ) -> None:
        """Count a task that did not end well."""
        self._book.add_failure(stage, model_key, kind, spent)

    def add_load(self, stage: str, model_key: str, load_us: int) -> None:
        """Count a model that was loaded."""
        self._book.add_load(stage, model_key, load_us)

    def add_peak(self, stage: str, model_key: str, memory_bytes: int) -> None:
        """Note what a host used that was ended for it."""
        self._book.add_peak(stage, model_key, memory_bytes)

    @property
    def known(self) -> tuple[StageAggregate, ...]:
        """What was merged, by this kernel and those before it."""
        return self._known

    def timings(self) -> dict[str, ModelTimings]:
        """What each model costs: measured before and in this run, else declared."""
        return learn_timings(self._declared, (*self._known, *self._book.aggregates()), self._caps)

    def tick(self, *, is_resting: bool = False) -> None:
        """Merge when it is time; ``is_resting``: no task is with a host now."""
        soon = is_resting or not self._known
        interval_s = RESTED_INTERVAL_S if soon else MERGE_INTERVAL_S
        if self._now_s() >= self._merged_s + interval_s:
            self.merge()

    def merge(self) -> None:
        """Put what was counted into the store and begin a new book."""
        self._merged_s = self._now_s()
        if not self._book.aggregates():
            return
        self._store.merge(self._book)
        self._book = TelemetryBook()
        self._known = self._store.read()

    def close(self) -> None:
        """Merge the rest and close the store."""
        self.merge()
        self._store.close()
