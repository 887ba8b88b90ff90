"""Work that waits, runs, is done or was given up, one row per derivation key.

A task's id is derived from its key, so putting the same work in twice is a no-op and a
result that was committed just before a crash is recognised afterwards. Can be rebuilt from
evidence and derived records, therefore not synced at every commit.

Covers: rows and their states. Does not cover: order between models (`kernel.scheduling`),
what to do about a failure (`kernel.pipeline.retries`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import apsw

from contracts import canonical
from contracts.derivation import DerivationKey
from kernel.config.paths import DataDir
from kernel.store.sqlite import connect, transaction

TaskState = Literal["waiting", "leased", "done", "failed", "quarantined", "shelved"]
ERROR_CHARS_MAX = 2_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tasks (
  task_id TEXT PRIMARY KEY,
  stage TEXT NOT NULL,
  plugin_id TEXT NOT NULL,
  plugin_version TEXT NOT NULL,
  config_digest TEXT NOT NULL,
  input_digest TEXT NOT NULL,
  captured_at_us INTEGER NOT NULL,
  enqueued_at_us INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  deaths INTEGER NOT NULL DEFAULT 0,
  not_before_us INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS tasks_by_state ON tasks (state, plugin_id, captured_at_us);
CREATE INDEX IF NOT EXISTS tasks_by_input ON tasks (input_digest);
"""


_COLUMNS = (
    "task_id, stage, plugin_id, plugin_version, config_digest, input_digest,"
    " captured_at_us, enqueued_at_us, state, attempts, deaths, error"
)


@dataclass(frozen=True, slots=True)
class Task:
    """One row; ``attempts`` counts leases, ``deaths`` the hosts that died with it."""

    task_id: str
    key: DerivationKey
    captured_at_us: int
    enqueued_at_us: int
    state: TaskState
    attempts: int
    deaths: int
    error: str


@dataclass(frozen=True, slots=True)
class QueueCount:
    """Tasks of one stage and plugin in one state; times of capture of its ends."""

    stage: str
    plugin_id: str
    state: TaskState
    tasks: int
    oldest_us: int
    newest_us: int


def task_id_of(key: DerivationKey) -> str:
    """The id of the work that the key names."""
    return f"t-{canonical.digest(key)[:32]}"


class Backlog:
    """The backlog of one data dir; used from one thread."""

    def __init__(self, connection: apsw.Connection, now_us: Callable[[], int]) -> None:
        self._connection = connection
        self._now_us = now_us

    @classmethod
    def open(cls, data_dir: DataDir, *, now_us: Callable[[], int] | None = None) -> Backlog:
        """Open for writing; makes the tables when they are missing."""
        connection = connect(data_dir.backlog_db, durable=False)
        connection.execute(_SCHEMA)
        return cls(connection, now_us or (lambda: time.time_ns() // 1000))

    @classmethod
    def open_read_only(cls, data_dir: DataDir) -> Backlog | None:
        """Open beside a running kernel; None when there is no backlog yet."""
        if not data_dir.backlog_db.exists():
            return None
        connection = connect(data_dir.backlog_db, read_only=True)
        return cls(connection, lambda: time.time_ns() // 1000)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # --- filling -------------------------------------------------------------------------

    def cursor(self) -> int:
        """The journal position up to which evidence was looked at."""
        row = self._connection.execute("SELECT value FROM meta WHERE name='cursor'").fetchone()
        return int(row[0]) if row else 0

    def enqueue(self, items: Iterable[tuple[DerivationKey, int]], *, cursor: int) -> int:
        """Add (key, captured_at_us) pairs and move the cursor, together; returns what was new."""
        now_us = self._now_us()
        before = self._connection.total_changes()
        with transaction(self._connection):
            for key, captured_at_us in items:
                self._connection.execute(
                    "INSERT INTO tasks (task_id, stage, plugin_id, plugin_version, config_digest,"
                    " input_digest, captured_at_us, enqueued_at_us, state)"
                    " VALUES (?,?,?,?,?,?,?,?,'waiting') ON CONFLICT (task_id) DO UPDATE"
                    " SET state='waiting' WHERE state IN ('shelved', 'done')",
                    (
                        task_id_of(key),
                        key.stage,
                        key.plugin_id,
                        key.plugin_version,
                        key.config_digest,
                        key.input_digest,
                        captured_at_us,
                        now_us,
                    ),
                )
            added = self._connection.total_changes() - before
            self._connection.execute(
                "INSERT INTO meta VALUES ('cursor', ?)"
                " ON CONFLICT (name) DO UPDATE SET value=excluded.value",
                (str(cursor),),
            )
        return added

    def stages(self) -> str:
        """The stages this backlog was filled for."""
        row = self._connection.execute("SELECT value FROM meta WHERE name='stages'").fetchone()
        return str(row[0]) if row else ""

    def set_stages(self, name: str) -> None:
        """Fill for other stages: shelve what waits for the old ones and start from the first event.

        Shelved work is not lost: its evidence is looked at again under the new keys.
        """
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE tasks SET state='shelved' WHERE state IN ('waiting', 'leased')"
            )
            for row in (("cursor", "0"), ("stages", name)):
                self._connection.execute(
                    "INSERT INTO meta VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET value=excluded.value",
                    row,
                )

    # --- working -------------------------------------------------------------------------

    def lease(self, plugin_id: str, limit: int) -> list[Task]:
        """Take up to ``limit`` waiting tasks, newest capture first, and mark them leased."""
        with transaction(self._connection):
            rows = self._select(
                "state='waiting' AND plugin_id=? AND not_before_us<=?"
                " ORDER BY captured_at_us DESC, task_id LIMIT ?",
                (plugin_id, self._now_us(), limit),
            )
            for task in rows:
                self._connection.execute(
                    "UPDATE tasks SET state='leased', attempts=attempts+1 WHERE task_id=?",
                    (task.task_id,),
                )
        return rows

    def finish(self, task_id: str) -> None:
        """The result is committed."""
        self._set(task_id, "done", "")

    def give_up(self, task_id: str, error: str) -> None:
        """No further attempt will help; the evidence stays, the error is kept."""
        self._set(task_id, "failed", error)

    def quarantine(self, task_id: str, error: str) -> None:
        """The task killed too many hosts."""
        self._set(task_id, "quarantined", error)

    def put_back(
        self, task_id: str, error: str, *, delay_s: float = 0.0, blame: bool = False
    ) -> int:
        """Let it wait again, not before ``delay_s``; returns the deaths counted so far."""
        self._connection.execute(
            "UPDATE tasks SET state='waiting', error=?, not_before_us=?, deaths=deaths+?"
            " WHERE task_id=? AND state='leased'",
            (
                error[:ERROR_CHARS_MAX],
                self._now_us() + int(delay_s * 1e6),
                int(blame),
                task_id,
            ),
        )
        row = self._connection.execute(
            "SELECT deaths FROM tasks WHERE task_id=?", (task_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def retry_given_up(self) -> int:
        """Put failed and quarantined tasks back (a person asked); returns how many."""
        before = self._connection.total_changes()
        self._connection.execute(
            "UPDATE tasks SET state='waiting', attempts=0, deaths=0, not_before_us=0"
            " WHERE state IN ('failed', 'quarantined')"
        )
        return self._connection.total_changes() - before

    def reclaim_leases(self) -> int:
        """At boot: what a dead kernel's hosts had in hand waits again; returns how many."""
        before = self._connection.total_changes()
        self._connection.execute("UPDATE tasks SET state='waiting' WHERE state='leased'")
        return self._connection.total_changes() - before

    # --- looking -------------------------------------------------------------------------

    def find(self, task_id: str) -> Task | None:
        """The task of this id."""
        rows = self._select("task_id=?", (task_id,))
        return rows[0] if rows else None

    def waiting_now(self, plugin_id: str) -> int:
        """Tasks that could be leased at this moment."""
        return self._count(
            "state='waiting' AND plugin_id=? AND not_before_us<=?", (plugin_id, self._now_us())
        )

    def counts(self) -> tuple[QueueCount, ...]:
        """How many tasks of each stage and plugin are in which state."""
        rows = self._connection.execute(
            "SELECT stage, plugin_id, state, count(*), min(captured_at_us), max(captured_at_us)"
            " FROM tasks GROUP BY stage, plugin_id, state ORDER BY stage, plugin_id, state"
        )
        return tuple(QueueCount(*row) for row in rows)

    def unfinished(self) -> int:
        """Tasks that wait (now or later) or run."""
        return self._count("state IN ('waiting', 'leased')", ())

    def given_up(self, limit: int) -> list[Task]:
        """Failed and quarantined tasks, newest capture first."""
        return self._select(
            "state IN ('failed', 'quarantined') ORDER BY captured_at_us DESC LIMIT ?", (limit,)
        )

    def _count(self, where: str, values: tuple[str | int, ...]) -> int:
        query = f"SELECT count(*) FROM tasks WHERE {where}"  # noqa: S608 - a literal of this class
        return int(self._connection.execute(query, values).get or 0)

    def _set(self, task_id: str, state: TaskState, error: str) -> None:
        self._connection.execute(
            "UPDATE tasks SET state=?, error=? WHERE task_id=?",
            (state, error[:ERROR_CHARS_MAX], task_id),
        )

    def _select(self, where: str, values: tuple[str | int, ...]) -> list[Task]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM tasks WHERE {where}", values)  # noqa: S608 - both are literals of this module
        return [
            Task(
                task_id=row[0],
                key=DerivationKey(
                    stage=row[1],
                    plugin_id=row[2],
                    plugin_version=row[3],
                    config_digest=row[4],
                    input_digest=row[5],
                ),
                captured_at_us=row[6],
                enqueued_at_us=row[7],
                state=row[8],
                attempts=row[9],
                deaths=row[10],
                error=row[11],
            )
            for row in rows
        ]
