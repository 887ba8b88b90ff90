"""A disk between the store and the system: it records, fails or fills up on demand.

Packs go through the `Disk` seam, SQLite through an apsw VFS; both report to one `Watcher`,
so that their operations have one order. Covers: failing the n-th operation, and building the
states in which a power cut may leave the files. Does not cover: the kernel's own caches.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import apsw

from kernel.store.disk import OsDisk

BLOCK_BYTES = 4096
BASE_VFS = "unix"
OperationKind = Literal["create", "write", "truncate", "sync", "sync_dir", "unlink"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One change on its way to the disk; ``at`` is the offset or the new length."""

    kind: OperationKind
    path: Path
    at: int = 0
    data: bytes = b""


@dataclass(slots=True)
class Watcher:
    """Counts and records operations; ``fault`` may raise for one of them."""

    operations: list[Operation] = field(default_factory=list)
    fault: Callable[[int, Operation], None] | None = None
    count: int = 0
    keep: bool = True

    def see(self, operation: Operation) -> None:
        """Called before the operation is done; what it raises is what the disk says."""
        self.count += 1
        if self.fault is not None:
            self.fault(self.count, operation)
        if self.keep:
            self.operations.append(operation)


class WatchedDisk(OsDisk):
    """The system's disk, watched. With ``lying`` a sync reports success and is no sync."""

    def __init__(self, watcher: Watcher, *, lying: bool = False) -> None:
        self._watcher = watcher
        self._lying = lying
        self._paths: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        self._watcher.see(Operation("create", path))
        return self._remember(super().create(path), path)

    def open_append(self, path: Path) -> int:
        return self._remember(super().open_append(path), path)

    def append(self, descriptor: int, parts: Sequence[bytes | memoryview]) -> int:
        data = b"".join(parts)
        end = os.fstat(descriptor).st_size
        try:
            self._watcher.see(Operation("write", self._paths[descriptor], end, data))
        except ShortWrite:
            # As a full disk does it: some bytes are there, and no error yet.
            return super().append(descriptor, [data[: len(data) // 2]])
        return super().append(descriptor, [data])

    def sync(self, descriptor: int) -> None:
        if not self._lying:
            self._watcher.see(Operation("sync", self._paths[descriptor]))
        super().sync(descriptor)

    def sync_dir(self, path: Path) -> None:
        self._watcher.see(Operation("sync_dir", path))
        super().sync_dir(path)

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        self._watcher.see(Operation("truncate", self._paths[descriptor], length_bytes))
        super().truncate(descriptor, length_bytes)

    def _remember(self, descriptor: int, path: Path) -> int:
        self._paths[descriptor] = path
        return descriptor


class ShortWrite(OSError):
    """Asks `WatchedDisk.append` to take half of the bytes."""


class WatchedVfs(apsw.VFS):
    """SQLite's files, watched; the shared-memory file is left alone, it is no truth."""

    def __init__(self, name: str, watcher: Watcher) -> None:
        super().__init__(name, BASE_VFS)
        self.watcher = watcher

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return WatchedFile(name, flags, self.watcher)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - SQLite's
        _told(self.watcher, Operation("unlink", Path(filename)))
        super().xDelete(filename, syncdir)
        if syncdir:
            _told(self.watcher, Operation("sync_dir", Path(filename).parent))


class WatchedFile(apsw.VFSFile):
    """One of SQLite's files."""

    def __init__(
        self, name: str | apsw.URIFilename | None, flags: list[int], watcher: Watcher
    ) -> None:
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._path = Path(text) if text else None
        self._watcher = watcher
        new = self._path is not None and not self._path.exists()
        super().__init__(BASE_VFS, name, flags)
        if new and self._path is not None:
            _told(watcher, Operation("create", self._path))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._see("write", offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        self._see("truncate", newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        self._see("sync")
        super().xSync(flags)

    def _see(self, kind: OperationKind, at: int = 0, data: bytes = b"") -> None:
        if self._path is not None:
            _told(self._watcher, Operation(kind, self._path, at, data))


def _told(watcher: Watcher, operation: Operation) -> None:
    """As `Watcher.see`, in SQLite's words."""
    try:
        watcher.see(operation)
    except OSError as error:
        if isinstance(error, ShortWrite) or error.errno == errno.ENOSPC:
            raise apsw.FullError(str(error)) from error
        raise apsw.IOError(str(error)) from error


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """SQLite connections made in the body are watched."""
    vfs = WatchedVfs("watched", watcher)
    apsw.set_default_vfs("watched")
    try:
        yield
    finally:
        apsw.set_default_vfs(BASE_VFS)
        vfs.unregister()


def crash_state(
    operations: Sequence[Operation], source: Path, target: Path, chance: random.Random
) -> None:
    """Lay out below ``target`` what a power cut after the operations may leave of ``source``.

    What a sync covered is there. Of the rest each 4096-byte block of a write is there or not,
    a truncation has happened or not, a name that was not synced into its directory is there
    or not: by ``chance``.
    """
    synced = {op.path: index for index, op in enumerate(operations) if op.kind == "sync"}
    named = {op.path: index for index, op in enumerate(operations) if op.kind == "sync_dir"}
    files: dict[Path, bytearray] = {}
    for index, op in enumerate(operations):
        durable = index < synced.get(op.path, -1)
        if op.kind == "create":
            # SQLite syncs the directory itself together with the file's first sync.
            sure = index < named.get(op.path.parent, -1) or index < synced.get(op.path, -1)
            sure = sure and (op.path.suffix != ".seg" or index < named.get(op.path.parent, -1))
            if sure or chance.random() < 0.5:
                files[op.path] = bytearray()
        elif op.kind == "unlink":
            if index < named.get(op.path.parent, -1) or chance.random() < 0.5:
                files.pop(op.path, None)
        elif op.kind == "write" and op.path in files:
            _write_some(files[op.path], op, None if durable else chance)
        elif op.kind == "truncate" and op.path in files and (durable or chance.random() < 0.5):
            del files[op.path][op.at :]
    for path, content in files.items():
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _write_some(content: bytearray, op: Operation, chance: random.Random | None) -> None:
    for start in range(0, len(op.data), BLOCK_BYTES):
        block = op.data[start : start + BLOCK_BYTES]
        if chance is not None and chance.random() < 0.5:
            continue
        at = op.at + start
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        content[at : at + len(block)] = block
