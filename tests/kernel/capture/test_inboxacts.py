from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.capture.inboxacts import InboxActs, Poll, SystemClock
from kernel.capture.inboxfate import InboxOutcome
from kernel.capture.inboxreport import InboxReport
from kernel.config.errors import KernelError
from tests.kernel.capture.inbox_rig import InboxRig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[InboxRig]:
    rig = InboxRig(tmp_path)
    yield rig
    rig.store.close()


def acts_of(rig: InboxRig) -> InboxActs:
    return InboxActs(rig.folder, rig.data_dir.quarantine_dir, rig.rules, rig.clock)


def test_outcome_is_said_once_until_the_name_is_gone(rig: InboxRig) -> None:
    acts = acts_of(rig)
    poll = Poll(rig.sink, InboxReport())
    for _ in range(3):
        acts.note("a", InboxOutcome.LEFT_IN_PLACE, poll, reason="why")
    acts.note("a", InboxOutcome.MOVE_FAILED, poll)
    assert len(rig.acts()) == 2
    acts.forget_all_but(frozenset())
    acts.note("a", InboxOutcome.LEFT_IN_PLACE, poll)
    assert [act for act, _, _ in rig.acts()] == [
        "inbox-left-in-place",
        "inbox-move-failed",
        "inbox-left-in-place",
    ]


def test_outcome_that_could_not_be_ledgered_is_said_again(rig: InboxRig) -> None:
    acts = acts_of(rig)
    poll = Poll(rig.sink, InboxReport())
    rig.sink.records = False
    with pytest.raises(KernelError):
        acts.note("a", InboxOutcome.LEFT_IN_PLACE, poll)
    assert poll.report.happenings == []
    rig.sink.records = True
    acts.note("a", InboxOutcome.LEFT_IN_PLACE, poll)
    assert len(rig.acts()) == 1


def test_longest_path_fits_the_ledger(rig: InboxRig) -> None:
    acts_of(rig).note("n" * 2000, InboxOutcome.LEFT_IN_PLACE, Poll(rig.sink, InboxReport()))
    (entry,) = rig.entries()
    assert entry.subject == "n" * 1024


def test_file_that_is_gone_is_not_put_aside(rig: InboxRig) -> None:
    poll = Poll(rig.sink, InboxReport())
    acts_of(rig).put_aside(["gone.json"], InboxOutcome.SIDECAR_ORPHANED, poll, reason="why")
    assert rig.acts() == []
    assert rig.quarantined() == []


def test_system_clock_reads_both_clocks() -> None:
    clock = SystemClock()
    assert clock.utc_us() > 1_700_000_000_000_000
    assert clock.monotonic_s() <= clock.monotonic_s()
