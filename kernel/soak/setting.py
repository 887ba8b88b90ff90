"""The policies of the simulation: those that a kernel with this data dir's settings would use.

Covers: settings and machine -> `simulate.Setting`. Does not cover: the simulation.
"""

from __future__ import annotations

from dataclasses import replace

from kernel.config.machine import read_machine
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.scheduling.policies import cpu_policy, governor_policy, schedule_policy
from kernel.soak.simulate import Setting


def make_setting(
    data_dir: DataDir,
    *,
    monitors: int,
    cadence_s: float,
    cores: int | None = None,
    memory_bytes: int | None = None,
) -> Setting:
    """For this machine, or one with other cores and memory.

    Raises `KernelError` for settings that are not valid.
    """
    settings = load_settings(None, data_dir, {}).settings
    machine = read_machine()
    machine = replace(
        machine,
        cores=cores or machine.cores,
        memory_bytes=memory_bytes or machine.memory_bytes,
    )
    return Setting(
        governor=governor_policy(settings),
        schedule=schedule_policy(settings),
        cpu=cpu_policy(settings, machine),
        memory_bytes=machine.memory_bytes,
        monitors=monitors,
        cadence_s=cadence_s,
        keep_warm_loads=settings.scheduler.keep_warm_loads,
        keep_warm_min_s=settings.scheduler.keep_warm_min_s,
    )
