"""Where new frames go: the data dir's packs, or the spool while those have no room.

Covers: the pack writers, asking the drives, taking the spool into use. Does not cover:
the decision itself (`kernel.store.pressure`), bringing spooled frames home
(`kernel.store.drain`).
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from kernel.config.paths import DataDir
from kernel.store import sqlite
from kernel.store.disk import Disk
from kernel.store.drives import (
    VolumeMarker,
    free_bytes,
    is_mounted,
    mark_volume,
    packs_dir,
    read_marker,
)
from kernel.store.failure import FULL_ERRNOS, kept_free
from kernel.store.growth import bytes_per_day
from kernel.store.journal import CAPTURES, PRIMARY, TILES, Journal, VolumeRow
from kernel.store.pack import Frame, PackWriter, Written, list_segments, segment_path
from kernel.store.pressure import DiskDecision, DiskFacts, DiskLevel, DiskLimits, decide_disk

RATE_KEPT_US = 60_000_000
REFUSAL_KEPT_US = 60_000_000
"""So long a primary that took no more counts as full; then it is tried again."""
NO_PRESSURE = DiskDecision(DiskLevel.GREEN, "primary", heavy_work=True, drain=True, packing=True)


class Outlets:
    """The pack writers of one data dir; for one thread at a time."""

    def __init__(
        self,
        data_dir: DataDir,
        disk: Disk,
        segment_bytes_max: int,
        limits: DiskLimits | None,
        spool_dir: Path | None,
    ) -> None:
        self._data_dir = data_dir
        self._disk = disk
        self._segment_bytes_max = segment_bytes_max
        self._limits = limits
        self._spool_dir = spool_dir.absolute() if spool_dir else None
        self._refused_at_us: int | None = None
        self.decision = NO_PRESSURE
        """What was decided last; for telling, read from any thread."""
        self._rate_at_us = -RATE_KEPT_US
        self._bytes_per_day = 0
        self._primary: PackWriter | None = None
        self._tiles: PackWriter | None = None
        self._spool: PackWriter | None = None
        self._spool_row: VolumeRow | None = None

    def open(self, journal: Journal) -> None:
        """Continue the newest segments of the data dir if they ended cleanly; find the spool.

        May insert the spool's volume row, in a transaction of its own. Raises `OSError` and
        `apsw.Error`.
        """
        self._primary = self._continued(journal, CAPTURES)
        self._tiles = self._continued(journal, TILES)
        self._find_spool(journal)

    def _continued(self, journal: Journal, content: str) -> PackWriter:
        packs = self._data_dir.packs_dir
        rows = journal.segments()
        on_disk = list_segments(packs)
        writer = self._writer(packs, [row.number for row in rows] + on_disk)
        known = {row.number for row in rows}
        mine = [row for row in rows if row.content == content]
        # Behind a segment that the journal does not know nothing is continued: it is a crash's.
        if mine and mine[-1].state == "open" and known.issuperset(on_disk):
            path = segment_path(packs, mine[-1].number)
            if path.exists() and path.stat().st_size == mine[-1].end_bytes:
                writer.resume(mine[-1].number, mine[-1].end_bytes)
        return writer

    def decide(self, journal: Journal, now_us: int) -> DiskDecision:
        """What the drives allow now. Raises `OSError` when the primary cannot be asked."""
        if self._limits is None:
            return NO_PRESSURE
        spool = self._spool_volume(journal)
        spool_free = free_bytes(packs_dir(self._data_dir.root, spool)) if spool else None
        rate = self._rate(journal, now_us)
        free = free_bytes(self._data_dir.root)
        refused_at_us = self._refused_at_us
        refused = refused_at_us is not None and 0 <= now_us - refused_at_us < REFUSAL_KEPT_US
        facts = DiskFacts(free, spool_free, rate, refused)
        self.decision = decide_disk(facts, self._limits, self.decision.level)
        return self.decision

    def _rate(self, journal: Journal, now_us: int) -> int:
        """Bytes a day; looked up once a minute, for it changes slowly."""
        if not 0 <= now_us - self._rate_at_us < RATE_KEPT_US:
            self._rate_at_us = now_us
            self._bytes_per_day = bytes_per_day(journal.growth(), now_us)
        return self._bytes_per_day

    def write(self, frames: Sequence[Frame], journal: Journal, now_us: int) -> tuple[int, Written]:
        """Write the frames durably where there is room; returns the volume and the places.

        Falls over to the spool when the primary turns out to be full. Raises `OSError`, ENOSPC
        when neither takes them, and `KernelError` ``disk-full`` where the limits keep them out.
        """
        decision = self.decide(journal, now_us)
        if decision.target == "refuse":
            assert self._limits is not None
            free = free_bytes(self._data_dir.root)
            raise kept_free(self._data_dir.root, free, self._limits.black_free_bytes)
        if decision.target == "primary":
            try:
                written = self._write(self.primary, frames, now_us)
            except OSError as error:
                if error.errno not in FULL_ERRNOS:
                    raise
                self._refused_at_us = now_us
                self.decide(journal, now_us)
                if self._spool_volume(journal) is None:
                    raise
            else:
                self._refused_at_us = None
                return PRIMARY, written
        return self._write_to_spool(frames, journal, now_us)

    @property
    def watches_drives(self) -> bool:
        """Whether there are limits or a spool, so that a full primary is provided for."""
        return self._limits is not None or self._spool_dir is not None

    @property
    def primary(self) -> PackWriter:
        """The writer of the data dir's own packs; after `open`."""
        assert self._primary is not None
        return self._primary

    @property
    def tiles(self) -> PackWriter:
        """The writer of packed frames, beside the captures; after `open`."""
        assert self._tiles is not None
        return self._tiles

    def close(self) -> None:
        """Close the segments at hand."""
        for writer in (self._primary, self._tiles, self._spool):
            if writer is not None:
                writer.retire()

    def _write_to_spool(
        self, frames: Sequence[Frame], journal: Journal, now_us: int
    ) -> tuple[int, Written]:
        # Asked before each write: with the drive gone its empty mount point is the primary.
        row = self._spool_volume(journal)
        if row is None:
            raise no_space(self._data_dir.root)
        if self._spool is None:
            directory = packs_dir(self._data_dir.root, row)
            numbers = [segment.number for segment in journal.segments(row.volume_id)]
            self._spool = self._writer(directory, numbers + list_segments(directory))
        return row.volume_id, self._write(self._spool, frames, now_us)

    def _write(self, writer: PackWriter, frames: Sequence[Frame], now_us: int) -> Written:
        written = writer.append(frames, created_at_us=now_us)
        writer.sync()
        return written

    def _writer(self, directory: Path, numbers: list[int]) -> PackWriter:
        return PackWriter(
            directory,
            self._disk,
            next_number=max(numbers, default=0) + 1,
            segment_bytes_max=self._segment_bytes_max,
        )

    def retire_spool(self) -> None:
        """Let the next spooled batch begin a new segment, so that the old ones can drain."""
        if self._spool is not None:
            self._spool.retire()
            self._spool = None

    def _spool_volume(self, journal: Journal) -> VolumeRow | None:
        if self._spool_row is None:
            self._find_spool(journal)
        row = self._spool_row
        if row is None:
            return None
        if not is_mounted(self._data_dir.root, row):
            self.retire_spool()
            return None
        return row

    def _find_spool(self, journal: Journal) -> None:
        if self._spool_dir is None or not self._spool_dir.is_dir():
            return
        volumes = journal.volumes()
        root = self._spool_dir / f"spool-{volumes[0].identity[:12]}"
        known = [row for row in volumes if row.root == str(root)]
        if known:
            self._spool_row = known[0]
            return
        marker = read_marker(root)
        if marker is None:
            marker = VolumeMarker(uuid.uuid4().hex, "spool")
            mark_volume(root, marker, self._disk)
        with sqlite.transaction(journal.connection):
            row = VolumeRow(len(volumes) + 1, marker.kind, marker.identity, str(root))
            journal.insert_volume(row.volume_id, row.kind, row.identity, row.root)
        self._spool_row = row


def no_space(where: Path) -> OSError:
    """The error of a full drive, for one that is kept from getting there."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))
