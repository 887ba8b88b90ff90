"""Why bytes that came from outside were not taken: stable codes and the refusal itself.

Covers: the codes that `kernel ingest` prints, the inbox ledgers and docs/inbox.md explains.
Does not cover: errors of the store or of the command line (`kernel.config.errors`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalCode(StrEnum):
    """Stable names of refusals; a value is never renamed, see docs/inbox.md."""

    EMPTY = "empty"
    """No bytes at all."""
    TOO_MANY_BYTES = "too-many-bytes"
    """Larger than the limit for one file."""
    TOO_MANY_PIXELS = "too-many-pixels"
    """Declared dimensions beyond the limit: a decompression bomb or no screen."""
    NOT_AN_IMAGE = "not-an-image"
    """No image format that is known here begins like this."""
    TRUNCATED = "truncated"
    """The image ends before its format says that it may."""
    CORRUPT = "corrupt"
    """The image's structure contradicts itself (a wrong checksum, say)."""
    NOT_FOUND = "not-found"
    """There is nothing at the path."""
    NOT_A_FILE = "not-a-file"
    """A device, socket or pipe: never opened."""
    SYMLINK = "symlink"
    """A symbolic link found inside a folder: not followed."""
    UNREADABLE = "unreadable"
    """The operating system did not let the file or folder be read."""
    CHANGED_WHILE_READ = "changed-while-read"
    """The file was written to while it was being read."""
    BAD_CAPTURED_AT = "bad-captured-at"
    """The capture time cannot be read as a time."""
    FUTURE_CLOCK = "future-clock"
    """The capture time lies too far in the future to be believed."""
    BAD_DETAIL = "bad-detail"
    """A capture's detail (window title, application, ...) does not fit its contract."""
    BAD_VIDEO = "bad-video"
    """ffmpeg found no frames, or failed, in a file offered as a video."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was not taken: ``code`` is stable, ``reason`` is for people."""

    code: RefusalCode
    reason: str

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"
