import io
import os
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image

from contracts.capture import CaptureEvent
from kernel.capture.filewalk import FoundFile, walk_files
from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.ingest import (
    BATCH_FILES_MAX,
    IngestOptions,
    IngestResult,
    describe_path,
    ingest_offers,
    offer_images,
)
from kernel.capture.sink import IngestSink, StoreSink, Submitted
from kernel.capture.timestamps import CapturedAt
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore

NOW_US = 1_800_000_000_000_000
OPTIONS = IngestOptions(local_zone=zoneinfo.ZoneInfo("Europe/Berlin"))


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), shade).save(buffer, "PNG")
    return buffer.getvalue()


def write_image(path: Path, shade: int = 0, mtime_us: int = NOW_US - 10) -> Path:
    path.write_bytes(png(shade))
    os.utime(path, ns=(mtime_us * 1000, mtime_us * 1000))
    return path


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvidenceStore]:
    with EvidenceStore.open(DataDir(tmp_path_factory.mktemp("data"))) as store:
        yield store


def run(
    sink: IngestSink, paths: Sequence[Path], options: IngestOptions = OPTIONS
) -> list[IngestResult]:
    return list(ingest_offers(offer_images(walk_files(paths), options, lambda: NOW_US), sink))


def test_file_becomes_an_event_that_says_where_and_when_it_came_from(
    tmp_path: Path, store: EvidenceStore
) -> None:
    path = write_image(tmp_path / "a.png", mtime_us=1_777_622_400_000_123)
    options = IngestOptions(OPTIONS.local_zone, app="mail", window_title="Inbox", monitor=2)
    (result,) = run(StoreSink(store), [path], options)
    event = result.event
    assert event is not None
    assert event == store.find_event(event.event_id)
    assert (event.captured_at_us, event.tz_name, event.tz_offset_s) == (
        1_777_622_400_000_123,
        "Europe/Berlin",
        7200,
    )
    assert (event.source, event.source_path) == ("ingest", str(path))
    assert (event.app, event.window_title, event.monitor) == ("mail", "Inbox", 2)
    assert store.read_blob(event.blob) == path.read_bytes()


def test_given_time_wins_over_the_files_own(tmp_path: Path, store: EvidenceStore) -> None:
    captured = CapturedAt(1_700_000_000_000_000, "UTC+05:30", 19_800)
    options = IngestOptions(OPTIONS.local_zone, captured_at=captured)
    (result,) = run(StoreSink(store), [write_image(tmp_path / "a.png")], options)
    assert result.event is not None
    assert (result.event.captured_at_us, result.event.tz_offset_s) == (captured.utc_us, 19_800)


def test_same_file_twice_is_one_event(tmp_path: Path, store: EvidenceStore) -> None:
    path = write_image(tmp_path / "a.png")
    first, second = run(StoreSink(store), [path, path])
    (third,) = run(StoreSink(store), [path])
    assert [r.status for r in (first, second, third)] == [
        "stored", "already-stored", "already-stored",
    ]  # fmt: skip
    assert first.event == second.event == third.event
    assert store.count_events() == 1


def test_same_bytes_at_another_path_time_or_monitor_are_events_of_their_own_and_one_blob(
    tmp_path: Path, store: EvidenceStore
) -> None:
    path = write_image(tmp_path / "a.png")
    other = write_image(tmp_path / "b.png")
    results = run(StoreSink(store), [path, other])
    write_image(path, mtime_us=NOW_US - 9)
    results += run(StoreSink(store), [path])
    results += run(StoreSink(store), [path], IngestOptions(OPTIONS.local_zone, monitor=1))
    assert [r.status for r in results] == ["stored"] + ["duplicate-pixels"] * 3
    assert store.count_events() == 4
    assert store.stats().blobs == 1


def test_a_video_that_was_not_asked_for_says_how_to_ask(
    tmp_path: Path, store: EvidenceStore
) -> None:
    (tmp_path / "v.MKV").write_bytes(b"\x1a\x45\xdf\xa3 and so on")
    (tmp_path / "v.txt").write_bytes(b"words words words")
    text, video = sorted(run(StoreSink(store), [tmp_path]), key=lambda r: r.path, reverse=True)
    assert (text.code, video.code) == ("not-an-image", "not-an-image")
    assert "kernel ingest --video" in (video.reason or "")
    assert "--video" not in (text.reason or "")


def test_refused_files_have_a_code_and_a_ledger_entry_and_the_rest_goes_on(
    tmp_path: Path, store: EvidenceStore
) -> None:
    write_image(tmp_path / "a.png", 1)
    (tmp_path / "b.png").write_bytes(b"")
    (tmp_path / "c.png").write_bytes(png(1)[:-9])
    (tmp_path / "d.txt").write_bytes(b"words words words")
    (tmp_path / "e.png").write_bytes(png(2) + bytes(5000))
    write_image(tmp_path / "f.png", 3, mtime_us=NOW_US + 2 * 86_400_000_000)
    write_image(tmp_path / "g.png", 4)
    options = IngestOptions(OPTIONS.local_zone, limits=ImageLimits(bytes_max=4096))
    results = run(StoreSink(store), [tmp_path], options)
    assert [(Path(r.path).name, r.status, r.code) for r in results] == [
        ("a.png", "stored", None),
        ("b.png", "refused", "empty"),
        ("c.png", "refused", "truncated"),
        ("d.txt", "refused", "not-an-image"),
        ("e.png", "refused", "too-many-bytes"),
        ("f.png", "refused", "future-clock"),
        ("g.png", "stored", None),
    ]
    entries = [e for e in store.ledger.entries() if e.act == "ingest-refused"]
    assert [(Path(e.subject).name, e.detail["code"]) for e in entries] == [
        (Path(r.path).name, r.code) for r in results if r.code
    ]
    assert all(r.reason for r in results if r.code)


def test_time_a_little_ahead_is_stored_and_ledgered(tmp_path: Path, store: EvidenceStore) -> None:
    path = write_image(tmp_path / "a.png", mtime_us=NOW_US + 3600_000_000)
    (result,) = run(StoreSink(store), [path])
    assert result.event is not None
    (entry,) = [e for e in store.ledger.entries() if e.act == "ingest-clock-ahead"]
    assert entry.detail["event_id"] == result.event.event_id
    assert result.reason == "the capture time is ahead of this machine's clock"


def test_detail_beyond_its_contract_is_refused_not_raised(
    tmp_path: Path, store: EvidenceStore
) -> None:
    path = write_image(tmp_path / "a.png")
    options = IngestOptions(OPTIONS.local_zone, app="x" * 256)
    assert [r.code for r in run(StoreSink(store), [path], options)] == ["bad-detail"]


def test_name_that_is_not_utf_8_is_taken_in(tmp_path: Path, store: EvidenceStore) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.png"))
    write_image(path)
    (result,) = run(StoreSink(store), [tmp_path])
    assert result.status == "stored"
    assert result.path == f"{tmp_path}/caf\\xe9.png" == describe_path(path)


class FailingSink:
    """Fails the batches whose number is in ``failing``."""

    def __init__(self, store: EvidenceStore, failing: set[int]) -> None:
        self.inner = StoreSink(store)
        self.failing = failing
        self.batches: list[int] = []

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Submitted]:
        self.batches.append(len(drafts))
        if len(self.batches) in self.failing:
            return [KernelError("disk-full", "no space left")] * len(drafts)
        return self.inner.submit(drafts)

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        if self.failing:
            raise KernelError("disk-full", "no space left")
        self.inner.record(act, subject, detail)

    def find_captures(self, blob: str, captured_at_us: int) -> Sequence[CaptureEvent]:
        return self.inner.find_captures(blob, captured_at_us)


def test_batch_that_nobody_takes_is_refused_and_the_next_one_goes_on(
    tmp_path: Path, store: EvidenceStore
) -> None:
    files = [write_image(tmp_path / f"{n:02}.png", n) for n in range(BATCH_FILES_MAX + 2)]
    sink = FailingSink(store, {1})
    results = run(sink, files)
    assert [r.code for r in results] == ["disk-full"] * BATCH_FILES_MAX + [None] * 2
    assert "could not be ledgered" in (results[0].reason or "")
    assert [r.path for r in results] == [str(path) for path in files]
    assert store.count_events() == 2


def test_few_files_are_held_at_a_time(tmp_path: Path, store: EvidenceStore) -> None:
    given: list[Path] = []
    files = [write_image(tmp_path / f"{n:02}.png", n) for n in range(3 * BATCH_FILES_MAX)]

    def give() -> Iterator[FoundFile]:
        for path in files:
            given.append(path)
            yield FoundFile(path)

    results = ingest_offers(offer_images(give(), OPTIONS, lambda: NOW_US), StoreSink(store))
    next(results)
    assert len(given) == BATCH_FILES_MAX
    assert store.count_events() == BATCH_FILES_MAX
