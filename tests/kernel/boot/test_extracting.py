"""When reading on request is over, and what is leased first."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.derivation import DerivationKey
from kernel.boot import extracting
from kernel.boot.extracting import extract
from kernel.config.paths import DataDir
from kernel.store.backlog import Backlog


def key(number: int) -> DerivationKey:
    return DerivationKey(
        input_digest=f"{number:064x}",
        stage="text",
        plugin_id="reader",
        plugin_version="1.0.0",
        config_digest="0" * 64,
    )


def test_captures_of_the_asked_window_are_leased_before_newer_ones(tmp_path: Path) -> None:
    backlog = Backlog.open(DataDir(tmp_path))
    backlog.enqueue([(key(at), at * 100) for at in range(10)], cursor=10)
    backlog.prefer(200, 401)
    first = [task.captured_at_us for task in backlog.lease("reader", 2)]
    rest = [task.captured_at_us for task in backlog.lease("reader", 4)]
    assert first == [400, 300]
    assert rest == [200, 900, 800, 700]
    backlog.close()


def test_with_nothing_left_nothing_is_started(tmp_path: Path) -> None:
    done = extract(
        DataDir(tmp_path), (0, 1), budget_s=5.0, count_left=lambda: 0, show=lambda _: None
    )
    assert (done.left, done.stopped) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_work_that_may_not_run_ends_it_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = extracting._Watch(60.0, lambda: 3, lambda _: None)
    now_s = watch.seconds
    assert not watch.is_over("paused by the person")
    monkeypatch.setattr(extracting, "STUCK_S", now_s)
    while not watch.is_over("paused by the person"):
        pass
    assert watch.stopped == "paused by the person"
    assert watch.left == 3


def test_leave_that_comes_back_in_time_goes_on() -> None:
    watch = extracting._Watch(60.0, lambda: 1, lambda _: None)
    assert not watch.is_over("the budget is spent for now")
    assert not watch.is_over("")
    assert watch.stopped == ""


def test_the_budget_ends_it() -> None:
    watch = extracting._Watch(0.0, lambda: 2, lambda _: None)
    assert watch.is_over("")
    assert watch.stopped == "the budget of 0 s is spent"


def test_where_the_budget_ends_it_first_the_lack_of_leave_is_told_as_well() -> None:
    watch = extracting._Watch(0.0, lambda: 2, lambda _: None)
    assert watch.is_over("paused by the person; run: kernel resume")
    assert watch.stopped == "the budget of 0 s is spent; paused by the person; run: kernel resume"


def test_what_was_read_a_moment_before_the_backlog_was_empty_is_not_said_to_be_unreadable() -> None:
    left = [3]
    watch = extracting._Watch(60.0, lambda: left[0], lambda _: None)
    assert not watch.is_over("")
    left[0] = 0
    assert watch.nothing_more(failed=0)
    assert watch.stopped == ""


def test_what_no_kernel_came_to_yet_is_not_said_to_be_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = extracting._Watch(60.0, lambda: 2, lambda _: None)
    assert not watch.nothing_more(failed=0), "it may come into the backlog in a moment"
    watch.more_waits()
    assert not watch.nothing_more(failed=0), "and from the beginning again"
    monkeypatch.setattr(extracting, "FEED_S", 0.0)
    assert watch.nothing_more(failed=1)
    assert watch.stopped == "2 cannot be read (1 failed now); see: kernel status"
