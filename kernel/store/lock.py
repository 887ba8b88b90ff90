"""One writer per data dir: advisory locks that die with their holder.

Two things are locked: the data dir itself, which no deletion of a file inside can take from its
holder, and ``kernel.lock``, which names the holder. On a file system that locks no folders the
file alone counts, and the holder gives up when it is no longer at its place. The descriptors are
inherited by no child, so that a plugin host which outlives the kernel does not keep the data dir
locked. Covers: taking, holding, naming the holder, noticing what others did to the lock. Does not
cover: readers, which need no lock. Sources: flock(2), proc_locks(5), proc_pid_mountinfo(5).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kernel.config.errors import ExitCode, KernelError
from kernel.config.smallfile import read_small_file

LOCKS_LIST = Path("/proc/locks")
MOUNTS_LIST = Path("/proc/self/mountinfo")
HOLDER_BYTES_MAX = 4096
TRIES_MAX = 10
"""A file that is deleted between opening and locking is opened again, this often at most."""

Place = tuple[str, int]
"""Device (``major:minor``, hexadecimal) and inode, as the system's list of locks has them."""


class LockHolder(msgspec.Struct, frozen=True):
    """Who says to hold the lock; good for messages only, the lock itself is the truth."""

    pid: int
    started_at_us: int


def read_holder(path: Path) -> LockHolder | None:
    """What the lock file says, None when it says nothing readable."""
    try:
        return msgspec.json.decode(read_small_file(path, HOLDER_BYTES_MAX), type=LockHolder)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def is_held(path: Path) -> bool:
    """Whether some process holds the data dir of this lock file, be the file there or not."""
    return any(holding_pid(place) is not None for place in (path.parent, path))


def holding_pid(path: Path) -> int | None:
    """The process that holds an flock on exactly this file or folder; None when nobody does.

    0 when the system does not tell which. Asked of the system's list: taking the lock to find out
    would turn a starting kernel away.
    """
    try:
        places = _places(path)
    except OSError:
        return None
    for line in LOCKS_LIST.read_text(encoding="ascii").splitlines():
        fields = line.split()
        if "FLOCK" not in fields:
            continue
        kind = fields.index("FLOCK")
        device, _, inode = fields[kind + 4].rpartition(":")
        if (device, int(inode)) in places:
            return max(0, int(fields[kind + 3]))
    return None


def lock_problem(path: Path) -> str:
    """What is wrong with the lock file, for people; empty when nothing is.

    It is no regular file, or it is not the one that the holder of the data dir locked.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return f"{path} is no regular file"
        is_there = True
    except FileNotFoundError:
        is_there = False
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    pid = holding_pid(path.parent)
    if pid is None or holding_pid(path) is not None:
        return ""
    became = "is not the file that it locked" if is_there else "was deleted"
    return f"{path} {became}: process {pid} holds the data dir all the same"


class DataDirLock:
    """The held lock; hold it as long as evidence may be written."""

    def __init__(
        self, path: Path, *, folder: int | None, descriptor: int, started_at_us: int
    ) -> None:
        """``folder`` is None where the file system locks no folders."""
        self._path = path
        self._folder = folder
        self._descriptor: int | None = descriptor
        self._started_at_us = started_at_us
        self._name_holder()

    @classmethod
    def acquire(cls, path: Path, *, started_at_us: int) -> DataDirLock:
        """Take the lock now or raise.

        Raises `KernelError`: ``data-dir-busy`` when another process (or another store of this
        process) holds it, naming its pid; ``data-dir-unusable`` when something else than a file
        has the lock's name.
        """
        folder = _take_folder(path)
        try:
            descriptor = _take_file(path)
        except BaseException:
            if folder is not None:
                os.close(folder)
            raise
        return cls(path, folder=folder, descriptor=descriptor, started_at_us=started_at_us)

    def require(self) -> None:
        """Raise `KernelError` ``data-dir-taken`` when the data dir's place is not ours any more.

        Two look-ups; ask before every writing by path. From any thread.
        """
        held = self._descriptor if self._folder is None else self._folder
        place = self._path if self._folder is None else self._path.parent
        if held is None or not _is_at(place, held):
            raise KernelError(
                "data-dir-taken",
                f"{place} was moved, deleted or replaced under the kernel that holds it",
                hint="nothing is written any more, so that two never write; put the data dir "
                "back where it was, then: kernel verify, kernel run",
                exit_code=ExitCode.FAILED,
            )

    def keep(self) -> bool:
        """Put the lock file back where somebody took it away; whether that was needed.

        Raises `KernelError` as `require` and `acquire` do. From one thread.
        """
        self.require()
        assert self._descriptor is not None
        if _is_at(self._path, self._descriptor):
            return False
        fresh = _take_file(self._path)
        os.close(self._descriptor)
        self._descriptor = fresh
        self._name_holder()
        return True

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        for held in (self._descriptor, self._folder):
            if held is not None:
                os.close(held)
        self._descriptor = self._folder = None

    def _name_holder(self) -> None:
        assert self._descriptor is not None
        holder = msgspec.json.encode(LockHolder(os.getpid(), self._started_at_us))
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, holder + b"\n", 0)
        except OSError:
            # The name is for messages; a full disk must not stop a kernel that reads and drains.
            os.ftruncate(self._descriptor, 0)


@contextlib.contextmanager
def held_for_a_moment(path: Path) -> Iterator[bool]:
    """Keep writers out without becoming one; False when one is in or it cannot be told.

    A data dir that is gone needs no holding. Makes nothing.
    """
    descriptors: list[int] = []
    try:
        for place, flags in ((path.parent, os.O_RDONLY), (path, os.O_RDWR | os.O_NONBLOCK)):
            try:
                descriptors.append(os.open(place, flags | os.O_CLOEXEC))
                fcntl.flock(descriptors[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except FileNotFoundError:
                continue
            except BlockingIOError:
                yield False
                return
            except OSError:
                if place == path:
                    yield False
                    return
        yield True
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _take_folder(path: Path) -> int | None:
    # Python opens with O_CLOEXEC, and flock belongs to the open file, not to the process.
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise _busy(path, path.parent) from None
    except OSError:
        # A network drive that wants a descriptor for writing: then the file alone is locked.
        os.close(descriptor)
        return None
    return descriptor


def _take_file(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    for _ in range(TRIES_MAX):
        try:
            descriptor = os.open(path, flags, 0o600)
        except IsADirectoryError:
            raise _unusable(path) from None
        try:
            _require_file(path, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # One that was deleted in between locks nothing: the next one would make it anew.
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise _busy(path, path) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise _busy(path, path)


def _require_file(path: Path, descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise _unusable(path)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _places(path: Path) -> frozenset[Place]:
    """What the list of locks may call this file. Raises `OSError` when it is not there.

    The list has the device of the file system; some (btrfs, overlayfs) give stat(2) another one.
    """
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        facts = os.fstat(descriptor)
        info = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    finally:
        os.close(descriptor)
    devices = {(os.major(facts.st_dev), os.minor(facts.st_dev)), *_mount_device(info)}
    return frozenset((f"{major:02x}:{minor:02x}", facts.st_ino) for major, minor in devices)


def _mount_device(info: str) -> Iterator[tuple[int, int]]:
    """The device of the mount that an open file belongs to, by its fdinfo."""
    mount = next((line.split()[1] for line in info.splitlines() if line.startswith("mnt_id:")), "")
    for line in MOUNTS_LIST.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split()
        if fields[0] == mount:
            major, _, minor = fields[2].partition(":")
            yield int(major), int(minor)


def _unusable(path: Path) -> KernelError:
    return KernelError(
        "data-dir-unusable",
        f"{path} is no regular file, and so nothing that can be locked",
        hint=f"look at it, then move it away: mv {path} {path}.aside",
    )


def _busy(path: Path, place: Path) -> KernelError:
    holder = read_holder(path)
    pid = holder.pid if holder else holding_pid(place)
    who = f"process {pid}" if pid else "another process"
    return KernelError(
        "data-dir-busy",
        f"{path.parent} is held by {who}",
        hint="stop that kernel, or name another data dir with --data-dir",
        exit_code=ExitCode.BUSY,
    )
