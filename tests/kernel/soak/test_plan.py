"""From settings and wishes to a plan, a config file for the kernel, and the plan read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel.config.machine import Machine
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings, load_settings
from kernel.soak.plan import Wishes, describe_plan, make_plan, read_plan, write_kernel_config

MACHINE = Machine(cores=2, memory_bytes=8 << 30, wsl=False)


def load(tmp_path: Path, profile: str | None, **overrides: object) -> LoadedSettings:
    values = {key.replace("__", "."): value for key, value in overrides.items()}
    return load_settings(
        profile,
        DataDir(tmp_path / "data"),
        values,
        environment={},
        machine=MACHINE,
        user_config_dir=tmp_path / "user",
    )


@pytest.mark.parametrize(
    ("profile", "seconds", "monitors"),
    [("dry-run", 300.0, 1), ("mini-soak", 3_600.0, 2), ("soak24", 86_400.0, 2)],
)
def test_each_profile_has_its_length_and_size(
    tmp_path: Path, profile: str, seconds: float, monitors: int
) -> None:
    plan = make_plan(load(tmp_path, profile), Wishes())
    assert (plan.planned_s, plan.monitors, plan.faults) == (seconds, monitors, True)
    assert plan.ends_us - plan.started_us == int(seconds * 1e6)


def test_a_live_run_has_no_faults(tmp_path: Path) -> None:
    loaded = load(tmp_path, "soak24")
    assert not make_plan(loaded, Wishes(live=True)).faults
    assert not make_plan(loaded, Wishes(faults=False)).faults


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    loaded = load(tmp_path, "dry-run", run__duration_s=40.0)
    plan = make_plan(loaded, Wishes(seed=9))
    document = describe_plan(plan, loaded, MACHINE, DataDir(tmp_path / "data"))
    (tmp_path / "plan.json").write_text(json.dumps(document))
    assert read_plan(tmp_path / "plan.json") == plan
    assert document["memory_limit_bytes"] == 4 << 30
    assert document["machine"]["cores"] == 2


def test_the_kernel_gets_what_the_profile_and_the_flags_say(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.root.mkdir()
    loaded = load(tmp_path, "dry-run", hosts__max_hosts=3, pipeline__languages=("eng", "deu"))
    spool = tmp_path / 'a "spool" é'
    write_kernel_config(data_dir, loaded, {"disk.spool_dir": spool, "disk.yellow_days_left": 1.0})
    # The kernel under test reads it without any profile.
    settings = load(tmp_path, None).settings
    assert settings.activity.idle_after_s == loaded.settings.activity.idle_after_s == 5.0
    assert settings.hosts.max_hosts == 3
    assert settings.hosts.hosting == "subprocess"
    assert settings.pipeline.languages == ("eng", "deu")
    assert settings.activity.providers == ("signal_file",)
    assert settings.disk.spool_dir == spool
    assert settings.disk.yellow_days_left == 1.0
    assert not settings.soak.enabled
    assert settings.run.duration_s is None
