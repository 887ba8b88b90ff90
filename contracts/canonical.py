"""Canonical bytes and content hashes.

One encoding for storage, hashing and the wire. A value is a MessagePack map with

- first the tag ``kind``, then every field under its encoded name in the order in which the
  struct declares them and the lock lists them, defaults included (no contract sets
  ``omit_defaults``);
- maps inside (`dict`) sorted by their keys' code points, which for UTF-8 is the order of the
  bytes;
- integers, strings, byte strings, arrays and maps in their shortest MessagePack form;
- text as UTF-8 as it came, not normalized: two spellings are two values. Text that is not
  Unicode (a lone surrogate out of a Windows window title) has no canonical form; `encode`
  refuses it, `repair_text` is what a source calls first;
- no floats, no timestamps, no extension types: no contract has a field of such a type.

So the same value has the same bytes on every platform and Python, and a digest can stand for
the value. A *stored* record is hashed as it is stored: decoding it with newer code and
encoding it again may add fields (see docs/contracts.md), so that is never done to check one.
"""

from __future__ import annotations

from typing import TypeVar

import blake3
import msgspec

from contracts.preparing import prepare

# Sorting the fields of structs as well would pin nothing more (the lock pins their order) and
# makes encoding twice as slow: tools/bench/contracts.py.
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_SORTING_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_KEEPING_ENCODER = msgspec.msgpack.Encoder()
T = TypeVar("T")


def encode(value: msgspec.Struct) -> bytes:
    """Canonical bytes of a record or message.

    Raises `ValueError` (`UnicodeEncodeError`) for text with lone surrogates and
    `OverflowError` for integers beyond 64 bits: both can only come from our own code.
    """
    return _ENCODER.encode(value)


def encode_any(value: object) -> bytes:
    """Bytes of plain data (maps, lists, text, integers) that depend on its content alone.

    The keys of every map are sorted; a struct inside counts as a map.
    """
    return _SORTING_ENCODER.encode(value)


def encode_in_order(value: object) -> bytes:
    """Bytes of plain data with the keys of its maps in the order in which they stand.

    Of a map that was decoded from canonical bytes these are the same canonical bytes again.
    """
    return _KEEPING_ENCODER.encode(value)


def repair_text(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD; any other text comes back unchanged."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """BLAKE3-256 of the bytes, lower-case hexadecimal."""
    return blake3.blake3(data).hexdigest()


def digest_text(text: str) -> str:
    """BLAKE3-256 of the text as UTF-8; of any text, lone surrogates are hashed as they are."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def digest(value: msgspec.Struct) -> str:
    """BLAKE3-256 of the canonical bytes of a record."""
    return digest_bytes(_ENCODER.encode(value))


def decode(data: bytes | bytearray | memoryview, as_type: type[T]) -> T:
    """The record in the bytes, which we wrote ourselves.

    Raises `msgspec.MsgspecError` when they do not fit the type, and nothing else: damage on
    disk can also make text that is not UTF-8, or nesting without end. For bytes from outside
    see `contracts.bounded`.
    """
    prepare(as_type)
    try:
        return msgspec.msgpack.decode(data, type=as_type)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
