"""Stored records in little room: alone, or as what differs from a record like it.

Most frames show nearly what another showed, and a page with its words takes tens of kilobytes.
A record is cut at the beginnings of its lines (`TextLine`); lines that its base has too are
named, the others are stored, compressed with what is left of the base as their dictionary. A
base is never a difference itself, so reading costs one more record at most. The bytes that come
back are those that went in. Covers: packing and unpacking (pure), the rows of `results`. Does
not cover: which base is a good one (`kernel.store.placing`).
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from enum import IntEnum

import apsw
import msgspec

from contracts import canonical
from contracts.derivation import DerivationKey, StageTiming
from kernel.store.damage import derived_damaged

DIFFERENCE_SHARE_MAX = 0.6
"""A difference larger than this share of the record alone is not worth a second read."""

_LINE_START = b"\xa4kind\xa9text_line"
_PLAIN_BYTES_MAX = 128
_DICTIONARY_BYTES_MAX = 32_768
_BASES_KEPT = 8
_LEVEL = 6
_DIGEST_BYTES = 16
_UNREADABLE = (
    zlib.error,
    ValueError,
    TypeError,
    IndexError,
    StopIteration,
    msgspec.MsgspecError,
)
_INSERT = """
INSERT INTO results(key_digest, input_digest, stage, key, record, timing, finished_at_us, codec,
  base_id, record_digest) VALUES(?,?,?,?,?,?,?,?,?,?)
ON CONFLICT(key_digest) DO UPDATE SET record=excluded.record, timing=excluded.timing,
  finished_at_us=excluded.finished_at_us, codec=excluded.codec, base_id=excluded.base_id,
  record_digest=excluded.record_digest
RETURNING result_id
"""


class Codec(IntEnum):
    """How the bytes of a record are stored; stored, so never renumbered."""

    PLAIN = 0
    DEFLATED = 1
    DIFFERENCE = 2
    LOST = 3
    """It was damaged and is to be made again; what points at it stays."""


class _Difference(msgspec.Struct, frozen=True, array_like=True):
    """Pieces in order: ``(first, count)`` of the base, or ``(-1, count)`` of the literals."""

    pieces: tuple[tuple[int, int], ...]
    lengths: tuple[int, ...]
    literals: bytes


def pack_alone(record: bytes) -> tuple[Codec, bytes]:
    """The record by itself."""
    if len(record) <= _PLAIN_BYTES_MAX:
        return Codec.PLAIN, record
    return Codec.DEFLATED, zlib.compress(record, _LEVEL)


def unpack_alone(codec: int, data: bytes) -> bytes:
    """Inverse of `pack_alone`. Raises `zlib.error` and `ValueError` for damaged bytes."""
    if codec == Codec.PLAIN:
        return data
    if codec == Codec.DEFLATED:
        return zlib.decompress(data)
    raise ValueError(f"no record by itself is stored with codec {codec}")


def pack_difference(record: bytes, base: bytes) -> bytes:
    """What makes the record of its base."""
    base_pieces = _cut(base)
    where: dict[bytes, int] = {}
    for index, piece in enumerate(base_pieces):
        where.setdefault(piece, index)
    pieces: list[tuple[int, int]] = []
    literals: list[bytes] = []
    for piece in _cut(record):
        index = where.get(piece, -1)
        if index < 0:
            literals.append(piece)
        if pieces and _continues(pieces[-1], index):
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + 1)
        else:
            pieces.append((index, 1))
    difference = _Difference(
        pieces=tuple(pieces),
        lengths=tuple(map(len, literals)),
        literals=_deflate(b"".join(literals), _dictionary(base_pieces, pieces)),
    )
    return msgspec.msgpack.encode(difference)


def unpack_difference(data: bytes, base: bytes) -> bytes:
    """Inverse of `pack_difference`. Raises `zlib.error` and `ValueError` for damaged bytes."""
    difference = msgspec.msgpack.decode(data, type=_Difference)
    base_pieces = _cut(base)
    literals = _inflate(difference.literals, _dictionary(base_pieces, difference.pieces))
    ends = iter(difference.lengths)
    at = 0
    out: list[bytes] = []
    for first, count in difference.pieces:
        if first >= 0:
            out += base_pieces[first : first + count]
            continue
        for _ in range(count):
            end = at + next(ends)
            out.append(literals[at:end])
            at = end
    return b"".join(out)


def _continues(last: tuple[int, int], index: int) -> bool:
    first, count = last
    return first < 0 if index < 0 else first >= 0 and first + count == index


def _cut(record: bytes) -> list[bytes]:
    """The record from line to line; together the pieces are the record."""
    head, *lines = record.split(_LINE_START)
    return [head, *(_LINE_START + line for line in lines)]


def _dictionary(
    base_pieces: list[bytes], pieces: list[tuple[int, int]] | tuple[tuple[int, int], ...]
) -> bytes:
    """What the record does not take over whole: most like the lines that are new in it."""
    used = {first + step for first, count in pieces if first >= 0 for step in range(count)}
    rest = b"".join(piece for index, piece in enumerate(base_pieces) if index not in used)
    return rest[-_DICTIONARY_BYTES_MAX:]


def _deflate(data: bytes, dictionary: bytes) -> bytes:
    if not data:
        return b""
    squeezer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15, zdict=dictionary)
    return squeezer.compress(data) + squeezer.flush()


def _inflate(data: bytes, dictionary: bytes) -> bytes:
    if not data:
        return b""
    return zlib.decompressobj(-15, zdict=dictionary).decompress(data)


def _digest(record: bytes) -> bytes:
    """What stored bytes are compared with when they are read: the beginning of their BLAKE3."""
    return bytes.fromhex(canonical.digest_bytes(record))[:_DIGEST_BYTES]


class RecordStore:
    """The rows of `results` over one connection; begins no transactions of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._bases: OrderedDict[int, bytes] = OrderedDict()

    def forget(self) -> None:
        """A transaction was rolled back: rows learnt in it may come to be others."""
        self._bases.clear()

    def insert(
        self,
        key: DerivationKey,
        input_digest: str,
        record: bytes,
        timing: StageTiming,
        *,
        like: int | None = None,
    ) -> int:
        """Store a result that is not there yet, or was lost; returns its row id.

        ``like``: row id of a result that may be much the same.
        """
        key_digest = bytes.fromhex(canonical.digest(key))
        codec, data = pack_alone(record)
        # Others may stand on one that was lost: it stands alone when it comes back.
        lost = self._db.execute(
            "SELECT 1 FROM results WHERE key_digest=?", (key_digest,)
        ).fetchone()
        base_id = None if like is None or lost else self._sound_base(like)
        if base_id is not None:
            difference = pack_difference(record, self._base(base_id))
            if len(difference) < DIFFERENCE_SHARE_MAX * len(data):
                codec, data = Codec.DIFFERENCE, difference
        return int(
            self._db.execute(
                _INSERT,
                (
                    key_digest,
                    bytes.fromhex(input_digest),
                    key.stage,
                    canonical.encode(key),
                    data,
                    canonical.encode(timing),
                    timing.finished_at_us,
                    int(codec),
                    base_id if codec == Codec.DIFFERENCE else None,
                    _digest(record),
                ),
            ).get
        )

    def lose(self, result_id: int) -> None:
        """This record is damaged and is to be made again; what points at it stays."""
        self._db.execute(
            "UPDATE results SET codec=?, base_id=NULL, record=x'', record_digest=NULL"
            " WHERE result_id=?",
            (int(Codec.LOST), result_id),
        )
        self._bases.pop(result_id, None)

    def deflate(self, result_id: int) -> None:
        """Compress a record that an earlier version stored as it was; it may be a base."""
        row = self._db.execute(
            "SELECT codec, record FROM results WHERE result_id=?", (result_id,)
        ).fetchone()
        if row is not None and row[0] == Codec.PLAIN:
            codec, data = pack_alone(row[1])
            self._db.execute(
                "UPDATE results SET codec=?, record=? WHERE result_id=?",
                (int(codec), data, result_id),
            )

    def read(self, result_id: int) -> bytes:
        """The bytes as they were given to `insert`.

        Raises `KernelError` (``derived-damaged``) when they cannot be had.
        """
        try:
            return self._read(result_id)
        except _UNREADABLE as error:
            raise derived_damaged(f"stored result {result_id} cannot be read: {error}") from error

    def has_digest(self, result_id: int) -> bool:
        """Whether `read` compares the bytes with what was stored; records of version 2 have none.

        False also where there is no such result.
        """
        found = self._db.execute(
            "SELECT record_digest IS NOT NULL FROM results WHERE result_id=?", (result_id,)
        ).get
        return bool(found)

    def _read(self, result_id: int) -> bytes:
        row = self._db.execute(
            "SELECT codec, base_id, record, record_digest FROM results WHERE result_id=?",
            (result_id,),
        ).fetchone()
        if row is None:
            raise ValueError("it is not there")
        codec, base_id, data, digest = row
        if codec == Codec.DIFFERENCE:
            record = unpack_difference(data, self._base(base_id))
        else:
            record = unpack_alone(codec, data)
        if digest is not None and digest != _digest(record):
            raise ValueError("it is not what was stored")
        return record

    def _sound_base(self, like: int) -> int | None:
        """What a record like this one may stand on; None where that is damaged."""
        base_id = self.base_of(like)
        try:
            self._read(base_id)
        except _UNREADABLE:
            return None
        return base_id

    def base_of(self, result_id: int) -> int:
        """The result that this one stands on: itself, when it stands alone."""
        row = self._db.execute(
            "SELECT base_id FROM results WHERE result_id=?", (result_id,)
        ).fetchone()
        return result_id if row is None or row[0] is None else int(row[0])

    def _base(self, base_id: int) -> bytes:
        if base_id in self._bases:
            self._bases.move_to_end(base_id)
            return self._bases[base_id]
        row = self._db.execute(
            "SELECT codec, record FROM results WHERE result_id=?", (base_id,)
        ).fetchone()
        if row is None:
            raise ValueError(f"its base {base_id} is not there")
        data = unpack_alone(int(row[0]), row[1])
        self._bases[base_id] = data
        while len(self._bases) > _BASES_KEPT:
            self._bases.popitem(last=False)
        return data
