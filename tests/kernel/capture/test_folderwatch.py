import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.capture.folderwatch import FolderWatch
from kernel.capture.inbox import Inbox
from kernel.capture.inboxfate import InboxOutcome, InboxRules
from kernel.capture.inboxreport import InboxReport
from kernel.capture.inboxthread import InboxThread, open_inbox
from kernel.capture.intake import Intake
from kernel.capture.sink import InboxSink, IntakeSink, StoreSink
from kernel.config.paths import DataDir
from kernel.config.sections import IntakeSettings
from kernel.store.evidence import EvidenceStore
from tests.kernel.capture.inbox_rig import make_png, names

LONG_S = 60.0


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[FolderWatch]:
    folder = tmp_path / "inbox"
    folder.mkdir()
    watch = FolderWatch(folder)
    if not watch.reports:
        pytest.skip("this system gives no inotify watch")
    yield watch
    watch.close()


def test_written_and_renamed_files_end_the_wait(watch: FolderWatch, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    (folder / "a.tmp").write_bytes(b"x")
    assert watch.wait(LONG_S)
    (folder / "a.tmp").rename(folder / "a.png")
    assert watch.wait(LONG_S)


def test_nothing_but_time_ends_the_wait_of_a_still_folder(
    watch: FolderWatch, tmp_path: Path
) -> None:
    (tmp_path / "inbox" / "a").write_bytes(b"x")
    assert watch.wait(LONG_S)
    (tmp_path / "inbox" / "a").read_bytes()
    assert not watch.wait(0.05)


def test_interruption_ends_the_wait_from_another_thread(watch: FolderWatch) -> None:
    threading.Timer(0.05, watch.interrupt).start()
    started_s = time.monotonic()
    assert not watch.wait(LONG_S)
    assert time.monotonic() - started_s < LONG_S / 2


def test_folder_that_was_replaced_is_watched_again(watch: FolderWatch, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.rmdir()
    assert watch.wait(LONG_S)
    watch.wait(0)
    folder.mkdir()
    watch.wait(0)
    (folder / "a").write_bytes(b"x")
    assert watch.wait(LONG_S)


def test_folder_that_is_not_there_is_waited_for_by_time(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path / "no")
    assert not watch.reports
    assert not watch.wait(0.01)
    watch.close()


@pytest.mark.parametrize("through_intake", [False, True])
def test_thread_takes_what_is_dropped_and_stops_at_once(
    tmp_path: Path, *, through_intake: bool
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    data_dir = DataDir(tmp_path / "data")
    taken = threading.Event()

    def see(report: InboxReport) -> None:
        if report.count(InboxOutcome.TAKEN):
            taken.set()

    with EvidenceStore.open(data_dir) as store:
        intake = Intake(store)
        intake.start()
        inbox = Inbox(folder, data_dir.quarantine_dir, rules=InboxRules(settle_s=0.05))
        sink = IntakeSink(intake, store) if through_intake else StoreSink(store)
        thread = InboxThread(inbox, folder, sink, interval_s=0.05, on_report=see)
        thread.start()
        (folder / "half.tmp").write_bytes(make_png())
        (folder / "half.tmp").rename(folder / "a.png")
        assert taken.wait(LONG_S)
        assert thread.problem is None
        started_s = time.monotonic()
        assert thread.close()
        assert thread.close()
        assert time.monotonic() - started_s < 5
        intake.close()
        assert store.count_events() == 1
    assert names(folder) == []


def test_configured_inbox_is_opened_and_only_the_data_dirs_own_is_made(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    elsewhere = tmp_path / "not-mounted"
    with EvidenceStore.open(data_dir) as store:
        open_inbox(data_dir, IntakeSettings(), StoreSink(store)).close()
        assert data_dir.inbox_dir.is_dir()
        settings = IntakeSettings(inbox_dir=elsewhere)
        open_inbox(data_dir, settings, StoreSink(store)).close()
    assert not elsewhere.exists()


class BrokenInbox(Inbox):
    """Fails in a way that nobody foresaw, once."""

    polls = 0

    def poll(self, sink: InboxSink) -> InboxReport:
        self.polls += 1
        if self.polls == 1:
            raise ZeroDivisionError("a bug")
        return super().poll(sink)


def test_thread_goes_on_after_a_poll_that_failed(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "a.png").write_bytes(make_png())
    data_dir = DataDir(tmp_path / "data")
    problems: list[str | None] = []
    taken = threading.Event()

    def see(report: InboxReport) -> None:
        problems.append(report.problem)
        if report.count(InboxOutcome.TAKEN):
            taken.set()

    with EvidenceStore.open(data_dir) as store:
        inbox = BrokenInbox(folder, data_dir.quarantine_dir, rules=InboxRules(settle_s=0.01))
        thread = InboxThread(inbox, folder, StoreSink(store), interval_s=0.01, on_report=see)
        thread.start()
        assert taken.wait(LONG_S)
        thread.close()
    assert problems[0] == "a poll failed: ZeroDivisionError: a bug"
    assert problems[-1] is None


def test_threads_problem_is_told_once_and_ends_with_its_cause(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    data_dir = DataDir(tmp_path / "data")
    reports: list[InboxReport] = []
    told = threading.Condition()

    def see(report: InboxReport) -> None:
        with told:
            reports.append(report)
            told.notify()

    with EvidenceStore.open(data_dir) as store:
        inbox = Inbox(folder, data_dir.quarantine_dir)
        thread = InboxThread(inbox, folder, StoreSink(store), interval_s=0.01, on_report=see)
        thread.start()
        with told:
            assert told.wait_for(lambda: len(reports) == 1, LONG_S)
            problems = [thread.problem]
            folder.mkdir()
            assert told.wait_for(lambda: len(reports) == 2, LONG_S)
        problems.append(thread.problem)
        assert [problem is None for problem in problems] == [False, True]
        thread.close()
