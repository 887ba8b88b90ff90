"""The process that empties the inbox is killed again and again; each file is one event."""

import json
import random
import subprocess
import sys
from pathlib import Path

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from tests.architecture.tree import REPOSITORY
from tests.kernel.capture.inbox_rig import make_png, names

FILES = 240
KILLS_MAX = 12
DELAY_S_MAX = 0.15


def empty_inbox(folder: Path, data_dir: Path, delay_s: float | None) -> bool:
    """Run the emptier; whether it was killed after ``delay_s`` rather than done."""
    command = [sys.executable, "-m", "tests.kernel.capture.inbox_child", str(folder), str(data_dir)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        try:
            assert child.wait(delay_s) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            return True
    return False


def test_kill_at_any_moment_gives_one_event_per_file_and_every_file_in_done(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    pixels = [make_png(shade, width=200) for shade in range(4)]
    for number in range(FILES):
        # The same pixels often: only the journal can tell a second event from a second capture.
        (folder / f"{number:03}.png").write_bytes(pixels[number % 4])
        if number % 2:
            said = {"captured_at": f"2026-05-01T10:00:00.{number:03}Z", "app": "mail"}
            (folder / f"{number:03}.json").write_text(json.dumps(said))
    chance = random.Random(7)  # noqa: S311 - moments, no secrets
    kills = 0
    for _ in range(KILLS_MAX):
        if not empty_inbox(folder, tmp_path / "data", chance.uniform(0, DELAY_S_MAX)):
            break
        kills += 1
    assert kills >= 2
    while empty_inbox(folder, tmp_path / "data", None):
        pass
    left = [name for name in names(folder) if name.endswith(".png")]
    assert left == []
    done = list((folder / "done").rglob("*.png"))
    assert len(done) == FILES
    with EvidenceStore.open_read_only(DataDir(tmp_path / "data")) as store:
        events = store.events_after(0, limit_rows=10 * FILES)
        paths = [Path(event.source_path or "").name for event in events]
        assert sorted(paths) == [f"{number:03}.png" for number in range(FILES)]
        for event in events:
            number = int(Path(event.source_path or "").stem)
            assert event.app == ("mail" if number % 2 else None)
            assert store.read_blob(event.blob) == pixels[number % 4]
