"""Names of the data dir that something else has than should have them.

Covers: comparing files and folders with what is there, without opening anything. Does not cover:
what is in them.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from kernel.config.paths import DataDir
from kernel.config.settings import CONFIG_FILE_NAME

_KINDS: Final = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def wrong_kinds(data_dir: DataDir) -> list[str]:
    """For people: each name that is there and is not what the kernel expects, in a fixed order."""
    folders = (
        data_dir.packs_dir,
        data_dir.anchors_dir,
        data_dir.inbox_dir,
        data_dir.quarantine_dir,
        data_dir.crops_dir,
        data_dir.runs_dir,
        data_dir.plugin_copies_dir,
    )
    files = (
        data_dir.reserve_file,
        data_dir.root / CONFIG_FILE_NAME,
        data_dir.plugin_approvals,
        data_dir.plugin_quarantine,
        data_dir.override_file,
        data_dir.allowance_file,
        data_dir.vectors_db,
        data_dir.root / "run.json",
    )
    found = [_judge(path, "a folder") for path in folders] + [_judge(p, "a file") for p in files]
    return [text for text in found if text]


def _judge(path: Path, wanted: str) -> str:
    try:
        mode = path.stat().st_mode
    except OSError:
        # Not there, or not to be looked at: whoever needs it says which.
        return ""
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something unknown")
    return "" if kind == wanted else f"{path} is {kind} and should be {wanted}"
