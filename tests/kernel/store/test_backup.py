"""Backup beside a running kernel, restore into an empty dir, archive to another drive."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.archive import ArchiveReport
from kernel.store.backup import back_up
from kernel.store.evidence import EvidenceStore
from kernel.store.manifest import read_manifest
from kernel.store.repair import repair
from kernel.store.restore import restore
from kernel.store.verify import ignore_progress, verify
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.test_repair import acts_of, damage, fill, holds_all
from tests.kernel.store.test_spool import fill_spool


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    return DataDir(quick_dir / "data")


def test_a_backup_beside_a_running_kernel_restores_to_the_same_evidence(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    target = quick_dir / "backup"
    with EvidenceStore.open(data_dir) as running:
        running.append([draft(b"one more")])
        assert back_up(data_dir, target, now_us=5).check.ok
        running.append([draft(b"too late")])
    restored = DataDir(quick_dir / "restored")
    assert restore(target, restored).events == 25
    with EvidenceStore.open_read_only(restored) as store:
        assert [event for event, _ in filled] == store.events_after(0, limit_rows=24)
        assert store.ledger.entries(limit_rows=100)[-2].act == "store.restored"
    assert verify(restored, quick=False).ok


def test_a_second_backup_copies_only_what_is_new(data_dir: DataDir, quick_dir: Path) -> None:
    fill(data_dir)
    target = quick_dir / "backup"
    first = back_up(data_dir, target, now_us=5)
    again = back_up(data_dir, target, now_us=6)
    assert first.copied_bytes > 40_000
    assert again.copied_bytes == 0
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"new" * 100)])
    third = back_up(data_dir, target, now_us=7)
    assert 0 < third.copied_bytes < first.copied_bytes
    assert third.check.ok
    manifest = read_manifest(target)
    assert manifest is not None
    assert (manifest.events, manifest.created_at_us) == (25, 7)


def test_a_restore_refuses_what_is_not_empty_not_a_backup_or_damaged(
    data_dir: DataDir, quick_dir: Path
) -> None:
    fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    fresh = DataDir(quick_dir / "fresh")
    segment = sorted((target / "packs").iterdir())[0]
    data = bytearray(segment.read_bytes())
    data[500] ^= 1
    codes = []
    for change in (None, data):
        if change is not None:
            segment.write_bytes(change)
        for source, into in ((target, data_dir), (quick_dir, fresh), (target, fresh)):
            if change is None and into is fresh and source is target:
                continue
            with pytest.raises(KernelError) as refused:
                restore(source, into)
            codes.append(refused.value.code)
    assert codes == [
        "data-dir-not-empty", "no-backup", "data-dir-not-empty", "no-backup", "backup-damaged",
    ]  # fmt: skip
    assert not fresh.root.exists()


def test_a_folder_with_another_dirs_backup_is_refused(data_dir: DataDir, quick_dir: Path) -> None:
    other = DataDir(quick_dir / "other")
    fill(data_dir)
    fill(other)
    back_up(data_dir, quick_dir / "backup", now_us=5)
    with pytest.raises(KernelError) as refused:
        back_up(other, quick_dir / "backup", now_us=6)
    assert refused.value.code == "backup-foreign"


def test_pending_spool_segments_are_in_the_backup(data_dir: DataDir, quick_dir: Path) -> None:
    spool_dir = quick_dir / "second"
    spool_dir.mkdir()
    acked = fill_spool(data_dir, spool_dir)
    assert back_up(data_dir, quick_dir / "backup", now_us=5).check.ok
    shutil.rmtree(spool_dir)
    restored = DataDir(quick_dir / "restored")
    assert restore(quick_dir / "backup", restored).ok
    with EvidenceStore.open(restored) as store:
        assert all(store.read_blob(blob) == data for blob, data in acked.items())
        while store.drain_spool().segments_pending:
            pass
    assert verify(restored, quick=False).ok


def test_repair_takes_lost_blobs_and_events_from_a_backup(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    back_up(data_dir, quick_dir / "backup", now_us=5)
    damage(data_dir, filled[3][1][:20])
    data_dir.journal_db.unlink()
    damage(data_dir, filled[5][0].event_id.encode())
    report = repair(data_dir, backup=quick_dir / "backup")
    assert acts_of(report) == ["segment-restored", "journal-rebuilt"]
    assert report.after.ok, report.after.findings
    assert holds_all(data_dir, filled)


def test_archived_segments_are_read_while_mounted_and_honestly_missed_otherwise(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    target = quick_dir / "cold"
    target.mkdir()
    with EvidenceStore.open(data_dir) as store:
        nothing = store.archive(target, older_than_us=START_US, progress=ignore_progress)
        assert nothing == ArchiveReport((), 0, in_use=1, too_new=2)
        assert list(target.iterdir()) == []
        before = store.stats().pack_bytes
        report = store.archive(target, older_than_us=START_US + 1, progress=ignore_progress)
        assert len(report.moved) > 1
        assert store.stats().pack_bytes < before / 2
        assert store.append([draft(filled[0][1])])[0].status == "duplicate-pixels"
    assert [e for e, _ in filled] == events_of(data_dir)[:24]
    assert verify(data_dir, quick=False).ok
    target.rename(quick_dir / "unplugged")
    with EvidenceStore.open(data_dir) as store, pytest.raises(KernelError) as offline:
        store.read_blob(filled[0][0].blob)
    assert offline.value.code == "blob-offline"
    report_offline = verify(data_dir, quick=False)
    assert report_offline.ok
    assert any("not mounted" in note for note in report_offline.notes)
    (quick_dir / "unplugged").rename(target)
    with EvidenceStore.open_read_only(data_dir) as store:
        assert all(store.read_blob(event.blob) == data for event, data in filled)


def events_of(data_dir: DataDir) -> list[object]:
    with EvidenceStore.open_read_only(data_dir) as store:
        return list(store.events_after(0, limit_rows=100))


def test_a_damaged_segment_is_not_archived(data_dir: DataDir, quick_dir: Path) -> None:
    filled = fill(data_dir)
    damage(data_dir, filled[0][1][:20])
    target = quick_dir / "cold"
    target.mkdir()
    count = len(list(data_dir.packs_dir.iterdir()))
    with EvidenceStore.open(data_dir) as store, pytest.raises(KernelError) as refused:
        store.archive(target, older_than_us=START_US + 1, progress=ignore_progress)
    assert refused.value.code == "segment-damaged"
    assert len(list(data_dir.packs_dir.iterdir())) == count


def flip(path: Path, needle: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(needle)] ^= 1
    path.write_bytes(data)


def segments_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "packs").glob("*.seg")}


def test_damage_of_the_data_dir_never_reaches_what_the_backup_holds(
    data_dir: DataDir, quick_dir: Path
) -> None:
    with EvidenceStore.open(data_dir) as store:
        first = store.append([draft(b"early" * 500)])[0].event
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    before = segments_of(target)
    flip(data_dir.packs_dir / "pack-000001.seg", b"early")
    with EvidenceStore.open(data_dir) as store:
        second = store.append([draft(b"later" * 500)])[0].event
    report = back_up(data_dir, target, now_us=6)
    assert not report.ok
    assert [found.code for found in report.source] == ["segment-damaged"]
    assert "kernel repair --from-backup" in report.source[0].message
    assert report.check.ok, report.check.findings
    assert all(segments_of(target)[name].startswith(data) for name, data in before.items())
    restored = DataDir(quick_dir / "restored")
    assert restore(target, restored).ok
    with EvidenceStore.open_read_only(restored) as store:
        assert store.read_blob(first.blob) == b"early" * 500
        assert store.read_blob(second.blob) == b"later" * 500
    assert repair(data_dir, backup=target).after.ok


def test_a_growing_segment_is_continued_not_copied_again(
    data_dir: DataDir, quick_dir: Path
) -> None:
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"much" * 50_000)])
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"little")])
    report = back_up(data_dir, target, now_us=6)
    assert report.ok
    assert 0 < report.copied_bytes < 10_000


def test_a_damaged_copy_is_laid_aside_and_made_again(data_dir: DataDir, quick_dir: Path) -> None:
    filled = fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    segment = target / "packs" / "pack-000001.seg"
    flip(segment, filled[0][1][:20])
    damaged = segment.read_bytes()
    report = back_up(data_dir, target, now_us=6)
    assert [found.code for found in report.source] == ["backup-copy-damaged"]
    assert report.check.ok
    assert segment.with_name("pack-000001.seg.damaged-1").read_bytes() == damaged
    assert back_up(data_dir, target, now_us=7).ok


def test_a_backup_that_was_cut_short_is_taken_up_where_its_whole_frames_end(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    (target / "manifest.json").unlink()
    segment = target / "packs" / "pack-000001.seg"
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-100] + bytes(60))
    assert back_up(data_dir, target, now_us=6).ok
    assert segment.read_bytes() == whole
    restored = DataDir(quick_dir / "restored")
    restore(target, restored)
    assert holds_all(restored, filled) or len(events_of(restored)) == len(filled)


def test_a_data_dir_that_lost_its_segments_is_still_backed_up_and_the_lost_are_named(
    data_dir: DataDir, quick_dir: Path
) -> None:
    fill(data_dir)
    target, fresh = quick_dir / "backup", quick_dir / "fresh"
    back_up(data_dir, target, now_us=5)
    lost = data_dir.packs_dir / "pack-000001.seg"
    lost.rename(quick_dir / "taken away")
    report = back_up(data_dir, target, now_us=6)
    assert [(found.code, found.where) for found in report.source] == [
        ("segment-missing", str(lost))
    ]
    assert report.check.ok
    made = back_up(data_dir, fresh, now_us=6)
    assert not made.ok
    assert made.manifest.damage
    assert "segment-missing" in {found.code for found in made.check.findings}
    assert set(segments_of(fresh)) == set(segments_of(target)) - {lost.name}


def test_a_state_that_is_not_whole_leaves_the_last_whole_one_restorable(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    with EvidenceStore.open(data_dir) as store:
        late = [store.append([draft(b"late" * 300)])[0].event for _ in range(2)]
    newest = sorted(data_dir.packs_dir.iterdir())[-1]
    flip(newest, b"late")
    for now_us in (6, 7):
        report = back_up(data_dir, target, now_us=now_us)
        assert not report.check.ok
    with pytest.raises(KernelError) as refused:
        restore(target, DataDir(quick_dir / "new"))
    assert refused.value.code == "backup-damaged"
    assert "--partial" in (refused.value.hint or "")
    assert "kernel restore " + str(target / "whole") in (refused.value.hint or "")
    older = DataDir(quick_dir / "older")
    assert restore(target / "whole", older).ok
    assert holds_all(older, filled)
    newer = DataDir(quick_dir / "newer")
    assert not restore(target, newer, partial=True).ok
    assert events_of(newer)[-2:] == late


def test_a_backup_that_ended_before_its_manifest_restores_the_state_before(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    manifest = (target / "manifest.json").read_bytes()
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"next")])
    back_up(data_dir, target, now_us=6)
    (target / "manifest.json").write_bytes(manifest)
    restored = DataDir(quick_dir / "restored")
    assert restore(target, restored).ok
    assert holds_all(restored, filled)


def test_a_damaged_backup_says_the_way_out_and_gives_what_it_has(
    data_dir: DataDir, quick_dir: Path
) -> None:
    filled = fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    flip(target / "packs" / "pack-000001.seg", filled[0][1][:20])
    with pytest.raises(KernelError) as refused:
        restore(target, DataDir(quick_dir / "new"))
    assert "kernel restore --partial" in (refused.value.hint or "")
    partial = DataDir(quick_dir / "partial")
    assert not restore(target, partial, partial=True).ok
    assert repair(partial, backup=target).acts[0].code == "blob-lost"
    with EvidenceStore.open_read_only(partial) as store:
        assert store.read_blob(filled[1][0].blob) == filled[1][1]


def test_what_a_failed_restore_left_is_in_no_later_one(data_dir: DataDir, quick_dir: Path) -> None:
    filled, other = fill(data_dir), DataDir(quick_dir / "other")
    with EvidenceStore.open(other) as store:
        store.append([draft(b"of another backup" * 9000)])
    back_up(data_dir, quick_dir / "backup", now_us=5)
    back_up(other, quick_dir / "theirs", now_us=5)
    flip(quick_dir / "backup" / "packs" / "pack-000002.seg", b"frame")
    fresh = DataDir(quick_dir / "fresh")
    for _ in range(2):
        with pytest.raises(KernelError):
            restore(quick_dir / "backup", fresh)
    assert restore(quick_dir / "theirs", fresh).ok
    assert [path.name for path in fresh.packs_dir.iterdir()] == ["pack-000001.seg"]
    laid = [quick_dir / f"fresh.restoring-{number}" / "packs" for number in (1, 2)]
    assert all((packs / "pack-000001.seg").exists() for packs in laid)
    assert holds_all(data_dir, filled)


def test_an_unreadable_journal_is_told_and_leaves_the_backup(
    data_dir: DataDir, quick_dir: Path
) -> None:
    fill(data_dir)
    target = quick_dir / "backup"
    back_up(data_dir, target, now_us=5)
    with data_dir.journal_db.open("r+b") as file:
        file.write(b"nothing of SQLite" * 100)
    with pytest.raises(KernelError) as refused:
        back_up(data_dir, target, now_us=6)
    assert refused.value.code == "copy-damaged"
    assert restore(target, DataDir(quick_dir / "restored")).ok
