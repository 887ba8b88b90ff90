"""A new journal from the packs, when the old one is gone or damaged.

The packs hold every batch of events beside the pixels; what is still readable of the old
journal's ledger and volumes is taken over. Covers: collecting, choosing, writing the new
journal. Does not cover: laying the old one aside (`kernel.store.repair`), results of decoding
(they come again in idle time).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import apsw
import blake3

from contracts.canonical import decode
from contracts.ledger import LedgerEntry
from kernel.store import schema, sqlite
from kernel.store.batch import GENESIS
from kernel.store.drives import drained_dir, is_mounted, packs_dir
from kernel.store.journal import PRIMARY, Journal, VolumeRow
from kernel.store.ledger import append_entry
from kernel.store.ledger_join import (
    CARRIED_ACT,
    LOST_ACT,
    LedgerRows,
    read_ledger,
    unknown_anchors,
)
from kernel.store.pack import list_segments, segment_path
from kernel.store.recovery import (
    FoundBatch,
    Tail,
    TailContent,
    adopt_packs,
    choose_chain,
    content_of,
    read_tails,
)
from kernel.store.tileframe import PackedOriginal

UNKNOWN_MEDIA = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Salvage:
    """What the old journal still tells: its volumes, and its ledger as far as the chain holds."""

    volumes: tuple[VolumeRow, ...]
    ledger: LedgerRows


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the new journal holds; ``gaps`` are sequence numbers that no pack knew."""

    events: int
    blobs: int
    gaps: tuple[tuple[int, int], ...]


def salvage_journal(path: Path) -> Salvage:
    """Read what can be read of the journal; never raises for damage."""
    if not path.is_file():
        return Salvage((), LedgerRows())
    volumes: list[VolumeRow] = []
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        ledger = read_ledger(connection)
        volumes = Journal(connection).volumes()
    except (apsw.Error, TypeError):
        # A volume that is not known is found again by its marker; the ledger was read before.
        volumes = []
    finally:
        connection.close()
    return Salvage(tuple(volumes), ledger)


def rebuild_journal(
    path: Path,
    data_root: Path,
    salvage: Salvage,
    backup_packs: Path | None,
    now_us: int,
    *,
    anchors: bytes = b"",
) -> Rebuilt:
    """Write a new journal at ``path`` from all packs that can be reached.

    Batches also come from ``backup_packs``; their pixels are restored afterwards. All in one
    transaction. What of the ledger is lost though ``anchors`` (or the events) tell of it is
    entered as such. Raises `OSError`, `apsw.Error`.
    """
    volumes = list(salvage.volumes) or [VolumeRow(PRIMARY, "primary", uuid.uuid4().hex, "packs")]
    tails = _all_segments(data_root, volumes)
    content = read_tails(tails, past_damage=True)
    spare = TailContent()
    if backup_packs is not None:
        spare = read_tails(_segments_in(backup_packs, PRIMARY), past_damage=True)
    chain, gaps = choose_all(content.batches + spare.batches)
    connection = sqlite.connect(path)
    try:
        schema.migrate(connection, back_up=lambda _: None)
        with sqlite.transaction(connection):
            journal = Journal(connection)
            _insert_frame_of_reference(journal, volumes, tails, content, salvage, now_us)
            originals = {o.blob: o for pack in content.packs for o in pack.frames}
            for found in chain:
                blob_ids = _blob_ids(journal, content, spare, originals, found)
                journal.insert_batch(found.batch, found.head, blob_ids)
            adopt_packs(journal, content)
            _continue_ledger(connection, salvage.ledger, anchors, now_us, events=bool(chain))
        return Rebuilt(journal.count_events(), journal.count_blobs(), tuple(gaps))
    finally:
        connection.close()


def _continue_ledger(
    connection: apsw.Connection, ledger: LedgerRows, anchors: bytes, now_us: int, *, events: bool
) -> None:
    """Tell what is lost of the ledger, and again what no longer chains."""
    lost = unknown_anchors(ledger.chain, anchors)
    if lost or (events and not ledger.chain):
        detail = {
            "after": str(len(ledger.chain)),
            "anchors": str(lost),
            "anchors_bytes": str(len(anchors)),
        }
        append_entry(connection, LOST_ACT, "", detail, now_us)
    for record in ledger.later:
        entry = decode(record, LedgerEntry)
        if entry.act in {LOST_ACT, CARRIED_ACT}:
            continue
        detail = {"act": entry.act, "recorded_at_us": str(entry.recorded_at_us)}
        room = dict(list(entry.detail.items())[:60])
        append_entry(connection, CARRIED_ACT, entry.subject, room | detail, now_us)


def choose_all(
    batches: Iterable[FoundBatch],
) -> tuple[list[FoundBatch], list[tuple[int, int]]]:
    """The best chain, going on behind gaps; and the gaps as (first, last) sequence number.

    Pure. Within an unbroken stretch the rules of `choose_chain` hold.
    """
    unique = list({found.head: found for found in batches}.values())
    chain: list[FoundBatch] = []
    gaps: list[tuple[int, int]] = []
    last_seq, head = 0, GENESIS
    while True:
        stretch = choose_chain(unique, last_seq, head)
        chain += stretch
        if stretch:
            batch = stretch[-1].batch
            last_seq = batch.first_seq + len(batch.events) - 1
        behind = [found for found in unique if found.batch.first_seq > last_seq]
        if not behind:
            return chain, gaps
        found = min(behind, key=lambda one: one.batch.first_seq)
        if found.batch.first_seq > last_seq + 1:
            gaps.append((last_seq + 1, found.batch.first_seq - 1))
        last_seq, head = found.batch.first_seq - 1, found.batch.previous


def _all_segments(data_root: Path, volumes: list[VolumeRow]) -> list[Tail]:
    tails: list[Tail] = []
    for volume in volumes:
        if not is_mounted(data_root, volume):
            continue
        tails += _segments_in(packs_dir(data_root, volume), volume.volume_id)
        if volume.kind == "spool":
            tails += _segments_in(drained_dir(data_root, volume), volume.volume_id)
    return tails


def _segments_in(directory: Path, volume_id: int) -> list[Tail]:
    paths = [(number, segment_path(directory, number)) for number in list_segments(directory)]
    return [Tail(volume_id, number, path, 0, path.stat().st_size) for number, path in paths]


def _insert_frame_of_reference(
    journal: Journal,
    volumes: list[VolumeRow],
    tails: list[Tail],
    content: TailContent,
    salvage: Salvage,
    now_us: int,
) -> None:
    for row in volumes:
        journal.insert_volume(row.volume_id, row.kind, row.identity, row.root)
    for tail in tails:
        holds = content_of(tail, content)
        journal.record_segment(tail.volume_id, tail.number, tail.file_bytes, now_us, holds)
        state = "drained" if tail.path.parent.name == "drained" else "sealed"
        journal.seal_segment(tail.volume_id, tail.number, state)
    for seq, record in enumerate(salvage.ledger.chain, 1):
        journal.connection.execute(
            "INSERT INTO ledger (seq, head, record) VALUES (?, ?, ?)",
            (seq, blake3.blake3(record).digest(), record),
        )


def _blob_ids(
    journal: Journal,
    content: TailContent,
    spare: TailContent,
    originals: dict[str, PackedOriginal],
    found: FoundBatch,
) -> dict[bytes, int]:
    blob_ids: dict[bytes, int] = {}
    for event in found.batch.events:
        key = bytes.fromhex(event.blob)
        if key in blob_ids:
            continue
        blob_id = journal.blob_id(key)
        if blob_id is None and key in content.blobs:
            blob_id = journal.insert_blob(content.blobs[key])
        if blob_id is None:
            # The event was acknowledged; its pixels are packed, or verify will say otherwise.
            blob_id = journal.insert_lost_blob(key, *_facts(event.blob, originals, spare))
        blob_ids[key] = blob_id
    return blob_ids


def _facts(blob: str, originals: dict[str, PackedOriginal], spare: TailContent) -> tuple[int, str]:
    """Length and media type of a blob whose bytes are not here, as far as anything tells."""
    packed, known = originals.get(blob), spare.blobs.get(bytes.fromhex(blob))
    if packed is not None:
        return packed.length_bytes, packed.media_type
    return (known.length_bytes, known.media_type) if known else (0, UNKNOWN_MEDIA)
