"""Damage of every kind is found and named, with the events it touches; harmless change is not."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest

from contracts.canonical import decode, encode
from contracts.capture import CaptureEvent
from contracts.identity import event_id
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.check_packs import events_of as events_showing
from kernel.store.evidence import EvidenceStore
from kernel.store.journal import event_key
from kernel.store.report import Progress, VerifyReport
from kernel.store.schema import APPEND_ONLY
from kernel.store.verify import verify
from tests.kernel.store.captures import START_US, draft

EVENTS = 30


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    data_dir, clock = DataDir(quick_dir / "data"), itertools.count(START_US)
    for life in range(2):
        with EvidenceStore.open(
            data_dir, now_us=lambda: next(clock), segment_bytes_max=20_000
        ) as store:
            for batch in range(5):
                name = f"{life}.{batch}"
                store.append([draft(f"{name}.{index}".encode() * 300) for index in range(3)])
                store.ledger.append("test.act", name)
    return data_dir


def events_of(data_dir: DataDir) -> list[CaptureEvent]:
    with EvidenceStore.open_read_only(data_dir) as store:
        return store.events_after(0, limit_rows=1000)


def tamper(data_dir: DataDir, *statements: str, values: tuple[object, ...] = ()) -> None:
    """As somebody with the database open would: past the triggers, and tidily."""
    connection = apsw.Connection(str(data_dir.journal_db))
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER {table}_no_{verb}")
    for statement in statements:
        connection.execute(statement, values)
    connection.close()


def codes(report: VerifyReport) -> set[str]:
    return {found.code for found in report.findings}


def touched(report: VerifyReport) -> set[str]:
    return {name for found in report.findings for name in found.events}


def test_an_untouched_store_is_clean_in_both_checks(data_dir: DataDir) -> None:
    for quick in (True, False):
        report = verify(data_dir, quick=quick)
        assert (report.ok, report.events, report.findings) == (True, EVENTS, ())


def test_a_removed_event_is_found(data_dir: DataDir) -> None:
    victim = events_of(data_dir)[7]
    tamper(data_dir, "DELETE FROM event WHERE seq = 8")
    report = verify(data_dir, quick=False)
    assert "event-missing" in codes(report)
    assert "8" in next(f.message for f in report.findings if f.code == "event-missing")
    assert victim.event_id not in touched(report)


def test_a_removed_batch_with_all_its_events_is_found(data_dir: DataDir) -> None:
    tamper(
        data_dir,
        "DELETE FROM event WHERE seq BETWEEN 4 AND 6",
        "DELETE FROM batch WHERE last_seq = 6",
    )
    assert {"batch-missing", "chain-broken"} <= codes(verify(data_dir, quick=False))


def test_a_removed_last_batch_is_found_by_the_ledgers_head(data_dir: DataDir) -> None:
    tamper(
        data_dir,
        "DELETE FROM event WHERE seq > 27",
        "DELETE FROM batch WHERE last_seq = 30",
    )
    assert "chain-rewritten" in codes(verify(data_dir, quick=True))


def test_a_changed_event_is_named(data_dir: DataDir) -> None:
    victim = events_of(data_dir)[4]
    changed = encode(msgspec.structs.replace(victim, window_title="something else"))
    tamper(data_dir, "UPDATE event SET record = ? WHERE seq = 5", values=(changed,))
    report = verify(data_dir, quick=False)
    assert codes(report) == {"event-damaged"}
    assert touched(report) == {victim.event_id}


def test_a_changed_event_with_a_fitting_id_breaks_the_chain(data_dir: DataDir) -> None:
    victim = events_of(data_dir)[4]
    forged = msgspec.structs.replace(victim, window_title="forged")
    forged = msgspec.structs.replace(forged, event_id=event_id(forged))
    tamper(
        data_dir,
        "UPDATE event SET record = ?, event_id = ? WHERE seq = 5",
        values=(encode(forged), event_key(forged.event_id)),
    )
    report = verify(data_dir, quick=False)
    assert "chain-broken" in codes(report)
    assert forged.event_id in touched(report)


def test_two_swapped_events_are_found(data_dir: DataDir) -> None:
    tamper(
        data_dir,
        "UPDATE event SET seq = 1000 WHERE seq = 2",
        "UPDATE event SET seq = 2 WHERE seq = 3",
        "UPDATE event SET seq = 3 WHERE seq = 1000",
    )
    names = {event.event_id for event in events_of(data_dir)[1:3]}
    assert names <= touched(verify(data_dir, quick=False))


def test_a_rewritten_ledger_is_exposed_by_the_anchors(data_dir: DataDir) -> None:
    tamper(data_dir, "DELETE FROM ledger WHERE seq > 5")
    assert codes(verify(data_dir, quick=True)) == {"ledger-missing"}
    with EvidenceStore.open(data_dir) as store:
        for _ in range(20):
            store.ledger.append("test.forged")
    assert "ledger-rewritten" in codes(verify(data_dir, quick=False))


def test_a_changed_ledger_entry_is_found(data_dir: DataDir) -> None:
    tamper(
        data_dir,
        "UPDATE ledger SET record = CAST(replace(record, 'test.act', 'test.bct') AS BLOB)",
    )
    assert "ledger-damaged" in codes(verify(data_dir, quick=True))


def test_lost_anchors_are_found(data_dir: DataDir) -> None:
    shutil.rmtree(data_dir.anchors_dir)
    assert codes(verify(data_dir, quick=True)) == {"anchors-missing"}


def test_a_flipped_bit_in_a_pack_names_the_events_of_that_frame(data_dir: DataDir) -> None:
    victim = events_of(data_dir)[10]
    needle = b"0.3.1" * 3
    for path in data_dir.packs_dir.iterdir():
        data = bytearray(path.read_bytes())
        if needle in data:
            data[data.index(needle)] ^= 4
            path.write_bytes(data)
    report = verify(data_dir, quick=False)
    assert codes(report) == {"blob-damaged"}
    assert touched(report) == {victim.event_id}
    connection = apsw.Connection(str(data_dir.journal_db))
    assert events_showing(connection, victim.seq) == [victim.event_id]
    connection.close()


def test_a_lost_and_a_shortened_segment_name_their_events(data_dir: DataDir) -> None:
    first, second = sorted(data_dir.packs_dir.iterdir())[:2]
    first.rename(data_dir.root / "away")
    with second.open("r+b") as file:
        file.truncate(second.stat().st_size - 500)
    report = verify(data_dir, quick=True)
    assert codes(report) == {"segment-missing", "segment-short"}
    assert {event.event_id for event in events_of(data_dir)[:3]} <= touched(report)


def test_a_damaged_header_does_not_hide_the_frames_behind_it(data_dir: DataDir) -> None:
    path = sorted(data_dir.packs_dir.iterdir())[0]
    data = bytearray(path.read_bytes())
    data[28 + 10] ^= 1  # the length of the first frame
    path.write_bytes(data)
    report = verify(data_dir, quick=False)
    assert touched(report) == {events_of(data_dir)[0].event_id}


def evidence_of(data_dir: DataDir) -> list[object]:
    """Everything that the store tells, pixels included."""
    told: list[object] = []
    with EvidenceStore.open_read_only(data_dir) as store:
        told.append(store.ledger.entries(limit_rows=1000))
        for event in store.events_after(0, limit_rows=1000):
            told += [event, store.read_blob(event.blob), store.find_event(event.event_id)]
            told += [store.find_blob(event.blob), store.events_of_blob(event.blob)]
    return told


@pytest.mark.parametrize("name", ["journal.db", "anchors/anchors.log", "packs"])
def test_any_flipped_bit_is_found_or_changes_nothing_that_is_told(
    data_dir: DataDir, quick_dir: Path, name: str
) -> None:
    chance = random.Random(5)  # noqa: S311 - repeatable
    expected = evidence_of(data_dir)
    found = 0
    rounds = 150
    for number in range(rounds):
        copy = DataDir(quick_dir / str(number))
        shutil.copytree(data_dir.root, copy.root)
        path = copy.root / name
        if path.is_dir():
            path = chance.choice(sorted(path.iterdir()))
        data = bytearray(path.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        if is_damaged(copy):
            found += 1
        else:
            assert evidence_of(copy) == expected
        shutil.rmtree(copy.root)
    # A database page has room that nobody reads; a pack and the anchors have none.
    assert found == rounds if name != "journal.db" else found > 5


def is_damaged(data_dir: DataDir) -> bool:
    try:
        return not verify(data_dir, quick=False).ok
    except KernelError as error:
        return error.code in {"schema-newer", "schema-older", "no-data-dir"}


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7])
def test_a_truncated_log_of_the_journal_loses_no_event(quick_dir: Path, kept: float) -> None:
    data_dir, copy = DataDir(quick_dir / "data"), DataDir(quick_dir / "copy")
    with EvidenceStore.open(data_dir) as store:
        acks = [store.append([draft(bytes([step]) * 500)])[0].event for step in range(20)]
        # A copy while the writer runs: what is committed lies in the log alone.
        shutil.copytree(data_dir.root, copy.root)
    wal = copy.root / "journal.db-wal"
    with wal.open("r+b") as file:
        file.truncate(int(wal.stat().st_size * kept))
    (copy.root / "journal.db-shm").unlink()
    with EvidenceStore.open(copy) as store:
        assert store.events_after(0, limit_rows=100) == acks
        for step, event in enumerate(acks):
            assert store.read_blob(event.blob) == bytes([step]) * 500
        recovered = [e for e in store.ledger.entries() if e.act == "store.recovered"]
        assert int(recovered[0].detail["events_adopted"]) > 0


def test_a_full_check_tells_how_far_it_is(data_dir: DataDir) -> None:
    seen: list[Progress] = []
    sink: Callable[[Progress], None] = seen.append
    verify(data_dir, quick=False, progress=sink)
    assert {progress.step for progress in seen} == {"journal", "events", "packs"}
    assert all(progress.done <= progress.total for progress in seen)
    assert seen[-1].done == seen[-1].total


def test_a_record_of_a_later_version_is_damage_not_a_crash(data_dir: DataDir) -> None:
    tamper(data_dir, "UPDATE event SET record = x'00' WHERE seq = 1")
    report = verify(data_dir, quick=False)
    assert codes(report) == {"event-damaged"}
    with pytest.raises(msgspec.MsgspecError):
        decode(b"\x00", CaptureEvent)


@pytest.mark.parametrize(("victim_id", "other_id"), [(1, 3), (3, 1)])
def test_two_pictures_at_one_place_are_each_looked_at(
    data_dir: DataDir, victim_id: int, other_id: int
) -> None:
    victim = events_of(data_dir)[victim_id - 1]
    tamper(
        data_dir,
        "UPDATE place SET offset_bytes = (SELECT offset_bytes FROM place WHERE blob_id = ?2) "
        "WHERE blob_id = ?1",
        values=(victim_id, other_id),
    )
    with EvidenceStore.open_read_only(data_dir) as store, pytest.raises(KernelError):
        store.read_blob(victim.blob)
    report = verify(data_dir, quick=False)
    assert codes(report) == {"blob-damaged"}
    assert touched(report) == {victim.event_id}
