"""Pack segments on disk: appending frames durably, reading one frame back.

Covers: the writer with its failure rules, naming of segments, reading by place. Does not
cover: the frame's bytes (`kernel.store.frame`), walking a whole segment
(`kernel.store.scan`), who refers to a frame (the journal).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.store.disk import Disk, OsDisk
from kernel.store.frame import (
    FRAME_HEADER_BYTES,
    FrameError,
    FrameHeader,
    FrameKind,
    check_body,
    pack_frame_header,
    pack_segment_header,
    parse_frame_header,
)

SEGMENT_BYTES_MAX = 256 << 20
"""A segment that has reached this length takes no further batch."""
PARTS_PER_WRITE_MAX = 512
COMPARE_BYTES = 256 << 10
FORGET_BYTES_MIN = 256 << 10
"""Frames are written once and read hours later: so many bytes and more are not kept in memory
after their sync. The person's own files stay there, and each write finds free pages, which for a
raw frame is most of its cost."""
_NAME = re.compile(r"^pack-([0-9]{6,})\.seg$")


def segment_path(directory: Path, number: int) -> Path:
    """Where segment ``number`` lies in a pack directory."""
    return directory / f"pack-{number:06d}.seg"


def list_segments(directory: Path) -> list[int]:
    """Numbers of the segments in the directory, ascending; empty when no such folder is there."""
    try:
        names = [entry.name for entry in directory.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(int(found[1]) for name in names if (found := _NAME.match(name)))


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame to write. ``digest`` is the BLAKE3 of the payload."""

    kind: FrameKind
    digest: bytes
    payload: bytes
    media_type: str = ""
    codec: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """Where frames came to lie: offsets in their order, and the segment's end after them."""

    number: int
    offsets: tuple[int, ...]
    end_bytes: int


class PackWriter:
    """Appends frames to the newest segment of one directory. For one thread at a time.

    After a failed write the file is cut back to its last whole frame; when that fails too, or
    after a failed sync (its pages may be lost though a later sync would succeed), the segment
    takes no more and the next append opens a new one. Bytes that `sync` covered are never
    touched again.
    """

    def __init__(
        self,
        directory: Path,
        disk: Disk,
        *,
        next_number: int,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
    ) -> None:
        self._directory = directory
        self._disk = disk
        self._segment_bytes_max = segment_bytes_max
        self._next_number = next_number
        self._descriptor: int | None = None
        self._number = 0
        self._end_bytes = 0
        self._synced_bytes = 0
        self._name_synced = False

    def resume(self, number: int, end_bytes: int) -> None:
        """Continue segment ``number``, whose file ends at ``end_bytes``. May raise `OSError`."""
        self.retire()
        self._descriptor = self._disk.open_append(segment_path(self._directory, number))
        self._number, self._end_bytes, self._synced_bytes = number, end_bytes, end_bytes
        self._next_number = max(self._next_number, number + 1)
        # The name may be in the directory without having reached the disk before a power cut.
        self._name_synced = False

    def append(self, frames: Sequence[Frame], *, created_at_us: int) -> Written:
        """Write the frames behind each other; durable only after `sync`.

        Raises `OSError` when the disk takes less than all: then none of the frames is there.
        """
        self._open_segment(created_at_us)
        parts: list[bytes] = []
        offsets: list[int] = []
        end = self._end_bytes
        for frame in frames:
            header = pack_frame_header(
                frame.kind, frame.digest, frame.media_type, frame.payload, codec=frame.codec
            )
            offsets.append(end)
            end += len(header) + len(frame.payload)
            parts += (header, frame.payload)
        self._write(parts)
        return Written(self._number, tuple(offsets), self._end_bytes)

    def sync(self) -> None:
        """Everything appended so far survives a power cut. Raises `OSError` when it may not."""
        if self._descriptor is None:
            return
        try:
            self._disk.sync(self._descriptor)
            if not self._name_synced:
                self._disk.sync_dir(self._directory)
        except OSError:
            self._cut(self._synced_bytes)
            self.retire()
            raise
        self._name_synced = True
        fresh_bytes = self._end_bytes - self._synced_bytes
        if fresh_bytes >= FORGET_BYTES_MIN:
            self._disk.forget(self._descriptor, self._synced_bytes, fresh_bytes)
        self._synced_bytes = self._end_bytes

    def retire(self) -> None:
        """Close the segment at hand; the next append opens a new one."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            self._disk.close(descriptor)

    def _open_segment(self, created_at_us: int) -> None:
        if self._descriptor is not None and self._end_bytes >= self._segment_bytes_max:
            self.retire()
        if self._descriptor is None:
            while segment_path(self._directory, self._next_number).exists():
                # The other writer of this directory has taken that number.
                self._next_number += 1
            number = self._next_number
            self._descriptor = self._disk.create(segment_path(self._directory, number))
            self._next_number = number + 1
            self._number, self._end_bytes, self._synced_bytes = number, 0, 0
            self._name_synced = False
        if self._end_bytes == 0:
            self._write([pack_segment_header(self._number, created_at_us)])

    def _write(self, parts: Sequence[bytes]) -> None:
        assert self._descriptor is not None
        start = self._end_bytes
        rest = [memoryview(part) for part in parts if part]
        try:
            while rest:
                group = rest[:PARTS_PER_WRITE_MAX]
                count = self._disk.append(self._descriptor, group)
                self._end_bytes += count
                rest = _after(group, count) + rest[PARTS_PER_WRITE_MAX:]
        except OSError:
            self._cut(start)
            raise

    def _cut(self, length_bytes: int) -> None:
        if self._descriptor is None:
            return
        try:
            self._disk.truncate(self._descriptor, length_bytes)
        except OSError:
            # The tail stays behind, unacknowledged; a new segment is the way round it.
            self.retire()
        else:
            self._end_bytes = length_bytes


def _after(parts: list[memoryview], count: int) -> list[memoryview]:
    """What is left of the parts when their first ``count`` bytes are gone."""
    for index, part in enumerate(parts):
        if count < len(part):
            return [part[count:], *parts[index + 1 :]]
        count -= len(part)
    return []


def read_frame(path: Path, offset: int) -> tuple[FrameHeader, str, bytes]:
    """Header, media type and payload of the frame at ``offset``, CRCs checked.

    Raises `OSError` (`FileNotFoundError` when the segment is not there) and `FrameError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = parse_frame_header(read_exactly(descriptor, FRAME_HEADER_BYTES, offset))
        media_type, payload = read_body(descriptor, header, offset)
    finally:
        os.close(descriptor)
    return header, media_type, payload


def read_body(descriptor: int, header: FrameHeader, offset: int) -> tuple[str, bytes]:
    """Media type and payload of the frame at ``offset``, their CRC checked; copies nothing.

    Raises `OSError` and `FrameError`.
    """
    media_at = offset + FRAME_HEADER_BYTES
    media = read_exactly(descriptor, header.media_bytes, media_at)
    payload = read_exactly(descriptor, header.payload_bytes, media_at + header.media_bytes)
    return check_body(header, media, payload), payload


def holds_payload(path: Path, offset: int, payload: bytes) -> bool:
    """Whether the frame at ``offset`` holds exactly this payload; piece by piece.

    Raises `OSError` (`FileNotFoundError` when the segment is not there) and `FrameError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = parse_frame_header(read_exactly(descriptor, FRAME_HEADER_BYTES, offset))
        if header.payload_bytes != len(payload):
            return False
        start = offset + FRAME_HEADER_BYTES + header.media_bytes
        at = 0
        while at < len(payload):
            piece = os.pread(descriptor, min(COMPARE_BYTES, len(payload) - at), start + at)
            # A slice and no view: bytes are compared by memcmp, a view byte by byte.
            if not piece or piece != payload[at : at + len(piece)]:
                return False
            at += len(piece)
        if at >= FORGET_BYTES_MIN:
            OsDisk().forget(descriptor, start, at)
        return True
    finally:
        os.close(descriptor)


def read_exactly(descriptor: int, length: int, offset: int) -> bytes:
    """The bytes at ``offset``. Raises `FrameError` when the file ends before, and `OSError`."""
    if offset + length > os.fstat(descriptor).st_size:
        # Asked before reading: a damaged length must not make us allocate it.
        msg = "the segment ends before the frame does"
        raise FrameError(msg)
    pieces: list[bytes] = []
    while length:
        piece = os.pread(descriptor, length, offset)
        if not piece:
            msg = "the segment ends before the frame does"
            raise FrameError(msg)
        pieces.append(piece)
        length -= len(piece)
        offset += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
