"""Canonical bytes and content hashes.

One encoding for storage, hashing and the wire: MessagePack with keys sorted by code point,
no omitted defaults, integers in their shortest form (msgspec's ``order="sorted"``). The
same value has the same bytes on every platform and Python.
"""

from __future__ import annotations

from typing import TypeVar

import blake3
import msgspec

_ENCODER = msgspec.msgpack.Encoder(order="sorted")
T = TypeVar("T")


def encode(value: msgspec.Struct) -> bytes:
    """Canonical bytes of a record or message."""
    return _ENCODER.encode(value)


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """BLAKE3-256 of the bytes, lower-case hexadecimal."""
    return blake3.blake3(data).hexdigest()


def digest(value: msgspec.Struct) -> str:
    """BLAKE3-256 of the canonical bytes of a record."""
    return digest_bytes(_ENCODER.encode(value))


def decode(data: bytes | bytearray | memoryview, as_type: type[T]) -> T:
    """The record in the bytes; raises `msgspec.MsgspecError` when they do not fit the type."""
    return msgspec.msgpack.decode(data, type=as_type)
