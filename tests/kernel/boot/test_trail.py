"""Ledger entries wait for a drive that refuses, in order, and status says so."""

from __future__ import annotations

from collections.abc import Mapping

from kernel.boot.guard import REST_S, Guard
from kernel.boot.trail import RETRY_S, WAITING_ENTRIES_MAX, AuditTrail
from kernel.config.errors import KernelError


class Drive:
    """A ledger whose drive can be full."""

    def __init__(self) -> None:
        self.full = False
        self.entries: list[tuple[str, str]] = []

    def append(self, act: str, subject: str = "", detail: Mapping[str, str] | None = None) -> None:
        if self.full:
            raise KernelError("disk-full", "no space left")
        self.entries.append((act, subject))


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_entry_is_written_at_once_where_there_is_room() -> None:
    drive = Drive()
    trail = AuditTrail(drive)
    trail.append("boot", "a", {})
    assert drive.entries == [("boot", "a")]
    assert trail.problem == ""


def test_entries_wait_in_order_while_the_drive_is_full_and_are_written_afterwards() -> None:
    drive, clock = Drive(), Clock()
    trail = AuditTrail(drive, now_s=clock)
    drive.full = True
    trail.append("first", "", {})
    trail.append("second", "", {})
    assert "2 ledger entries wait" in trail.problem
    assert "no space left" in trail.problem
    drive.full = False
    clock.s += RETRY_S
    trail.tick()
    assert [act for act, _ in drive.entries] == ["first", "second"]
    assert trail.problem == ""


def test_what_waits_is_bounded_and_what_is_missing_is_on_record() -> None:
    drive, clock = Drive(), Clock()
    trail = AuditTrail(drive, now_s=clock)
    drive.full = True
    for number in range(WAITING_ENTRIES_MAX + 3):
        trail.append("act", str(number), {})
    drive.full = False
    clock.s += RETRY_S
    trail.tick()
    assert drive.entries[0][0] == "ledger-entries-missing"
    assert drive.entries[1] == ("act", "3")
    assert len(drive.entries) == WAITING_ENTRIES_MAX + 1


def test_guarded_part_rests_after_a_failure_and_its_problem_goes_with_success() -> None:
    clock, calls = Clock(), []
    guard = Guard(now_s=clock)

    def fail() -> None:
        calls.append(clock.s)
        raise OSError("the drive is gone")

    guard.call("part", fail)
    guard.call("part", fail)
    assert calls == [0.0]
    assert "the drive is gone" in guard.problems["part"]
    clock.s += REST_S
    guard.call("part", lambda: calls.append(clock.s))
    assert calls == [0.0, REST_S]
    assert guard.problems == {}


def test_part_that_never_rests_is_called_every_time() -> None:
    clock, calls = Clock(), []
    guard = Guard(now_s=clock)

    def fail() -> None:
        calls.append(1)
        raise KernelError("disk-full", "full")

    guard.call("part", fail, rests=False)
    guard.call("part", fail, rests=False)
    assert calls == [1, 1]
