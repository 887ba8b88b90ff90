"""Why tasks did not end well, attempt by attempt, in the backlog's own file.

A task that is put back because the person came back or a budget was spent has not failed: its
leases are no measure of how often it did. So each failure is a row, and what is done next goes by
their number (`kernel.pipeline.retries`). Covers: rows, and their number per kind. Does not cover:
the tasks (`kernel.store.backlog`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import apsw

FailedFor = Literal["error", "memory"]
"""``error``: the plugin failed it; ``memory``: its host was ended to keep a limit on memory."""
KEPT_MAX = 100
"""More than any setting allows of one task."""
ERROR_CHARS_MAX = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS task_failures (
  task_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (task_id, number)
) STRICT, WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One failure; ``at_us`` is UTC in microseconds."""

    at_us: int
    kind: FailedFor
    error: str


class AttemptLog:
    """The failures of one backlog, over its connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    @staticmethod
    def make_table(connection: apsw.Connection) -> None:
        """Make the table where it is missing."""
        connection.execute(_SCHEMA)

    def add(self, task_id: str, kind: FailedFor, error: str, *, at_us: int) -> int:
        """Note one failure; returns how many of this kind the task has now."""
        number, same = self._connection.execute(
            "SELECT count(*), coalesce(sum(kind=?), 0) FROM task_failures WHERE task_id=?",
            (kind, task_id),
        ).get
        if number < KEPT_MAX:
            self._connection.execute(
                "INSERT INTO task_failures VALUES (?,?,?,?,?)",
                (task_id, number + 1, at_us, kind, error[:ERROR_CHARS_MAX]),
            )
        return int(same) + 1

    def of_task(self, task_id: str) -> tuple[FailedAttempt, ...]:
        """The failures of a task, oldest first; none in a file of an earlier version."""
        known = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type='table' AND name='task_failures'"
        ).get
        if known is None:
            return ()
        rows = self._connection.execute(
            "SELECT at_us, kind, error FROM task_failures WHERE task_id=? ORDER BY number",
            (task_id,),
        )
        return tuple(FailedAttempt(*row) for row in rows)

    def forget(self, task_id: str) -> None:
        """The task begins anew."""
        self._connection.execute("DELETE FROM task_failures WHERE task_id=?", (task_id,))

    def forget_given_up(self) -> None:
        """All that were given up begin anew."""
        self._connection.execute(
            "DELETE FROM task_failures WHERE task_id IN"
            " (SELECT task_id FROM tasks WHERE state IN ('failed', 'quarantined'))"
        )
