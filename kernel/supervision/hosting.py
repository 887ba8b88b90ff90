"""Where a plugin's host runs: a thread of the kernel or a process of its own.

Under WSL a process costs more and its sandbox holds less, so a plugin without network
permission is a thread there by default. A network plugin is always a process, and a profile
can demand processes for all. A plugin that once held a thread and did not give way is a process
from then on, which can be killed. A thread has no wall of its own and the kernel's rights: so it
is never chosen where a sandbox level is demanded, nor where the kernel is root.

Covers: the decision, a pure function, and reading the facts it needs. Does not cover: starting
hosts (`process`, `inprocess`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from kernel.config.machine import is_wsl
from kernel.config.sections import HostSettings
from kernel.supervision.runner import Hosting, PluginRecord
from kernel.supervision.sandbox_level import AUTO, LevelSetting, allows_threads


@dataclass(frozen=True, slots=True)
class HostingRules:
    """What machine and profile say of all plugins.

    ``wanted`` is the setting `hosts.hosting`, ``level_required`` is `hosts.sandbox_level_required`.
    """

    is_wsl: bool
    is_root: bool
    wanted: Literal["auto", "subprocess", "in_process"] = "auto"
    level_required: LevelSetting = AUTO

    @property
    def usual(self) -> Hosting:
        """The hosting of a plugin that has no wishes and never hung."""
        wants_thread = self.wanted == "in_process" or (self.wanted == "auto" and self.is_wsl)
        may_be_thread = allows_threads(self.level_required) and not self.is_root
        return "in_process" if wants_thread and may_be_thread else "subprocess"


def choose_hosting(plugin: PluginRecord, rules: HostingRules, *, has_hung: bool = False) -> Hosting:
    """The hosting of one plugin under these rules; pure."""
    if has_hung or plugin.network != "none" or plugin.hosting == "subprocess":
        return "subprocess"
    return rules.usual


def read_rules(hosts: HostSettings) -> HostingRules:
    """The rules in force for this process on this machine."""
    return HostingRules(
        is_wsl=is_wsl(),
        is_root=os.geteuid() == 0,
        wanted=hosts.hosting,
        level_required=hosts.sandbox_level_required,
    )
