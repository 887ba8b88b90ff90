"""The thread that looks after one inbox as long as the kernel runs.

Covers: when to look again, stopping within a poll, reporting. Does not cover: the look itself
(`kernel.capture.inbox`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from kernel.capture.folderwatch import FolderWatch
from kernel.capture.imageformats.facts import BYTES_MAX, ImageLimits
from kernel.capture.inbox import Inbox
from kernel.capture.inboxfate import InboxRules
from kernel.capture.inboxreport import InboxReport
from kernel.capture.sink import InboxSink
from kernel.config.paths import DataDir
from kernel.config.sections import IntakeSettings


def open_inbox(
    data_dir: DataDir,
    settings: IntakeSettings,
    sink: InboxSink,
    *,
    on_report: Callable[[InboxReport], None] = lambda _: None,
) -> InboxThread:
    """The thread for the configured inbox, not started yet.

    The data dir's own inbox is made when it is missing. A folder that the person named is
    not: it may lie on a drive that is not mounted, and then the thread says so and waits.
    Raises `OSError` when the data dir's own inbox cannot be made.
    """
    folder = settings.inbox_dir
    if folder is None:
        folder = data_dir.inbox_dir
        # What has its name and is no folder is told with every poll, and ends nobody.
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
    rules = InboxRules(limits=ImageLimits(bytes_max=min(settings.file_bytes_max, BYTES_MAX)))
    inbox = Inbox(folder, data_dir.quarantine_dir, rules=rules)
    interval_s = settings.inbox_poll_ms / 1000
    return InboxThread(inbox, folder, sink, interval_s=interval_s, on_report=on_report)


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
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    @property
    def problem(self) -> str | None:
        """What keeps the inbox from being emptied now, None when nothing does."""
        started = self._thread.ident is not None
        if started and not self._closing.is_set() and not self._thread.is_alive():
            return "the thread that empties it ended; start the kernel again"
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
        while not self._closing.is_set():
            report = self._poll()
            if report.happenings or report.problem != self._problem:
                self._problem = report.problem
                self._on_report(report)
            if not report.more:
                self._watch.wait(self._interval_s)

    def _poll(self) -> InboxReport:
        try:
            return self._inbox.poll(self._sink)
        except Exception as error:  # noqa: BLE001 - one bad poll must not end the taking in
            # What was stored before it is found again; the files are where they were.
            return InboxReport(problem=f"a poll failed: {type(error).__name__}: {error}")
