"""From the paths a person names to the files below them, in a fixed order.

Covers: folders (recursive, sorted by name), links, hidden names, what is no file. Does not
cover: opening files (`kernel.capture.filebytes`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kernel.capture.filebytes import refuse_os_error
from kernel.capture.refusal import Refusal, RefusalCode

DEPTH_MAX = 64
"""Folders below a named folder: deeper is a mistake or a trap."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to read, or a name that is refused; ``path`` is absolute.

    ``named`` is how the person wrote it, where that is something else (a link, a relative path).
    """

    path: Path
    refusal: Refusal | None = None
    named: Path | None = None


def walk_files(paths: Iterable[Path]) -> Iterator[FoundFile]:
    """Every file at or below ``paths``, lazily; never raises `OSError`.

    A path that the person names is followed when it is a link. Inside folders, links are
    refused, and names that begin with a dot are passed over. Folders are read one at a time
    and sorted by name, files and folders together, so that the order is the same everywhere.
    """
    for path in paths:
        try:
            real = path.resolve(strict=True)
            mode = real.stat().st_mode
        except (OSError, RuntimeError) as error:
            # Python 3.11 and 3.12 raise RuntimeError for a loop of links.
            refusal = (
                refuse_os_error(error)
                if isinstance(error, OSError)
                else Refusal(RefusalCode.SYMLINK, "it is a loop of symbolic links")
            )
            yield FoundFile(path.absolute(), refusal, path)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk_folder(real, 0)
        else:
            yield replace(_judge_kind(real, mode), named=path)


def _walk_folder(folder: Path, depth: int) -> Iterator[FoundFile]:
    if depth > DEPTH_MAX:
        yield FoundFile(folder, Refusal(RefusalCode.UNREADABLE, f"deeper than {DEPTH_MAX} folders"))
        return
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        yield FoundFile(folder, refuse_os_error(error))
        return
    for name in names:
        path = folder / name
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            yield FoundFile(path, refuse_os_error(error))
            continue
        if stat.S_ISDIR(mode):
            yield from _walk_folder(path, depth + 1)
        else:
            yield _judge_kind(path, mode)


def _judge_kind(path: Path, mode: int) -> FoundFile:
    if stat.S_ISREG(mode):
        return FoundFile(path)
    if stat.S_ISLNK(mode):
        reason = "a symbolic link inside a folder is not followed; name it to take it in"
        return FoundFile(path, Refusal(RefusalCode.SYMLINK, reason))
    return FoundFile(path, Refusal(RefusalCode.NOT_A_FILE, "it is not a regular file"))
