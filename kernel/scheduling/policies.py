"""The constants of governor, plan, budgets and disk, taken from the settings and the machine."""

from __future__ import annotations

from kernel.config.machine import Machine
from kernel.config.sections import Settings
from kernel.scheduling.budget import CpuPolicy, RamPolicy
from kernel.scheduling.governor import GovernorPolicy
from kernel.scheduling.schedule import Policy
from kernel.store.pressure import DiskLimits


def governor_policy(settings: Settings) -> GovernorPolicy:
    """For `governor.step`."""
    budget, activity = settings.budget, settings.activity
    return GovernorPolicy(
        idle_after_s=activity.idle_after_s,
        hosts_max=settings.hosts.max_hosts,
        cpu_share_max=budget.cpu_share_max,
        ram_share_max=budget.ram_share_max,
        ramp_step_s=budget.ramp_step_s,
        explicit_cpu_s=budget.explicit_cpu_s,
        explicit_window_s=budget.explicit_window_s,
        on_battery=budget.on_battery,
        assume_idle=activity.assume_idle,
    )


def schedule_policy(settings: Settings) -> Policy:
    """For `scheduler.plan`."""
    scheduler = settings.scheduler
    return Policy(
        queue_age_max_s=scheduler.queue_age_max_s,
        dwell_loads=scheduler.dwell_loads,
        newest_window_us=int(scheduler.newest_window_s * 1e6),
    )


def cpu_policy(settings: Settings, machine: Machine) -> CpuPolicy:
    """For `enforce.CpuLimiter`; the share is of all cores that this process may use."""
    return CpuPolicy(
        cores=machine.cores,
        share_max=settings.budget.cpu_share_max,
        window_s=settings.budget.cpu_window_s,
    )


def ram_policy(settings: Settings, machine: Machine) -> RamPolicy:
    """For `enforce.RamLimiter`; it looks two samples ahead."""
    return RamPolicy(
        limit_bytes=int(machine.memory_bytes * settings.budget.ram_share_max),
        lookahead_s=2.0 * settings.budget.sample_interval_s,
    )


def disk_limits(settings: Settings) -> DiskLimits:
    """For the evidence store: where the levels of disk pressure begin."""
    disk = settings.disk
    return DiskLimits(
        yellow_free_bytes=disk.yellow_free_bytes,
        red_free_bytes=disk.red_free_bytes,
        black_free_bytes=disk.black_free_bytes,
        yellow_days_left=disk.yellow_days_left,
    )
