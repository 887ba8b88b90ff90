"""Checks of the journal: events against their ids, batches against the chain, the ledger.

Covers: changed, removed, reordered events; the ledger's chain; anchors. Reads pages of rows,
so that a running writer is not held up. Does not cover: pixels (`kernel.store.check_packs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw
import blake3
import msgspec

from contracts.canonical import decode, encode
from contracts.capture import CaptureEvent
from contracts.identity import EVENT_ID_PREFIX, event_id
from contracts.ledger import LedgerAnchor, LedgerEntry
from kernel.store.batch import GENESIS, Batch, seal_batch
from kernel.store.ledger import parse_anchor
from kernel.store.ledger_join import LOST_ACT
from kernel.store.report import Findings, Progress, ProgressSink

PAGE_ROWS = 1000
QUICK_ROWS = 1000
"""A quick check looks at this many of the newest events and ledger entries."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of the batch table."""

    last_seq: int
    first_seq: int
    committed_at_us: int
    head: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the event table with the digest of the blob that it refers to."""

    seq: int
    event_id: str
    captured_at_us: int
    record: bytes
    digest: str | None


def check_events(
    connection: apsw.Connection, findings: Findings, progress: ProgressSink, *, quick: bool
) -> None:
    """Every batch and its events. Raises `apsw.Error` when the journal cannot be read."""
    total = _scalar(connection, "SELECT max(last_seq) FROM batch")
    stored = _scalar(connection, "SELECT max(seq) FROM event")
    if stored > total:
        lost = [row.event_id for row in _event_rows(connection, total + 1, stored)]
        findings.add("event-unchained", f"events {total + 1}..{stored}", "in no batch", lost)
    previous, at = _start_of_check(connection, total, quick=quick)
    while rows := _batch_rows(connection, at):
        for row in rows:
            if row.first_seq != at + 1:
                where = f"events {at + 1}..{row.first_seq - 1}"
                findings.add("batch-missing", where, "no batch covers these sequence numbers")
            _check_batch(connection, row, previous, findings)
            at = _advance(at, row.last_seq)
            previous = row.head.hex()
        progress(Progress("events", at, total, "events"))


def _start_of_check(connection: apsw.Connection, total: int, *, quick: bool) -> tuple[str, int]:
    if not quick:
        return GENESIS, 0
    row = connection.execute(
        "SELECT head, last_seq FROM batch WHERE last_seq <= ? ORDER BY last_seq DESC LIMIT 1",
        (total - QUICK_ROWS,),
    ).fetchone()
    return (row[0].hex(), row[1]) if row else (GENESIS, 0)


def _check_batch(
    connection: apsw.Connection, row: BatchRow, previous: str, findings: Findings
) -> None:
    where = f"events {row.first_seq}..{row.last_seq}"
    rows = _event_rows(connection, row.first_seq, row.last_seq)
    ids = [event.event_id for event in rows]
    found = {event.seq for event in rows}
    gaps = [seq for seq in range(row.first_seq, row.last_seq + 1) if seq not in found]
    if gaps:
        message = f"sequence numbers {_spans(gaps)} are gone"
        findings.add("event-missing", where, message, ids)
    events = [_check_event(event, findings) for event in rows]
    if gaps or None in events:
        return
    batch = Batch(
        previous=previous,
        first_seq=row.first_seq,
        committed_at_us=row.committed_at_us,
        events=tuple(event for event in events if event is not None),
    )
    if seal_batch(batch)[1] != row.head:
        message = "these events are not the ones that were committed after the batch before"
        findings.add("chain-broken", where, message, ids)


def _check_event(row: EventRow, findings: Findings) -> CaptureEvent | None:
    where = f"event {row.seq}"
    try:
        event = decode(row.record, CaptureEvent)
    except msgspec.MsgspecError as error:
        findings.add("event-damaged", where, f"its record is unreadable: {error}", [row.event_id])
        return None
    columns = (row.seq, row.event_id, row.captured_at_us, row.digest)
    recorded = (event.seq, event.event_id, event.captured_at_us, event.blob)
    if columns != recorded:
        message = "the index columns differ from the record"
        findings.add("event-damaged", where, message, {row.event_id, event.event_id})
        return None
    if event_id(event) != event.event_id or encode(event) != row.record:
        findings.add("event-damaged", where, "its content does not fit its id", [row.event_id])
        return None
    return event


def _advance(at: int, seq: int) -> int:
    """The next position. Raises `apsw.CorruptError` where a damaged index leads back."""
    if seq <= at:
        msg = f"row {seq} comes behind row {at}"
        raise apsw.CorruptError(msg)
    return seq


def _batch_rows(connection: apsw.Connection, after_seq: int) -> list[BatchRow]:
    rows = connection.execute(
        "SELECT last_seq, first_seq, committed_at_us, head FROM batch "
        "WHERE last_seq > ? ORDER BY last_seq LIMIT ?",
        (after_seq, PAGE_ROWS),
    )
    return [BatchRow(*row) for row in rows]


def _event_rows(connection: apsw.Connection, first_seq: int, last_seq: int) -> list[EventRow]:
    rows = connection.execute(
        "SELECT e.seq, e.event_id, e.captured_at_us, e.record, b.digest "
        "FROM event e LEFT JOIN blob b USING (blob_id) WHERE e.seq BETWEEN ? AND ? ORDER BY e.seq",
        (first_seq, last_seq),
    )
    return [
        EventRow(seq, EVENT_ID_PREFIX + key.hex(), at, record, blob.hex() if blob else None)
        for seq, key, at, record, blob in rows
    ]


def check_ledger(
    connection: apsw.Connection, anchors: Path, findings: Findings, *, quick: bool
) -> int:
    """The ledger's chain, its evidence heads and the anchors; returns the number of entries.

    Raises `apsw.Error` when the journal cannot be read.
    """
    total = _scalar(connection, "SELECT max(seq) FROM ledger")
    after = max(0, total - QUICK_ROWS) if quick else 0
    row = connection.execute("SELECT head FROM ledger WHERE seq = ?", (after,)).fetchone()
    previous = row[0].hex() if row else GENESIS
    at, anchors_bytes = after, 0
    lost_bytes = _check_lost(connection, findings, after)
    while rows := _ledger_rows(connection, at):
        for seq, head, record in rows:
            if seq != at + 1:
                where = f"ledger {at + 1}..{seq - 1}"
                findings.add("ledger-missing", where, "these entries are gone")
            anchored = _check_entry(connection, seq, head, record, previous, findings)
            anchors_bytes = max(anchors_bytes, anchored)
            at = _advance(at, seq)
            previous = head.hex()
    _check_anchors(connection, anchors, findings, anchors_bytes, quick=quick, lost=lost_bytes)
    return total


def _check_lost(connection: apsw.Connection, findings: Findings, after: int) -> int:
    """Tell what a repair had to do without; returns the length of the anchors that it left.

    Looked for in the first entry, where nothing was left, and behind ``after``.
    """
    lost = 0
    for seq, record in connection.execute(
        "SELECT seq, record FROM ledger WHERE (seq = 1 OR seq > ?) AND instr(record, ?)",
        (after, LOST_ACT.encode()),
    ):
        try:
            entry = decode(record, LedgerEntry)
        except msgspec.MsgspecError:
            continue
        if entry.act != LOST_ACT:
            continue
        findings.add(
            "ledger-lost",
            f"ledger {seq}",
            f"entries behind {entry.detail.get('after', '0')} were lost before this one; "
            f"{entry.detail.get('anchors', '0')} anchors tell of them; a backup may have them: "
            "kernel repair --from-backup",
        )
        lost = max(lost, int(entry.detail.get("anchors_bytes", "0")))
    return lost


def _ledger_rows(connection: apsw.Connection, after: int) -> list[tuple[int, bytes, bytes]]:
    return list(
        connection.execute(
            "SELECT seq, head, record FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, PAGE_ROWS),
        )
    )


def _check_entry(
    connection: apsw.Connection,
    seq: int,
    head: bytes,
    record: bytes,
    previous: str,
    findings: Findings,
) -> int:
    """Returns how long the anchors file was when the entry was made, 0 if it does not say."""
    where = f"ledger {seq}"
    try:
        entry = decode(record, LedgerEntry)
    except msgspec.MsgspecError as error:
        findings.add("ledger-damaged", where, f"its record is unreadable: {error}")
        return 0
    if blake3.blake3(record).digest() != head or entry.seq != seq:
        findings.add("ledger-damaged", where, "its content does not fit its digest")
    if entry.previous != previous:
        findings.add("ledger-broken", where, "it does not follow the entry before it")
    if entry.act != "evidence.head":
        return 0
    _check_evidence_head(connection, entry, where, findings)
    return int(entry.detail.get("anchors_bytes", "0"))


def _check_evidence_head(
    connection: apsw.Connection, entry: LedgerEntry, where: str, findings: Findings
) -> None:
    seq = int(entry.detail.get("seq", "0"))
    row = connection.execute("SELECT head FROM batch WHERE last_seq = ?", (seq,)).fetchone()
    head = row[0].hex() if row else (None if seq else GENESIS)
    if head != entry.subject:
        message = f"the events up to {seq} are not those that the ledger saw"
        ids = [row.event_id for row in _event_rows(connection, max(1, seq - 99), seq)]
        findings.add("chain-rewritten", where, message, ids)


def _check_anchors(
    connection: apsw.Connection,
    path: Path,
    findings: Findings,
    bytes_min: int,
    *,
    quick: bool,
    lost: int,
) -> None:
    data = path.read_bytes() if path.exists() else b""
    if len(data) < bytes_min:
        message = f"{bytes_min - len(data)} bytes of anchors outside the journal are gone"
        findings.add("anchors-missing", path.name, message)
    lines = data.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n") and parse_anchor(lines[-1][:-1]) is None:
        findings.note(f"the last line of {path.name} is cut short, as a crash leaves it")
        lines.pop()
    first = max(0, len(lines) - QUICK_ROWS) if quick else 0
    at = sum(len(line) for line in lines[:first])
    for number, line in enumerate(lines[first:], first + 1):
        anchor = parse_anchor(line)
        at += len(line)
        where = f"{path.name} line {number}"
        if anchor is None:
            findings.add("anchor-damaged", where, "the line does not fit its check digits")
        elif at > lost:
            # Those before tell of entries that are known to be lost.
            _check_anchor(connection, anchor, where, findings)


def _check_anchor(
    connection: apsw.Connection, anchor: LedgerAnchor, where: str, findings: Findings
) -> None:
    row = connection.execute("SELECT head FROM ledger WHERE seq = ?", (anchor.seq,)).fetchone()
    if row is None:
        message = f"ledger entry {anchor.seq}, which was anchored, is gone"
        findings.add("ledger-missing", where, message)
    elif row[0].hex() != anchor.head:
        message = f"ledger entry {anchor.seq} is not the one that was anchored"
        findings.add("ledger-rewritten", where, message)


def _scalar(connection: apsw.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return row[0] or 0 if row else 0


def _spans(numbers: list[int]) -> str:
    first, last = numbers[0], numbers[-1]
    if last - first + 1 == len(numbers):
        return f"{first}..{last}" if last > first else str(first)
    return ", ".join(map(str, numbers[:20]))
