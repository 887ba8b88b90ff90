"""Reading blobs back from whichever drive holds them, checked against their digest.

Where a blob's own bytes were replaced by a packed form, its pixels are read from there, checked
against the digest of the pixels. Covers: choosing among the places of a blob, telling missing,
damaged and not mounted apart. Does not cover: writing, unpacking (`kernel.store.tiles`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import blake3
import msgspec

from contracts.tiles import TilePack
from kernel.config.errors import KernelError
from kernel.store.drives import drained_dir, is_mounted, packs_dir
from kernel.store.frame import FrameError
from kernel.store.journal import Journal, Place, VolumeRow
from kernel.store.pack import holds_payload, read_frame, segment_path
from kernel.store.packed import PackedPlace, PackedRows
from kernel.store.readers import ReaderPool
from kernel.store.tileframe import TilesPayload, decode_payload
from kernel.store.tiles import FramePixels, TileReader, TilesDamaged, encode_png, parse_tiles

SEVERITY = ("blob-missing", "blob-damaged", "blob-offline")


class BlobReader:
    """Reads the blobs of one data dir; safe from any thread."""

    def __init__(self, data_root: Path, readers: ReaderPool) -> None:
        self._data_root = data_root
        self._readers = readers

    def read(self, digest: str) -> bytes:
        """The blob's bytes, or, where they were replaced, its pixels as a PNG.

        Raises as `read_original`, and `KernelError` ``tiles-need-numpy``.
        """
        try:
            return self.read_original(digest)
        except KernelError as error:
            packed = self._packed(digest)
            if packed is None:
                raise
            try:
                return encode_png(self._unpack(packed[0], packed[1]))
            except (TilesDamaged, msgspec.MsgspecError) as damage:
                raise _packed_damaged(digest, str(damage)) from error

    def gives_back(self, digest: str, data: bytes) -> bool:
        """Whether the blob's newest place holds exactly ``data``; raises as `read_original`."""
        with self._readers.borrow() as connection:
            journal = Journal(connection)
            places = journal.places(bytes.fromhex(digest))
            volumes = {row.volume_id: row for row in journal.volumes()}
        if not places:
            raise blob_missing(digest, "it was never stored")
        place = places[0]
        volume = volumes[place.volume_id]
        try:
            return holds_payload(self._path_of(place, volume), place.offset_bytes, data)
        except FileNotFoundError as error:
            raise self._absent(digest, place, volume) from error
        except (FrameError, OSError) as error:
            raise _damaged(digest, place, str(error)) from error

    def read_tiles(self, pack: bytes) -> TilesPayload:
        """The tile pack of that digest; raises as `read_original`, and ``blob-damaged``."""
        data = self.read_original(pack.hex())
        try:
            return decode_payload(data)
        except msgspec.MsgspecError as error:
            reason = f"it is no tile pack: {error}"
            raise KernelError("blob-damaged", f"blob {pack.hex()}: {reason}") from error

    def load_base(self, pack: bytes) -> TilePack:
        """The same, parsed, as the packs that build on it need it.

        Raises `TilesDamaged` as well.
        """
        return parse_tiles(self.read_tiles(pack).tiles)

    def prove_packed(self, digests: Sequence[bytes], may_go_on: Callable[[], bool]) -> bool:
        """Read the packed form of each blob from the disk; False when told to give way.

        Raises `KernelError` ``blob-damaged`` for one that does not read, ``blob-offline``.
        """
        found = [(digest, self._require_packed(digest)) for digest in digests]
        reader, pack, at = TileReader(self.load_base), None, b""
        for digest, (where, pixels) in sorted(found, key=lambda item: item[1][0].pack):
            if not may_go_on():
                return False
            try:
                if pack is None or where.pack != at:
                    # One reader for each pack: it keeps the bases that it read.
                    reader, at = TileReader(self.load_base), where.pack
                    pack = self.load_base(at)
                same = reader.read(pack, where.frame).digest == pixels
            except TilesDamaged as damage:
                raise _packed_damaged(digest.hex(), str(damage)) from damage
            if not same:
                raise _packed_damaged(digest.hex(), "it shows other pixels")
        return True

    def _require_packed(self, digest: bytes) -> tuple[PackedPlace, bytes]:
        found = self._packed(digest.hex())
        if found is None:
            raise blob_missing(digest.hex(), "it has no packed form")
        return found

    def _packed(self, digest: str) -> tuple[PackedPlace, bytes] | None:
        """Where the blob's pixels lie packed, and what they hash to; None: nowhere."""
        key = bytes.fromhex(digest)
        with self._readers.borrow() as connection:
            blob_id, rows = Journal(connection).blob_id(key), PackedRows(connection)
            places = rows.places_of(key)
            pixels = None if blob_id is None else rows.pixels_of(blob_id)
        return (places[0], pixels) if places and pixels else None

    def _unpack(self, place: PackedPlace, pixels: bytes) -> FramePixels:
        found = TileReader(self.load_base).read(self.load_base(place.pack), place.frame)
        if found.digest != pixels:
            raise TilesDamaged("the pack shows other pixels")
        return found

    def read_original(self, digest: str) -> bytes:
        """The blob's own bytes, checked against the digest.

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
        """Whether what reads come to first is whole, or is out of reach.

        That is the newest place, and the packed form for a blob whose bytes were replaced.
        """
        key = bytes.fromhex(digest)
        with self._readers.borrow() as connection:
            journal = Journal(connection)
            places = journal.places(key)
            volumes = {row.volume_id: row for row in journal.volumes()}
        if not places:
            # A journal that was built again knows packed frames by their packs alone.
            return self._is_packed_intact(digest)
        volume = volumes[places[0].volume_id]
        if not is_mounted(self._data_root, volume):
            return True
        try:
            payload = self._read_place(places[0], volume)
        except (FrameError, OSError):
            return self._is_packed_intact(digest)
        return blake3.blake3(payload).digest() == key or self._is_packed_intact(digest)

    def _is_packed_intact(self, digest: str) -> bool:
        packed = self._packed(digest)
        if packed is None:
            return False
        try:
            self._unpack(*packed)
        except TilesDamaged:
            return False
        except KernelError as error:
            return error.code == "blob-offline"
        return True

    def _read_place(self, place: Place, volume: VolumeRow) -> bytes:
        return read_frame(self._path_of(place, volume), place.offset_bytes)[2]

    def _path_of(self, place: Place, volume: VolumeRow) -> Path:
        path = segment_path(packs_dir(self._data_root, volume), place.number)
        if volume.kind == "spool" and not path.exists():
            path = segment_path(drained_dir(self._data_root, volume), place.number)
        return path

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


def _packed_damaged(digest: str, reason: str) -> KernelError:
    return KernelError(
        "blob-damaged",
        f"blob {digest}: its packed form does not read: {reason}",
        hint="run: kernel verify",
    )
