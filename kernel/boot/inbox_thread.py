"""The thread that looks at the inbox.

Covers: polling at the settings' pace, waking the kernel, ending promptly. Does not cover:
what becomes of a file (`kernel.capture.inbox`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from kernel.capture.inbox import Inbox
from kernel.capture.inboxreport import InboxReport
from kernel.capture.sink import InboxSink


class InboxThread:
    """Polls one inbox until `close`; `last_report` is for status."""

    def __init__(
        self, inbox: Inbox, sink: InboxSink, *, interval_s: float, on_change: Callable[[], None]
    ) -> None:
        self._inbox = inbox
        self._sink = sink
        self._interval_s = interval_s
        self._on_change = on_change
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)
        self.last_report = InboxReport()
        self.outcomes: dict[str, int] = {}
        self.failure = ""

    def start(self) -> None:
        """Begin polling; once."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the inbox is still being looked at."""
        return self._thread.is_alive()

    def close(self, timeout_s: float = 5.0) -> None:
        """End after the poll at hand."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _work(self) -> None:
        try:
            while not self._ending.is_set():
                report = self._inbox.poll(self._sink)
                self.last_report = report
                for happening in report.happenings:
                    name = happening.outcome.value
                    self.outcomes[name] = self.outcomes.get(name, 0) + 1
                if report.happenings:
                    self._on_change()
                if not report.more:
                    self._ending.wait(self._interval_s)
        except BaseException as error:
            # Status must say that nobody looks at the inbox any more.
            self.failure = f"{type(error).__name__}: {error}"
            raise
