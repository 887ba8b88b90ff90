"""The screen grabber as a source of this kernel, when the person wants one.

Covers: whether it may run, how often it looks. Does not cover: keeping it running
(`kernel.supervision.source`), grabbing (`plugins/grab_mss`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.scheduling.governor import WORKING_MODES, Decision
from kernel.supervision.approved import load_approved_plugins
from kernel.supervision.source import SourceProcess

ACTIVE_S = 0.5
AWAY_S = 2.0
PAUSE = "pause"


def cadence(decision: Decision, disk_level: str) -> str:
    """What the grabber is told: seconds between two looks, or to pause. Pure.

    Half a second while the person works; less often while they are away and hosts want the
    processor; not at all while nothing can be stored.
    """
    if disk_level == "black":
        return PAUSE
    return str(AWAY_S if decision.mode in WORKING_MODES else ACTIVE_S)


class Grabbing:
    """Ticked by the kernel's loop once the inbox is watched."""

    def __init__(self, plugin_id: str, data_dir: DataDir, inbox_dir: Path) -> None:
        self._plugin_id = plugin_id
        self._problem = ""
        self._source: SourceProcess | None = None
        if plugin_id == "none":
            return
        try:
            record = load_approved_plugins(data_dir).require(plugin_id)
        except KernelError as error:
            # A grabber that is not as it was approved does not run; all else goes on.
            self._problem = error.message
            return
        except KeyError:
            self._problem = f"plugin {plugin_id} is not installed"
            return
        command = [sys.executable, "-P", "-m", record.package, "--supervised", str(inbox_dir)]
        self._source = SourceProcess(plugin_id, command)

    def tick(self, decision: Decision, disk_level: str) -> None:
        """Keep it running at its cadence; returns at once."""
        if self._source is not None:
            self._source.tick(cadence(decision, disk_level))

    @property
    def problem(self) -> str:
        """Why it does not run; empty while it does, or when none is wanted."""
        if self._source is not None:
            return "" if self._source.pid is not None else self._source.problem
        return self._problem

    def facts(self) -> dict[str, Any] | None:
        """For `kernel status`; None when none is wanted."""
        if self._plugin_id == "none":
            return None
        source = self._source
        return {
            "plugin": self._plugin_id,
            "pid": source.pid if source else None,
            "starts": source.starts if source else 0,
            "words": source.last_words if source else "",
            "problem": self.problem,
        }

    def close(self) -> None:
        """End it."""
        if self._source is not None:
            self._source.close()
