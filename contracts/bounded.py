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

import functools
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from contracts import canonical
from contracts.preparing import make_decoder

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


def bounded_decoder(
    as_type: type[T], *, bytes_max: int = RECORD_BYTES_MAX
) -> Callable[[Buffer], T]:
    """`decode_bounded` for one type, made once: for paths that decode thousands of times.

    Making it costs some microseconds for a union, which is more than decoding a message does.
    """
    decode: Callable[[Buffer], T] = make_decoder(as_type)

    def decode_bytes(data: Buffer) -> T:
        if len(data) > bytes_max:
            reason = f"{len(data)} bytes where at most {bytes_max} are allowed"
            raise ContractError("too-large", reason)
        try:
            return decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _translate(error) from error

    return decode_bytes


def _translate(error: Exception) -> ContractError:
    if isinstance(error, msgspec.ValidationError):
        return ContractError("invalid", str(error))
    if isinstance(error, RecursionError):
        return ContractError("too-deep", "nested deeper than any contract")
    return ContractError("malformed", str(error))


@functools.cache
def _decoder_of(as_type: Any, bytes_max: int) -> Callable[[Buffer], Any]:  # noqa: ANN401
    """One decoder per type and bound. Both come from the code, so there are a few dozen."""
    return bounded_decoder(as_type, bytes_max=bytes_max)


def decode_bounded(
    data: Buffer,
    as_type: type[T],
    *,
    bytes_max: int = RECORD_BYTES_MAX,
    require_canonical: bool = False,
) -> T:
    """The value in the bytes, which may come from anywhere.

    ``as_type`` is a contract struct or a union of tagged ones; a memoryview must be of bytes.
    With ``require_canonical`` the bytes must be the canonical encoding of what they say (no
    repeated keys, no other order, no long forms): then equal values have equal digests.
    Raises `ContractError` only.
    """
    decode: Any = _decoder_of
    value: T = decode(as_type, bytes_max)(data)
    if require_canonical:
        record: Any = value
        if canonical.encode(record) != bytes(data):
            reason = "the bytes are not the canonical form of the value"
            raise ContractError("not-canonical", reason)
    return value
