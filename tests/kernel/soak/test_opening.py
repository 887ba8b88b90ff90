"""Where a run's folder is, and which folders are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings, load_settings
from kernel.soak import opening as opening_module
from kernel.soak.book import describe_frame, read_book
from kernel.soak.endurance import Parts, account, progress_line
from kernel.soak.folder import RunFolder
from kernel.soak.opening import choose_run_dir, open_soak, settle_hand
from kernel.soak.plan import Wishes
from kernel.store.lock import DataDirLock


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSettings:
    return load_settings(
        "dry-run", DataDir(tmp_path / "none"), {}, environment={}, user_config_dir=tmp_path / "user"
    )


def open_here(loaded: LoadedSettings, wishes: Wishes, run_dir: Path) -> Parts:
    return open_soak(loaded, wishes, run_dir, DataDir(run_dir.parent / "live"), print)


def test_the_run_folder_is_new_and_beside_the_data_dir(tmp_path: Path) -> None:
    named = DataDir(tmp_path / "data")
    chosen = choose_run_dir(Wishes(), named, "dry-run")
    assert chosen.parent == tmp_path / "autocapture-soak"
    assert chosen.name.endswith("Z-dry-run")
    assert choose_run_dir(Wishes(run_dir=tmp_path / "x"), named, "dry-run") == tmp_path / "x"
    assert choose_run_dir(Wishes(resume=tmp_path / "y"), named, "dry-run") == tmp_path / "y"


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, loaded: LoadedSettings) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("dear")
    with pytest.raises(KernelError, match="not empty"):
        open_here(loaded, Wishes(), tmp_path / "run")


def test_a_folder_without_a_plan_is_not_resumed(tmp_path: Path, loaded: LoadedSettings) -> None:
    with pytest.raises(KernelError, match="could be resumed"):
        open_here(loaded, Wishes(resume=tmp_path), tmp_path)


def test_a_drive_without_room_is_refused(
    tmp_path: Path, loaded: LoadedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening_module, "ROOM_BYTES_MIN", 1 << 62)
    with pytest.raises(KernelError, match="are free"):
        open_here(loaded, Wishes(), tmp_path / "run")


def test_parts_are_wired_and_a_resumed_run_tells_its_gap(
    tmp_path: Path, loaded: LoadedSettings
) -> None:
    run_dir = tmp_path / "run"
    wishes = Wishes(faults=False, seed=4)
    parts = open_here(loaded, wishes, run_dir)
    assert parts.driver is not None
    assert parts.checker is not None
    assert parts.faults is None
    parts.begin()
    plan = json.loads((run_dir / "plan.json").read_text())
    assert plan["started_us"] == parts.plan.started_us
    assert (plan["schema"], plan["seed"], plan["faults"]) == (1, 4, False)
    assert account(parts)["produced"] == 0
    assert "checks 0/0" in progress_line(parts)
    parts.folder.produced(
        {"frame_id": "f0000000-0", "at_us": 1, "monitor": 0, "blob": "x", "facts": []}
    )
    (run_dir / "ended.json").write_text("{}")
    again = open_here(loaded, Wishes(resume=run_dir), run_dir)
    assert again.resumed
    assert again.plan == parts.plan
    assert again.book.count() == 1
    assert not (run_dir / "ended.json").exists()
    gap = json.loads((run_dir / "events.jsonl").read_text())
    assert (gap["kind"], gap["explained_by"]) == ("gap", "reboot")
    assert gap["from_us"] <= gap["to_us"]


def test_a_live_run_takes_the_persons_data_dir_and_plays_nothing(
    tmp_path: Path, loaded: LoadedSettings
) -> None:
    parts = open_here(loaded, Wishes(live=True), tmp_path / "run")
    assert parts.child.data_dir.root == tmp_path / "live"
    assert parts.driver is None
    assert parts.checker is None
    assert not (tmp_path / "run" / "data").exists()
    assert not (tmp_path / "live").exists()


def test_a_data_dir_on_which_a_kernel_runs_is_left_alone(
    tmp_path: Path, loaded: LoadedSettings
) -> None:
    live = DataDir(tmp_path / "live")
    live.root.mkdir()
    lock = DataDirLock.acquire(live.lock_file, started_at_us=1)
    try:
        with pytest.raises(KernelError, match="a kernel runs on") as refused:
            open_here(loaded, Wishes(live=True), tmp_path / "run")
    finally:
        lock.release()
    assert refused.value.code == "data-dir-busy"
    assert not (tmp_path / "run").exists()


@pytest.fixture
def cut(tmp_path: Path) -> RunFolder:
    """A folder whose driver was cut off with the second frame in hand."""
    (tmp_path / "inbox" / "done" / "2026-01-01").mkdir(parents=True)
    folder = RunFolder(tmp_path)
    for frame_id in ("f0000001-0", "f0000002-0"):
        folder.take_in_hand(frame_id)
        folder.produced(describe_frame(frame_id, 1, 0, frame_id.encode(), {}))
    return folder


def test_a_frame_in_hand_that_is_nowhere_is_taken_out_of_the_account(cut: RunFolder) -> None:
    (cut.root / "inbox" / "f0000002-0.png.tmp").write_bytes(b"half")
    settle_hand(cut, cut.root / "inbox")
    assert list(read_book(cut.produced_file).digests) == ["f0000001-0"]
    assert "never handed over" in (cut.root / "events.jsonl").read_text()
    # Nothing is in hand any more.
    settle_hand(cut, cut.root / "inbox")
    assert len(cut.produced_file.read_text().splitlines()) == 3


@pytest.mark.parametrize("place", ["f0000002-0.png", "done/2026-01-01/f0000002-0.png"])
def test_a_frame_in_hand_that_the_kernel_could_see_counts_as_any_other(
    cut: RunFolder, place: str
) -> None:
    inbox = cut.root / "inbox"
    (inbox / place).write_bytes(b"whole")
    settle_hand(cut, inbox)
    assert len(read_book(cut.produced_file).digests) == 2
    # Whole, but for its words.
    assert (inbox / "f0000002-0.json").exists() == (place == "f0000002-0.png")


def test_without_a_frame_in_hand_nothing_is_settled(cut: RunFolder) -> None:
    cut.let_go()
    settle_hand(cut, cut.root / "inbox")
    assert len(read_book(cut.produced_file).digests) == 2
