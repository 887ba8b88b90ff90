"""Moving files aside without ever losing, overwriting or copying one.

Covers: free names, reason files, renames within one file system. Does not cover: deciding
what is moved (`kernel.capture.inbox`). There is nothing here that removes a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

REASON_SUFFIX = ".reason.json"
NAME_BYTES_MAX = 255
_MARKS_MAX = 1000


class CannotMove(Exception):
    """The files are where they were; ``reason`` is what the system said."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OtherFileSystem(CannotMove):
    """A rename does not reach the folder."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the files lie now; ``renamed``: not under their own names."""

    paths: tuple[Path, ...]
    renamed: bool


def move_aside(
    files: Sequence[Path], folder: Path, mark: str, reason: Mapping[str, str] | None = None
) -> Kept:
    """Move the files into ``folder`` (made when missing), the first one first.

    Where a name is taken there, all of them get ``mark`` (and a number) into theirs. With a
    ``reason``, ``NAME.reason.json`` is written behind the move: moves that fail and are tried
    again would leave one each time. A file behind the first that cannot be moved stays. Raises
    `OtherFileSystem`, `CannotMove`.
    """
    first, *others = files
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_dev != first.lstat().st_dev:
            raise OtherFileSystem(f"{folder} lies on another file system")
        targets, renamed = _find_free_names(files, folder, mark)
        first.rename(targets[0])
    except OSError as error:
        text = error.strerror or str(error)
        raise (OtherFileSystem if error.errno == errno.EXDEV else CannotMove)(text) from error
    moved = [targets[0]]
    for file, target in zip(others, targets[1:], strict=True):
        try:
            file.rename(target)
        except OSError:
            # A sidecar that stays is met again, and then has a fate of its own.
            continue
        moved.append(target)
    if reason is not None:
        _write_reason(targets[0], reason)
    return Kept(tuple(moved), renamed)


def quarantine(
    files: Sequence[Path], folders: Sequence[Path], mark: str, reason: Mapping[str, str]
) -> Kept:
    """Move the files into the first of ``folders`` that a rename reaches. Raises `CannotMove`."""
    for folder in folders:
        try:
            return move_aside(files, folder, mark, reason)
        except OtherFileSystem:
            continue
    raise CannotMove("no quarantine folder lies on the file system of the inbox")


def _find_free_names(files: Sequence[Path], folder: Path, mark: str) -> tuple[list[Path], bool]:
    for number in range(_MARKS_MAX):
        infix = "" if number == 0 else f".{mark}" + (f"-{number}" if number > 1 else "")
        targets = [folder / _fit_name(file.name, infix) for file in files]
        reasons = [_reason_path(target) for target in targets]
        if not any(os.path.lexists(path) for path in (*targets, *reasons)):
            return targets, any(t.name != f.name for t, f in zip(targets, files, strict=True))
    raise CannotMove(f"{_MARKS_MAX} files of this name and moment lie in {folder}")


def _fit_name(name: str, infix: str) -> str:
    """The name with ``infix`` before its last suffix, short enough for its reason file."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - of a name, not of a path
    room_bytes = NAME_BYTES_MAX - len(REASON_SUFFIX)
    stem_bytes_max = room_bytes - len(os.fsencode(infix + suffix))
    if stem_bytes_max < 1:
        stem, suffix = name, ""
        stem_bytes_max = room_bytes - len(os.fsencode(infix))
    stem_bytes = os.fsencode(stem)
    if len(stem_bytes) <= stem_bytes_max:
        return f"{stem}{infix}{suffix}"
    return f"{stem_bytes[:stem_bytes_max].decode('utf-8', 'ignore')}{infix}{suffix}"


def _reason_path(target: Path) -> Path:
    return target.with_name(target.name + REASON_SUFFIX)


def _write_reason(target: Path, reason: Mapping[str, str]) -> None:
    document = msgspec.json.format(msgspec.json.encode(dict(reason)), indent=2)
    # A full disk has no room for it; the ledger says the same, and said it first.
    with contextlib.suppress(OSError), _reason_path(target).open("xb") as file:
        file.write(document + b"\n")
