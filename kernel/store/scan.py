"""Walking a segment frame by frame, past damage where there is some.

Covers: yielding every frame with what is wrong with it, finding the next frame behind a
damaged header. Does not cover: deciding what the damage means (`kernel.store.verify`,
`kernel.store.recovery`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import blake3

from kernel.store.frame import (
    FRAME_HEADER_BYTES,
    FRAME_MAGIC,
    SEGMENT_HEADER_BYTES,
    FrameError,
    FrameHeader,
    check_segment_header,
    parse_frame_header,
)
from kernel.store.pack import read_body

SEARCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ScannedFrame:
    """A frame found at ``offset``.

    ``problem`` is empty for a frame whose CRC and digest hold; then ``payload`` and
    ``media_type`` are filled. ``header`` is None for bytes that are no frame at all.
    """

    offset: int
    end: int
    header: FrameHeader | None
    media_type: str
    payload: bytes
    problem: str


def scan_segment(
    path: Path, number: int, *, start: int = 0, end: int | None = None
) -> Iterator[ScannedFrame]:
    """Every frame between ``start`` and ``end`` (the file's end when None), in order.

    ``start`` 0 means: check the segment header, then begin behind it. Damaged bytes come as
    one `ScannedFrame` with a ``problem``, the walk goes on behind them. Raises `OSError`.
    """
    # Read, not mapped: a bad sector must be an error, not a SIGBUS.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        stop = size if end is None else min(end, size)
        if start == 0 < stop:
            problem = _segment_problem(os.pread(descriptor, SEGMENT_HEADER_BYTES, 0), number)
            start = min(SEGMENT_HEADER_BYTES, stop)
            if problem:
                yield ScannedFrame(0, start, None, "", b"", problem)
        while start < stop:
            frame = _frame_at(descriptor, start, stop)
            yield frame
            start = frame.end
    finally:
        os.close(descriptor)


def _segment_problem(head: bytes, number: int) -> str:
    try:
        check_segment_header(head, number)
    except FrameError as error:
        return str(error)
    return ""


def _frame_at(descriptor: int, offset: int, stop: int) -> ScannedFrame:
    try:
        header = _header_at(descriptor, offset, stop)
    except FrameError as error:
        return ScannedFrame(
            offset, _next_frame(descriptor, offset, stop), None, "", b"", str(error)
        )
    end = offset + header.frame_bytes
    if end > stop:
        problem = "the frame is cut short"
        return ScannedFrame(offset, _next_frame(descriptor, offset, stop), header, "", b"", problem)
    try:
        media_type, payload = read_body(descriptor, header, offset)
    except FrameError as error:
        return ScannedFrame(offset, end, header, "", b"", str(error))
    if blake3.blake3(payload).digest() != header.digest:
        problem = "the frame's bytes do not match their digest"
        return ScannedFrame(offset, end, header, "", b"", problem)
    return ScannedFrame(offset, end, header, media_type, payload, "")


def _header_at(descriptor: int, offset: int, stop: int) -> FrameHeader:
    length = min(FRAME_HEADER_BYTES, stop - offset)
    return parse_frame_header(os.pread(descriptor, length, offset))


def _next_frame(descriptor: int, offset: int, stop: int) -> int:
    """Where the next intact frame header begins, or ``stop``."""
    offset += 1
    while offset < stop:
        chunk = os.pread(descriptor, min(SEARCH_BYTES, stop - offset), offset)
        found = chunk.find(FRAME_MAGIC)
        if found < 0:
            if len(chunk) < len(FRAME_MAGIC):
                return stop
            offset += len(chunk) - len(FRAME_MAGIC) + 1
            continue
        offset += found
        try:
            _header_at(descriptor, offset, stop)
        except FrameError:
            offset += 1
        else:
            return offset
    return stop
