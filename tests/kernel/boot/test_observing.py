"""What the governor is told, from files and drives as they are; and what wakes the loop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zmq

from kernel.boot.observing import Observer
from kernel.boot.wordwatch import WordWatch
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.sections import ActivitySettings, Settings
from kernel.scheduling.override import Override, write_override
from kernel.store.pressure import DiskDecision, DiskLevel
from tests.kernel.scheduling.providers.test_background import until

SETTINGS = Settings(activity=ActivitySettings(providers=("signal_file",)))


def signal(data_dir: DataDir, seq: int, *, idle_ms: int) -> None:
    document = {"schema": 1, "seq": seq, "written_ms": 900_000, "last_input_ms": 900_000 - idle_ms}
    part = data_dir.root / "part"
    part.write_text(json.dumps(document))
    part.replace(data_dir.activity_file)


def decision(level: DiskLevel) -> DiskDecision:
    green = level is DiskLevel.GREEN
    return DiskDecision(level, "primary", heavy_work=green, drain=True, packing=True)


def test_the_signal_the_word_and_the_disk_reach_the_governor(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    signal(data_dir, 1, idle_ms=0)
    observer = Observer(SETTINGS, data_dir, ask_disk=lambda: decision(DiskLevel.YELLOW))
    assert observer.observe().idle_s is None, "a file that never changed may be of last week"
    signal(data_dir, 2, idle_ms=400_000)
    write_override(data_dir.override_file, Override("pause", set_us=1))
    # On a crowded machine the threads that read may be late.
    until(lambda: observer.observe().idle_s == 400.0)
    until(lambda: observer.observe().override == "pause")
    assert observer.observe().disk_level == "yellow"
    facts = observer.facts()
    assert (facts["source"], facts["word"], facts["disk"]) == ("signal_file", "pause", "yellow")
    assert isinstance(observer.gpu_facts()["devices"], list)
    observer.close()


@pytest.mark.parametrize(
    ("pipeline", "disk", "frees"),
    [
        ({}, {}, True),
        ({"repack_plugin": "none"}, {}, False),
        ({}, {"keep_original_bytes": True}, False),
    ],
)
def test_packing_gives_room_back_unless_nobody_packs_or_the_originals_are_kept(
    tmp_path: Path, *, pipeline: dict[str, object], disk: dict[str, object], frees: bool
) -> None:
    settings = Settings.model_validate(
        {"activity": {"providers": []}, "pipeline": pipeline, "disk": disk}
    )
    observer = Observer(settings, DataDir(tmp_path), ask_disk=lambda: decision(DiskLevel.YELLOW))
    assert observer.observe().packing_frees is frees
    observer.close()


def test_a_word_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    data_dir.override_file.write_text("[" * 4_000)
    observer = Observer(SETTINGS, data_dir, ask_disk=lambda: decision(DiskLevel.GREEN))
    until(lambda: "override.json" in observer.observe().override_problem)
    facts = observer.facts()
    assert facts["word"] == "active"
    assert "override.json" in facts["word_problem"]
    observer.close()


def test_a_drive_that_cannot_be_asked_holds_heavy_work(tmp_path: Path) -> None:
    def fails() -> DiskDecision:
        raise KernelError("disk-failed", "no answer")

    observer = Observer(SETTINGS, DataDir(tmp_path), ask_disk=fails)
    assert observer.observe().disk_level == "black"
    observer.close()


def test_what_captures_go_by_is_told_at_once(tmp_path: Path) -> None:
    known = [decision(DiskLevel.GREEN)]
    observer = Observer(
        SETTINGS, DataDir(tmp_path), ask_disk=lambda: known[0], known_disk=lambda: known[0]
    )
    assert observer.observe().disk_level == "green"
    known[0] = decision(DiskLevel.RED)
    assert observer.observe().disk_level == "red", "though the drive was asked a moment ago"
    assert observer.facts()["disk"] == "red"
    observer.close()


def test_a_file_put_in_place_wakes_the_poller_at_once(tmp_path: Path) -> None:
    poller: zmq.Poller = zmq.Poller()
    watch = WordWatch([tmp_path, tmp_path], poller)
    try:
        assert not watch.has_news(key for key, _ in poller.poll(0))
        signal(DataDir(tmp_path), 1, idle_ms=0)
        assert watch.has_news(key for key, _ in poller.poll(5_000))
        assert not watch.has_news(key for key, _ in poller.poll(0)), "told once"
    finally:
        watch.close()
    assert poller.sockets == [], "its descriptors are gone from the loop"


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    poller: zmq.Poller = zmq.Poller()
    watch = WordWatch([tmp_path / "none"], poller)
    assert not watch.has_news(key for key, _ in poller.poll(0))
    watch.close()


@pytest.mark.parametrize("level", list(DiskLevel))
def test_every_level_has_its_name(tmp_path: Path, level: DiskLevel) -> None:
    observer = Observer(SETTINGS, DataDir(tmp_path), ask_disk=lambda: decision(level))
    assert observer.observe().disk_level == level.name.lower()
    observer.close()
