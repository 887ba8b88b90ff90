"""What the governor is told at every tick: activity, the person's word, disk, power, sleep.

Covers: asking all sources and putting the answers into one observation. Does not cover: the
sources (`kernel.scheduling`), the decision (`kernel.scheduling.governor`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kernel.boot.budgets import BudgetKeeper
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.scheduling.activity import ActivityMonitor, ActivityVerdict
from kernel.scheduling.clock import read_clock, suspended_s
from kernel.scheduling.governor import DiskLevel, Observation
from kernel.scheduling.gpu import GpuMeter
from kernel.scheduling.override import Override, OverrideFile
from kernel.scheduling.power import read_power, read_too_hot
from kernel.scheduling.sources import make_providers
from kernel.store.pressure import DiskDecision

SLOW_READ_S = 15.0
"""sysfs and drives answer slowly at times: power, heat and room change slowly too."""
LEVELS: tuple[DiskLevel, ...] = ("green", "yellow", "red", "black")


def signal_file_of(settings: Settings, data_dir: DataDir) -> Path:
    """The file that the capture program rewrites."""
    return settings.activity.signal_file or data_dir.activity_file


class Observer:
    """Asks everything that bears on heavy work; one thread calls it."""

    def __init__(
        self,
        settings: Settings,
        data_dir: DataDir,
        *,
        ask_disk: Callable[[], DiskDecision],
        known_disk: Callable[[], DiskDecision] | None = None,
    ) -> None:
        self._ask_disk = ask_disk
        self._known_disk = known_disk
        activity = settings.activity
        signal_file = signal_file_of(settings, data_dir)
        self.folders = (data_dir.root, signal_file.parent)
        self._monitor = ActivityMonitor(
            make_providers(activity.providers, signal_file=signal_file),
            now_s=time.monotonic,
            idle_after_s=activity.idle_after_s,
            stale_after_s=activity.stale_after_s,
        )
        self._clock = read_clock()
        self._slow_at_s = 0.0
        self._power = read_power()
        self._too_hot = read_too_hot()
        self._disk: DiskLevel = "green"
        self._packing_frees = False
        self._disk_failed = False
        packs = settings.pipeline.repack_plugin != "none"
        self._may_reclaim = packs and not settings.disk.keep_original_bytes
        self._override_file = OverrideFile(data_dir.override_file)
        self._override = Override()
        self._gpu: GpuMeter | None = None
        self.verdict = ActivityVerdict(None, "none", "not looked yet")
        self.budgets: BudgetKeeper | None = None

    def observe(self) -> Observation:
        """The observation of this moment."""
        before, self._clock = self._clock, read_clock()
        self.verdict = self._monitor.poll()
        if self._clock.monotonic_s >= self._slow_at_s:
            self._slow_at_s = self._clock.monotonic_s + SLOW_READ_S
            self._power, self._too_hot = read_power(), read_too_hot()
            self._look_at_disk()
        elif self._known_disk is not None and not self._disk_failed:
            # Every batch of captures asks anew: what they go by is told at once.
            self._note_disk(self._known_disk())
        self._override = self._override_file.read(self._clock.monotonic_s)
        budgets = self.budgets
        return Observation(
            idle_s=self.verdict.idle_s,
            cpu_share=budgets.cpu_share if budgets else 0.0,
            ram_share=budgets.ram_share if budgets else 0.0,
            memory_admit=budgets.admit if budgets else True,
            disk_level=self._disk,
            packing_frees=self._packing_frees,
            override=self._override.word_at(self._clock.utc_us),
            override_problem=self._override.problem,
            power=self._power,
            too_hot=self._too_hot,
            heavy_cpu_s=budgets.take_heavy_cpu_s() if budgets else 0.0,
            suspended_s=suspended_s(before, self._clock),
        )

    @property
    def disk_level(self) -> DiskLevel:
        """How full the drives were at the last look."""
        return self._disk

    def facts(self) -> dict[str, Any]:
        """For `kernel status`."""
        return {
            "source": self.verdict.source,
            "idle_s": None if self.verdict.idle_s is None else round(self.verdict.idle_s, 1),
            "reason": self.verdict.reason,
            "word": self._override.word_at(self._clock.utc_us),
            "word_problem": self._override.problem,
            "sources": self._monitor.describe(),
            "disk": self._disk,
            "power": self._power or "unknown",
            "too_hot": self._too_hot,
        }

    def gpu_facts(self) -> dict[str, Any]:
        """What the devices say now, for `kernel status`; the library is opened when first asked."""
        if self._gpu is None:
            self._gpu = GpuMeter()
        devices = [asdict(device) for device in self._gpu.read()]
        return {"devices": devices, "why_not": self._gpu.why_not}

    def close(self) -> None:
        """Close the sources."""
        self._monitor.close()
        self._override_file.close()
        if self._gpu is not None:
            self._gpu.close()

    def _look_at_disk(self) -> None:
        try:
            decision = self._ask_disk()
        except KernelError:
            # A drive that cannot even be asked is no place for the results of heavy work.
            self._disk, self._packing_frees, self._disk_failed = "black", False, True
            return
        self._disk_failed = False
        self._note_disk(decision)

    def _note_disk(self, decision: DiskDecision) -> None:
        self._disk = LEVELS[decision.level]
        self._packing_frees = self._may_reclaim and decision.packing
