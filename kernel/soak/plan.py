"""What a soak intends: from settings and flags to plan.json and the kernel's own settings.

Covers: figures of the run, the config file of the kernel under test. Does not cover: doing it
(`kernel.soak.endurance`).
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.lock import contracts_lock_digest
from kernel.config.approvals import read_plugin_locks, write_atomically
from kernel.config.machine import Machine
from kernel.config.paths import DataDir
from kernel.config.settings import CONFIG_FILE_NAME, LoadedSettings
from kernel.scheduling.policies import ram_policy
from kernel.soak.folder import now_us
from kernel.soak.script import Pace
from kernel.soak.watcher import STOP_DEADLINE_S

SCHEMA = 1
SHORT_S = 900.0
"""Runs up to this length show one small monitor: their rests are short."""
HOUR_S = 3_600.0
OWN_SECTIONS = frozenset({"run", "soak"})
"""Sections of the settings that are for the soak and not for the kernel under test."""
KERNEL_VALUES: dict[str, Any] = {
    # The driver alone is the person.
    "activity.providers": ("signal_file",),
    # A day squeezed into minutes says nothing about days.
    "disk.yellow_days_left": 0.0,
}


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """The figures of one run; ``started_us`` is when the day began."""

    profile: str
    seed: int
    planned_s: float
    faults: bool
    live: bool
    monitors: int
    width_px: int
    height_px: int
    pace: Pace
    metrics_interval_s: float
    check_every_s: float
    verify_every_s: float
    settle_s_max: float
    started_us: int
    text_plugin: str

    @property
    def ends_us(self) -> int:
        """When the day is over."""
        return self.started_us + int(self.planned_s * 1e6)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person said on the command line; None: as the profile has it."""

    run_dir: Path | None = None
    resume: Path | None = None
    frames: Path | None = None
    seed: int = 1
    live: bool = False
    faults: bool = True


def make_plan(loaded: LoadedSettings, wishes: Wishes) -> SoakPlan:
    """The plan for these settings: the longer the run, the more monitors and the larger."""
    settings = loaded.settings
    planned_s = settings.run.duration_s or HOUR_S
    short = planned_s <= SHORT_S
    return SoakPlan(
        profile=loaded.profile,
        seed=wishes.seed,
        planned_s=planned_s,
        faults=settings.soak.faults and wishes.faults and not wishes.live,
        live=wishes.live,
        monitors=1 if short else 2,
        width_px=960 if short else 1280,
        height_px=540 if short else 720,
        pace=Pace(
            change_s=2.0 if short else 3.0 if planned_s <= HOUR_S else 4.0,
            heartbeat_s=10.0 if short else 30.0,
        ),
        metrics_interval_s=settings.soak.metrics_interval_s,
        check_every_s=min(60.0, max(4.0, planned_s / 60)),
        verify_every_s=min(HOUR_S, max(60.0, planned_s / 2)),
        settle_s_max=min(1_200.0, max(600.0, planned_s / 4)),
        started_us=now_us(),
        text_plugin=settings.pipeline.text_plugin,
    )


def describe_plan(
    plan: SoakPlan, loaded: LoadedSettings, machine: Machine, data_dir: DataDir
) -> dict[str, Any]:
    """The document plan.json."""
    settings = loaded.settings
    return {
        "schema": SCHEMA,
        "profile": plan.profile,
        "seed": plan.seed,
        "planned_s": plan.planned_s,
        "faults": plan.faults,
        "live": plan.live,
        "monitors": plan.monitors,
        "frame_px": [plan.width_px, plan.height_px],
        "cadence_s": plan.pace.cadence_s,
        "change_s": plan.pace.change_s,
        "heartbeat_s": plan.pace.heartbeat_s,
        "metrics_interval_s": plan.metrics_interval_s,
        "check_every_s": plan.check_every_s,
        "verify_every_s": plan.verify_every_s,
        "settle_s_max": plan.settle_s_max,
        "started_us": plan.started_us,
        "text_plugin": plan.text_plugin,
        "hosts_max": settings.hosts.max_hosts,
        "cpu_share_max": settings.budget.cpu_share_max,
        "cpu_window_s": settings.budget.cpu_window_s,
        "memory_limit_bytes": ram_policy(settings, machine).limit_bytes,
        "idle_after_s": settings.activity.idle_after_s,
        "stop_deadline_s": STOP_DEADLINE_S,
        "warm_up_s": min(600.0, plan.planned_s / 6),
        "machine": {
            "cores": machine.cores,
            "memory_bytes": machine.memory_bytes,
            "wsl": machine.wsl,
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "contracts_lock": contracts_lock_digest(),
        "plugins_lock": read_plugin_locks(data_dir).digest,
        "config_digest": loaded.digest,
        "artifact_budget_bytes": settings.soak.artifacts_bytes_max,
    }


def read_plan(path: Path) -> SoakPlan:
    """The plan of a run that is to be resumed. Raises `OSError`, `ValueError`, `KeyError`."""
    stored = json.loads(path.read_bytes())
    width_px, height_px = stored["frame_px"]
    return SoakPlan(
        profile=stored["profile"],
        seed=stored["seed"],
        planned_s=stored["planned_s"],
        faults=stored["faults"],
        live=stored["live"],
        monitors=stored["monitors"],
        width_px=width_px,
        height_px=height_px,
        pace=Pace(stored["cadence_s"], stored["change_s"], stored["heartbeat_s"]),
        metrics_interval_s=stored["metrics_interval_s"],
        check_every_s=stored["check_every_s"],
        verify_every_s=stored["verify_every_s"],
        settle_s_max=stored["settle_s_max"],
        started_us=stored["started_us"],
        text_plugin=stored["text_plugin"],
    )


def write_kernel_config(data_dir: DataDir, loaded: LoadedSettings, changes: dict[str, Any]) -> None:
    """The config file of the kernel under test: all that is not a default, and ``changes``."""
    values = {
        key: value
        for key, value in loaded.values().items()
        if loaded.origins[key].kind not in {"default", "machine"}
        and key.partition(".")[0] not in OWN_SECTIONS
        and value is not None
    }
    tables: dict[str, list[str]] = {}
    for key, value in sorted({**values, **KERNEL_VALUES, **changes}.items()):
        section, _, name = key.partition(".")
        tables.setdefault(section, []).append(f"{name} = {_toml(value)}")
    text = "\n".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in tables.items())
    write_atomically(data_dir.root / CONFIG_FILE_NAME, text.encode())


def _toml(value: Any) -> str:  # noqa: ANN401 - any setting
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    # JSON's forms of texts, numbers and truths are TOML's too.
    return json.dumps(str(value) if isinstance(value, Path) else value)
