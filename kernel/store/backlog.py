"""Work that waits, runs, is done or was given up, one row per derivation key.

A task's id is derived from its key, so putting the same work in twice is a no-op and a
result that was committed just before a crash is recognised afterwards. Can be rebuilt from
evidence and derived records, therefore not synced at every commit.

Covers: rows and their states. Does not cover: order between models (`kernel.scheduling`),
what to do about a failure (`kernel.pipeline.retries`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import apsw

from contracts import canonical
from contracts.derivation import DerivationKey
from kernel.config.paths import DataDir
from kernel.store.attempts import AttemptLog, FailedFor
from kernel.store.sqlite import connect, transaction

Order = Literal["newest", "oldest"]
TaskState = Literal["waiting", "delayed", "leased", "done", "failed", "quarantined", "shelved"]
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
DROP INDEX IF EXISTS tasks_by_state;
CREATE INDEX IF NOT EXISTS tasks_of_stage ON tasks (state, stage, plugin_id, captured_at_us);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (stage, captured_at_us)
  WHERE state IN ('waiting', 'delayed', 'leased');
CREATE TABLE IF NOT EXISTS task_inputs (
  task_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  role TEXT NOT NULL,
  digest TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (task_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tasks_by_input ON tasks (input_digest);
CREATE INDEX IF NOT EXISTS tasks_delayed ON tasks (not_before_us) WHERE state='delayed';
"""
_OPEN_STATES: tuple[TaskState, ...] = ("waiting", "delayed", "leased")


_COLUMNS = (
    "task_id, stage, plugin_id, plugin_version, config_digest, input_digest,"
    " captured_at_us, enqueued_at_us, state, attempts, deaths, error"
)


@dataclass(frozen=True, slots=True)
class TaskInput:
    """One input of a task: what it is (`contracts.wire.RunTask`), its digest, where it is had.

    ``subject``: the digest of the blob, or the id of the event, whose result or bytes it is.
    """

    role: str
    digest: str
    subject: str


@dataclass(frozen=True, slots=True)
class Task:
    """One row; ``attempts`` counts leases, ``deaths`` the hosts that died with it.

    ``inputs`` is filled by `Backlog.lease`; empty, the only input is the blob that the key names.
    """

    task_id: str
    key: DerivationKey
    captured_at_us: int
    enqueued_at_us: int
    state: TaskState
    attempts: int
    deaths: int
    error: str
    inputs: tuple[TaskInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """The tasks of one stage and plugin that may be leased now; times of capture of its ends."""

    tasks: int
    oldest_us: int = 0
    newest_us: int = 0


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
    """The backlog of one data dir; used from one thread.

    Numbers of tasks are kept in memory beside the rows: a plan costs the same with a million
    rows as with ten.
    """

    def __init__(self, connection: apsw.Connection, now_us: Callable[[], int]) -> None:
        self._connection = connection
        self._now_us = now_us
        self._numbers: Counter[tuple[str, str, str]] = Counter()
        self._preferred: tuple[int, int] | None = None
        self.attempts = AttemptLog(connection)
        self._recount()

    @classmethod
    def open(cls, data_dir: DataDir, *, now_us: Callable[[], int] | None = None) -> Backlog:
        """Open for writing; makes the tables when they are missing."""
        connection = connect(data_dir.backlog_db, durable=False)
        connection.execute(_SCHEMA)
        AttemptLog.make_table(connection)
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
        added = 0
        try:
            with transaction(self._connection):
                for key, captured_at_us in items:
                    added += self._insert(key, captured_at_us, now_us)
                self._set_meta("cursor", str(cursor))
        except BaseException:
            # The rows were rolled back; the numbers beside them must follow.
            self._recount()
            raise
        return added

    def add(self, key: DerivationKey, inputs: Sequence[TaskInput], *, captured_at_us: int) -> bool:
        """Add one task with its inputs; False when it is there already and not due again."""
        task_id = task_id_of(key)
        try:
            with transaction(self._connection):
                if not self._insert(key, captured_at_us, self._now_us()):
                    return False
                self._connection.executemany(
                    "INSERT OR REPLACE INTO task_inputs VALUES (?,?,?,?,?)",
                    [
                        (task_id, place, given.role, given.digest, given.subject)
                        for place, given in enumerate(inputs)
                    ],
                )
        except BaseException:
            self._recount()
            raise
        return True

    def _insert(self, key: DerivationKey, captured_at_us: int, now_us: int) -> bool:
        task_id = task_id_of(key)
        known = self._state_of(task_id)
        if known is not None:
            # Work that was shelved under other settings, or whose result was lost, is due again.
            if known[2] not in {"shelved", "done"}:
                return False
            self.attempts.forget(task_id)
            self._move(task_id, "waiting")
            return True
        self._connection.execute(
            "INSERT INTO tasks (task_id, stage, plugin_id, plugin_version, config_digest,"
            " input_digest, captured_at_us, enqueued_at_us, state)"
            " VALUES (?,?,?,?,?,?,?,?,'waiting')",
            (
                task_id,
                key.stage,
                key.plugin_id,
                key.plugin_version,
                key.config_digest,
                key.input_digest,
                captured_at_us,
                now_us,
            ),
        )
        self._numbers[key.stage, key.plugin_id, "waiting"] += 1
        return True

    def rewind(self) -> None:
        """Look at all evidence again at the next feed."""
        self._set_meta("cursor", "0")

    def stages(self) -> str:
        """The stages this backlog was filled for."""
        row = self._connection.execute("SELECT value FROM meta WHERE name='stages'").fetchone()
        return str(row[0]) if row else ""

    def set_stages(self, name: str) -> None:
        """Fill for other stages: shelve what waits for the old ones and start from the first event.

        Shelved work is not lost: its evidence is looked at again under the new keys.
        """
        with transaction(self._connection):
            self._move_all(_OPEN_STATES, "shelved")
            self._set_meta("cursor", "0")
            self._set_meta("stages", name)

    def _set_meta(self, name: str, value: str) -> None:
        self._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value=excluded.value",
            (name, value),
        )

    # --- working -------------------------------------------------------------------------

    def lease(
        self, plugin_id: str, limit: int, *, stage: str = "text", order: Order = "newest"
    ) -> list[Task]:
        """Take up to ``limit`` waiting tasks in order of capture and mark them leased.

        Those of the window that `prefer` named come first.
        """
        direction = "DESC" if order == "newest" else "ASC"
        with transaction(self._connection):
            rows = self._waiting(stage, plugin_id, direction, limit, self._preferred)
            if len(rows) < limit and self._preferred is not None:
                known = {task.task_id for task in rows}
                more = self._waiting(stage, plugin_id, direction, limit + len(rows), None)
                rows += [task for task in more if task.task_id not in known]
                rows = rows[:limit]
            for task in rows:
                self._move(task.task_id, "leased", attempts=1)
        return [replace(task, inputs=self._inputs_of(task.task_id)) for task in rows]

    def prefer(self, from_us: int, to_us: int) -> None:
        """From now on lease captures of this window (end exclusive) before all others."""
        self._preferred = (from_us, to_us)

    def _waiting(
        self,
        stage: str,
        plugin_id: str,
        direction: str,
        limit: int,
        window: tuple[int, int] | None,
    ) -> list[Task]:
        low, high = window or (-(2**62), 2**62)
        return self._select(
            "state='waiting' AND stage=? AND plugin_id=? AND captured_at_us>=? AND captured_at_us<?"
            f" ORDER BY captured_at_us {direction}, task_id LIMIT ?",
            (stage, plugin_id, low, high, limit),
        )

    def _inputs_of(self, task_id: str) -> tuple[TaskInput, ...]:
        rows = self._connection.execute(
            "SELECT role, digest, subject FROM task_inputs WHERE task_id=? ORDER BY place",
            (task_id,),
        )
        return tuple(TaskInput(*row) for row in rows)

    def wake_delayed(self) -> int:
        """Let tasks wait again whose delay is over; returns how many."""
        due = self._connection.execute(
            "SELECT task_id FROM tasks WHERE state='delayed' AND not_before_us<=? LIMIT 1000",
            (self._now_us(),),
        ).fetchall()
        for (task_id,) in due:
            self._move(str(task_id), "waiting")
        return len(due)

    def finish(self, task_id: str) -> None:
        """The result is committed."""
        self._move(task_id, "done", error="")

    def give_up(self, task_id: str, error: str) -> None:
        """No further attempt will help; the evidence stays, the error is kept."""
        self._move(task_id, "failed", error=error)

    def quarantine(self, task_id: str, error: str) -> None:
        """The task killed too many hosts."""
        self._move(task_id, "quarantined", error=error)

    def shelve(self, task_id: str) -> None:
        """Its input is not what it was made for any more; it may be put in again."""
        self._move(task_id, "shelved")

    def put_back(
        self, task_id: str, error: str, *, delay_s: float = 0.0, blame: bool = False
    ) -> int:
        """Let a leased task wait again after ``delay_s``; returns the deaths counted so far."""
        known = self._state_of(task_id)
        if known is not None and known[2] == "leased":
            self._connection.execute(
                "UPDATE tasks SET not_before_us=?, deaths=deaths+? WHERE task_id=?",
                (self._now_us() + int(delay_s * 1e6), int(blame), task_id),
            )
            self._move(task_id, "delayed" if delay_s > 0 else "waiting", error=error)
        task = self.find(task_id)
        return task.deaths if task else 0

    def note_failure(self, task_id: str, kind: FailedFor, error: str) -> int:
        """Note that an attempt failed; returns how many failed for this kind of reason so far."""
        with transaction(self._connection):
            return self.attempts.add(task_id, kind, error, at_us=self._now_us())

    def retry_given_up(self) -> int:
        """Put failed and quarantined tasks back (a person asked); returns how many."""
        with transaction(self._connection):
            self.attempts.forget_given_up()
            self._connection.execute(
                "UPDATE tasks SET attempts=0, deaths=0 WHERE state IN ('failed', 'quarantined')"
            )
            return self._move_all(("failed", "quarantined"), "waiting")

    def reclaim_leases(self) -> int:
        """At boot: what a dead kernel's hosts had in hand waits again; returns how many."""
        with transaction(self._connection):
            return self._move_all(("leased",), "waiting")

    # --- looking -------------------------------------------------------------------------

    def find(self, task_id: str) -> Task | None:
        """The task of this id."""
        rows = self._select("task_id=?", (task_id,))
        return rows[0] if rows else None

    def waiting(self, stage: str, plugin_id: str) -> Waiting:
        """What of this stage and plugin may be leased now; costs two index look-ups."""
        tasks = self._numbers[stage, plugin_id, "waiting"]
        if not tasks:
            return Waiting(0)
        oldest, newest = (
            self._connection.execute(
                f"SELECT {end}(captured_at_us) FROM tasks"  # noqa: S608 - min or max
                " WHERE state='waiting' AND stage=? AND plugin_id=?",
                (stage, plugin_id),
            ).get
            for end in ("min", "max")
        )
        return Waiting(tasks, int(oldest or 0), int(newest or 0))

    def counts(self) -> tuple[QueueCount, ...]:
        """How many tasks of each stage and plugin are in which state."""
        rows = self._connection.execute(
            "SELECT stage, plugin_id, state, count(*), min(captured_at_us), max(captured_at_us)"
            " FROM tasks GROUP BY stage, plugin_id, state ORDER BY stage, plugin_id, state"
        )
        return tuple(QueueCount(*row) for row in rows)

    def state_of(self, key: DerivationKey) -> TaskState | None:
        """Where the work of this key stands; None when it was never put in."""
        task = self.find(task_id_of(key))
        return task.state if task else None

    def oldest_open_us(self, stage: str) -> int | None:
        """Time of capture of the oldest task of a stage that is not done yet; None without."""
        row = self._connection.execute(
            "SELECT min(captured_at_us) FROM tasks"
            " WHERE stage=? AND state IN ('waiting', 'delayed', 'leased')",
            (stage,),
        ).get
        return None if row is None else int(row)

    def unfinished(self, stage: str | None = None) -> int:
        """Tasks that wait (now or later) or run, of all stages or of one."""
        return sum(
            n
            for (name, _, state), n in self._numbers.items()
            if state in _OPEN_STATES and stage in {None, name}
        )

    def given_up(self, limit: int) -> list[Task]:
        """Failed and quarantined tasks, newest capture first."""
        return self._select(
            "state IN ('failed', 'quarantined') ORDER BY captured_at_us DESC LIMIT ?", (limit,)
        )

    def _recount(self) -> None:
        self._numbers.clear()
        for count in self.counts():
            self._numbers[count.stage, count.plugin_id, count.state] = count.tasks

    def _state_of(self, task_id: str) -> tuple[str, str, str] | None:
        row = self._connection.execute(
            "SELECT stage, plugin_id, state FROM tasks WHERE task_id=?", (task_id,)
        ).fetchone()
        return (str(row[0]), str(row[1]), str(row[2])) if row else None

    def _move(
        self, task_id: str, state: TaskState, *, error: str | None = None, attempts: int = 0
    ) -> None:
        """Change one task's state, in the row and in the numbers."""
        known = self._state_of(task_id)
        if known is None:
            return
        self._connection.execute(
            "UPDATE tasks SET state=?, error=coalesce(?, error), attempts=attempts+?"
            " WHERE task_id=?",
            (state, None if error is None else error[:ERROR_CHARS_MAX], attempts, task_id),
        )
        stage, plugin_id, before = known
        self._numbers[stage, plugin_id, before] -= 1
        self._numbers[stage, plugin_id, state] += 1

    def _move_all(self, before: tuple[TaskState, ...], state: TaskState) -> int:
        """The same for every task in one of these states; returns how many."""
        moved = 0
        for old in before:
            self._connection.execute("UPDATE tasks SET state=? WHERE state=?", (state, old))
            for stage, plugin_id, found in list(self._numbers):
                if found == old:
                    number = self._numbers.pop((stage, plugin_id, old))
                    self._numbers[stage, plugin_id, state] += number
                    moved += number
        return moved

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
