"""Crashes by plugin: backoff, quarantine, a clean slate after it."""

from __future__ import annotations

from kernel.supervision import restart
from kernel.supervision.crashes import CrashBook
from tests.kernel.supervision.pool_rig import MemoryQuarantine


def test_each_plugin_waits_for_its_own_crashes_and_the_limit_quarantines_with_the_causes() -> None:
    now_s = 100.0
    quarantine = MemoryQuarantine()
    book = CrashBook(restart.Policy(restarts_max=2, backoff_base_s=1.0), quarantine, lambda: now_s)
    assert book.note("a", "first", 0.0) is None
    assert not book.allows("a")
    assert book.allows("b")
    now_s += 1.2
    assert book.allows("a")
    assert book.note("a", "second", 0.0) is None
    event = book.note("a", "third", 0.0)
    assert event is not None
    assert event.causes == ("first", "second", "third") == quarantine.plugins["a"]
    assert not book.allows("a")
    quarantine.plugins.clear()
    assert book.allows("a"), "lifted by a person: no backoff is left over"
    assert book.counts() == {"a": 3}
