"""The evidence store: what is appended is there, once per unique bytes, under one writer."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from contracts.identity import event_id
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.store import schema, sqlite
from kernel.store.evidence import EvidenceStore
from kernel.store.lock import is_held, read_holder
from kernel.store.verify import verify
from tests.kernel.store.captures import START_US, draft


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def test_what_was_appended_is_read_back_after_reopening(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        done = store.append([draft(b"one", title="A"), draft(b"two")])
    with EvidenceStore.open(data_dir) as store:
        assert [ack.event for ack in done] == store.events_after(0, limit_rows=10)
        assert store.read_blob(done[0].event.blob) == b"one"
        assert store.read_blob(done[1].event.blob) == b"two"
        assert store.find_event(done[1].event.event_id) == done[1].event
        assert store.last_event() == done[1].event
        assert done[0].event.window_title == "A"


def test_equal_bytes_are_stored_once_and_every_event_is_kept(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        first = store.append([draft(b"same"), draft(b"same"), draft(b"other")])
        size = store.stats().pack_bytes
        second = store.append([draft(b"same")])
        assert [ack.status for ack in first] == ["stored", "duplicate-pixels", "stored"]
        assert second[0].status == "duplicate-pixels"
        assert len(store.events_of_blob(first[0].event.blob)) == 3
        assert store.stats().blobs == 2
        assert store.stats().pack_bytes - size < 1000


def test_bytes_that_differ_in_one_bit_are_two_blobs(data_dir: DataDir) -> None:
    frame = bytes(100_000)
    changed = frame[:50_000] + b"\x01" + frame[50_001:]
    with EvidenceStore.open(data_dir) as store:
        done = store.append([draft(frame), draft(changed)])
        assert [ack.status for ack in done] == ["stored", "stored"]
        assert store.read_blob(done[1].event.blob) == changed


def test_ids_are_derived_from_content_and_position(tmp_path: Path) -> None:
    stores = [EvidenceStore.open(DataDir(tmp_path / name), now_us=lambda: 7) for name in "ab"]
    runs = [[ack.event for ack in store.append([draft(b"x"), draft(b"x")])] for store in stores]
    for store in stores:
        store.close()
    assert runs[0] == runs[1]
    assert [event.seq for event in runs[0]] == [1, 2]
    assert runs[0][0].event_id != runs[0][1].event_id
    assert all(event.event_id == event_id(event) for event in runs[0])


def test_events_between_is_half_open_and_pages_through_equal_times(data_dir: DataDir) -> None:
    times = [START_US + step for step in (5, 0, 5, 5, 9)]
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(bytes([index]), at_us=at) for index, at in enumerate(times)])
        page = store.events_between(START_US, START_US + 9, limit_rows=2)
        assert [event.seq for event in page] == [2, 1]
        last = page[-1]
        rest = store.events_between(
            START_US, START_US + 9, limit_rows=10, after=(last.captured_at_us, last.seq)
        )
        assert [event.seq for event in rest] == [3, 4]


def test_a_clock_that_jumps_backwards_loses_and_reorders_nothing(data_dir: DataDir) -> None:
    clock = iter(range(10**15, 0, -(10**12)))
    with EvidenceStore.open(data_dir, now_us=lambda: next(clock)) as store:
        for step in (0, 10**12, -(10**12), 3):
            store.append([draft(str(step).encode(), at_us=START_US + step)])
        assert [event.seq for event in store.events_after(0, limit_rows=9)] == [1, 2, 3, 4]
        assert store.events_between(0, START_US, limit_rows=9)[0].seq == 3
    assert verify(data_dir, quick=False).ok


@pytest.mark.parametrize(
    "bad",
    [
        draft(b""),
        draft(b"x", at_us=-1),
        draft(b"x", source=""),
        draft(b"x", title="t" * 5000),
        draft(b"x", title="\ud800"),
        draft(b"x", at_us=2**64),
    ],
)
def test_a_draft_against_the_contract_is_refused_with_its_whole_batch(
    data_dir: DataDir, bad: object
) -> None:
    with EvidenceStore.open(data_dir) as store:
        with pytest.raises(KernelError) as refused:
            store.append([draft(b"good"), bad])  # type: ignore[list-item]
        assert refused.value.code == "draft-invalid"
        assert store.count_events() == 0


def test_an_unknown_blob_is_missing_and_a_changed_one_is_damaged(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        blob = store.append([draft(b"content of a frame")])[0].event.blob
        with pytest.raises(KernelError) as unknown:
            store.read_blob("0" * 64)
        segment = next(data_dir.packs_dir.iterdir())
        data = bytearray(segment.read_bytes())
        data[data.index(b"content")] ^= 1
        segment.write_bytes(data)
        with pytest.raises(KernelError) as damaged:
            store.read_blob(blob)
        segment.rename(segment.with_suffix(".away"))
        with pytest.raises(KernelError) as gone:
            store.read_blob(blob)
        codes = [error.value.code for error in (unknown, damaged, gone)]
        assert codes == ["blob-missing", "blob-damaged", "blob-missing"]


def test_a_second_writer_is_refused_and_told_who_holds_the_lock(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir):
        program = (
            "import sys; from pathlib import Path\n"
            "from kernel.config.paths import DataDir\n"
            "from kernel.config.errors import KernelError\n"
            "from kernel.store.evidence import EvidenceStore\n"
            "try: EvidenceStore.open(DataDir(Path(sys.argv[1])))\n"
            "except KernelError as error: print(error); sys.exit(error.exit_code)\n"
        )
        second = subprocess.run(
            [sys.executable, "-c", program, str(data_dir.root)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == ExitCode.BUSY
        assert f"process {os.getpid()}" in second.stdout
        assert is_held(data_dir.lock_file)
    assert not is_held(data_dir.lock_file)
    EvidenceStore.open(data_dir).close()


def test_a_child_does_not_keep_the_lock_of_a_dead_writer(data_dir: DataDir) -> None:
    program = (
        "import subprocess, sys; from pathlib import Path\n"
        "from kernel.config.paths import DataDir\n"
        "from kernel.store.evidence import EvidenceStore\n"
        "store = EvidenceStore.open(DataDir(Path(sys.argv[1])))\n"
        "child = subprocess.Popen(['sleep', '60'], close_fds=False,"
        " stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    child = int(writer.stdout.readline())
    try:
        with pytest.raises(KernelError):
            EvidenceStore.open(data_dir)
        writer.kill()
        writer.communicate()
        EvidenceStore.open(data_dir).close()
    finally:
        os.kill(child, 9)


def test_the_lock_file_is_for_messages_only(data_dir: DataDir) -> None:
    EvidenceStore.open(data_dir).close()
    data_dir.lock_file.write_bytes(b"not json")
    assert read_holder(data_dir.lock_file) is None
    descriptor = os.open(data_dir.lock_file, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(KernelError, match=f"process {os.getpid()}"):
        EvidenceStore.open(data_dir)
    os.close(descriptor)
    EvidenceStore.open(data_dir).close()


def test_a_reader_sees_what_a_running_writer_commits_and_cannot_write(data_dir: DataDir) -> None:
    with pytest.raises(KernelError) as nothing:
        EvidenceStore.open_read_only(data_dir)
    assert nothing.value.code == "no-data-dir"
    with EvidenceStore.open(data_dir) as writer, EvidenceStore.open_read_only(data_dir) as reader:
        ack = writer.append([draft(b"seen")])[0]
        assert reader.read_blob(ack.event.blob) == b"seen"
        assert reader.count_events() == 1
        with pytest.raises(KernelError) as refused:
            reader.append([draft(b"x")])
        assert refused.value.code == "store-read-only"
        with pytest.raises(KernelError):
            reader.ledger.append("test.act")


def test_a_closed_store_says_so(data_dir: DataDir) -> None:
    store = EvidenceStore.open(data_dir)
    store.close()
    store.close()
    for call in (lambda: store.append([draft(b"x")]), store.count_events):
        with pytest.raises(KernelError) as closed:
            call()
        assert closed.value.code == "store-closed"


def test_any_thread_may_read_and_write(data_dir: DataDir) -> None:
    errors: list[BaseException] = []
    with EvidenceStore.open(data_dir) as store:

        def work(name: int) -> None:
            try:
                for step in range(20):
                    ack = store.append([draft(f"{name} {step}".encode())])[0]
                    store.ledger.append("test.act", str(name))
                    assert store.read_blob(ack.event.blob) == f"{name} {step}".encode()
            except BaseException as error:  # noqa: BLE001 - shown below
                errors.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert store.count_events() == 160
    assert verify(data_dir, quick=False).ok


def test_a_segment_is_closed_at_its_size_and_the_next_one_begins(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir, segment_bytes_max=5000) as store:
        blobs = [store.append([draft(bytes([step]) * 2000)])[0].event.blob for step in range(10)]
        assert store.stats().segments > 2
    with EvidenceStore.open(data_dir, segment_bytes_max=5000) as store:
        for step, blob in enumerate(blobs):
            assert store.read_blob(blob) == bytes([step]) * 2000
    assert verify(data_dir, quick=False).ok


def test_a_clean_restart_goes_on_in_the_same_segment(data_dir: DataDir) -> None:
    for step in range(3):
        with EvidenceStore.open(data_dir) as store:
            store.append([draft(bytes([step]))])
    assert len(list(data_dir.packs_dir.iterdir())) == 1


def test_a_journal_newer_than_the_program_is_refused_untouched(data_dir: DataDir) -> None:
    EvidenceStore.open(data_dir).close()
    connection = sqlite.connect(data_dir.journal_db)
    connection.pragma("user_version", schema.VERSION + 1)
    connection.close()
    before = data_dir.journal_db.read_bytes()
    for opening in (EvidenceStore.open, EvidenceStore.open_read_only):
        with pytest.raises(KernelError) as refused:
            opening(data_dir)
        assert refused.value.code == "schema-newer"
    assert data_dir.journal_db.read_bytes() == before


def test_a_lost_journal_is_never_replaced_by_an_empty_one(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"x")])
    data_dir.journal_db.rename(data_dir.root / "elsewhere.db")
    with pytest.raises(KernelError) as refused:
        EvidenceStore.open(data_dir)
    assert refused.value.code == "journal-missing"
    assert not data_dir.journal_db.exists()


@pytest.mark.parametrize("table", schema.APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_evidence(
    data_dir: DataDir, table: str, statement: str
) -> None:
    with EvidenceStore.open(data_dir) as store:
        blob = store.append([draft(b"x")])[0].event.blob
        store.record_pixels(blob, "ab" * 32, width_px=1, height_px=2)
        store.keep_as_they_are([(blob, "undecodable")])
    connection = sqlite.connect(data_dir.journal_db)
    connection.execute("INSERT INTO packed (blob_id, pack_id, frame) VALUES (1, 1, 0)")
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        connection.execute(statement.format(table))
    connection.close()


def test_blobs_of_equal_pixels_are_found_whatever_their_encoding(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        blobs = [ack.event.blob for ack in store.append([draft(b"png"), draft(b"qoi")])]
        for blob in blobs:
            store.record_pixels(blob, "cd" * 32, width_px=1920, height_px=1080)
            store.record_pixels(blob, "cd" * 32, width_px=1920, height_px=1080)
        assert store.blobs_of_pixels("cd" * 32) == blobs
        found = store.find_blob(blobs[1])
        assert found is not None
        assert (found.width_px, found.pixel_digest) == (1920, "cd" * 32)
        with pytest.raises(KernelError, match="never stored"):
            store.record_pixels("0" * 64, "cd" * 32, width_px=1, height_px=1)


def test_the_ledger_chains_its_entries_and_tells_of_every_start(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        entry = store.ledger.append("host.killed", "h1-00000000", {"reason": "memory"})
        assert store.ledger.head()[0] == entry.seq
        with pytest.raises(KernelError) as refused:
            store.ledger.append("")
        assert refused.value.code == "ledger-entry-invalid"
    with EvidenceStore.open_read_only(data_dir) as store:
        acts = [found.act for found in store.ledger.entries()]
        assert acts == ["store.opened", "host.killed", "evidence.head"]
        assert store.ledger.entries(after_seq=1, limit_rows=1)[0] == entry


def test_bytes_are_compared_with_what_lies_on_the_disk(data_dir: DataDir) -> None:
    large = bytes(range(256)) * 3000
    with EvidenceStore.open(data_dir) as store:
        blob = store.append([draft(large)])[0].event.blob
        assert store.gives_back(blob, large)
        assert not store.gives_back(blob, large[:-1])
        assert not store.gives_back(blob, large[:-1] + b"?")
        with pytest.raises(KernelError, match="never stored"):
            store.gives_back("0" * 64, large)
        segment = data_dir.packs_dir / "pack-000001.seg"
        data = bytearray(segment.read_bytes())
        data[300_000] ^= 1
        segment.write_bytes(data)
        assert not store.gives_back(blob, large)
        segment.unlink()
        with pytest.raises(KernelError, match="gone"):
            store.gives_back(blob, large)
