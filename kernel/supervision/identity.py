"""Which process is meant: a pid alone is reused, a pid with its start time on one boot is not.

Covers: reading, checking and signalling by identity. Does not cover: who deserves a signal
(`reaper`, the pool). Start time = field 22 of /proc/PID/stat (clock ticks since boot, does not
move with the wall clock). Signals go through a pidfd, so that the process that was checked is
the process that is hit, whatever happens to the number in between. Sources: proc(5),
pidfd_open(2).
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

BOOT_ID_FILE: Final = Path("/proc/sys/kernel/random/boot_id")
_AFTER_NAME_STATE: Final = 0
_AFTER_NAME_PARENT: Final = 1
_AFTER_NAME_GROUP: Final = 2
_AFTER_NAME_SESSION: Final = 3
_AFTER_NAME_START: Final = 19


class Standing(Enum):
    """What became of the process that an identity names."""

    ALIVE = "alive"
    GONE = "gone"
    """No such process, or only its exit status is left."""
    REUSED = "reused"
    """The pid belongs to another process now."""
    OTHER_BOOT = "other-boot"
    """The machine was started since: nothing of that boot is left."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of one boot, as the kernel sees it from outside."""

    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of /proc/PID/stat that say who belongs to whom."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start_ticks: int


def read_boot_id() -> str:
    """This boot's id."""
    return BOOT_ID_FILE.read_text(encoding="ascii").strip()


def parse_stat(text: str) -> ProcessStat:
    """The fields of one stat line; pure. Raises ValueError when it is not one.

    The process name may hold spaces and parentheses: fields count from the last one.
    """
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    if not head or len(fields) <= _AFTER_NAME_START:
        msg = "not a line of /proc/PID/stat"
        raise ValueError(msg)
    return ProcessStat(
        pid=int(head.split(" ", 1)[0]),
        state=fields[_AFTER_NAME_STATE],
        parent=int(fields[_AFTER_NAME_PARENT]),
        group=int(fields[_AFTER_NAME_GROUP]),
        session=int(fields[_AFTER_NAME_SESSION]),
        start_ticks=int(fields[_AFTER_NAME_START]),
    )


def read_stat(pid: int) -> ProcessStat | None:
    """What /proc says of ``pid``; None when there is no such process."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def read_all_stats() -> dict[int, ProcessStat]:
    """Every process there is, by pid."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    stats = (read_stat(pid) for pid in pids)
    return {stat.pid: stat for stat in stats if stat is not None}


def read_identity(pid: int) -> ProcessIdentity:
    """The identity of a running process; ProcessLookupError when there is none."""
    stat = read_stat(pid)
    if stat is None:
        raise ProcessLookupError(pid)
    return ProcessIdentity(pid, stat.start_ticks, read_boot_id())


def standing(identity: ProcessIdentity, stat: ProcessStat | None, boot_id: str) -> Standing:
    """What became of ``identity``, from what /proc says of its pid now; pure."""
    if boot_id != identity.boot_id:
        return Standing.OTHER_BOOT
    if stat is None:
        return Standing.GONE
    if stat.start_ticks != identity.start_ticks:
        return Standing.REUSED
    return Standing.GONE if stat.state in {"Z", "X"} else Standing.ALIVE


def check(identity: ProcessIdentity) -> Standing:
    """What became of ``identity``, now."""
    return standing(identity, read_stat(identity.pid), read_boot_id())


def open_pidfd(identity: ProcessIdentity) -> int | None:
    """A descriptor of exactly this process, readable once it ended; None when it is not alive."""
    try:
        fd = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return None
    # Checked after opening: from here on the descriptor cannot come to mean another process.
    if check(identity) is not Standing.ALIVE:
        os.close(fd)
        return None
    return fd


def send_signal(identity: ProcessIdentity, number: signal.Signals) -> Standing:
    """Signals exactly this process and says what it found; PermissionError when not allowed."""
    fd = open_pidfd(identity)
    if fd is None:
        found = check(identity)
        return Standing.GONE if found is Standing.ALIVE else found
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return Standing.GONE
    finally:
        os.close(fd)
    return Standing.ALIVE


def read_variable(pid: int, name: str) -> str | None:
    """A variable that ``pid`` was started with; None when unset or not readable.

    A process can overwrite its own block: a hint for finding strays, no proof.
    """
    try:
        block = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    prefix = f"{name}=".encode()
    for item in block.split(b"\0"):
        if item.startswith(prefix):
            return item[len(prefix) :].decode("utf-8", "replace")
    return None
