"""Repair brings back what any copy still holds, adds only, and tells what it did."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from contracts.capture import CaptureEvent
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.backup import back_up
from kernel.store.evidence import EvidenceStore
from kernel.store.repair import RepairReport, repair
from kernel.store.verify import verify
from tests.kernel.store.captures import draft
from tests.kernel.store.test_spool import drain_all, open_red
from tests.kernel.store.test_verify_damage import tamper


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    return DataDir(quick_dir / "data")


def fill(data_dir: DataDir) -> list[tuple[CaptureEvent, bytes]]:
    with EvidenceStore.open(data_dir, segment_bytes_max=20_000) as store:
        data = [f"frame {number}".encode() * 200 for number in range(24)]
        acks = [ack for part in data for ack in store.append([draft(part)])]
    return [(ack.event, part) for ack, part in zip(acks, data, strict=True)]


def holds_all(data_dir: DataDir, filled: list[tuple[CaptureEvent, bytes]]) -> bool:
    with EvidenceStore.open_read_only(data_dir) as store:
        return store.events_after(0, limit_rows=100) == [event for event, _ in filled] and all(
            store.read_blob(event.blob) == data for event, data in filled
        )


def files_of(root: Path) -> set[str]:
    return {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.suffix == ".seg"
    }


def acts_of(report: RepairReport) -> list[str]:
    return [act.code for act in report.acts]


def test_a_clean_store_needs_no_repair(data_dir: DataDir) -> None:
    filled = fill(data_dir)
    assert repair(data_dir).acts == ()
    assert holds_all(data_dir, filled)


def test_a_lost_journal_is_rebuilt_from_the_packs(data_dir: DataDir) -> None:
    filled = fill(data_dir)
    for path in data_dir.root.glob("journal.db*"):
        path.unlink()
    report = repair(data_dir)
    assert acts_of(report) == ["journal-rebuilt"]
    assert {found.code for found in report.after.findings} == {"ledger-lost"}
    assert holds_all(data_dir, filled)
    with EvidenceStore.open(data_dir) as store:
        assert store.append([draft(b"next")])[0].event.seq == 25
        assert "repair.journal-rebuilt" in {entry.act for entry in store.ledger.entries()}


def test_a_smashed_journal_is_laid_aside_and_rebuilt(data_dir: DataDir) -> None:
    filled = fill(data_dir)
    with data_dir.journal_db.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(40_000))
    report = repair(data_dir)
    assert report.after.ok, report.after.findings
    assert holds_all(data_dir, filled)
    (aside,) = data_dir.quarantine_dir.iterdir()
    assert (aside / "journal.db").stat().st_size > 40_000


def test_a_forged_event_is_replaced_by_what_the_packs_hold_and_the_ledger_goes_on(
    data_dir: DataDir,
) -> None:
    filled = fill(data_dir)
    with EvidenceStore.open(data_dir) as store:
        store.ledger.append("host.killed")
    tamper(data_dir, "DELETE FROM event WHERE seq = 9")
    before = files_of(data_dir.root)
    report = repair(data_dir)
    assert report.after.ok, report.after.findings
    assert holds_all(data_dir, filled)
    assert before <= files_of(data_dir.root)
    with EvidenceStore.open_read_only(data_dir) as store:
        assert "host.killed" in {entry.act for entry in store.ledger.entries()}


def damage(data_dir: DataDir, needle: bytes) -> None:
    for path in data_dir.packs_dir.iterdir():
        data = bytearray(path.read_bytes())
        if needle in data:
            data[data.index(needle)] ^= 1
            path.write_bytes(data)


def test_a_damaged_blob_without_another_copy_is_named_as_lost_and_the_rest_stands(
    data_dir: DataDir,
) -> None:
    filled = fill(data_dir)
    damage(data_dir, filled[3][1][:20])
    report = repair(data_dir)
    assert acts_of(report) == ["blob-lost"]
    assert report.acts[0].what == filled[3][0].blob
    assert {found.events[0] for found in report.after.findings} == {filled[3][0].event_id}
    with EvidenceStore.open_read_only(data_dir) as store:
        assert store.read_blob(filled[4][0].blob) == filled[4][1]


def test_a_damaged_blob_comes_back_from_the_drained_spool(quick_dir: Path) -> None:
    data_dir, spool_dir = DataDir(quick_dir / "data"), quick_dir / "second"
    spool_dir.mkdir()
    with open_red(data_dir, spool_dir) as store:
        blob = store.append([draft(b"twice there" * 50)])[0].event.blob
    with EvidenceStore.open(data_dir, spool_dir=spool_dir) as store:
        drain_all(store)
    damage(data_dir, b"twice there")
    assert not verify(data_dir, quick=False).ok
    report = repair(data_dir)
    assert acts_of(report) == ["blob-restored"]
    assert report.after.ok
    assert any("newer copy" in note for note in report.after.notes)
    with EvidenceStore.open_read_only(data_dir) as store:
        assert store.read_blob(blob) == b"twice there" * 50


def test_a_lost_batch_in_a_pack_leaves_a_named_gap_and_keeps_what_comes_behind(
    data_dir: DataDir,
) -> None:
    filled = fill(data_dir)
    for path in data_dir.root.glob("journal.db*"):
        path.unlink()
    damage(data_dir, filled[5][0].event_id.encode())
    report = repair(data_dir)
    assert "gaps: 6..6" in report.acts[0].message
    assert "batch-missing" in {found.code for found in report.after.findings}
    with EvidenceStore.open_read_only(data_dir) as store:
        found = store.events_after(0, limit_rows=100)
    assert found == [event for event, _ in filled[:5] + filled[6:]]


def lose_journal(data_dir: DataDir) -> None:
    for path in data_dir.root.glob("journal.db*"):
        path.unlink()


def acts_in_ledger(data_dir: DataDir) -> list[str]:
    with EvidenceStore.open_read_only(data_dir) as store:
        return [entry.act for entry in store.ledger.entries()]


def test_a_ledger_that_was_taken_away_is_missed_until_a_backup_brings_it_back(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    with EvidenceStore.open(data_dir) as store:
        store.ledger.append("host.killed")
    back_up(data_dir, quick_dir / "backup", now_us=5)
    anchors = (data_dir.anchors_dir / "anchors.log").read_bytes()
    for _ in range(2):
        lose_journal(data_dir)
        repair(data_dir)
        with EvidenceStore.open(data_dir) as store:
            store.append([draft(b"after the loss")])
        for quick in (False, True):
            found = {one.code for one in verify(data_dir, quick=quick).findings}
            assert found == {"ledger-lost"}
    assert (data_dir.anchors_dir / "anchors.log").read_bytes().startswith(anchors)
    assert "host.killed" not in acts_in_ledger(data_dir)
    report = repair(data_dir, backup=quick_dir / "backup")
    assert "journal-rebuilt" in acts_of(report)
    told = acts_in_ledger(data_dir)
    assert "host.killed" in told
    assert "ledger.carried" in told
    with EvidenceStore.open_read_only(data_dir) as store:
        assert store.events_after(0, limit_rows=24) == [event for event, _ in filled]
        assert store.count_events() == 26


def test_journal_and_anchors_taken_away_together_are_missed_too(data_dir: DataDir) -> None:
    fill(data_dir)
    lose_journal(data_dir)
    (data_dir.anchors_dir / "anchors.log").unlink()
    assert {one.code for one in repair(data_dir).after.findings} == {"ledger-lost"}


def test_a_flipped_ledger_entry_comes_back_from_a_backup_and_what_followed_stays(
    data_dir: DataDir, quick_dir: Path
) -> None:
    fill(data_dir)
    with EvidenceStore.open(data_dir) as store:
        store.ledger.append("host.killed")
    back_up(data_dir, quick_dir / "backup", now_us=5)
    with EvidenceStore.open(data_dir) as store:
        store.ledger.append("later.act")
    before = acts_in_ledger(data_dir)
    record = b"host.kilxed"
    tamper(
        data_dir,
        "UPDATE ledger SET record = CAST(replace(CAST(record AS TEXT), 'host.killed', "
        "'host.kilxed') AS BLOB) WHERE instr(record, ?)",
        values=(b"host.killed",),
    )
    assert record.decode() in str(acts_in_ledger(data_dir))
    report = repair(data_dir, backup=quick_dir / "backup")
    assert report.after.ok, report.after.findings
    assert acts_in_ledger(data_dir)[: len(before)] == before


@pytest.mark.parametrize("harm", ["flip", "remove"])
def test_anchors_come_back_from_a_backup(data_dir: DataDir, quick_dir: Path, harm: str) -> None:
    fill(data_dir)
    with EvidenceStore.open(data_dir) as store:
        store.ledger.append("host.killed")
    back_up(data_dir, quick_dir / "backup", now_us=5)
    path = data_dir.anchors_dir / "anchors.log"
    whole = path.read_bytes()
    if harm == "flip":
        path.write_bytes(whole[:20] + b"~" + whole[21:])
    else:
        path.unlink()
    report = repair(data_dir, backup=quick_dir / "backup")
    assert acts_of(report)[0] == "anchors-restored"
    assert report.after.ok, report.after.findings
    assert path.read_bytes().startswith(whole)


def test_a_segment_that_is_gone_comes_back_from_a_backup_with_its_batches(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    back_up(data_dir, quick_dir / "backup", now_us=5)
    lost = data_dir.packs_dir / "pack-000001.seg"
    whole = lost.read_bytes()
    lost.unlink()
    report = repair(data_dir, backup=quick_dir / "backup")
    assert acts_of(report) == ["segment-restored"]
    assert report.after.ok, report.after.findings
    assert lost.read_bytes() == whole
    assert holds_all(data_dir, filled)


@pytest.mark.parametrize("moved", [0, 1])
def test_a_kill_while_journals_change_places_loses_neither(data_dir: DataDir, moved: int) -> None:
    filled = fill(data_dir)
    with EvidenceStore.open(data_dir) as store:
        store.ledger.append("host.killed")
    ready = data_dir.root / "journal.ready"
    shutil.copy(data_dir.journal_db, ready)
    if moved:
        data_dir.journal_db.rename(data_dir.root / "elsewhere")
        with pytest.raises(KernelError) as refused:
            EvidenceStore.open(data_dir)
        assert refused.value.code == "journal-missing"
    report = repair(data_dir)
    assert report.after.ok, report.after.findings
    assert acts_of(report) == ["journal-rebuilt"] * moved
    assert holds_all(data_dir, filled)
    assert "host.killed" in acts_in_ledger(data_dir)


def test_repair_refuses_a_data_dir_in_use(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"x")])
        with pytest.raises(KernelError) as busy:
            repair(data_dir)
    assert busy.value.code == "data-dir-busy"


def test_a_lost_blob_is_ledgered_once_however_often_repair_runs(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    back_up(data_dir, quick_dir / "backup", now_us=5)
    lost, payload = filled[3]
    damage(data_dir, payload[:20])
    for _ in range(3):
        assert acts_of(repair(data_dir)) == ["blob-lost"]
    assert told_of(data_dir, lost.blob) == ["repair.blob-lost"]
    repair(data_dir, backup=quick_dir / "backup")
    assert holds_all(data_dir, filled)


def told_of(data_dir: DataDir, blob: str) -> list[str]:
    with EvidenceStore.open_read_only(data_dir) as store:
        return [entry.act for entry in store.ledger.entries() if entry.subject == blob]
