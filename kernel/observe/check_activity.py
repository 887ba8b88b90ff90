"""Doctor's checks of what heavy work depends on: who sees the person, which limits hold.

Covers: the sources of activity and which of them decide, the person's word, control groups. Does
not cover: the sources (`kernel.scheduling.providers`).
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe.check import Check
from kernel.scheduling.activity import STALE_AFTER_S, ActivityMonitor
from kernel.scheduling.cgroup import find_delegated
from kernel.scheduling.override import read_override
from kernel.scheduling.providers.signal_file import SignalFileProvider
from kernel.scheduling.sources import make_providers

PRECISE = frozenset({"signal_file", "wsl", "x11"})


def check_activity(data_dir: DataDir, settings: Settings) -> Check:
    """Which sources work here, which one is trusted first, why the others do not."""
    activity = settings.activity
    signal_file = activity.signal_file or data_dir.activity_file
    providers = make_providers(activity.providers, signal_file=signal_file)
    monitor = ActivityMonitor(
        providers,
        now_s=time.monotonic,
        idle_after_s=activity.idle_after_s,
    )
    try:
        found = monitor.describe()
        faults = [p.fault() for p in providers if isinstance(p, SignalFileProvider)]
    finally:
        monitor.close()
    working = [name for name, why_not in found.items() if not why_not]
    # Hints decide only where nothing measures, see `kernel.scheduling.activity.combine`.
    deciding = [name for name in working if name in PRECISE] or working
    others = "; ".join(f"{name}: {why_not}" for name, why_not in found.items() if why_not)
    word = read_override(data_dir.override_file)
    details = {
        "working": working,
        "deciding": deciding,
        "sources": found,
        "word": word.word_at(time.time_ns() // 1000),
        "word_problem": word.problem,
    }
    if word.problem:
        return Check(
            "activity",
            "warn",
            f"the person's word cannot be read, so it counts as active for ever ({word.problem})",
            "give it anew: kernel resume (or kernel idle, kernel active, kernel pause)",
            details,
        )
    if activity.assume_idle:
        return Check("activity", "ok", "counts as idle by the settings", details=details)
    if fault := "; ".join(filter(None, faults)):
        return Check(
            "activity",
            "warn",
            f"the signal file is there and says nothing, so nobody is taken for away: {fault}",
            "mend what writes it (docs/activity.md), or move it away",
            details,
        )
    # Asked only of a file that was just read: a drive that hangs has told so above.
    silent_s = _age_s(signal_file) if "signal_file" in working else 0.0
    if silent_s > STALE_AFTER_S:
        return _silent(silent_s, details)
    if not working:
        return Check(
            "activity",
            "warn",
            f"no source works, so the person counts as active for ever ({others})",
            "let the capture program write the signal file (docs/activity.md), or use: kernel idle",
            details,
        )
    text = f"{', '.join(deciding)} decides" + (f" ({others})" if others else "")
    return Check("activity", "ok", text, details=details)


def _silent(silent_s: float, details: dict[str, Any]) -> Check:
    """What is said of a signal file that nobody writes any more."""
    return Check(
        "activity",
        "warn",
        f"signal_file decides and was last written {dt.timedelta(seconds=round(silent_s))} ago "
        f"(h:mm:ss): after {STALE_AFTER_S:.0f} s of silence nobody is taken for away",
        "start the capture program that writes it, or move it away (docs/activity.md)",
        details,
    )


def _age_s(path: Path) -> float:
    """Seconds since the file was written; 0 where that cannot be told, or for a time to come."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0


def check_control_groups() -> Check:
    """Whether the system itself can hold the hosts; where not, the kernel's own loop does."""
    group = find_delegated()
    details = {"folder": str(group.folder) if group.folder else None, "why_not": group.why_not}
    if group.folder is None:
        text = f"not used ({group.why_not}); the kernel's own loop holds the budgets"
        return Check("control groups", "ok", text, details=details)
    return Check("control groups", "ok", f"delegated at {group.folder}", details=details)
