"""While a kernel runs, its settings are told, not those of the shell that asks."""

from __future__ import annotations

from pathlib import Path

from kernel.boot.session import kernel_session
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.observe.check_hosting import check_hosting
from kernel.observe.in_force import find_in_force


def test_the_running_kernel_s_profile_and_settings_are_in_force(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    loaded = load_settings(
        "idle",
        place,
        {"hosts.max_hosts": 7, "hosts.sandbox_level_required": "C", "activity.idle_after_s": 33},
    )
    with kernel_session(place, loaded) as (kernel, _):
        force = find_in_force(place)
        assert force.kernel is not None
        assert force.kernel.run_id == kernel.parts.run_id
        assert (force.profile, force.settings) == ("idle", loaded.settings)
        assert set(force.hostings) >= {"ocr_rapid", "screen_state"}
        check = check_hosting(place, force)
        assert check.saw.startswith("at most 7 hosts")
        assert "profile idle, of the kernel that runs" in check.saw
        record = place.runs_dir / f"{kernel.parts.run_id}.json"
        record.write_text("{}")
        broken = find_in_force(place)
        assert (broken.kernel, broken.profile) == (None, "default")
        assert "cannot be read" in broken.problem
    after = find_in_force(place)
    assert (after.kernel, after.settings.hosts.max_hosts == 7, after.problem) == (None, False, "")
