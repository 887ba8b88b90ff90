"""The frame: how one record lies in a pack segment.

A segment is a segment header followed by frames, nothing between them. A frame is a fixed
header, the media type in ASCII, the payload. The header has its own CRC, so that a damaged
payload does not hide the frames behind it. Covers: packing, parsing, walking over bytes.
Does not cover: files (`kernel.store.pack`), meaning of payloads (`kernel.store.batch`).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

SEGMENT_MAGIC = b"ACAPPACK"
FORMAT_VERSION = 1
FRAME_MAGIC = b"ACPR"
PAYLOAD_BYTES_MAX = 256 << 20
"""Largest payload of one frame: a raw 8K frame with room to spare."""

_SEGMENT = struct.Struct("<8sHHIQI")
_HEADER = struct.Struct("<4sBBHQ32sI")
_CRC = struct.Struct("<I")
SEGMENT_HEADER_BYTES = _SEGMENT.size
FRAME_HEADER_BYTES = _HEADER.size + _CRC.size


class FrameKind(IntEnum):
    """What a frame's payload is."""

    BLOB = 1
    """Bytes of a capture, addressed by their BLAKE3 digest."""
    BATCH = 2
    """A canonical `kernel.store.batch.Batch`: the events of one commit."""
    TILES = 3
    """Frames repacked into shared tiles."""
    VOID = 4
    """The digest of a batch whose commit failed and was refused to its producers."""


class FrameError(ValueError):
    """The bytes are not a whole, intact frame; the message says in what way."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The fixed part of a frame. ``digest`` is the BLAKE3 of the payload."""

    kind: FrameKind
    codec: int
    media_bytes: int
    payload_bytes: int
    digest: bytes
    payload_crc: int

    @property
    def frame_bytes(self) -> int:
        """Length of the whole frame, header included."""
        return FRAME_HEADER_BYTES + self.media_bytes + self.payload_bytes


def pack_segment_header(number: int, created_at_us: int) -> bytes:
    """The first bytes of segment ``number``."""
    head = _SEGMENT.pack(SEGMENT_MAGIC, FORMAT_VERSION, 0, number, created_at_us, 0)
    return head[: -_CRC.size] + _CRC.pack(zlib.crc32(head[: -_CRC.size]))


def check_segment_header(data: bytes, number: int) -> None:
    """Raises `FrameError` unless the bytes begin segment ``number`` of a known format."""
    if len(data) < SEGMENT_HEADER_BYTES:
        msg = "the segment header is cut short"
        raise FrameError(msg)
    magic, version, _, found, _, crc = _SEGMENT.unpack_from(data)
    if magic != SEGMENT_MAGIC or crc != zlib.crc32(data[: SEGMENT_HEADER_BYTES - _CRC.size]):
        msg = "the segment header is damaged"
        raise FrameError(msg)
    if version != FORMAT_VERSION:
        msg = f"segment format {version} is not known"
        raise FrameError(msg)
    if found != number:
        msg = f"the header says segment {found}, the name says {number}"
        raise FrameError(msg)


def pack_frame_header(
    kind: FrameKind, digest: bytes, media_type: str, payload: bytes, *, codec: int = 0
) -> bytes:
    """Header and media type; the payload follows them in the file."""
    media = media_type.encode("ascii")
    crc = zlib.crc32(payload, zlib.crc32(media))
    head = _HEADER.pack(FRAME_MAGIC, kind, codec, len(media), len(payload), digest, crc)
    return head + _CRC.pack(zlib.crc32(head)) + media


def parse_frame_header(data: bytes | memoryview, offset: int = 0) -> FrameHeader:
    """The header at ``offset``. Raises `FrameError` when it is cut short or damaged."""
    if len(data) - offset < FRAME_HEADER_BYTES:
        msg = "the frame header is cut short"
        raise FrameError(msg)
    head = bytes(data[offset : offset + _HEADER.size])
    (header_crc,) = _CRC.unpack_from(data, offset + _HEADER.size)
    magic, kind, codec, media_bytes, payload_bytes, digest, payload_crc = _HEADER.unpack(head)
    if magic != FRAME_MAGIC or header_crc != zlib.crc32(head):
        msg = "the frame header is damaged"
        raise FrameError(msg)
    try:
        known = FrameKind(kind)
    except ValueError:
        msg = f"frame kind {kind} is not known"
        raise FrameError(msg) from None
    return FrameHeader(known, codec, media_bytes, payload_bytes, digest, payload_crc)


def check_body(header: FrameHeader, media: bytes, payload: bytes) -> str:
    """The media type. Raises `FrameError` when the CRC of it and the payload does not fit."""
    if (len(media), len(payload)) != (header.media_bytes, header.payload_bytes):
        msg = "the frame is cut short"
        raise FrameError(msg)
    if zlib.crc32(payload, zlib.crc32(media)) != header.payload_crc:
        msg = "the frame's bytes do not match their CRC"
        raise FrameError(msg)
    if not media.isascii():
        msg = "the media type is not ASCII"
        raise FrameError(msg)
    return media.decode("ascii")
