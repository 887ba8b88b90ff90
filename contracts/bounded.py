"""Decoding bytes from outside: bounded, and wrong in one way only.

The bounds, and where each is held:

- size: ``bytes_max``, before a byte is read;
- list, map, string and byte lengths: ``msgspec.Meta`` on each field, checked by msgspec on the
  announced length, before anything is allocated (`contracts.schema.find_unbounded` proves that
  no field of a locked contract lacks a bound);
- depth: contracts are not recursive (`contracts.schema.depth`), so deeper input does not fit;
  nesting inside a field that is skipped ends in the interpreter's recursion limit.

Covers: typed decoding, one error class. Does not cover: which struct belongs to which kind
and version (`contracts.registry`).
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec

from contracts import canonical

RECORD_BYTES_MAX = 32 << 20
"""Largest encoded record; a page of 65,536 short lines fits."""

REASON_CHARS_MAX = 400
"""Longest reason kept from a decoder: an error must not carry a hostile message into a log."""

Buffer: TypeAlias = bytes | bytearray | memoryview
T = TypeVar("T")


class ContractError(Exception):
    """Bytes that are not the contract they claim to be.

    ``code`` is one of: ``too-large``, ``too-deep``, ``malformed`` (not MessagePack),
    ``invalid`` (a field breaks its contract; the reason names the path), ``unknown-kind``,
    ``unknown-version``, ``not-canonical``, ``upcast-failed``. Raised by everything in
    `contracts` that takes bytes from outside, and nothing else is.
    """

    def __init__(self, code: str, reason: str) -> None:
        shown = reason if len(reason) <= REASON_CHARS_MAX else reason[: REASON_CHARS_MAX - 1] + "…"
        # A hostile field name may hold what a terminal obeys; repr-style escapes keep it text.
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
        super().__init__(f"{shown} [{code}]")
        self.code = code
        self.reason = shown


def decode_bounded(
    data: Buffer,
    as_type: type[T],
    *,
    bytes_max: int = RECORD_BYTES_MAX,
    require_canonical: bool = False,
) -> T:
    """The value in the bytes, which may come from anywhere.

    ``as_type`` is a contract struct or a union of tagged ones. With ``require_canonical`` the
    bytes must be the canonical encoding of what they say (no repeated or unsorted keys, no
    long forms): then equal values have equal digests. Raises `ContractError` only.
    """
    size = len(data) if not isinstance(data, memoryview) else data.nbytes
    if size > bytes_max:
        raise ContractError("too-large", f"{size} bytes where at most {bytes_max} are allowed")
    try:
        value = msgspec.msgpack.decode(data, type=as_type)
    except msgspec.ValidationError as error:
        raise ContractError("invalid", str(error)) from error
    except RecursionError as error:
        raise ContractError("too-deep", "nested deeper than any contract") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError("malformed", str(error)) from error
    if require_canonical and canonical.encode_any(value) != bytes(data):
        raise ContractError("not-canonical", "the bytes are not the canonical form of the value")
    return value
