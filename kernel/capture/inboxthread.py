"""The thread that looks after one inbox as long as the kernel runs.

Covers: when to look again, stopping within a poll, reporting. Does not cover: the look itself
(`kernel.capture.inbox`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from kernel.capture.folderwatch import FolderWatch
from kernel.capture.inbox import Inbox
from kernel.capture.inboxreport import InboxReport
from kernel.capture.sink import InboxSink


class InboxThread:
    """Polls until closed. Make it, `start` it, `close` it.

    ``on_report`` is called in the thread after every poll in which something happened or
    whose problem is another one than before; it must not raise.
    """

    def __init__(
        self,
        inbox: Inbox,
        folder: Path,
        sink: InboxSink,
        *,
        interval_s: float,
        on_report: Callable[[InboxReport], None] = lambda _: None,
    ) -> None:
        self._inbox = inbox
        self._sink = sink
        self._interval_s = interval_s
        self._on_report = on_report
        self._watch = FolderWatch(folder)
        self._closing = threading.Event()
        self._problem: str | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    @property
    def problem(self) -> str | None:
        """What keeps the inbox from being emptied now, None when nothing does."""
        if self._failure is not None:
            return f"the inbox thread ended: {type(self._failure).__name__}: {self._failure}"
        return self._problem

    def start(self) -> None:
        """Begin to look; once."""
        self._thread.start()

    def close(self, *, timeout_s: float = 10.0) -> bool:
        """End after the present poll; whether that was within the time. Idempotent."""
        if self._closing.is_set():
            return not self._thread.is_alive()
        self._closing.set()
        self._watch.interrupt()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self._watch.close()
        return True

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                report = self._inbox.poll(self._sink)
                if report.happenings or report.problem != self._problem:
                    self._problem = report.problem
                    self._on_report(report)
                if not report.more:
                    self._watch.wait(self._interval_s)
        except BaseException as error:  # noqa: BLE001 - the kernel must see why nothing is taken in
            self._failure = error
