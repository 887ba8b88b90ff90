"""Reading blobs back from whichever drive holds them, checked against their digest.

Covers: choosing among the places of a blob, telling missing, damaged and not mounted apart.
Does not cover: writing.
"""

from __future__ import annotations

from pathlib import Path

import blake3

from kernel.config.errors import KernelError
from kernel.store.drives import drained_dir, is_mounted, packs_dir
from kernel.store.frame import FrameError
from kernel.store.journal import Journal, Place, VolumeRow
from kernel.store.pack import read_frame, segment_path
from kernel.store.readers import ReaderPool

SEVERITY = ("blob-missing", "blob-damaged", "blob-offline")


class BlobReader:
    """Reads the blobs of one data dir; safe from any thread."""

    def __init__(self, data_root: Path, readers: ReaderPool) -> None:
        self._data_root = data_root
        self._readers = readers

    def read(self, digest: str) -> bytes:
        """The blob's bytes, checked against the digest.

        Raises `KernelError`: ``blob-missing`` (unknown, or its segment is gone),
        ``blob-damaged`` (there, but not these bytes any more), ``blob-offline`` (on a drive
        that is not mounted).
        """
        key = bytes.fromhex(digest)
        with self._readers.borrow() as connection:
            journal = Journal(connection)
            places = journal.places(key)
            volumes = {row.volume_id: row for row in journal.volumes()}
        problems = [blob_missing(digest, "it was never stored")]
        for place in places:
            try:
                payload = self._read_place(place, volumes[place.volume_id])
            except FileNotFoundError:
                problems.append(self._absent(digest, place, volumes[place.volume_id]))
                continue
            except (FrameError, OSError) as error:
                problems.append(_damaged(digest, place, str(error)))
                continue
            if blake3.blake3(payload).digest() == key:
                return payload
            problems.append(_damaged(digest, place, "other bytes are there"))
        # What a person can do most about is told: mount a drive before looking for damage.
        raise max(reversed(problems), key=lambda problem: SEVERITY.index(problem.code))

    def newest_is_intact(self, digest: str) -> bool:
        """Whether the place that reads come to first holds the blob, or is out of reach."""
        key = bytes.fromhex(digest)
        with self._readers.borrow() as connection:
            journal = Journal(connection)
            places = journal.places(key)
            volumes = {row.volume_id: row for row in journal.volumes()}
        if not places:
            return False
        volume = volumes[places[0].volume_id]
        if not is_mounted(self._data_root, volume):
            return True
        try:
            payload = self._read_place(places[0], volume)
        except (FrameError, OSError):
            return False
        return blake3.blake3(payload).digest() == key

    def _read_place(self, place: Place, volume: VolumeRow) -> bytes:
        path = segment_path(packs_dir(self._data_root, volume), place.number)
        if volume.kind == "spool" and not path.exists():
            path = segment_path(drained_dir(self._data_root, volume), place.number)
        return read_frame(path, place.offset_bytes)[2]

    def _absent(self, digest: str, place: Place, volume: VolumeRow) -> KernelError:
        if is_mounted(self._data_root, volume):
            return blob_missing(digest, f"segment {place.number} is gone")
        return KernelError(
            "blob-offline",
            f"blob {digest} is on the {volume.kind} drive {volume.root}, which is not mounted",
            hint="mount that drive and ask again",
        )


def blob_missing(digest: str, reason: str) -> KernelError:
    """The error for a blob that is not where the journal says."""
    return KernelError(
        "blob-missing", f"blob {digest} cannot be read: {reason}", hint="run: kernel verify"
    )


def _damaged(digest: str, place: Place, reason: str) -> KernelError:
    where = f"segment {place.number} at byte {place.offset_bytes}"
    return KernelError(
        "blob-damaged", f"blob {digest} is damaged in {where}: {reason}", hint="run: kernel verify"
    )
