"""Evidence whose journal is not there: told apart from a place where nothing was stored yet.

Covers: what is missing, by what is left; a kernel that runs on and still has the deleted file
open. Does not cover: damage inside the journal (`verify`), mending (`repair`).
"""

from __future__ import annotations

import stat
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.journal_swap import is_half_swapped
from kernel.store.ledger import ANCHORS_NAME
from kernel.store.lock import holding_pid
from kernel.store.pack import list_segments

REPAIR = "run: kernel repair"


def lost_journal(data_dir: DataDir) -> KernelError | None:
    """Why the evidence cannot be opened (code ``journal-missing``); None when nothing is lost.

    A journal that is there and has content is left to those who read it.
    """
    journal = data_dir.journal_db
    try:
        facts = journal.stat()
    except OSError:
        facts = None
    if facts is not None and not stat.S_ISREG(facts.st_mode):
        return _missing(f"{journal} is no regular file", f"move it away, then {REPAIR}")
    if facts is not None and facts.st_size:
        return None
    state = "is gone" if facts is None else "is empty"
    if list_segments(data_dir.packs_dir) or is_half_swapped(data_dir):
        text = f"{journal} {state} while its packs are there"
        return _still_open(data_dir, text) or _missing(text, REPAIR)
    if _has_content(data_dir.anchors_dir / ANCHORS_NAME):
        text = f"{journal} {state}, and its packs are gone too: only anchors are left"
        hint = f"bring both back (kernel restore); to begin anew move {data_dir.root} away"
        return _still_open(data_dir, text) or _missing(text, hint)
    return None


def _still_open(data_dir: DataDir, text: str) -> KernelError | None:
    """The loss while some process keeps what was deleted: it is there until that one ends."""
    pid = holding_pid(data_dir.root)
    if not pid:
        return None
    deleted = f"{data_dir.journal_db.resolve()}"
    copies = []
    for suffix in ("", "-wal"):
        found = _descriptor_of(pid, f"{deleted}{suffix} (deleted)")
        if found is not None:
            copies.append(f"cp {found} {data_dir.root / 'journal.saved.db'}{suffix}")
    if not copies:
        return None
    return _missing(
        f"{text}; process {pid} runs on with the deleted file open",
        f"do not stop process {pid} before you have copied what it has open: "
        f"{' ; '.join(copies)} ; then stop it and {REPAIR}",
    )


def _descriptor_of(pid: int, target: str) -> Path | None:
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if str(entry.readlink()) == target:
                return entry
    except OSError:
        # Another user's process, or one that ended meanwhile: nothing to copy from here.
        return None
    return None


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _missing(text: str, hint: str) -> KernelError:
    return KernelError("journal-missing", text, hint=hint)
