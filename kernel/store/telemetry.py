"""What each stage and model has cost so far: aggregates in derived.db, never single runs.

The kernel keeps a `TelemetryBook` in memory and merges it into the table every few seconds; what
a crash loses is no more of the statistics. Covers: aggregates and their table. Does not
cover: what the plan makes of them (`kernel.scheduling.learned`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

import apsw

from contracts.derivation import StageTiming
from kernel.config.paths import DataDir
from kernel.store.histogram import Histogram, from_counts
from kernel.store.sqlite import connect, transaction

Metric = Literal[
    "queue_wait_us", "load_us", "run_us", "failed_us", "input_bytes", "memory_peak_bytes"
]
"""``run_us`` is of tasks that ended well, ``failed_us`` what those took that did not."""
FailureKind = Literal["error", "lost", "quarantined"]
METRICS: tuple[Metric, ...] = get_args(Metric)
FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
QUEUES_MAX = 1_000
"""More distinct (stage, model) pairs than this are not counted apart."""
RECENT_WEIGHT = 0.1
"""How much one new value moves the recent mean."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS telemetry(
  stage TEXT NOT NULL,
  model_key TEXT NOT NULL,
  metric TEXT NOT NULL,
  total INTEGER NOT NULL,
  largest INTEGER NOT NULL,
  recent REAL NOT NULL,
  buckets TEXT NOT NULL,
  PRIMARY KEY(stage, model_key, metric)) WITHOUT ROWID, STRICT
"""


@dataclass(slots=True)
class Series:
    """One metric: its histogram, and a recent mean that follows a change of the machine."""

    histogram: Histogram = field(default_factory=Histogram)
    recent: float = 0.0

    def add(self, value: int) -> None:
        """Count one value."""
        first = not self.histogram.buckets
        self.histogram.add(value)
        self.recent = value if first else self.recent + RECENT_WEIGHT * (value - self.recent)

    def merge(self, newer: Series) -> None:
        """Take in values that came after these; the recent mean moves as far as they are many."""
        if not newer.histogram.buckets:
            return
        kept = (1.0 - RECENT_WEIGHT) ** newer.histogram.count if self.histogram.buckets else 0.0
        self.recent = kept * self.recent + (1.0 - kept) * newer.recent
        self.histogram.merge(newer.histogram)


@dataclass(slots=True)
class StageAggregate:
    """All metrics and failures of one stage and model."""

    stage: str
    model_key: str
    series: dict[str, Series] = field(default_factory=dict)

    def get(self, metric: Metric | FailureKind) -> Series:
        """The series, made when it is missing; for a failure kind only its count says something."""
        return self.series.setdefault(metric, Series())

    @property
    def runs(self) -> int:
        """Tasks that ended well."""
        return self.get("run_us").histogram.count

    @property
    def loads(self) -> int:
        """How often the model was loaded."""
        return self.get("load_us").histogram.count

    @property
    def failures(self) -> dict[str, int]:
        """Failure kind -> count, those that happened."""
        counts = {kind: self.get(kind).histogram.count for kind in FAILURE_KINDS}
        return {kind: count for kind, count in counts.items() if count}


class TelemetryBook:
    """Aggregates in memory, by (stage, model)."""

    def __init__(self) -> None:
        self._aggregates: dict[tuple[str, str], StageAggregate] = {}

    def add(self, stage: str, model_key: str, timing: StageTiming) -> None:
        """Count one finished task; a load time of 0 means that the model was warm."""
        aggregate = self._aggregate(stage, model_key)
        for metric in METRICS:
            value = 0 if metric == "failed_us" else getattr(timing, metric)
            if metric in {"load_us", "failed_us"} and value == 0:
                continue
            aggregate.get(metric).add(value)

    def add_failure(
        self, stage: str, model_key: str, kind: FailureKind, spent: StageTiming | None = None
    ) -> None:
        """Count one task that did not end well, and what was spent on it, where that is known.

        Of ``spent`` a load time or a memory peak of 0 means that it is not known.
        """
        aggregate = self._aggregate(stage, model_key)
        aggregate.get(kind).add(1)
        if spent is None:
            return
        aggregate.get("queue_wait_us").add(spent.queue_wait_us)
        aggregate.get("failed_us").add(spent.run_us)
        aggregate.get("input_bytes").add(spent.input_bytes)
        if spent.memory_peak_bytes:
            self.add_peak(stage, model_key, spent.memory_peak_bytes)

    def add_load(self, stage: str, model_key: str, load_us: int) -> None:
        """Count one load of a model, whatever becomes of the tasks after it."""
        self._aggregate(stage, model_key).get("load_us").add(load_us)

    def add_peak(self, stage: str, model_key: str, memory_bytes: int) -> None:
        """Count the memory of a host that was ended for it."""
        self._aggregate(stage, model_key).get("memory_peak_bytes").add(memory_bytes)

    def aggregates(self) -> tuple[StageAggregate, ...]:
        """All aggregates, sorted by stage and model."""
        return tuple(self._aggregates[key] for key in sorted(self._aggregates))

    def _aggregate(self, stage: str, model_key: str) -> StageAggregate:
        key = (stage, model_key)
        if key not in self._aggregates and len(self._aggregates) >= QUEUES_MAX:
            key = ("other", "other")
        if key not in self._aggregates:
            self._aggregates[key] = StageAggregate(*key)
        return self._aggregates[key]


class TelemetryStore:
    """The table; use from one thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, data_dir: DataDir) -> Self:
        """Open for writing, making the table when it is missing."""
        connection = connect(data_dir.derived_db, durable=False)
        connection.execute(_SCHEMA)
        return cls(connection)

    @classmethod
    def open_read_only(cls, data_dir: DataDir) -> Self | None:
        """Open beside a running kernel; None when nothing was counted yet."""
        if not data_dir.derived_db.exists():
            return None
        connection = connect(data_dir.derived_db, read_only=True)
        found = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type='table' AND name='telemetry'"
        ).fetchone()
        if found is None:
            connection.close()
            return None
        return cls(connection)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._db.close()

    def merge(self, book: TelemetryBook) -> None:
        """Add all that the book counted, in one transaction; the caller begins a new book."""
        with transaction(self._db):
            for aggregate in book.aggregates():
                for metric, newer in aggregate.series.items():
                    key = (aggregate.stage, aggregate.model_key, metric)
                    series = self._read_series(key)
                    series.merge(newer)
                    self._write_series(key, series)

    def read(self) -> tuple[StageAggregate, ...]:
        """All aggregates, sorted by stage and model."""
        found: dict[tuple[str, str], StageAggregate] = {}
        for stage, model_key, metric, series in self._rows():
            aggregate = found.setdefault((stage, model_key), StageAggregate(stage, model_key))
            aggregate.series[metric] = series
        return tuple(found[key] for key in sorted(found))

    def _rows(self) -> Iterator[tuple[str, str, str, Series]]:
        rows = self._db.execute(
            "SELECT stage, model_key, metric, total, largest, recent, buckets FROM telemetry"
        )
        for stage, model_key, metric, *stored in rows:
            yield str(stage), str(model_key), str(metric), _series(stored)

    def _read_series(self, key: tuple[str, str, str]) -> Series:
        row = self._db.execute(
            "SELECT total, largest, recent, buckets FROM telemetry"
            " WHERE stage=? AND model_key=? AND metric=?",
            key,
        ).fetchone()
        return Series() if row is None else _series(list(row))

    def _write_series(self, key: tuple[str, str, str], series: Series) -> None:
        histogram = series.histogram
        buckets = json.dumps(sorted(histogram.buckets.items()), separators=(",", ":"))
        self._db.execute(
            "INSERT OR REPLACE INTO telemetry VALUES (?,?,?,?,?,?,?)",
            # 64 bits: a sum of bytes may pass them before the machine does.
            (*key, min(histogram.total, 2**63 - 1), histogram.largest, series.recent, buckets),
        )


def _series(stored: list[object]) -> Series:
    total, largest, recent, buckets = stored
    counts = {int(bucket): int(count) for bucket, count in json.loads(str(buckets))}
    histogram = from_counts(counts, total=int(str(total)), largest=int(str(largest)))
    return Series(histogram, float(str(recent)))
