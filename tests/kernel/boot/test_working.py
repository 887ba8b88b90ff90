"""Heavy work in the loop: hosts stand still while the person is about, and work when asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.boot.kernel import Kernel
from kernel.boot.session import kernel_session
from kernel.boot.working import Working
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.scheduling.sharing import SharePolicy
from tests.functional.rig import make_rig
from tests.kernel.store.packing import picture

NO_STAGES = {"pipeline.text_plugin": "none", "activity.providers": []}
WAIT_S = 240.0
FRAMES = 4


def drive(kernel: Kernel, *, until: Callable[[], bool]) -> None:
    """Turn the kernel's loop until the condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not until():
        assert time.monotonic() < deadline, kernel.live_facts()
        kernel._turn()


def test_unknown_activity_stops_hosts_and_a_wish_lets_them_go_on(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    with kernel_session(place, load_settings(None, place, NO_STAGES)) as (kernel, stop):
        working: Working = kernel._working

        def stands_still() -> bool:
            return kernel.parts.pool.is_frozen

        working.heed(news=True)
        assert not working.heavy().allowed
        assert stands_still()
        working.ask("all")
        working.heed(news=True)
        assert working.heavy().allowed
        working.work()
        assert not stands_still()
        assert working.why_refused() == ""
        stop.request("enough")


def test_profile_that_counts_as_idle_works_without_being_asked(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    loaded = load_settings("idle", place, NO_STAGES)
    with kernel_session(place, loaded) as (kernel, stop):
        kernel._working.heed(news=True)
        assert kernel.heavy().allowed
        stop.request("enough")


def test_what_was_asked_for_lasts_until_a_replay_is_over_though_no_task_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig(tmp_path)
    for name, value in rig.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    # One small step of a replay in each turn, as where there is much to put in its place.
    monkeypatch.setattr("kernel.pipeline.replaying.STEP_S", 0.0)
    place = DataDir(rig.data_dir)
    loaded = load_settings(None, place, {"activity.providers": []})
    with kernel_session(place, loaded) as (kernel, _):
        replays = kernel.parts.derived.replays
        replays.order("text", 0)
        kernel.request_processing()
        kernel._working.work()
        assert kernel.parts.backlog.unfinished() == 0
        assert replays.running() is not None
        assert kernel.progress().unfinished, "the replay is not over"
        assert kernel.governor_facts()["asked"] == "all"
        drive(kernel, until=lambda: replays.running() is None)
        drive(kernel, until=lambda: kernel.governor_facts()["asked"] == "nothing")


def test_why_a_plugin_is_quarantined_is_said_where_work_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig(tmp_path)
    for name, value in rig.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    rig.ingest(rig.write("a.png", "text"))
    place = DataDir(rig.data_dir)
    with kernel_session(place, load_settings(None, place, {})) as (kernel, _):
        kernel.parts.feeder.feed()
        kernel.parts.quarantine.add("echo", ("language-missing:\n xxx is not installed",))
        assert kernel.progress().stuck.startswith(
            "plugin echo is quarantined: language-missing: xxx is not installed ("
        )


@pytest.mark.timeout(3 * WAIT_S)
def test_frames_are_packed_though_the_backlog_never_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig(tmp_path)
    for name, value in rig.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KERNEL_PIPELINE_REPACK_PLUGIN", "repack_tiles")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    files = [rig.write("endless.png", f"!hang:{tmp_path / 'never'}")]
    for seed in range(FRAMES):
        files.append(rig.root / f"{seed:02}.png")
        files[-1].write_bytes(picture(seed))
    rig.ingest(*files)
    place = DataDir(rig.data_dir)
    overrides = {"activity.assume_idle": True, "hosts.max_hosts": 2, "budget.ramp_step_s": 0.1}
    with kernel_session(place, load_settings(None, place, overrides)) as (kernel, _):
        packing = kernel._packing
        assert packing is not None
        # Short turns, and yet time enough for a host to start on a crowded machine.
        kernel._working._shares = SharePolicy(packing_share=0.5, turn_s=0.1, over_s=2 * WAIT_S)
        drive(kernel, until=lambda: kernel.progress().done == FRAMES)
        assert kernel.progress().in_hand == 1, "the endless one"
        packing._partial_after_s = packing._look_at_s = 0.0
        drive(kernel, until=lambda: packing.tally.frames >= FRAMES)
        assert kernel.progress().in_hand == 1, "it is read all the while"
