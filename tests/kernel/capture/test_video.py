import io
import random
import shutil
import subprocess
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kernel.capture import ffmpeg
from kernel.capture.ffmpeg import VideoFault, probe_video, read_frames
from kernel.capture.filewalk import walk_files
from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.ingest import IngestOptions, IngestResult, ingest_offers
from kernel.capture.pngstream import PngSplitter, StreamFault
from kernel.capture.sink import StoreSink
from kernel.capture.timestamps import CapturedAt
from kernel.capture.video import offer_images_and_frames
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from tests.kernel.capture.inbox_rig import NOW_US, make_png

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None,
    reason="ffmpeg is not installed: videos are not tested here",
)
OPTIONS = IngestOptions(local_zone=zoneinfo.ZoneInfo("Europe/Berlin"))
FRAMES = 8


def make_video(path: Path, *options: str) -> Path:
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi"]
    command += ["-i", f"testsrc=size=64x48:rate=4:duration={FRAMES / 4}"]
    subprocess.run([*command, *options, str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def rgb_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    return make_video(folder / "screen.mkv", "-c:v", "ffv1", "-pix_fmt", "gbrp")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EvidenceStore]:
    with EvidenceStore.open(DataDir(tmp_path / "data")) as store:
        yield store


def run(
    store: EvidenceStore, paths: list[Path], options: IngestOptions = OPTIONS
) -> list[IngestResult]:
    offers = offer_images_and_frames(walk_files(paths), options, lambda: NOW_US)
    return list(ingest_offers(offers, StoreSink(store)))


@needs_ffmpeg
def test_frames_of_an_rgb_video_are_stored_to_the_bit_with_their_times(
    rgb_video: Path, store: EvidenceStore
) -> None:
    raw = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", str(rgb_video), "-f", "rawvideo",
         "-pix_fmt", "rgb24", "-"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    expected = [raw[at : at + 64 * 48 * 3] for at in range(0, len(raw), 64 * 48 * 3)]
    start = CapturedAt(1_777_622_400_000_000, "UTC+02:00", 7200)
    results = run(store, [rgb_video], IngestOptions(OPTIONS.local_zone, captured_at=start))
    events = [result.event for result in results if result.event]
    assert [event.captured_at_us - start.utc_us for event in events] == [
        number * 250_000 for number in range(FRAMES)
    ]
    assert {event.tz_offset_s for event in events} == {7200}
    assert [event.source_path for event in events][:2] == [
        f"{rgb_video}#t=0.000000",
        f"{rgb_video}#t=0.250000",
    ]
    pixels = []
    for event in events:
        with Image.open(io.BytesIO(store.read_blob(event.blob))) as image:
            pixels.append(image.convert("RGB").tobytes())
    assert pixels == expected


@needs_ffmpeg
@pytest.mark.parametrize("started", [None, CapturedAt(1_777_622_400_000_000, "UTC", 0)])
def test_same_video_twice_adds_nothing(
    rgb_video: Path, store: EvidenceStore, started: CapturedAt | None
) -> None:
    options = IngestOptions(OPTIONS.local_zone, captured_at=started)
    first = run(store, [rgb_video], options)
    before = store.stats()
    # Named twice in one call, too: the second time is seen within its own batch.
    again = run(store, [rgb_video, rgb_video], options)
    assert [result.status for result in first] == ["stored"] * FRAMES
    assert [result.status for result in again] == ["already-stored"] * 2 * FRAMES
    assert [result.event for result in again] == [result.event for result in first] * 2
    after = store.stats()
    assert (after.events, after.blobs) == (before.events, before.blobs) == (FRAMES, FRAMES)
    assert after.pack_bytes == before.pack_bytes
    # Another moment is another capture of the same pixels.
    later = IngestOptions(
        OPTIONS.local_zone, captured_at=CapturedAt(1_777_622_401_000_000, "UTC", 0)
    )
    moved = run(store, [rgb_video], later)
    assert {result.status for result in moved} <= {"duplicate-pixels", "already-stored"}
    assert store.stats().blobs == FRAMES


@needs_ffmpeg
@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("mp4", ["-c:v", "mpeg4", "-metadata", "creation_time=2026-05-01T08:00:00Z"]),
        ("avi", ["-c:v", "mjpeg"]),
        ("mkv", ["-c:v", "ffv1", "-pix_fmt", "yuv420p10le"]),
        ("gif", []),
    ],
)
def test_common_containers_give_all_their_frames(
    tmp_path: Path, store: EvidenceStore, suffix: str, options: list[str]
) -> None:
    video = make_video(tmp_path / f"v.{suffix}", *options)
    results = run(store, [video])
    assert [r.status for r in results if r.status == "refused"] == []
    assert len(results) == FRAMES
    first = results[0].event
    assert first is not None
    if suffix == "mp4":
        assert first.captured_at_us == 1_777_622_400_000_000
    else:
        mtime_us = video.stat().st_mtime_ns // 1000
        assert abs(mtime_us - 2_000_000 - first.captured_at_us) < 600_000


@needs_ffmpeg
@pytest.mark.parametrize("damage", ["cut", "corrupt"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("v.mkv", ["-c:v", "mpeg4", "-g", "2"]),
        ("v.mp4", ["-c:v", "mpeg4", "-g", "2", "-movflags", "+faststart"]),
        ("v.mpg", ["-r", "25", "-c:v", "mpeg2video", "-g", "2"]),
    ],
)
def test_a_damaged_video_gives_its_good_frames_and_is_told(
    tmp_path: Path, store: EvidenceStore, damage: str, name: str, options: list[str]
) -> None:
    video = make_video(tmp_path / name, *options)
    whole = run(store, [video])
    data = bytearray(video.read_bytes())
    at = len(data) * 6 // 10
    if damage == "cut":
        del data[at:]
    else:
        data[at : at + 400] = random.Random(5).randbytes(400)  # noqa: S311 - damage
    video.write_bytes(data)
    *good, last = run(store, [video])
    assert last.code == "bad-video"
    assert last.path == str(video)
    assert 0 < len(good) < len(whole)
    assert f"after {len(good)} frames" in (last.reason or "")
    pairs = [(a.event, b.event) for a, b in zip(whole, good, strict=False)]
    assert all(a and b and a.blob == b.blob for a, b in pairs[: len(good)])


@needs_ffmpeg
def test_a_lossless_video_that_is_cut_off_gives_what_it_has_and_is_told(
    rgb_video: Path, tmp_path: Path, store: EvidenceStore
) -> None:
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(rgb_video.read_bytes()[: rgb_video.stat().st_size // 2])
    results = run(store, [cut, rgb_video])
    whole = [r for r in results if r.path.startswith(str(rgb_video))]
    assert len(whole) == FRAMES
    *good, last = results[: -len(whole)]
    assert last.code == "bad-video"
    assert 0 < len(good) < FRAMES
    assert {result.status for result in good} <= {"stored", "duplicate-pixels"}


@needs_ffmpeg
def test_what_is_neither_image_nor_video_keeps_its_first_refusal(
    tmp_path: Path, store: EvidenceStore
) -> None:
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "b.png").write_bytes(make_png())
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/b.png\n")
    (tmp_path / "list.txt").write_text("ffconcat version 1.0\nfile b.png\n")
    options = IngestOptions(OPTIONS.local_zone, captured_at=CapturedAt(5, "UTC", 0))
    results = run(
        store, [tmp_path / n for n in ("a.txt", "b.png", "list.m3u8", "list.txt")], options
    )
    assert [r.code for r in results] == ["not-an-image", None, "not-an-image", "not-an-image"]


@needs_ffmpeg
def test_name_that_reads_like_an_instruction_is_a_name(rgb_video: Path, tmp_path: Path) -> None:
    odd = tmp_path / "concat:a|b.mkv"
    odd.write_bytes(rgb_video.read_bytes())
    assert probe_video(odd).duration_us == 2_000_000
    assert len(list(read_frames(odd, frame_bytes_max=1 << 20))) == FRAMES


@needs_ffmpeg
def test_program_ends_when_nobody_wants_more_frames(rgb_video: Path) -> None:
    frames = read_frames(rgb_video, frame_bytes_max=1 << 20)
    next(frames)
    (program,) = psutil.Process().children()
    frames.close()
    assert not program.is_running()


@needs_ffmpeg
def test_frame_beyond_the_limit_ends_the_video(rgb_video: Path, store: EvidenceStore) -> None:
    with pytest.raises(VideoFault, match="more than 100 bytes"):
        list(read_frames(rgb_video, frame_bytes_max=100))
    options = IngestOptions(OPTIONS.local_zone, limits=ImageLimits(pixels_max=64 * 48 - 1))
    assert {result.code for result in run(store, [rgb_video], options)} == {"too-many-pixels"}


def test_missing_program_is_an_error_that_names_it(
    tmp_path: Path, store: EvidenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "v.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.raises(KernelError) as caught:
        run(store, [tmp_path / "v.mp4"])
    assert caught.value.code == "ffmpeg-missing"


def test_program_that_stalls_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(ffmpeg, "STALL_TIMEOUT_S", 0.2)
    with pytest.raises(VideoFault, match="no frame came"):
        list(read_frames(tmp_path / "v.mp4", frame_bytes_max=1 << 20))


@given(st.lists(st.integers(0, 255), max_size=5), st.integers(1, 200))
def test_stream_of_files_is_cut_where_they_end(shades: list[int], step: int) -> None:
    files = [make_png(shade) for shade in shades]
    stream = b"".join(files)
    splitter = PngSplitter(1000)
    got = []
    for at in range(0, len(stream), step):
        got += splitter.feed(stream[at : at + step])
    assert got == files
    assert splitter.is_between_files


def test_stream_that_is_no_png_or_too_large_is_refused() -> None:
    with pytest.raises(StreamFault):
        PngSplitter(1000).feed(b"\x89PNX")
    splitter = PngSplitter(50)
    with pytest.raises(StreamFault):
        splitter.feed(make_png()[:-1])
    assert not splitter.is_between_files
