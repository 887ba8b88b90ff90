"""What a crash left behind: tails of segments that the journal does not know.

A tail is read once, at the next start of the writer. Batches in it that continue the chain
are adopted into the journal: they were written in full, and may even have been acknowledged
if the journal lost its log. The rest stays where it is, sealed. Covers: finding tails,
choosing batches, adopting them. Does not cover: rebuilding a lost journal
(`kernel.store.rebuild`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from contracts.canonical import decode
from contracts.identity import event_id
from kernel.store.batch import Batch
from kernel.store.frame import FrameHeader, FrameKind
from kernel.store.journal import (
    CAPTURES,
    GONE_STATES,
    PRIMARY,
    TILES,
    Journal,
    NewBlob,
    Place,
    SegmentRow,
)
from kernel.store.pack import list_segments, segment_path
from kernel.store.packed import record_packed
from kernel.store.scan import ScannedFrame, scan_segment
from kernel.store.tileframe import PackedOriginal, decode_payload


@dataclass(frozen=True, slots=True)
class Tail:
    """Bytes of a segment behind the journal's knowledge; from 0 when it knows nothing of it."""

    volume_id: int
    number: int
    path: Path
    start: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class FoundBatch:
    """A batch read from a pack, with the head that its bytes hash to."""

    batch: Batch
    head: bytes


@dataclass(frozen=True, slots=True)
class FoundPack:
    """A tile pack read from a segment; it was proved before it was written."""

    blob: NewBlob
    frames: tuple[PackedOriginal, ...]


@dataclass(slots=True)
class TailContent:
    """What the tails hold: blobs by digest, batches and packs in the order of the file, junk."""

    blobs: dict[bytes, NewBlob] = field(default_factory=dict)
    batches: list[FoundBatch] = field(default_factory=list)
    packs: list[FoundPack] = field(default_factory=list)
    whole_bytes: dict[Path, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def find_tails(
    directory: Path, rows: Iterable[SegmentRow], volume_id: int = PRIMARY
) -> tuple[list[Tail], list[int]]:
    """Tails to read, and numbers of segments that are shorter than what was acknowledged."""
    known = {row.number: row for row in rows if row.state not in GONE_STATES}
    left = {row.number for row in rows if row.state in GONE_STATES}
    tails: list[Tail] = []
    short = [number for number in known if not segment_path(directory, number).exists()]
    for number in list_segments(directory):
        path = segment_path(directory, number)
        size = path.stat().st_size
        row = known.get(number)
        if row is None and number not in left:
            tails.append(Tail(volume_id, number, path, 0, size))
        elif row and size < row.end_bytes:
            short.append(number)
        elif row and size > row.end_bytes and row.state == "open":
            tails.append(Tail(volume_id, number, path, row.end_bytes, size))
    return tails, sorted(short)


def read_tails(tails: Iterable[Tail], *, past_damage: bool = False) -> TailContent:
    """Intact frames of the tails. Raises `OSError`.

    A tail counts up to its first damaged byte, as a crash leaves it; ``past_damage`` takes
    what is intact behind that too, for a journal that is rebuilt from old packs.
    """
    content = TailContent()
    for tail in tails:
        whole, intact = tail.start, True
        for frame in scan_segment(tail.path, tail.number, start=tail.start):
            if frame.problem or frame.header is None:
                content.problems.append(f"{tail.path.name} at {frame.offset}: {frame.problem}")
                intact = past_damage
            elif intact:
                whole = frame.end
                _collect(content, frame, frame.header, tail)
        content.whole_bytes[tail.path] = tail.file_bytes if past_damage else whole
    return content


def _collect(content: TailContent, frame: ScannedFrame, header: FrameHeader, tail: Tail) -> None:
    if header.kind is FrameKind.BLOB:
        place = Place(tail.volume_id, tail.number, frame.offset)
        length = len(frame.payload)
        content.blobs[header.digest] = NewBlob(header.digest, length, frame.media_type, place)
    elif header.kind is FrameKind.BATCH:
        content.batches.append(_batch(frame.payload, header.digest))
    elif header.kind is FrameKind.TILES:
        place = Place(tail.volume_id, tail.number, frame.offset)
        new = NewBlob(header.digest, len(frame.payload), frame.media_type, place)
        content.packs.append(FoundPack(new, decode_payload(frame.payload).frames))
    elif header.kind is FrameKind.VOID:
        content.batches = [b for b in content.batches if b.head != frame.payload]


def _batch(payload: bytes, digest: bytes) -> FoundBatch:
    return FoundBatch(decode(payload, Batch), digest)


def choose_chain(batches: Iterable[FoundBatch], last_seq: int, head: str) -> list[FoundBatch]:
    """The batches that continue the chain from ``head``, in order.

    Where two claim the same predecessor (a commit failed and was tried again), the one that
    others build on wins, else the later one in the file: it is the one that may have been
    acknowledged. Pure.
    """
    after: dict[str, list[FoundBatch]] = {}
    for found in batches:
        after.setdefault(found.batch.previous, []).append(found)
    chain: list[FoundBatch] = []
    while candidates := after.get(head):
        chosen = next((c for c in candidates if c.head.hex() in after), candidates[-1])
        if chosen.batch.first_seq != last_seq + 1 or not _sound(chosen.batch):
            break
        chain.append(chosen)
        last_seq += len(chosen.batch.events)
        head = chosen.head.hex()
    return chain


def _sound(batch: Batch) -> bool:
    return bool(batch.events) and all(
        event.seq == batch.first_seq + index and event.event_id == event_id(event)
        for index, event in enumerate(batch.events)
    )


def adopt_tails(journal: Journal, tails: list[Tail], now_us: int) -> tuple[int, int]:
    """Record what the tails hold and seal their segments; inside the caller's transaction.

    Returns the number of events adopted and of bytes that are no whole frames. Raises
    `OSError` and `msgspec.MsgspecError` (a batch whose digest holds but is no batch: a bug).
    """
    content = read_tails(tails)
    torn = sum(tail.file_bytes - content.whole_bytes[tail.path] for tail in tails)
    for tail in tails:
        end = content.whole_bytes[tail.path]
        journal.record_segment(tail.volume_id, tail.number, end, now_us, content_of(tail, content))
        journal.seal_segment(tail.volume_id, tail.number)
    adopted = 0
    for found in choose_chain(content.batches, *journal.head()):
        blob_ids = _blob_ids(journal, content, found.batch)
        if blob_ids is None:
            # Pixels that never reached the disk were never acknowledged.
            break
        journal.insert_batch(found.batch, found.head, blob_ids)
        adopted += len(found.batch.events)
    adopt_packs(journal, content)
    return adopted, torn


def content_of(tail: Tail, content: TailContent) -> str:
    """What the tail's segment holds, by what was found in it."""
    inside = ((found.blob.place.volume_id, found.blob.place.number) for found in content.packs)
    return TILES if (tail.volume_id, tail.number) in inside else CAPTURES


def adopt_packs(journal: Journal, content: TailContent) -> None:
    """Record tile packs that the journal does not know; inside the caller's transaction."""
    for found in content.packs:
        if journal.blob_id(found.blob.digest) is None:
            record_packed(journal, journal.insert_blob(found.blob), found.frames)


def _blob_ids(journal: Journal, content: TailContent, batch: Batch) -> dict[bytes, int] | None:
    blob_ids: dict[bytes, int] = {}
    for event in batch.events:
        digest = bytes.fromhex(event.blob)
        if digest in blob_ids:
            continue
        blob_id = journal.blob_id(digest)
        if blob_id is None:
            blob = content.blobs.get(digest)
            if blob is None:
                return None
            blob_id = journal.insert_blob(blob)
        blob_ids[digest] = blob_id
    return blob_ids
