"""An own file tree holding only what a host may see.

Covers: a small tmpfs as new root, read-only binds at their usual paths, one writable scratch
dir, pivot_root. Does not cover: rights below a visible path (`landlock`). Everything not listed
does not exist: other sockets, home directories, a WSL host's drives and interop sockets.
Sources: mount(2), mount_setattr(2), pivot_root(2).
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plugin_host.sandbox import syscalls

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_REMOUNT: Final = 0x20
MS_NOATIME: Final = 0x400
MS_NODIRATIME: Final = 0x800
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MS_RELATIME: Final = 0x200000
MNT_DETACH: Final = 2
AT_FDCWD: Final = -100
AT_RECURSIVE: Final = 0x8000
_KEPT_FLAGS: Final = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME
"""Bits that statvfs and mount share: a remount must not drop a flag that is locked."""

STAGE: Final = "/tmp"  # noqa: S108 - only a mount point, covered before anything is put there
ROOT_BYTES_MAX: Final = 1 << 20
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True, slots=True)
class Bind:
    """One path to show; ``flags`` are MS_RDONLY, MS_NOEXEC, MS_NODEV and the like."""

    path: str
    flags: int


READ_ONLY: Final = MS_RDONLY | MS_NOSUID | MS_NODEV
SCRATCH: Final = MS_NOSUID | MS_NODEV | MS_NOEXEC
SOCKETS: Final = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
DEVICE: Final = MS_NOSUID | MS_NOEXEC


def build_view(binds: list[Bind], working_dir: str) -> str:
    """Replaces the root of this mount namespace by one that shows ``binds`` alone.

    Paths that do not exist are left out. Needs an own mount namespace. Raises OSError at the
    first step refused; the process then still has its old root and must not claim this layer.
    """
    syscalls.mount("none", "/", "", MS_REC | MS_PRIVATE)
    links = _links_to(binds)
    # Held before the stage covers /tmp: a source may lie there.
    sources = [(bind, os.open(bind.path, os.O_PATH | os.O_CLOEXEC)) for bind in _outermost(binds)]
    syscalls.mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=755,size={ROOT_BYTES_MAX}")
    # umask 077 holds already; the directories leading to a bind must be passable for the
    # service user, whatever their originals allow (/root is 0700).
    before = os.umask(0o022)
    try:
        for bind, fd in sources:
            _show(bind, fd)
        for name, goal in links:
            _link(Path(STAGE + name), goal)
        _show_proc()
    except OSError:
        # Uncovered again: the scratch dir may lie below, and the host goes on without this wall.
        syscalls.call("umount2", STAGE.encode(), MNT_DETACH)
        raise
    finally:
        os.umask(before)
        for _, fd in sources:
            os.close(fd)
    _pivot(working_dir)
    return f"{len(sources)} paths shown"


def _outermost(binds: list[Bind]) -> list[Bind]:
    """Real paths that exist, parents first, without those a parent shows with equal flags."""
    kept: dict[str, Bind] = {}
    for bind in sorted(binds, key=lambda item: os.path.realpath(item.path)):
        real = os.path.realpath(bind.path)
        parents = [kept[str(up)] for up in Path(real).parents if str(up) in kept]
        if not Path(real).exists() or (parents and parents[0].flags == bind.flags):
            continue
        kept[real] = Bind(real, bind.flags)
    return list(kept.values())


def _links_to(binds: list[Bind]) -> list[tuple[str, str]]:
    """The symbolic links, outermost first, that a bind's usual name goes through."""
    links: dict[str, str] = {}
    for bind in binds:
        path = Path(bind.path)
        for step in (*reversed(path.parents), path):
            if step.is_symlink():
                links[str(step)] = str(step.readlink())
    return list(links.items())


def _show(bind: Bind, source_fd: int) -> None:
    target = Path(STAGE + bind.path)
    if stat.S_ISDIR(os.fstat(source_fd).st_mode):
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    syscalls.mount(f"/proc/self/fd/{source_fd}", str(target), "", MS_BIND | MS_REC)
    _restrict(str(target), bind.flags)


def _restrict(target: str, flags: int) -> None:
    """Sets ``flags`` on the mount at ``target`` and on all below it."""
    # struct mount_attr; the attribute bits equal MS_RDONLY, NOSUID, NODEV, NOEXEC.
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    try:
        syscalls.call(
            "mount_setattr",
            AT_FDCWD,
            os.fsencode(target),
            AT_RECURSIVE,
            attributes,
            len(attributes),
        )
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        kept = os.statvfs(target).f_flag & _KEPT_FLAGS
        syscalls.mount("none", target, "", MS_BIND | MS_REMOUNT | kept | flags)


def _link(name: Path, goal: str) -> None:
    if name.is_symlink() or name.exists():
        return
    try:
        name.parent.mkdir(parents=True, exist_ok=True)
        name.symlink_to(goal)
    except OSError as error:
        # Inside a read-only bind the link is there already or not ours to make.
        if error.errno not in (errno.EROFS, errno.EEXIST, errno.ENOTDIR):
            raise


def _show_proc() -> None:
    # The launch chain mounted the proc of this process namespace; a bind keeps that one.
    target = STAGE + "/proc"
    Path(target).mkdir(exist_ok=True)
    syscalls.mount("/proc", target, "", MS_BIND | MS_REC)


def _pivot(working_dir: str) -> None:
    os.chdir(STAGE)
    # pivot_root(".", "."): old and new root are stacked at one place, then the old one leaves.
    syscalls.call("pivot_root", b".", b".")
    syscalls.call("umount2", b".", MNT_DETACH)
    os.chdir("/")
    _restrict_root()
    os.chdir(working_dir)


def _restrict_root() -> None:
    kept = os.statvfs("/").f_flag & _KEPT_FLAGS
    syscalls.mount("none", "/", "", MS_BIND | MS_REMOUNT | kept | READ_ONLY)
