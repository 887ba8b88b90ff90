"""Backup, restore, archive, repair, verify and export work on frames that exist packed alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from kernel.cli.status import format_status
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.observe.status import read_status
from kernel.query.export import ExportOptions, export
from kernel.store import backup as backup_module
from kernel.store.backup import back_up
from kernel.store.evidence import EvidenceStore
from kernel.store.journal import TILES, Journal
from kernel.store.journal_copy import copy_journal
from kernel.store.packed import TILES_MEDIA
from kernel.store.readers import connect_reader
from kernel.store.reclaim import Reclaimed
from kernel.store.repair import repair
from kernel.store.report import Progress
from kernel.store.restore import restore
from kernel.store.verify import verify
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.packing import fill, pack_all, picture, pixels_of, reclaim_all

NOW_US = START_US + 10**12


def ignore(_: Progress) -> None:
    pass


@dataclass
class Packed:
    """A data dir most of whose frames are packed alone, and what each frame shows."""

    data_dir: DataDir
    pixels: dict[str, bytes]

    def assert_whole(self, data_dir: DataDir | None = None) -> None:
        where = data_dir or self.data_dir
        report = verify(where, quick=False)
        assert {found.code for found in report.findings} <= {"ledger-lost"}, report.findings
        with EvidenceStore.open_read_only(where) as store:
            for blob, pixels in self.pixels.items():
                assert pixels_of(store.read_blob(blob)) == pixels


@pytest.fixture
def packed(quick_dir: Path) -> Packed:
    data_dir = DataDir(quick_dir / "data")
    pictures = [picture(seed) for seed in range(14)]
    blobs = fill(data_dir, pictures)
    with EvidenceStore.open(data_dir) as store:
        pack_all(store, 5)
        assert len(reclaim_all(store)) >= 3
    pixels = {blob: pixels_of(data) for blob, data in zip(blobs, pictures, strict=True)}
    return Packed(data_dir, pixels)


def tile_segments(data_dir: DataDir) -> list[Path]:
    connection = connect_reader(data_dir.journal_db)
    rows = [row for row in Journal(connection).segments() if row.content == TILES]
    connection.close()
    return [data_dir.packs_dir / f"pack-{row.number:06d}.seg" for row in rows]


def test_a_backup_of_packed_frames_is_restored_whole(packed: Packed, tmp_path: Path) -> None:
    report = back_up(packed.data_dir, tmp_path / "copy", now_us=NOW_US)
    assert report.check.ok
    restored = DataDir(tmp_path / "restored")
    assert restore(tmp_path / "copy", restored).ok
    packed.assert_whole(restored)
    with EvidenceStore.open(restored) as store:
        store.append([draft(b"after the restore")])


def test_a_backup_made_before_packing_is_brought_up_to_it(quick_dir: Path) -> None:
    data_dir, copy = DataDir(quick_dir / "data"), quick_dir / "copy"
    pictures = [picture(seed) for seed in range(8)]
    blobs = fill(data_dir, pictures)
    assert back_up(data_dir, copy, now_us=NOW_US).check.ok
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        assert reclaim_all(store)
    report = back_up(data_dir, copy, now_us=NOW_US + 1)
    assert report.check.ok, report.check.findings
    assert restore(copy, DataDir(quick_dir / "restored")).ok
    with EvidenceStore.open_read_only(DataDir(quick_dir / "restored")) as store:
        assert pixels_of(store.read_blob(blobs[0])) == pixels_of(pictures[0])


def test_a_segment_that_goes_while_it_is_backed_up_makes_the_backup_begin_again(
    quick_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir, copy = DataDir(quick_dir / "data"), quick_dir / "copy"
    fill(data_dir, [picture(seed) for seed in range(8)])
    gone: list[Reclaimed | None] = []

    def copy_then_replace(source: apsw.Connection, target: Path) -> None:
        copy_journal(source, target)
        if not gone:
            with EvidenceStore.open(data_dir) as store:
                pack_all(store)
                gone.append(store.reclaim())

    monkeypatch.setattr(backup_module, "copy_journal", copy_then_replace)
    report = back_up(data_dir, copy, now_us=NOW_US)
    assert gone != [None]
    assert report.check.ok, report.check.findings
    assert {file.path for file in report.manifest.files} >= {"journal.db"}


def test_packs_are_archived_and_told_to_be_away_with_their_drive(
    packed: Packed, quick_dir: Path
) -> None:
    cold = quick_dir / "cold"
    cold.mkdir()
    (first, *_) = tile_segments(packed.data_dir)
    later = NOW_US * 2
    with EvidenceStore.open(packed.data_dir, segment_bytes_max=1000) as store:
        store.append([draft(picture(seed), at_us=later + seed) for seed in range(50, 53)])
        pack_all(store)
        moved = store.archive(cold, older_than_us=NOW_US, progress=ignore).moved
        assert first.name in moved
    packed.assert_whole()
    away = cold.with_name("away")
    cold.rename(away)
    with EvidenceStore.open_read_only(packed.data_dir) as store:
        with pytest.raises(KernelError) as offline:
            store.read_blob(next(iter(packed.pixels)))
        assert offline.value.code == "blob-offline"
    assert verify(packed.data_dir, quick=False).ok
    away.rename(cold)
    packed.assert_whole()


def test_a_damaged_pack_is_named_with_the_events_it_touches_and_mended_from_a_backup(
    packed: Packed, tmp_path: Path
) -> None:
    back_up(packed.data_dir, tmp_path / "copy", now_us=NOW_US)
    (segment, *_) = tile_segments(packed.data_dir)
    data = bytearray(segment.read_bytes())
    data[3000] ^= 0xFF
    segment.write_bytes(data)
    report = verify(packed.data_dir, quick=False)
    assert not report.ok
    found = [finding for finding in report.findings if finding.events]
    assert found
    assert all(finding.code == "blob-damaged" for finding in found)
    with EvidenceStore.open_read_only(packed.data_dir) as store:
        named = {store.find_event(event) for event in found[0].events}
        blob = next(event.blob for event in named if event)
        with pytest.raises(KernelError) as damaged:
            store.read_blob(blob)
        assert damaged.value.code == "blob-damaged"
    acts = repair(packed.data_dir, backup=tmp_path / "copy").acts
    assert "segment-restored" in {act.code for act in acts}
    packed.assert_whole()


def test_originals_in_an_older_backup_bring_back_what_a_pack_lost(quick_dir: Path) -> None:
    data_dir, copy = DataDir(quick_dir / "data"), quick_dir / "copy"
    pictures = [picture(seed) for seed in range(8)]
    blobs = fill(data_dir, pictures)
    back_up(data_dir, copy, now_us=NOW_US)
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        assert reclaim_all(store)
    (segment,) = tile_segments(data_dir)
    data = bytearray(segment.read_bytes())
    data[2000:9000] = os.urandom(7000)
    segment.write_bytes(data)
    acts = {act.code for act in repair(data_dir, backup=copy).acts}
    assert acts == {"blob-restored", "blob-lost"}, "the pack is lost, the frames are not"
    with EvidenceStore.open_read_only(data_dir) as store:
        assert [store.read_blob(blob) for blob in blobs] == pictures


def test_a_lost_journal_is_built_again_from_packed_frames(packed: Packed) -> None:
    for path in packed.data_dir.root.glob("journal.db*"):
        path.unlink()
    report = repair(packed.data_dir)
    assert [act.code for act in report.acts] == ["journal-rebuilt"]
    assert {found.code for found in report.after.findings} == {"ledger-lost"}
    assert repair(packed.data_dir).acts == ()
    packed.assert_whole()
    with EvidenceStore.open(packed.data_dir) as store:
        assert store.count_events() == len(packed.pixels)
        assert store.packing_group(0, frames_max=9, bytes_max=1 << 24) == []
        facts = [store.find_blob(blob) for blob in packed.pixels]
        assert all(fact and fact.media_type == "image/png" for fact in facts)
        assert all(fact and fact.length_bytes > 1000 for fact in facts)


def test_a_raw_export_writes_pictures_of_the_same_pixels(packed: Packed, tmp_path: Path) -> None:
    with EvidenceStore.open_read_only(packed.data_dir) as store:
        options = ExportOptions(0, NOW_US, raw=True)
        report = export(store, None, tmp_path / "out", options)
    assert report.pictures == len(packed.pixels)
    for blob, pixels in packed.pixels.items():
        assert pixels_of((tmp_path / "out" / "pictures" / blob).read_bytes()) == pixels


def test_rows_that_name_another_frame_than_the_pack_are_found(packed: Packed) -> None:
    writer = apsw.Connection(str(packed.data_dir.journal_db))
    writer.execute("DROP TRIGGER packed_no_update")
    writer.execute("UPDATE packed SET frame = frame + 1 WHERE packed_id = 1")
    writer.close()
    report = verify(packed.data_dir, quick=False)
    assert {finding.code for finding in report.findings} == {"packed-row-damaged"}
    assert report.findings[0].events_total == 1


def test_packs_are_not_counted_as_frames(packed: Packed) -> None:
    with EvidenceStore.open_read_only(packed.data_dir) as store:
        stats = store.stats()
    assert (stats.frames, stats.blobs) == (len(packed.pixels), len(packed.pixels) + 3)
    told = read_status(packed.data_dir)
    assert told["evidence"]["frames"] == len(packed.pixels)
    assert f" {len(packed.pixels)} frames," in format_status(told)


def test_packs_are_blobs_without_events_and_nobody_wonders(packed: Packed) -> None:
    report = verify(packed.data_dir, quick=False)
    assert not [note for note in report.notes if "belongs to no event" in note]
    connection = connect_reader(packed.data_dir.journal_db)
    count = connection.execute("SELECT count(*) FROM blob WHERE media_type = ?", (TILES_MEDIA,)).get
    connection.close()
    assert count == 3


def test_a_backup_that_segments_are_replaced_under_gives_up_and_is_made_the_next_time(
    quick_dir: Path,
) -> None:
    data_dir, target = DataDir(quick_dir / "data"), quick_dir / "backup"
    pictures = [picture(seed) for seed in range(3 * (2 * backup_module.ATTEMPTS_MAX + 2))]
    blobs = fill(data_dir, pictures)
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        replaced: list[Reclaimed] = []

        def replace_two(_: Progress) -> None:
            """The segment that was just copied, and the next one, which the copy still wants."""
            replaced.extend(done for _ in range(2) if (done := store.reclaim()) is not None)

        with pytest.raises(KernelError) as unsettled:
            back_up(data_dir, target, now_us=NOW_US, progress=replace_two)
        assert unsettled.value.code == "backup-unsettled"
        assert "kernel backup again" in (unsettled.value.hint or "")
        assert len(replaced) == 2 * backup_module.ATTEMPTS_MAX
        assert list((target / "packs").iterdir()), "what was copied stays"
        assert back_up(data_dir, target, now_us=NOW_US).ok
    restored = DataDir(quick_dir / "restored")
    restore(target, restored)
    shown = {blob: pixels_of(data) for blob, data in zip(blobs, pictures, strict=True)}
    Packed(data_dir, shown).assert_whole(restored)
