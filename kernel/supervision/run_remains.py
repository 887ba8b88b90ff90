"""Takes away what a kernel leaves in its run dir, when it ends and when it died: no evidence.

Whatever is worth keeping of a run (its start, its hosts' ends) is in the ledger. Covers: one run
dir whose hosts are all gone. Does not cover: ending hosts (`reaper`), the data dir.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.lock import held_for_a_moment
from kernel.supervision import records
from kernel.supervision.identity import Standing, check
from kernel.supervision.rundir import RunDir


@dataclass(frozen=True, slots=True)
class Remains:
    """What became of one run dir; ``pid`` and ``data_dir`` say whose it was."""

    run_dir: str
    pid: int
    data_dir: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    """Names that no kernel makes: somebody else's, left alone together with the folder."""


def clear_run_dir(run_dir: RunDir, *, holding: DataDir | None = None) -> Remains | None:
    """Take the remains of a dead kernel away; None when there are none or they are in use.

    In use: the kernel lives, its record cannot be read, a host is still on record, somebody holds
    the data dir, or the folder is another user's. The data dir is held meanwhile, so that no
    kernel starts into a run dir that is being taken away; ``holding`` is one that the caller holds.
    """
    try:
        run_dir.require_ours()
    except (KernelError, FileNotFoundError):
        return None
    kernel = records.read_kernel_record(run_dir)
    if not isinstance(kernel, records.KernelRecord) or check(kernel.identity) is Standing.ALIVE:
        return None
    if records.read_host_records(run_dir):
        return None
    with _held(DataDir(Path(kernel.data_dir)), holding) as is_ours:
        if not is_ours or records.read_kernel_record(run_dir) != kernel:
            return None
        removed = tuple(_remove_known(run_dir))
        kept = tuple(sorted(entry.name for entry in run_dir.root.iterdir()))
        if not kept:
            run_dir.root.rmdir()
    return Remains(str(run_dir.root), kernel.identity.pid, kernel.data_dir, removed, kept)


def leave_run_dir(run_dir: RunDir) -> None:
    """What a kernel that ends in order takes with it: all of its run dir, unless a host is left.

    Call it while the data dir is still held. A place that cannot be cleared is left to the reaper.
    """
    if not run_dir.is_ours() or records.read_host_records(run_dir):
        return
    with contextlib.suppress(OSError):
        for _ in _remove_known(run_dir):
            pass
        # Something of somebody else keeps it.
        run_dir.root.rmdir()


def _remove_known(run_dir: RunDir) -> Iterator[str]:
    """The sockets of hosts and of the kernel, the kernel's record, the records' folder."""
    for path in sorted(run_dir.root.iterdir()):
        if path in {run_dir.hosts_dir, run_dir.kernel_record, run_dir.control_socket}:
            continue
        if path.is_dir() and not path.is_symlink() and all(map(_is_socket, path.iterdir())):
            for socket in path.iterdir():
                socket.unlink()
            path.rmdir()
            yield path.name
    for path in (run_dir.control_socket, run_dir.kernel_record):
        if path.exists():
            path.unlink()
            yield path.name
    # A folder with something else in it stays, and is told as kept.
    with contextlib.suppress(OSError):
        run_dir.hosts_dir.rmdir()
        yield run_dir.hosts_dir.name


def _is_socket(path: Path) -> bool:
    return stat.S_ISSOCK(path.lstat().st_mode)


@contextlib.contextmanager
def _held(data_dir: DataDir, holding: DataDir | None) -> Iterator[bool]:
    """Hold the data dir without becoming its writer; a data dir that is gone needs no holding."""
    if holding is not None and data_dir.root.resolve() == holding.root.resolve():
        yield True
        return
    with held_for_a_moment(data_dir.lock_file) as is_free:
        yield is_free
