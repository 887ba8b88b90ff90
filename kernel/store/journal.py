"""The journal: rows of events, blobs, places and batches over one connection.

Covers: every SQL statement on evidence except the ledger's and those on packed frames
(`kernel.store.packed`). A `Journal` belongs to whoever
borrowed its connection; it takes no locks and begins no transactions. Does not cover: the
packs (`kernel.store.pack`), order of durability (`kernel.store.evidence`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import apsw

from contracts.canonical import decode, encode
from contracts.capture import CaptureEvent, PixelBlob
from contracts.identity import EVENT_ID_PREFIX
from kernel.store.batch import GENESIS, Batch

PRIMARY = 1
"""The volume id of the data dir's own packs."""
LOOKUP_DIGESTS_MAX = 256
CAPTURES = "captures"
TILES = "tiles"
"""What a segment holds: its two writers never share one."""
GONE_STATES = frozenset({"drained", "archived", "repacked"})
"""Segments that were moved or replaced: their content has another place, or another form."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a blob's bytes lie: a frame at ``offset_bytes`` of a segment of a volume."""

    volume_id: int
    number: int
    offset_bytes: int


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A directory of packs; ``root`` is relative to the data dir or absolute."""

    volume_id: int
    kind: str
    identity: str
    root: str


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment as the journal knows it; bytes behind ``end_bytes`` belong to nobody.

    ``content``: ``captures``, or ``tiles`` for packed frames and what was carried over with them.
    """

    volume_id: int
    number: int
    end_bytes: int
    state: str
    content: str = CAPTURES


@dataclass(frozen=True, slots=True)
class NewBlob:
    """A blob to be recorded with its first place."""

    digest: bytes
    length_bytes: int
    media_type: str
    place: Place


def event_key(event_id: str) -> bytes:
    """The 16 bytes under which the event's id is stored."""
    return bytes.fromhex(event_id.removeprefix(EVENT_ID_PREFIX))


class Journal:
    """Reads and writes rows over one connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    # Reading

    def head(self) -> tuple[int, str]:
        """Sequence number of the last event and the head of the last batch."""
        row = self.connection.execute(
            "SELECT last_seq, head FROM batch ORDER BY last_seq DESC LIMIT 1"
        ).fetchone()
        return (row[0], row[1].hex()) if row else (0, GENESIS)

    def blob_id(self, digest: bytes) -> int | None:
        """Row id of the blob, None when its bytes are new."""
        row = self.connection.execute(
            "SELECT blob_id FROM blob WHERE digest = ?", (digest,)
        ).fetchone()
        return row[0] if row else None

    def blob_ids(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        """Row ids of those blobs whose bytes are known; as cheap for many as for one."""
        found: dict[bytes, int] = {}
        for start in range(0, len(digests), LOOKUP_DIGESTS_MAX):
            part = list(digests[start : start + LOOKUP_DIGESTS_MAX])
            # Few lengths, so that few statements are kept; a name that comes twice changes nothing.
            width = 1 << (len(part) - 1).bit_length()
            marks = ",".join("?" * width)
            found |= self.connection.execute(
                f"SELECT digest, blob_id FROM blob WHERE digest IN ({marks})",  # noqa: S608 - marks
                (*part, *part[:1] * (width - len(part))),
            )
        return found

    def find_blob(self, digest: bytes) -> PixelBlob | None:
        """The blob's record, with what decoding found out so far."""
        row = self.connection.execute(
            "SELECT b.length_bytes, b.media_type, p.digest, p.width_px, p.height_px "
            "FROM blob b LEFT JOIN pixel p USING (blob_id) WHERE b.digest = ?",
            (digest,),
        ).fetchone()
        if row is None:
            return None
        return PixelBlob(
            digest=digest.hex(),
            length_bytes=row[0],
            media_type=row[1],
            pixel_digest=row[2].hex() if row[2] else None,
            width_px=row[3],
            height_px=row[4],
        )

    def places(self, digest: bytes) -> list[Place]:
        """Where the blob's bytes lie, the newest place first."""
        rows = self.connection.execute(
            "SELECT p.volume_id, p.number, p.offset_bytes FROM place p "
            "JOIN blob b USING (blob_id) WHERE b.digest = ? ORDER BY p.place_id DESC",
            (digest,),
        )
        return [Place(*row) for row in rows]

    def live_volumes(self, blob_id: int) -> set[int]:
        """Volumes on which the blob's own bytes lie in a segment that was not moved away."""
        gone = ", ".join(f"'{state}'" for state in sorted(GONE_STATES))
        rows = self.connection.execute(
            "SELECT DISTINCT p.volume_id FROM place p JOIN segment s USING (volume_id, number) "  # noqa: S608 - literals of this module
            f"WHERE p.blob_id = ? AND s.state NOT IN ({gone})",
            (blob_id,),
        )
        return {row[0] for row in rows}

    def blobs_of_pixels(self, pixel_digest: bytes) -> list[str]:
        """Digests of the blobs that decode to the same pixels, the oldest first."""
        rows = self.connection.execute(
            "SELECT b.digest FROM pixel p JOIN blob b USING (blob_id) "
            "WHERE p.digest = ? ORDER BY b.blob_id",
            (pixel_digest,),
        )
        return [row[0].hex() for row in rows]

    def blob_digests(self, after_id: int, limit_rows: int) -> list[tuple[int, bytes]]:
        """Row ids and digests of the blobs behind ``after_id``, in order."""
        return list(
            self.connection.execute(
                "SELECT blob_id, digest FROM blob WHERE blob_id > ? ORDER BY blob_id LIMIT ?",
                (after_id, limit_rows),
            )
        )

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id."""
        return self._one("SELECT record FROM event WHERE event_id = ?", (event_key(event_id),))

    def last_event(self) -> CaptureEvent | None:
        """The event with the highest sequence number."""
        return self._one("SELECT record FROM event ORDER BY seq DESC LIMIT 1", ())

    def events_of_blob(self, digest: bytes) -> list[CaptureEvent]:
        """All events that show the blob, by sequence number."""
        return self._many(
            "SELECT record FROM event WHERE blob_id = "
            "(SELECT blob_id FROM blob WHERE digest = ?) ORDER BY seq",
            (digest,),
        )

    def captures_of(self, digest: bytes, captured_at_us: int) -> list[CaptureEvent]:
        """The events that show these bytes at that moment, by sequence number."""
        return self._many(
            "SELECT e.record FROM event e JOIN blob b USING (blob_id) "
            "WHERE b.digest = ? AND e.captured_at_us = ? ORDER BY e.seq",
            (digest, captured_at_us),
        )

    def events_after(self, seq: int, limit_rows: int) -> list[CaptureEvent]:
        """The events that follow ``seq``, by sequence number."""
        return self._many(
            "SELECT record FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit_rows)
        )

    def events_between(
        self, from_us: int, to_us: int, after: tuple[int, int], limit_rows: int
    ) -> list[CaptureEvent]:
        """Events captured in [from_us, to_us), behind ``after``, by (capture time, seq)."""
        return self._many(
            "SELECT record FROM event WHERE captured_at_us >= ? AND captured_at_us < ? "
            "AND (captured_at_us, seq) > (?, ?) ORDER BY captured_at_us, seq LIMIT ?",
            (max(from_us, after[0]), to_us, *after, limit_rows),
        )

    def count_events(self) -> int:
        """Number of events; sequence numbers have no gaps."""
        row = self.connection.execute("SELECT max(seq) FROM event").fetchone()
        return row[0] or 0 if row else 0

    def count_blobs(self) -> int:
        """Number of blobs; their row ids have no gaps."""
        row = self.connection.execute("SELECT max(blob_id) FROM blob").fetchone()
        return row[0] or 0 if row else 0

    def volumes(self) -> list[VolumeRow]:
        """All directories of packs that the journal knows, the data dir's own first."""
        rows = self.connection.execute(
            "SELECT volume_id, kind, identity, root FROM volume ORDER BY volume_id"
        )
        return [VolumeRow(*row) for row in rows]

    def segments(self, volume_id: int = PRIMARY) -> list[SegmentRow]:
        """The volume's segments by number."""
        rows = self.connection.execute(
            "SELECT volume_id, number, end_bytes, state, content FROM segment "
            "WHERE volume_id = ? ORDER BY number",
            (volume_id,),
        )
        return [SegmentRow(*row) for row in rows]

    def growth(self) -> list[tuple[int, int]]:
        """When each segment of the data dir that is still there was begun, and its length."""
        gone = ", ".join(f"'{state}'" for state in sorted(GONE_STATES))
        rows = self.connection.execute(
            "SELECT opened_at_us, end_bytes FROM segment "  # noqa: S608 - literals of this module
            f"WHERE volume_id = ? AND state NOT IN ({gone})",
            (PRIMARY,),
        )
        return [(row[0], row[1]) for row in rows]

    def newest_capture_us(self, row: SegmentRow) -> int:
        """Capture time of the newest event with pixels in the segment; -1 without any."""
        found = self.connection.execute(
            "SELECT max(e.captured_at_us) FROM event e WHERE e.blob_id IN ("
            "SELECT p.blob_id FROM place p WHERE p.volume_id = ?1 AND p.number = ?2 UNION ALL "
            "SELECT f.blob_id FROM place p JOIN packed f ON f.pack_id = p.blob_id "
            "WHERE p.volume_id = ?1 AND p.number = ?2)",
            (row.volume_id, row.number),
        ).fetchone()
        return -1 if found is None or found[0] is None else int(found[0])

    # Writing, inside a transaction of the caller's

    def insert_volume(self, volume_id: int, kind: str, identity: str, root: str) -> None:
        """A directory of packs; ``root`` is relative to the data dir or absolute."""
        self.connection.execute(
            "INSERT INTO volume (volume_id, kind, identity, root) VALUES (?, ?, ?, ?)",
            (volume_id, kind, identity, root),
        )

    def record_segment(
        self, volume_id: int, number: int, end_bytes: int, now_us: int, content: str = CAPTURES
    ) -> None:
        """The segment holds acknowledged frames up to ``end_bytes``."""
        self.connection.execute(
            "INSERT INTO segment (volume_id, number, opened_at_us, end_bytes, content) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET end_bytes = excluded.end_bytes",
            (volume_id, number, now_us, end_bytes, content),
        )

    def seal_segment(self, volume_id: int, number: int, state: str = "sealed") -> None:
        """Nothing is appended to the segment any more; see `GONE_STATES`."""
        self.connection.execute(
            "UPDATE segment SET state = ? WHERE volume_id = ? AND number = ?",
            (state, volume_id, number),
        )

    def insert_blob(self, blob: NewBlob) -> int:
        """Record a new blob with its place; returns its row id."""
        return self.insert_blobs([blob])[0]

    def insert_blobs(self, blobs: Sequence[NewBlob]) -> list[int]:
        """Record new blobs with their places; returns their row ids in order."""
        first = self.count_blobs() + 1
        self.connection.executemany(
            "INSERT INTO blob (blob_id, digest, length_bytes, media_type) VALUES (?, ?, ?, ?)",
            [
                (blob_id, blob.digest, blob.length_bytes, blob.media_type)
                for blob_id, blob in enumerate(blobs, first)
            ],
        )
        self.connection.executemany(
            "INSERT INTO place (blob_id, volume_id, number, offset_bytes) VALUES (?, ?, ?, ?)",
            [
                (blob_id, blob.place.volume_id, blob.place.number, blob.place.offset_bytes)
                for blob_id, blob in enumerate(blobs, first)
            ],
        )
        return list(range(first, first + len(blobs)))

    def insert_lost_blob(self, digest: bytes, length_bytes: int, media_type: str) -> int:
        """Record a blob without a place; returns its row id."""
        self.connection.execute(
            "INSERT INTO blob (digest, length_bytes, media_type) VALUES (?, ?, ?)",
            (digest, length_bytes, media_type),
        )
        return self.connection.last_insert_rowid()

    def insert_place(self, blob_id: int, place: Place) -> None:
        """One more place of the blob; reads prefer it from now on."""
        self.connection.execute(
            "INSERT INTO place (blob_id, volume_id, number, offset_bytes) VALUES (?, ?, ?, ?)",
            (blob_id, place.volume_id, place.number, place.offset_bytes),
        )

    def copy_places(self, row: SegmentRow, volume_id: int) -> None:
        """Give every blob of the segment the same place on another volume."""
        self.connection.execute(
            "INSERT INTO place (blob_id, volume_id, number, offset_bytes) "
            "SELECT blob_id, ?, number, offset_bytes FROM place "
            "WHERE volume_id = ? AND number = ? ORDER BY offset_bytes",
            (volume_id, row.volume_id, row.number),
        )

    def insert_batch(self, batch: Batch, head: bytes, blob_ids: dict[bytes, int]) -> None:
        """The batch and its events; ``blob_ids`` maps every digest the events name."""
        self.connection.executemany(
            "INSERT INTO event (seq, event_id, captured_at_us, blob_id, record) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (
                    event.seq,
                    event_key(event.event_id),
                    event.captured_at_us,
                    blob_ids[bytes.fromhex(event.blob)],
                    encode(event),
                )
                for event in batch.events
            ],
        )
        self.connection.execute(
            "INSERT INTO batch (last_seq, first_seq, committed_at_us, head) VALUES (?, ?, ?, ?)",
            (
                batch.first_seq + len(batch.events) - 1,
                batch.first_seq,
                batch.committed_at_us,
                head,
            ),
        )

    def insert_pixels(self, blob_id: int, digest: bytes, width_px: int, height_px: int) -> None:
        """What decoding the blob gave; a repeated call with the same blob does nothing."""
        self.connection.execute(
            "INSERT INTO pixel (blob_id, digest, width_px, height_px) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (blob_id, digest, width_px, height_px),
        )

    def _one(self, sql: str, bindings: tuple[object, ...]) -> CaptureEvent | None:
        return next(self._events(sql, bindings), None)

    def _many(self, sql: str, bindings: tuple[object, ...]) -> list[CaptureEvent]:
        return list(self._events(sql, bindings))

    def _events(self, sql: str, bindings: tuple[object, ...]) -> Iterator[CaptureEvent]:
        for (record,) in self.connection.execute(sql, bindings):
            yield decode(record, CaptureEvent)
