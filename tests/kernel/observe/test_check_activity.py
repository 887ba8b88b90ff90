"""The doctor's word on who sees the person."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.config.settings import load_settings
from kernel.observe.check_activity import check_activity, check_control_groups
from kernel.scheduling.override import Override, write_override


def settings(root: Path) -> Settings:
    return load_settings(None, DataDir(root), {}).settings


def test_a_machine_that_sees_nobody_is_warned_of_what_that_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file")
    check = check_activity(DataDir(tmp_path), settings(tmp_path))
    assert check.state == "warn"
    assert "activity.json" in check.saw
    assert "kernel idle" in check.remedy


def test_the_source_that_decides_is_named_and_why_the_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file,x11")
    signal = {"schema": 1, "seq": 1, "written_ms": 2, "last_input_ms": 1}
    (tmp_path / "activity.json").write_text(json.dumps(signal))
    check = check_activity(DataDir(tmp_path), settings(tmp_path))
    assert check.state == "ok"
    assert check.saw.startswith("signal_file decides")
    assert "x11:" in check.saw


@pytest.mark.parametrize(
    "spoil",
    [
        os.mkfifo,
        Path.mkdir,
        lambda path: path.write_bytes(b'{"schema": 1}'),
        lambda path: path.write_bytes(b"\xff" * 9_000),
    ],
)
def test_a_signal_file_that_says_nothing_is_no_ok(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]
) -> None:
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file")
    spoil(tmp_path / "activity.json")
    check = check_activity(DataDir(tmp_path), settings(tmp_path))
    assert check.state == "warn"
    assert str(tmp_path / "activity.json") in check.saw
    assert "says nothing" in check.saw


def test_a_signal_file_that_nobody_writes_any_more_is_no_ok(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file")
    path = tmp_path / "activity.json"
    path.write_text(json.dumps({"schema": 1, "seq": 1, "written_ms": 2, "last_input_ms": 1}))
    week_ago_s = time.time() - 7 * 86_400
    os.utime(path, (week_ago_s, week_ago_s))
    check = check_activity(DataDir(tmp_path), settings(tmp_path))
    assert check.state == "warn"
    assert "last written 7 days, 0:0" in check.saw
    assert "move it away" in check.remedy


def test_a_profile_that_counts_as_idle_needs_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file")
    monkeypatch.setenv("KERNEL_ACTIVITY_ASSUME_IDLE", "true")
    assert check_activity(DataDir(tmp_path), settings(tmp_path)).state == "ok"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"[" * 3_000),
        lambda path: path.write_bytes(b'{"schema": 1, "word": "dance", "set_us": 1}'),
        lambda path: path.write_bytes(b"\xff" * 9_000),
        os.mkfifo,
        Path.mkdir,
    ],
    ids=["garbage", "unknown word", "too large", "pipe", "folder"],
)
def test_a_word_that_cannot_be_read_is_warned_of_with_what_it_means_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]
) -> None:
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file")
    monkeypatch.setenv("KERNEL_ACTIVITY_ASSUME_IDLE", "true")
    data_dir = DataDir(tmp_path)
    spoil(data_dir.override_file)
    check = check_activity(data_dir, settings(tmp_path))
    assert check.state == "warn"
    assert "override.json" in check.saw
    assert "counts as active" in check.saw
    assert "kernel resume" in check.remedy
    assert check.details["word_problem"]


def test_the_word_in_force_is_among_the_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERNEL_ACTIVITY_PROVIDERS", "signal_file")
    monkeypatch.setenv("KERNEL_ACTIVITY_ASSUME_IDLE", "true")
    data_dir = DataDir(tmp_path)
    write_override(data_dir.override_file, Override("pause", set_us=1))
    check = check_activity(data_dir, settings(tmp_path))
    assert (check.state, check.details["word"], check.details["word_problem"]) == (
        "ok",
        "pause",
        "",
    )


def test_control_groups_are_told_of_and_their_lack_is_no_fault() -> None:
    check = check_control_groups()
    assert check.state == "ok"
    assert check.details["folder"] or check.details["why_not"]
