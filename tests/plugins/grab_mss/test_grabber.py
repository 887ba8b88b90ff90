import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.capture.inbox import Inbox
from kernel.capture.inboxfate import InboxOutcome
from kernel.capture.sink import StoreSink
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore

pytest.importorskip("mss", reason="the extra `grab` is not installed")

from plugins.grab_mss import grabber as grabber_module
from plugins.grab_mss.__main__ import main
from plugins.grab_mss.cadence import Cadence
from plugins.grab_mss.grabber import Grabber
from plugins.grab_mss.shots import Shot
from tests.architecture.tree import REPOSITORY

DEADLINE_S = 60.0


class PaintedScreen:
    """Monitors whose pixels a test paints."""

    def __init__(self, monitors: int) -> None:
        self.pixels = [b"\0" * 16 for _ in range(monitors)]

    def count(self) -> int:
        return len(self.pixels)

    def grab(self, monitor: int) -> tuple[Shot, Callable[[], bytes]]:
        pixels = self.pixels[monitor]
        return Shot(monitor, 2, 2, pixels), lambda: pixels[:12]


def pictures(folder: Path) -> list[str]:
    return sorted(path.name[-6:-4] for path in folder.glob("*.png"))


def test_each_monitor_is_written_when_it_changes(tmp_path: Path) -> None:
    screen = PaintedScreen(2)
    grabber = Grabber(screen, tmp_path, say=lambda _: None)
    grabber.look()
    grabber.look()
    assert pictures(tmp_path) == ["m0", "m1"]
    screen.pixels[1] = b"\1" * 16
    grabber.look()
    assert pictures(tmp_path) == ["m0", "m1", "m1"]
    assert (grabber.tally.looks, grabber.tally.written) == (3, 3)


def test_full_inbox_stops_the_writing_loudly_and_nothing_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grabber_module, "WAITING_FILES_MAX", 0)
    said: list[str] = []
    (tmp_path / "waits.png").touch()
    grabber = Grabber(PaintedScreen(1), tmp_path, say=said.append)
    grabber.look()
    grabber.look()
    assert len(said) == 1
    assert "is the kernel running?" in said[0]
    assert grabber.tally.refused == 2
    (tmp_path / "waits.png").rename(tmp_path.parent / "taken.png")
    grabber.look()
    assert said[1:] == ["writing again"]
    assert grabber.tally.written == 1


def test_inbox_that_is_gone_is_said_once_and_met_again(tmp_path: Path) -> None:
    said: list[str] = []
    grabber = Grabber(PaintedScreen(1), tmp_path / "inbox", say=said.append)
    grabber.look()
    grabber.look()
    (tmp_path / "inbox").mkdir()
    grabber.look()
    assert len(said) == 2
    assert pictures(tmp_path / "inbox") == ["m0"]


def test_run_ends_when_told(tmp_path: Path) -> None:
    grabber = Grabber(PaintedScreen(1), tmp_path, say=lambda _: None)
    cadence = Cadence()
    threading.Timer(0.1, cadence.end).start()
    grabber.run(cadence)
    assert grabber.tally.looks >= 1


def test_missing_inbox_or_screen_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "no")]) == 2
    assert "is no folder" in capsys.readouterr().err
    monkeypatch.setenv("DISPLAY", ":54321")
    assert main([str(tmp_path)]) == 2
    assert "no screen to grab" in capsys.readouterr().err


def test_real_screen_becomes_evidence_through_the_inbox(tmp_path: Path, display: str) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    environment = {**os.environ, "DISPLAY": display}
    command = [sys.executable, "-m", "plugins.grab_mss", str(folder)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE
    ) as program:
        deadline_s = time.monotonic() + DEADLINE_S
        pause = threading.Event()
        while not list(folder.glob("*.json")) and time.monotonic() < deadline_s:
            pause.wait(0.05)
        program.send_signal(signal.SIGTERM)
        assert program.wait(DEADLINE_S) == 0
    data_dir = DataDir(tmp_path / "data")
    with EvidenceStore.open(data_dir) as store:
        report = Inbox(folder, data_dir.quarantine_dir).poll(StoreSink(store))
        assert report.count(InboxOutcome.TAKEN) == 1
        event = store.last_event()
        assert event is not None
        assert (event.source, event.monitor) == ("grab_mss", 0)
        assert event.monotonic_ns > 0
        blob = store.read_blob(event.blob)
    assert (int.from_bytes(blob[16:20], "big"), int.from_bytes(blob[20:24], "big")) == (320, 200)
