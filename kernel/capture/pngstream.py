"""Cutting a stream of PNG files, one behind the other, into the files.

Covers: what image encoders write to a pipe. Pure. Does not cover: whether each file is whole
(`kernel.capture.imageformats.png`).
"""

from __future__ import annotations

import struct

from kernel.capture.imageformats.png import SIGNATURE

_CHUNK_HEAD = struct.Struct(">I4s")
_CRC_BYTES = 4


class StreamFault(Exception):
    """The stream is not made of PNG files, or one is larger than the limit."""


class PngSplitter:
    """Takes bytes as they come, gives each file when its last chunk is there."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held = bytearray()
        self._chunk_at = len(SIGNATURE)

    @property
    def is_between_files(self) -> bool:
        """Whether no file is open: the stream may end here."""
        return not self._held

    def feed(self, data: bytes) -> list[bytes]:
        """The files that ``data`` completes. Raises `StreamFault`."""
        self._held += data
        files: list[bytes] = []
        while (end := self._find_end()) is not None:
            self._check_size(end)
            files.append(bytes(self._held[:end]))
            del self._held[:end]
            self._chunk_at = len(SIGNATURE)
        self._check_size(len(self._held))
        return files

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._bytes_max:
            raise StreamFault(f"a frame has more than {self._bytes_max} bytes")

    def _find_end(self) -> int | None:
        """Where the first file ends, None while its last chunk is not there."""
        if not SIGNATURE.startswith(self._held[: len(SIGNATURE)]):
            raise StreamFault("no image begins where one should")
        while len(self._held) >= self._chunk_at + _CHUNK_HEAD.size:
            length, kind = _CHUNK_HEAD.unpack_from(self._held, self._chunk_at)
            end: int = self._chunk_at + _CHUNK_HEAD.size + length + _CRC_BYTES
            if len(self._held) < end:
                return None
            self._chunk_at = end
            if kind == b"IEND":
                return end
        return None
