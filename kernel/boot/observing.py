"""What the governor is told at every tick: activity, the person's word, power, sleep.

Covers: asking all sources and putting the answers into one observation. Does not cover: the
sources (`kernel.scheduling`), the decision (`kernel.scheduling.governor`).
"""

from __future__ import annotations

import time

from kernel.boot.budgets import BudgetKeeper
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.scheduling.activity import ActivityMonitor, ActivityVerdict
from kernel.scheduling.clock import read_clock, suspended_s
from kernel.scheduling.governor import Observation
from kernel.scheduling.override import read_override
from kernel.scheduling.power import read_power, read_too_hot
from kernel.scheduling.sources import make_providers

SLOW_READ_S = 15.0
"""sysfs answers slowly at times: power and heat change slowly too."""
SIGNAL_FILE_NAME = "activity.json"


class Observer:
    """Asks everything that bears on heavy work; one thread calls it."""

    def __init__(self, settings: Settings, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        activity = settings.activity
        signal_file = activity.signal_file or data_dir.root / SIGNAL_FILE_NAME
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
        self.verdict = ActivityVerdict(None, "none", "not looked yet")
        self.budgets: BudgetKeeper | None = None

    def observe(self) -> Observation:
        """The observation of this moment."""
        before, self._clock = self._clock, read_clock()
        self.verdict = self._monitor.poll()
        if self._clock.monotonic_s >= self._slow_at_s:
            self._slow_at_s = self._clock.monotonic_s + SLOW_READ_S
            self._power, self._too_hot = read_power(), read_too_hot()
        word = read_override(self._data_dir.override_file).word_at(self._clock.utc_us)
        return Observation(
            idle_s=self.verdict.idle_s,
            cpu_share=self.budgets.cpu_share if self.budgets else 0.0,
            ram_share=self.budgets.ram_share if self.budgets else 0.0,
            memory_admit=self.budgets.admit if self.budgets else True,
            override=word,
            power=self._power,
            too_hot=self._too_hot,
            suspended_s=suspended_s(before, self._clock),
        )

    def describe(self) -> dict[str, str]:
        """Provider -> why it does not work here, or empty."""
        return self._monitor.describe()

    def close(self) -> None:
        """Close the sources."""
        self._monitor.close()
