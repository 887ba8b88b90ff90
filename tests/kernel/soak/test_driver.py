"""The driver hands over as the inbox's contract says, and keeps a record before it does."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from PIL import Image

from kernel.soak.book import Book, read_book
from kernel.soak.day import Phase, Truth
from kernel.soak.driver import DONE_KEPT_S, Driver
from kernel.soak.folder import RunFolder
from kernel.soak.person import Person
from kernel.soak.pictures import DrawnPictures
from kernel.soak.screens import Painter
from kernel.soak.script import Pace, Script
from tests.functional.rig import wait_until

PACE = Pace(cadence_s=0.02, change_s=0.1, heartbeat_s=0.5)


def make_driver(tmp_path: Path, phases: list[Phase], turns: list[Truth]) -> Driver:
    folder = RunFolder(tmp_path)
    return Driver(
        folder=folder,
        book=Book(),
        phases=phases,
        pace=PACE,
        pictures=DrawnPictures(Script(1, PACE, monitors=1), Painter(320, 200, 1)),
        inbox=tmp_path / "inbox",
        person=Person(tmp_path / "activity.json"),
        started_s=time.monotonic(),
        on_turn=turns.append,
    )


@pytest.fixture
def turns() -> list[Truth]:
    return []


def test_frames_lie_whole_in_the_inbox_with_their_words(tmp_path: Path, turns: list[Truth]) -> None:
    driver = make_driver(tmp_path, [Phase(0.0, 3600.0, "active", "work")], turns)
    driver.start()
    wait_until(lambda: driver.book.count() > 20)
    driver.stop()
    assert driver.problem == ""
    assert turns == ["active"]
    names = sorted(path.name for path in (tmp_path / "inbox").iterdir())
    assert not [name for name in names if name.endswith(".tmp")]
    assert len([name for name in names if name.endswith(".png")]) == driver.book.count()
    sidecar = json.loads((tmp_path / "inbox" / "f0000000-0.json").read_text())
    assert sidecar["source"] == "soak"
    Image.open(io.BytesIO((tmp_path / "inbox" / "f0000000-0.png").read_bytes())).verify()
    assert read_book(tmp_path / "produced.jsonl").digests == driver.book.digests
    assert len(set(driver.book.digests.values())) < driver.book.count()


def test_no_more_frames_are_made_while_it_rests(tmp_path: Path, turns: list[Truth]) -> None:
    driver = make_driver(tmp_path, [Phase(0.0, 3600.0, "active", "burst")], turns)
    driver.resting = True
    driver.start()
    wait_until((tmp_path / "activity.json").is_file)
    driver.stop()
    assert driver.book.count() == 0


def test_a_person_who_returned_is_active_whatever_the_phase(
    tmp_path: Path, turns: list[Truth]
) -> None:
    driver = make_driver(tmp_path, [Phase(0.0, 9.0, "idle", "night")], turns)
    driver.resting = True
    driver.start()
    wait_until(lambda: turns == ["idle"])
    driver.returned = True
    wait_until(lambda: turns == ["idle", "active"])
    driver.returned = False
    wait_until(lambda: turns == ["idle", "active", "idle"])
    driver.stop()
    assert driver.book.count() == 0


def test_the_phases_are_told_as_they_come(tmp_path: Path, turns: list[Truth]) -> None:
    phases = [Phase(0.0, 0.2, "active", "work"), Phase(0.2, 9.0, "idle", "night")]
    driver = make_driver(tmp_path, phases, turns)
    driver.start()
    wait_until(lambda: turns == ["active", "idle"])
    driver.stop()
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["work", "night"]
    assert driver.phase.name == "night"


def test_the_clock_of_the_capture_program_is_behind_in_its_phase(
    tmp_path: Path, turns: list[Truth]
) -> None:
    driver = make_driver(tmp_path, [Phase(0.0, 9.0, "active", "clock_change")], turns)
    driver.start()
    wait_until(lambda: driver.book.count() > 0)
    driver.stop()
    sidecar = json.loads((tmp_path / "inbox" / "f0000000-0.json").read_text())
    assert sidecar["captured_at"].endswith("-05:00")


def test_only_its_own_copies_that_lie_long_are_removed(
    tmp_path: Path, turns: list[Truth], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = make_driver(tmp_path, [Phase(0.0, 9.0, "idle", "night")], turns)
    day = tmp_path / "inbox" / "done" / "2026-01-01"
    day.mkdir(parents=True)
    for name in ("f0000001-0.png", "photo.png"):
        (day / name).write_bytes(b"")
    driver._clean()
    assert len(list(day.iterdir())) == 2
    later_s = time.time() + DONE_KEPT_S + 1
    monkeypatch.setattr("time.time", lambda: later_s)
    driver._clean_at_s = 0.0
    driver._clean()
    assert [path.name for path in day.iterdir()] == ["photo.png"]


def test_a_driver_that_fails_says_so(tmp_path: Path, turns: list[Truth]) -> None:
    driver = make_driver(tmp_path, [Phase(0.0, 9.0, "active", "work")], turns)
    (tmp_path / "inbox").write_text("no folder")
    driver._run()
    assert "the driver failed" in driver.problem
