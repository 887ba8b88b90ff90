"""Failed attempts of tasks, kept beside them."""

from __future__ import annotations

from pathlib import Path

from contracts.derivation import DerivationKey
from kernel.config.paths import DataDir
from kernel.store.attempts import ERROR_CHARS_MAX, KEPT_MAX
from kernel.store.backlog import Backlog, task_id_of

KEY = DerivationKey(
    stage="text",
    plugin_id="echo",
    plugin_version="1",
    config_digest="c" * 64,
    input_digest="a" * 64,
)
TASK = task_id_of(KEY)


def test_failures_are_counted_by_kind_and_told_in_order(tmp_path: Path) -> None:
    backlog = Backlog.open(DataDir(tmp_path), now_us=lambda: 7)
    assert backlog.note_failure(TASK, "error", "first") == 1
    assert backlog.note_failure(TASK, "memory", "second") == 1
    assert backlog.note_failure(TASK, "error", "x" * 10_000) == 2
    backlog.close()
    again = Backlog.open_read_only(DataDir(tmp_path))
    assert again is not None
    found = again.attempts.of_task(TASK)
    assert [(one.at_us, one.kind) for one in found] == [(7, "error"), (7, "memory"), (7, "error")]
    assert found[0].error == "first"
    assert len(found[2].error) == ERROR_CHARS_MAX
    assert again.attempts.of_task("t-other") == ()
    again.close()


def test_the_list_of_one_task_is_bounded(tmp_path: Path) -> None:
    backlog = Backlog.open(DataDir(tmp_path))
    for _ in range(KEPT_MAX + 5):
        backlog.note_failure(TASK, "error", "again")
    assert len(backlog.attempts.of_task(TASK)) == KEPT_MAX


def test_a_task_that_is_tried_anew_begins_without_failures(tmp_path: Path) -> None:
    backlog = Backlog.open(DataDir(tmp_path))
    backlog.enqueue([(KEY, 1)], cursor=1)
    (task,) = backlog.lease("echo", 1)
    backlog.note_failure(task.task_id, "error", "no")
    backlog.give_up(task.task_id, "no")
    assert backlog.retry_given_up() == 1
    assert backlog.note_failure(task.task_id, "error", "no") == 1
    # A result that was lost is made again, by a task like new.
    backlog.finish(task.task_id)
    assert backlog.enqueue([(KEY, 1)], cursor=1) == 1
    assert backlog.attempts.of_task(task.task_id) == ()


def test_a_file_of_an_earlier_version_has_none(tmp_path: Path) -> None:
    backlog = Backlog.open(DataDir(tmp_path))
    backlog._connection.execute("DROP TABLE task_failures")
    backlog.close()
    older = Backlog.open_read_only(DataDir(tmp_path))
    assert older is not None
    assert older.attempts.of_task(TASK) == ()
    older.close()
    newer = Backlog.open(DataDir(tmp_path))
    assert newer.note_failure(TASK, "memory", "large") == 1
