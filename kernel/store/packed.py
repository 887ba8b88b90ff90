"""Rows about packed frames: which frame of which tile pack shows a blob's pixels.

A tile pack is a blob as well, with places like any other: archive, backup and repair move it as
they move captures. Covers: every SQL statement on the tables ``packed`` and ``unpacked``. Does
not cover: reading pixels (`kernel.store.tiles`), taking over (`kernel.store.takeover`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from kernel.store.journal import GONE_STATES, TILES, Journal, SegmentRow
from kernel.store.tileframe import PackedOriginal

TILES_MEDIA = "application/x-autocapture-tiles"
"""Media type under which a tile pack is stored."""


@dataclass(frozen=True, slots=True)
class PackedPlace:
    """A frame of a tile pack that shows a blob's pixels; ``pack`` is the pack's digest."""

    pack: bytes
    frame: int


@dataclass(frozen=True, slots=True)
class PackCandidate:
    """A blob that has no packed form yet."""

    blob_id: int
    digest: bytes
    length_bytes: int
    media_type: str


class PackedRows:
    """Reads and writes rows over one connection of the journal; begins no transactions."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def places_of(self, digest: bytes) -> list[PackedPlace]:
        """Where the blob's pixels lie packed, the newest first."""
        rows = self._connection.execute(
            "SELECT k.digest, f.frame FROM packed f JOIN blob b USING (blob_id) "
            "JOIN blob k ON k.blob_id = f.pack_id WHERE b.digest = ? ORDER BY f.packed_id DESC",
            (digest,),
        )
        return [PackedPlace(*row) for row in rows]

    def has(self, digest: bytes) -> bool:
        """Whether the blob has a packed form."""
        row = self._connection.execute(
            "SELECT 1 FROM packed f JOIN blob b USING (blob_id) WHERE b.digest = ? LIMIT 1",
            (digest,),
        ).fetchone()
        return row is not None

    def place_of_pixels(self, pixels: bytes) -> tuple[int, int] | None:
        """Row id of a pack and frame in it that shows these pixels, the oldest one."""
        row = self._connection.execute(
            "SELECT f.pack_id, f.frame FROM pixel p JOIN packed f USING (blob_id) "
            "WHERE p.digest = ? ORDER BY f.packed_id LIMIT 1",
            (pixels,),
        ).fetchone()
        return (row[0], row[1]) if row else None

    def pixels_of(self, blob_id: int) -> bytes | None:
        """Digest of the pixels that the blob is known to show."""
        row = self._connection.execute(
            "SELECT digest FROM pixel WHERE blob_id = ?", (blob_id,)
        ).fetchone()
        return row[0] if row else None

    def candidates(self, after_id: int, limit_rows: int) -> list[PackCandidate]:
        """Blobs behind ``after_id`` that were neither packed nor found unfit, in order."""
        rows = self._connection.execute(
            "SELECT b.blob_id, b.digest, b.length_bytes, b.media_type FROM blob b "
            "WHERE b.blob_id > ? AND b.media_type != ? "
            "AND NOT EXISTS (SELECT 1 FROM packed f WHERE f.blob_id = b.blob_id) "
            "AND NOT EXISTS (SELECT 1 FROM unpacked u WHERE u.blob_id = b.blob_id) "
            "ORDER BY b.blob_id LIMIT ?",
            (after_id, TILES_MEDIA, limit_rows),
        )
        return [PackCandidate(*row) for row in rows]

    def newest_packs(self, limit_rows: int) -> list[bytes]:
        """Digests of the packs made last, the oldest of them first."""
        rows = self._connection.execute(
            "SELECT DISTINCT k.blob_id, k.digest FROM packed f JOIN blob k "
            "ON k.blob_id = f.pack_id ORDER BY k.blob_id DESC LIMIT ?",
            (limit_rows,),
        )
        return [digest for _, digest in rows][::-1]

    def count_packs(self) -> int:
        """How many packs show some blob; its cost grows with the packs, not with the frames."""
        row = self._connection.execute(
            "WITH RECURSIVE pack (id) AS (SELECT min(pack_id) FROM packed UNION ALL "
            "SELECT (SELECT min(pack_id) FROM packed WHERE pack_id > id) FROM pack "
            "WHERE id IS NOT NULL) SELECT count(id) FROM pack"
        ).fetchone()
        return int(row[0]) if row else 0

    def insert(self, blob_id: int, pack_id: int, frame: int) -> None:
        """The frame of the pack shows the blob's pixels; proved before."""
        self._connection.execute(
            "INSERT INTO packed (blob_id, pack_id, frame) VALUES (?, ?, ?)",
            (blob_id, pack_id, frame),
        )

    def insert_unfit(self, blob_id: int, code: str) -> None:
        """The blob stays as it came; saying it again does nothing."""
        self._connection.execute(
            "INSERT INTO unpacked (blob_id, code) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (blob_id, code),
        )

    def blobs_in(self, row: SegmentRow) -> list[tuple[int, bytes, int, int]]:
        """Row id, digest, length and offset of every blob that lies in the segment."""
        return list(
            self._connection.execute(
                "SELECT p.blob_id, b.digest, b.length_bytes, p.offset_bytes "
                "FROM place p JOIN blob b USING (blob_id) "
                "WHERE p.volume_id = ? AND p.number = ? ORDER BY p.offset_bytes",
                (row.volume_id, row.number),
            )
        )

    def waits_for_packing(self, row: SegmentRow) -> bool:
        """Whether a blob in the segment was not looked at yet."""
        found = self._connection.execute(
            "SELECT 1 FROM place p WHERE p.volume_id = ? AND p.number = ? "
            "AND NOT EXISTS (SELECT 1 FROM packed f WHERE f.blob_id = p.blob_id) "
            "AND NOT EXISTS (SELECT 1 FROM unpacked u WHERE u.blob_id = p.blob_id) LIMIT 1",
            (row.volume_id, row.number),
        ).fetchone()
        return found is not None

    def lies_aside(self, blob_id: int) -> bool:
        """Whether the blob's own bytes lie in a segment of packed frames, carried over."""
        found = self._connection.execute(
            "SELECT 1 FROM place p JOIN segment s USING (volume_id, number) "
            "WHERE p.blob_id = ? AND s.content = ? AND s.state IN ('open', 'sealed') LIMIT 1",
            (blob_id, TILES),
        ).fetchone()
        return found is not None

    def without_form(self) -> list[tuple[int, bytes]]:
        """Blobs whose own bytes were given up and that have no packed form: there are none."""
        gone = ", ".join(f"'{state}'" for state in sorted(GONE_STATES))
        return list(
            self._connection.execute(
                "SELECT b.blob_id, b.digest FROM blob b "  # noqa: S608 - literals of this module
                "WHERE EXISTS (SELECT 1 FROM place p JOIN segment s USING (volume_id, number) "
                "WHERE p.blob_id = b.blob_id AND s.state = 'repacked') "
                "AND NOT EXISTS (SELECT 1 FROM place p JOIN segment s USING (volume_id, number) "
                f"WHERE p.blob_id = b.blob_id AND s.state NOT IN ({gone})) "
                "AND NOT EXISTS (SELECT 1 FROM packed f WHERE f.blob_id = b.blob_id)"
            )
        )


def record_packed(journal: Journal, pack_id: int, originals: Sequence[PackedOriginal]) -> None:
    """Enter the frames of a pack; frames of equal pixels share the one packed first."""
    rows = PackedRows(journal.connection)
    for index, original in enumerate(originals):
        blob_id = journal.blob_id(bytes.fromhex(original.blob))
        if blob_id is None:
            # A journal that was built again may lack the events of some frames.
            continue
        pixels = bytes.fromhex(original.pixels)
        earlier = rows.place_of_pixels(pixels)
        journal.insert_pixels(blob_id, pixels, original.width_px, original.height_px)
        rows.insert(blob_id, *(earlier or (pack_id, index)))
