import io
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kernel.cli.ingest import ingest
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    path = tmp_path / "shot.png"
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), (1, 2, 3)).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ingest, [str(argument) for argument in arguments])


def test_json_has_one_object_per_file_with_the_promised_fields(data_dir: Path, shot: Path) -> None:
    result = run(shot, shot, "--json", "--data-dir", data_dir)
    assert result.exit_code == 0
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert {"path", "event_id", "status", "blob", "captured_at", "reason"} <= set(first)
    assert first["path"] == str(shot)
    assert (first["status"], second["status"]) == ("stored", "already-stored")
    assert first["blob"] == second["blob"]
    assert first["event_id"] == second["event_id"]
    assert first["reason"] is None
    with EvidenceStore.open_read_only(DataDir(data_dir)) as store:
        assert store.find_event(first["event_id"]) is not None
        assert store.read_blob(first["blob"]) == shot.read_bytes()


def test_refusals_have_a_reason_and_make_the_exit_status_one(
    data_dir: Path, shot: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(shot.read_bytes()[:40])
    missing = tmp_path / "missing.png"
    result = run(tmp_path / "bad.png", missing, shot, "--json", "--data-dir", data_dir)
    assert result.exit_code == 1
    bad, gone, good = (json.loads(line) for line in result.stdout.splitlines())
    assert bad["status"] == gone["status"] == "refused"
    assert bad["event_id"] is bad["blob"] is bad["captured_at"] is None
    assert bad["reason"].startswith("truncated: ")
    assert gone["reason"].startswith("not-found: ")
    assert good["status"] == "stored"


def test_said_time_app_window_and_monitor_are_stored(data_dir: Path, shot: Path) -> None:
    said = ["--captured-at", "2026-05-01T10:00:00+02:00", "--app", "mail", "--window", "Inbox"]
    result = run(shot, *said, "--monitor", 1, "--json", "--data-dir", data_dir)
    line = json.loads(result.stdout)
    assert line["captured_at"] == "2026-05-01T10:00:00+02:00"
    with EvidenceStore.open_read_only(DataDir(data_dir)) as store:
        event = store.last_event()
    assert event is not None
    assert event.captured_at_us == 1_777_622_400_000_000
    assert (event.app, event.window_title, event.monitor) == ("mail", "Inbox", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--captured-at", "yesterday"],
        ["--captured-at", "2026-05-01"],
        ["--monitor", "64"],
        ["--app", "x" * 256],
        ["--window", "x" * 4097],
    ],
)
def test_arguments_that_cannot_be_meant_are_usage_errors(
    data_dir: Path, shot: Path, arguments: list[str]
) -> None:
    assert run(shot, *arguments, "--data-dir", data_dir).exit_code == 2
    assert not data_dir.exists()


def test_people_get_a_line_per_file_and_a_count(data_dir: Path, shot: Path, tmp_path: Path) -> None:
    (tmp_path / "bad\x1b[31m.png").write_bytes(b"")
    result = run(tmp_path / "bad\x1b[31m.png", shot, "--data-dir", data_dir)
    refused, stored, total = result.stdout.splitlines()
    assert "empty: the file has no bytes" in refused
    assert "\x1b" not in refused
    assert stored.startswith("stored")
    assert total == "1 stored, 0 with pixels already stored, 1 refused"
    assert result.stderr == ""


def test_another_writer_is_waited_for(data_dir: Path, shot: Path) -> None:
    store = EvidenceStore.open(DataDir(data_dir))
    threading.Timer(0.3, store.close).start()
    result = run(shot, "--json", "--data-dir", data_dir)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["status"] == "stored"
    assert "waiting: " in result.stderr


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_videos_are_taken_in_only_when_asked_for(data_dir: Path, tmp_path: Path) -> None:
    video = tmp_path / "v.mkv"
    source = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=2:duration=1", "-c:v", "ffv1"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, str(video)], check=True)
    refused = run(video, "--json", "--data-dir", data_dir)
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["code"] == "not-an-image"
    taken = run(video, "--video", "--json", "--data-dir", data_dir)
    assert taken.exit_code == 0
    paths = [json.loads(line)["path"] for line in taken.stdout.splitlines()]
    assert paths == [f"{video}#t=0.000000", f"{video}#t=0.500000"]


def test_a_file_is_one_capture_however_its_path_is_spelled(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "x.png"
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10)).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "x link.png").symlink_to(path)
    detours = [
        folder, folder / ".." / "in" / "x.png", tmp_path / "link", tmp_path / "link" / "x.png",
        tmp_path / "x link.png",
    ]  # fmt: skip
    done = run(path, *detours, "--json", "--data-dir", data_dir)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["status"] for line in lines] == ["stored"] + ["already-stored"] * len(detours)
    assert {line["event_id"] for line in lines} == {lines[0]["event_id"]}
    assert lines[-1]["path"] == str(tmp_path / "x link.png")
    with EvidenceStore.open_read_only(DataDir(data_dir)) as store:
        event = store.last_event()
        assert event is not None
        assert event.source_path == str(path.resolve())
