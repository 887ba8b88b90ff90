"""Heavy work in the loop: hosts stand still while the person is about, and work when asked."""

from __future__ import annotations

from pathlib import Path

from kernel.boot.session import kernel_session
from kernel.boot.working import Working
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings

NO_STAGES = {"pipeline.text_plugin": "none", "activity.providers": []}


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
