"""Where a plugin's host runs: a thread of the kernel or a process of its own. Pure.

Under WSL a process costs more and its sandbox holds less, so a plugin without network
permission is a thread there by default. A network plugin is always a process, and a profile
can demand processes for all. A plugin that once held a thread and did not give way is a process
from then on, which can be killed.
"""

from __future__ import annotations

from typing import Literal

from kernel.supervision.runner import Hosting, PluginRecord


def choose_hosting(
    plugin: PluginRecord,
    *,
    is_wsl: bool,
    wanted: Literal["auto", "subprocess", "in_process"],
    has_hung: bool = False,
) -> Hosting:
    """The hosting of one plugin on this machine under this profile."""
    if (
        has_hung
        or plugin.network != "none"
        or plugin.hosting == "subprocess"
        or wanted == "subprocess"
    ):
        return "subprocess"
    if wanted == "in_process":
        return "in_process"
    return "in_process" if is_wsl else "subprocess"
