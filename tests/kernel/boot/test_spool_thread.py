"""Spooled evidence comes home by itself, and what keeps it is said."""

from __future__ import annotations

import threading

from kernel.boot.spool_thread import SpoolThread
from kernel.config.errors import KernelError
from kernel.store.drain import DrainReport


class Spool:
    """Three segments, and a drive that can be away."""

    def __init__(self) -> None:
        self.left = 3
        self.away = False
        self.looked = threading.Event()

    def drain_spool(self) -> DrainReport:
        self.looked.set()
        if self.away:
            raise KernelError("disk-failed", "the drive is away")
        if not self.left:
            return DrainReport(0, 0, 0)
        self.left -= 1
        return DrainReport(1_000, 1, self.left)


def test_everything_comes_home_without_waiting_between_the_steps() -> None:
    spool = Spool()
    thread = SpoolThread(spool, interval_s=3600.0)
    thread.start()
    for _ in range(10_000):
        if spool.left == 0:
            break
        threading.Event().wait(0.001)
    thread.close()
    assert (spool.left, thread.segments_pending, thread.problem) == (0, 0, "")


def test_drive_that_is_away_is_a_problem_that_goes_with_its_return() -> None:
    spool = Spool()
    spool.away = True
    thread = SpoolThread(spool, interval_s=0.01)
    thread.start()
    assert spool.looked.wait(5)
    for _ in range(10_000):
        if thread.problem:
            break
        threading.Event().wait(0.001)
    assert "the drive is away" in thread.problem
    spool.away = False
    for _ in range(10_000):
        if not thread.problem and not spool.left:
            break
        threading.Event().wait(0.001)
    thread.close()
    assert (thread.problem, spool.left) == ("", 0)
