"""Checks of the packs: every frame that the journal refers to, byte by byte or by length.

Covers: segments that are gone or short, damaged frames, blobs without an intact copy. Does
not cover: what the events say (`kernel.store.check_chain`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from contracts.canonical import decode
from contracts.identity import EVENT_ID_PREFIX
from kernel.store.batch import Batch
from kernel.store.frame import FrameKind
from kernel.store.journal import GONE_STATES, Journal, SegmentRow
from kernel.store.pack import segment_path
from kernel.store.packed import TILES_MEDIA, PackedRows
from kernel.store.report import Findings, Progress, ProgressSink
from kernel.store.scan import ScannedFrame, scan_segment
from kernel.store.tileframe import decode_payload

PROGRESS_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place inside one segment, and the blob that it holds."""

    place_id: int
    offset_bytes: int
    blob_id: int
    digest: bytes
    length_bytes: int
    media_type: str


def check_segments(
    connection: apsw.Connection,
    directory: Path,
    rows: list[SegmentRow],
    findings: Findings,
    progress: ProgressSink,
    *,
    quick: bool,
) -> int:
    """The segments in ``rows``, all in ``directory``; returns how many bytes were read.

    Raises `apsw.Error` when the journal cannot be read.
    """
    total = sum(row.end_bytes for row in rows)
    checked = 0
    for row in rows:
        path = segment_path(directory, row.number)
        size = path.stat().st_size if path.exists() else None
        if size is None and _was_replaced(connection, row):
            # Beside a running kernel: its content has another place, or another form, by now.
            continue
        if size is None:
            touched = _events_behind(connection, row, 0)
            findings.add("segment-missing", path.name, "the segment is gone", touched)
            continue
        if size < row.end_bytes:
            touched = _events_behind(connection, row, size)
            message = f"it has {size} bytes, {row.end_bytes} were acknowledged"
            findings.add("segment-short", path.name, message, touched)
        if size > row.end_bytes and row.state == "sealed":
            findings.note(
                f"{path.name}: {size - row.end_bytes} bytes of a crash lie behind its end"
            )
        if not quick:
            _check_frames(connection, path, row, findings)
            checked += min(size, row.end_bytes)
            progress(Progress("packs", checked, total, "bytes"))
    return checked


def _was_replaced(connection: apsw.Connection, row: SegmentRow) -> bool:
    now = Journal(connection).segments(row.volume_id)
    return any(one.number == row.number and one.state in GONE_STATES for one in now)


def check_references(connection: apsw.Connection, findings: Findings) -> None:
    """Every event's blob and every blob's place exist, and each blob is some event's."""
    rows = connection.execute(
        "SELECT b.blob_id, b.digest FROM blob b "
        "WHERE NOT EXISTS (SELECT 1 FROM place p WHERE p.blob_id = b.blob_id) "
        "AND NOT EXISTS (SELECT 1 FROM packed f WHERE f.blob_id = b.blob_id)"
    )
    for blob_id, digest in [*rows, *PackedRows(connection).without_form()]:
        message = "no place is recorded for it, and no packed form"
        findings.add(
            "blob-missing", f"blob {digest.hex()}", message, events_of(connection, blob_id)
        )
    rows = connection.execute(
        "SELECT b.blob_id, b.digest, p.number FROM place p JOIN blob b USING (blob_id) "
        "JOIN segment s ON s.volume_id = p.volume_id AND s.number = p.number "
        "WHERE p.offset_bytes + b.length_bytes > s.end_bytes"
    )
    for blob_id, digest, number in list(rows):
        message = f"its place lies behind the recorded end of segment {number}"
        touched = events_of(connection, blob_id)
        findings.add("blob-row-damaged", f"blob {digest.hex()}", message, touched)
    rows = connection.execute(
        "SELECT b.digest FROM blob b "
        "WHERE b.media_type != ? "
        "AND NOT EXISTS (SELECT 1 FROM event e WHERE e.blob_id = b.blob_id)",
        (TILES_MEDIA,),
    )
    for (digest,) in rows:
        findings.note(f"blob {digest.hex()} belongs to no event")


def events_of(connection: apsw.Connection, blob_id: int) -> list[str]:
    """Ids of the events that show the blob, or a frame packed into it, in order."""
    rows = connection.execute(
        "SELECT event_id FROM event WHERE blob_id = ?1 OR blob_id IN "
        "(SELECT blob_id FROM packed WHERE pack_id = ?1) ORDER BY seq",
        (blob_id,),
    )
    return [EVENT_ID_PREFIX + key.hex() for (key,) in rows]


def _check_frames(
    connection: apsw.Connection, path: Path, row: SegmentRow, findings: Findings
) -> None:
    expected = _by_offset(_places(connection, row))
    try:
        for frame in scan_segment(path, row.number, end=row.end_bytes):
            if frame.problem:
                _report_damage(connection, path, frame, expected, findings)
                continue
            assert frame.header is not None
            if frame.header.kind is FrameKind.BATCH:
                _check_batch_copy(connection, path, frame, findings)
            # One that is named there and is another blob stays expected.
            places = expected.get(frame.offset, [])
            for place in [one for one in places if one.digest == frame.header.digest]:
                places.remove(place)
                _check_frame(connection, place, frame, findings)
    except OSError as error:
        findings.add("segment-unreadable", path.name, str(error))
    for places in expected.values():
        for place in places:
            message = "the frame that the journal names is not there or not intact"
            _report_place(connection, path, place, message, findings)


def _by_offset(places: Iterator[PlaceRow]) -> dict[int, list[PlaceRow]]:
    """All places of a segment: a damaged journal may name one offset for two blobs."""
    found: dict[int, list[PlaceRow]] = {}
    for place in places:
        found.setdefault(place.offset_bytes, []).append(place)
    return found


def _check_frame(
    connection: apsw.Connection, place: PlaceRow, frame: ScannedFrame, findings: Findings
) -> None:
    if (len(frame.payload), frame.media_type) != (place.length_bytes, place.media_type):
        touched = events_of(connection, place.blob_id)
        message = "its length or media type in the journal differs from the pack"
        findings.add("blob-row-damaged", f"blob {place.digest.hex()}", message, touched)
    elif frame.header is not None and frame.header.kind is FrameKind.TILES:
        _check_pack(connection, place, frame, findings)


def _report_damage(
    connection: apsw.Connection,
    path: Path,
    frame: ScannedFrame,
    expected: dict[int, list[PlaceRow]],
    findings: Findings,
) -> None:
    where = f"{path.name} bytes {frame.offset}..{frame.end - 1}"
    inside = [offset for offset in expected if frame.offset <= offset < frame.end]
    places = [place for offset in inside for place in expected.pop(offset)]
    if not places:
        findings.add("frame-damaged", where, f"{frame.problem}; it held no pixels")
    for place in places:
        _report_place(connection, path, place, frame.problem, findings)


def _report_place(
    connection: apsw.Connection, path: Path, place: PlaceRow, problem: str, findings: Findings
) -> None:
    where = f"blob {place.digest.hex()} in {path.name} at {place.offset_bytes}"
    places = list(
        connection.execute(
            "SELECT place_id FROM place WHERE blob_id = ? ORDER BY place_id DESC",
            (place.blob_id,),
        )
    )
    if places[0][0] != place.place_id:
        findings.note(f"{where}: {problem}; a newer copy is in use")
        return
    if PackedRows(connection).has(place.digest):
        findings.note(f"{where}: {problem}; its packed form is in use")
        return
    also = f"; {len(places) - 1} older copies are recorded" if len(places) > 1 else ""
    findings.add("blob-damaged", where, problem + also, events_of(connection, place.blob_id))


def _check_pack(
    connection: apsw.Connection, place: PlaceRow, frame: ScannedFrame, findings: Findings
) -> None:
    """What the journal says of a pack's frames is what the pack says of itself."""
    said = [original.pixels for original in decode_payload(frame.payload).frames]
    rows = connection.execute(
        "SELECT f.blob_id, f.frame, p.digest FROM packed f LEFT JOIN pixel p USING (blob_id) "
        "WHERE f.pack_id = ?",
        (place.blob_id,),
    )
    for blob_id, index, pixels in list(rows):
        if pixels is None or index >= len(said) or said[index] != pixels.hex():
            message = f"frame {index} of pack {place.digest.hex()} shows other pixels"
            findings.add(
                "packed-row-damaged", f"blob row {blob_id}", message, events_of(connection, blob_id)
            )


def _check_batch_copy(
    connection: apsw.Connection, path: Path, frame: ScannedFrame, findings: Findings
) -> None:
    assert frame.header is not None
    batch = decode(frame.payload, Batch)
    last_seq = batch.first_seq + len(batch.events) - 1
    row = connection.execute("SELECT head FROM batch WHERE last_seq = ?", (last_seq,)).fetchone()
    if row is None or row[0] != frame.header.digest:
        findings.note(f"{path.name} at {frame.offset}: a batch whose commit failed")


def _places(connection: apsw.Connection, row: SegmentRow) -> Iterator[PlaceRow]:
    rows = connection.execute(
        "SELECT p.place_id, p.offset_bytes, p.blob_id, b.digest, b.length_bytes, b.media_type "
        "FROM place p JOIN blob b USING (blob_id) "
        "WHERE p.volume_id = ? AND p.number = ? AND p.offset_bytes < ?",
        (row.volume_id, row.number, row.end_bytes),
    )
    return (PlaceRow(*found) for found in rows)


def _events_behind(connection: apsw.Connection, row: SegmentRow, offset: int) -> list[str]:
    """Events whose pixels reach behind ``offset`` of the segment."""
    rows = connection.execute(
        "SELECT e.event_id FROM event e WHERE e.blob_id IN (SELECT p.blob_id FROM place p "
        "JOIN blob b USING (blob_id) WHERE p.volume_id = ?1 AND p.number = ?2 "
        "AND p.offset_bytes + b.length_bytes > ?3) OR e.blob_id IN (SELECT f.blob_id FROM place p "
        "JOIN blob b USING (blob_id) JOIN packed f ON f.pack_id = p.blob_id "
        "WHERE p.volume_id = ?1 AND p.number = ?2 "
        "AND p.offset_bytes + b.length_bytes > ?3) ORDER BY e.seq",
        (row.volume_id, row.number, offset),
    )
    return [EVENT_ID_PREFIX + key.hex() for (key,) in rows]
