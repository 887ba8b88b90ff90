"""A part of the soak works in its own thread, ends when asked, and never fails in silence."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from kernel.soak.part import Part


@dataclass(kw_only=True)
class Counter(Part):
    """Counts once, then waits or fails."""

    fails: bool = False
    begun: threading.Event = field(default_factory=threading.Event)

    def _work(self) -> None:
        self.begun.set()
        if self.fails:
            raise ValueError("nine")
        self._stop.wait()


def test_it_works_until_it_is_stopped() -> None:
    part = Counter()
    part.start()
    assert part.begun.wait(60.0)
    part.stop()
    assert not part._thread.is_alive()
    assert part.problem == ""


def test_a_failure_is_told() -> None:
    part = Counter(fails=True)
    part.start()
    part.stop()
    assert part.problem == "the counter failed: ValueError('nine')"


def test_one_that_never_began_can_be_stopped() -> None:
    part = Counter()
    part.stop()
    assert not part.begun.is_set()
