"""Where the running kernel of a data dir can be reached.

The kernel writes its control socket's path into the data dir: the caller's environment
(XDG_RUNTIME_DIR, TMPDIR) may differ from the kernel's. Covers: writing and reading that note.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from kernel.config.paths import DataDir
from kernel.config.smallfile import read_small_file
from kernel.store.lock import is_held

NOTE_NAME = "run.json"
NOTE_BYTES_MAX = 65_536


class RunNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kernel that serves, or served, the data dir; the lock says which of the two."""

    pid: int
    run_id: str
    run_dir: str
    control_socket: str
    profile: str
    started_at_us: int


def write_note(data_dir: DataDir, note: RunNote) -> None:
    """Replace the note at once (written beside, then renamed)."""
    path = data_dir.root / NOTE_NAME
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(note)))
    fresh.replace(path)


def read_note(data_dir: DataDir) -> RunNote | None:
    """The note, or None when there is none or it is no note."""
    path = data_dir.root / NOTE_NAME
    try:
        return msgspec.json.decode(read_small_file(path, NOTE_BYTES_MAX), type=RunNote)
    except (OSError, ValueError, msgspec.MsgspecError):
        # A missing or foreign note means no address; whoever needs one says so.
        return None


def control_socket_of(data_dir: DataDir) -> Path | None:
    """The control socket of the kernel that runs on the data dir now, None when none does."""
    if not is_held(data_dir.lock_file):
        return None
    note = read_note(data_dir)
    if note is None or not Path(note.control_socket).exists():
        return None
    return Path(note.control_socket)
