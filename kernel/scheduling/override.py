"""The person's word on heavy work, kept in a file so that it survives a restart.

Covers: the file (written whole or not at all), its expiry. Does not cover: what the word
leads to (`governor`), the commands (`kernel.cli.override`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from kernel.config.approvals import write_atomically
from kernel.config.errors import KernelError
from kernel.config.smallfile import read_small_file
from kernel.scheduling.filelook import WAIT_S, FileLook

Word = Literal["none", "pause", "active", "idle"]
SCHEMA = 1
FILE_BYTES_MAX = 4_096
PROBLEM_CHARS_MAX = 300
SILENT_S = 10.0


@dataclass(frozen=True, slots=True)
class Override:
    """The word, since when and until when (UTC in microseconds; None: until taken back)."""

    word: Word = "none"
    set_us: int = 0
    until_us: int | None = None
    problem: str = ""
    """Why the file could not be read; then the word is ``active``."""

    def word_at(self, now_us: int) -> Word:
        """The word as it holds now.

        It also lapses when the clock stands before the moment it was given: by that clock
        its end cannot be told.
        """
        if self.until_us is not None and not self.set_us <= now_us < self.until_us:
            return "none"
        return self.word


def read_override(path: Path) -> Override:
    """What the file says; no file: no word.

    A file that cannot be read counts as the word ``active``: the person said something, and
    the careful reading is that they want the machine for themselves.
    """
    try:
        return parse_override(read_small_file(path, FILE_BYTES_MAX))
    except FileNotFoundError:
        return Override()
    except (OSError, ValueError) as error:
        return _unreadable(path, str(error))


class OverrideFile:
    """The word as the kernel's loop reads it: in a thread of its own, so that no drive holds it."""

    def __init__(self, path: Path, *, wait_s: float = WAIT_S, look: FileLook | None = None) -> None:
        self._path = path
        self._look = look or FileLook(path, FILE_BYTES_MAX, wait_s=wait_s)

    def read(self, now_s: float) -> Override:
        """As `read_override`; also a drive that says nothing for `SILENT_S` counts as ``active``.

        ``now_s`` is on the monotonic clock.
        """
        found = self._look.look()
        if found is None or now_s - found.began_s > SILENT_S:
            return _unreadable(self._path, "the drive does not answer")
        if found.is_missing:
            return Override()
        if found.problem:
            return Override("active", problem=found.problem)
        try:
            return parse_override(found.data)
        except ValueError as error:
            return _unreadable(self._path, str(error))

    def close(self) -> None:
        """End the thread that reads."""
        self._look.close()


def _unreadable(path: Path, why: str) -> Override:
    return Override("active", problem=f"{path}: {why}"[:PROBLEM_CHARS_MAX])


def write_override(path: Path, override: Override) -> None:
    """Put the word in place durably; raises `KernelError` ``override-not-written``."""
    document = {
        "schema": SCHEMA,
        "word": override.word,
        "set_us": override.set_us,
        "until_us": override.until_us,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, json.dumps(document).encode())
    except OSError as error:
        raise KernelError(
            "override-not-written",
            f"{path} could not be written: {error}",
            hint="a full disk or a data dir of another user; see: kernel doctor",
        ) from error


def parse_override(data: bytes) -> Override:
    """The word in the bytes; raises `ValueError` that says what is wrong."""
    try:
        document = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"not an override of schema {SCHEMA}")
    word, set_us, until_us = (document.get(name) for name in ("word", "set_us", "until_us"))
    if word not in get_args(Word) or type(set_us) is not int:
        raise ValueError("word or set_us is wrong")
    if until_us is not None and type(until_us) is not int:
        raise ValueError("until_us is wrong")
    return Override(cast("Word", word), set_us, until_us)
