"""The audit ledger: appending entries, reading them, anchoring the chain's head.

Covers: the chain in the journal and the anchors in a file beside it. Does not cover: checking
the chain (`kernel.store.verify`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import apsw
import blake3
import msgspec

from contracts.canonical import decode, encode
from contracts.ledger import LedgerAnchor, LedgerEntry
from kernel.config.errors import KernelError
from kernel.store.batch import GENESIS
from kernel.store.disk import Disk
from kernel.store.journal import Journal
from kernel.store.readers import ReaderPool
from kernel.store.writer import JournalWriter

ANCHORS_NAME = "anchors.log"
CHECK_HEX = 16
LINE_BYTES_MAX = 1024


def ledger_head(connection: apsw.Connection) -> tuple[int, str]:
    """Sequence number and digest of the last entry; (0, 64 zeros) for an empty ledger."""
    row = connection.execute("SELECT seq, head FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1].hex()) if row else (0, GENESIS)


def append_entry(
    connection: apsw.Connection, act: str, subject: str, detail: Mapping[str, str], now_us: int
) -> LedgerEntry:
    """Insert the next entry; for a caller that is inside a transaction.

    Raises `KernelError` ``ledger-entry-invalid`` when the entry breaks its contract.
    """
    seq, previous = ledger_head(connection)
    entry = LedgerEntry(
        seq=seq + 1,
        previous=previous,
        recorded_at_us=now_us,
        act=act,
        subject=subject,
        detail=dict(detail),
    )
    try:
        record = encode(entry)
        decode(record, LedgerEntry)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        msg = f"the ledger does not take the act {act!r}: {error}"
        raise KernelError("ledger-entry-invalid", msg) from error
    connection.execute(
        "INSERT INTO ledger (seq, head, record) VALUES (?, ?, ?)",
        (entry.seq, blake3.blake3(record).digest(), record),
    )
    return entry


def pack_anchor(anchor: LedgerAnchor) -> bytes:
    """The anchor as a line of the anchors file: JSON, a space, the JSON's short digest."""
    text = msgspec.json.encode(anchor)
    return text + b" " + _check(text) + b"\n"


def parse_anchor(line: bytes) -> LedgerAnchor | None:
    """The anchor in the line, None when the line is damaged."""
    text, _, check = line.rstrip(b"\n").rpartition(b" ")
    if check != _check(text):
        return None
    try:
        return msgspec.json.decode(text, type=LedgerAnchor)
    except msgspec.MsgspecError:
        return None


def _check(text: bytes) -> bytes:
    return blake3.blake3(text).hexdigest()[:CHECK_HEX].encode()


class Ledger:
    """Every significant act, in order, each entry chained to the one before.

    Safe from any thread. Over a read-only store `append` raises ``store-read-only``.
    """

    def __init__(
        self, readers: ReaderPool, writer: JournalWriter | None, now_us: Callable[[], int]
    ) -> None:
        self._readers = readers
        self._writer = writer
        self._now_us = now_us

    def append(
        self, act: str, subject: str = "", detail: Mapping[str, str] | None = None
    ) -> LedgerEntry:
        """Record an act durably and return its entry.

        Raises `KernelError`: ``ledger-entry-invalid``, ``store-read-only``, ``store-closed``,
        ``disk-full``, ``disk-failed``.
        """
        if self._writer is None:
            msg = "the store was opened for reading"
            raise KernelError("store-read-only", msg)
        with self._writer.transaction() as connection:
            return append_entry(connection, act, subject, detail or {}, self._now_us())

    def entries(self, after_seq: int = 0, limit_rows: int = 1000) -> list[LedgerEntry]:
        """The entries that follow ``after_seq``, in order."""
        with self._readers.borrow() as connection:
            rows = connection.execute(
                "SELECT record FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?",
                (after_seq, limit_rows),
            )
            return [decode(record, LedgerEntry) for (record,) in rows]

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the last entry; (0, 64 zeros) when there is none."""
        with self._readers.borrow() as connection:
            return ledger_head(connection)


def write_anchor(writer: JournalWriter, anchors_dir: Path, disk: Disk, now_us: int) -> LedgerAnchor:
    """Record the evidence head in the ledger, then the ledger's head in the anchors file.

    The anchor is durable on return. Raises `KernelError` disk-full or disk-failed.
    """
    path = anchors_dir / ANCHORS_NAME
    with writer.turn() as connection:
        with writer.transaction():
            seq, head = Journal(connection).head()
            # The length lets a check see that anchors written before were taken away.
            anchors_bytes = _whole_lines_bytes(path) if path.exists() else 0
            detail = {"seq": str(seq), "anchors_bytes": str(anchors_bytes)}
            append_entry(connection, "evidence.head", head, detail, now_us)
        ledger_seq, ledger_digest = ledger_head(connection)
        anchor = LedgerAnchor(seq=ledger_seq, head=ledger_digest, recorded_at_us=now_us)
        _append_line(path, pack_anchor(anchor), disk)
    return anchor


def _append_line(path: Path, line: bytes, disk: Disk) -> None:
    made = not path.exists()
    descriptor = disk.create(path) if made else disk.open_append(path)
    try:
        whole = 0 if made else _whole_lines_bytes(path)
        if os.fstat(descriptor).st_size > whole:
            # A crash cut the last line short; glued to the next it would read as damage.
            disk.truncate(descriptor, whole)
        if disk.append(descriptor, [line]) < len(line):
            disk.truncate(descriptor, whole)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        disk.sync(descriptor)
        if made:
            disk.sync_dir(path.parent)
    finally:
        disk.close(descriptor)


def _whole_lines_bytes(path: Path) -> int:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - LINE_BYTES_MAX)
        file.seek(start)
        return start + file.read().rfind(b"\n") + 1
