"""Taking packed frames over: the last check, the write, and the commit that makes them count.

Whoever made the pack and whoever compared it with its frames were two hosts; here the store
reads every frame of the pack with its own code and compares what it sees with what was proved.
Then the pack is written, synced and read back, and one transaction names it. Before that commit
nothing refers to it; after it reads fall back on it. The frames' own bytes are not touched: see
`kernel.store.reclaim`. Covers: one pack. Does not cover: making and proving packs
(`kernel.pipeline.repacking`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import blake3
import msgspec

from contracts.tiles import ProvenFrames, RepackedFrames, TilePack
from kernel.config.errors import KernelError
from kernel.store.appender import Appender
from kernel.store.frame import FrameKind
from kernel.store.journal import TILES, Journal, NewBlob, Place
from kernel.store.ledger import append_entry
from kernel.store.pack import Frame
from kernel.store.packed import TILES_MEDIA, PackedRows, record_packed
from kernel.store.tileframe import PackedOriginal, TilesPayload, encode_payload
from kernel.store.tiles import TileReader, TilesDamaged, parse_tiles

WORTH_PERCENT = 90
"""A pack that takes more than this share of its originals is not worth the change."""
WORTHLESS = "no-gain"
"""Why frames stay as they came though they could be packed."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """What became of one pack: frames that are packed now, bytes before and after."""

    frames: int
    original_bytes: int
    packed_bytes: int


def take_over(
    appender: Appender,
    made: RepackedFrames,
    proven: ProvenFrames,
    *,
    load_base: Callable[[bytes], TilePack],
    now_us: int,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Takeover | None:
    """Take the pack into use; all frames of it, or none.

    None, and nothing changed, as soon as ``may_go_on`` says no between two frames.
    Raises `KernelError`: ``pack-refused`` when the proof is not about this pack, a frame reads
    otherwise than it was proved, or contradicts what was recorded of it before;
    ``tiles-need-numpy``; ``disk-full``; ``disk-failed``.
    """
    if not _check_proof(made, proven, load_base, may_go_on):
        return None
    with appender.journal.turn() as connection:
        originals = _originals(Journal(connection), proven)
    payload = encode_payload(TilesPayload(frames=originals, tiles=made.tiles))
    before = sum(original.length_bytes for original in originals)
    if len(payload) * 100 > before * WORTH_PERCENT:
        keep_as_they_are(appender, [(o.blob, WORTHLESS) for o in originals])
        return Takeover(0, before, len(payload))
    digest = blake3.blake3(payload).digest()

    def record(journal: Journal, places: Sequence[Place]) -> None:
        pack_id = journal.blob_id(digest)
        if pack_id is None:
            new = NewBlob(digest, len(payload), TILES_MEDIA, places[0])
            pack_id = journal.insert_blob(new)
        else:
            journal.insert_place(pack_id, places[0])
        record_packed(journal, pack_id, originals)
        detail = {
            "frames": str(len(originals)),
            "original_bytes": str(before),
            "packed_bytes": str(len(payload)),
        }
        append_entry(journal.connection, "frames.packed", digest.hex(), detail, now_us)

    frame = Frame(FrameKind.TILES, digest, payload, TILES_MEDIA)
    appender.write_aside([frame], TILES, record, now_us)
    return Takeover(len(originals), before, len(payload))


def keep_as_they_are(appender: Appender, unfit: Sequence[tuple[str, str]]) -> None:
    """Note (digest, code) of frames that stay as they came; raises `KernelError`."""
    with appender.journal.transaction() as connection:
        journal, rows = Journal(connection), PackedRows(connection)
        for digest, code in unfit:
            blob_id = journal.blob_id(bytes.fromhex(digest))
            if blob_id is not None:
                rows.insert_unfit(blob_id, code)


def _check_proof(
    made: RepackedFrames,
    proven: ProvenFrames,
    load_base: Callable[[bytes], TilePack],
    may_go_on: Callable[[], bool],
) -> bool:
    """The proof is about this pack and these frames, and the store reads them likewise.

    False when told to give way.
    """
    if proven.tiles != blake3.blake3(made.tiles).hexdigest():
        raise _refused("the proof is about another pack")
    if not made.blobs or tuple(frame.blob for frame in proven.frames) != made.blobs:
        raise _refused("the proof is about other frames")
    try:
        pack = parse_tiles(made.tiles)
        if len(pack.frames) != len(made.blobs):
            raise _refused(f"{len(pack.frames)} frames for {len(made.blobs)} blobs")
        reader = TileReader(load_base)
        for index, frame in enumerate(proven.frames):
            if not may_go_on():
                return False
            read = reader.read(pack, index)
            found = (read.digest.hex(), read.width_px, read.height_px)
            if found != (frame.pixels, frame.width_px, frame.height_px):
                raise _refused(f"frame {index} reads otherwise than it was proved")
    except (TilesDamaged, msgspec.MsgspecError) as error:
        raise _refused(str(error)) from error
    return True


def _originals(journal: Journal, proven: ProvenFrames) -> tuple[PackedOriginal, ...]:
    rows = PackedRows(journal.connection)
    originals = []
    for frame in proven.frames:
        key = bytes.fromhex(frame.blob)
        blob_id, blob = journal.blob_id(key), journal.find_blob(key)
        if blob_id is None or blob is None:
            raise _refused(f"blob {frame.blob} was never stored")
        known = rows.pixels_of(blob_id)
        if known is not None and known.hex() != frame.pixels:
            raise _refused(f"blob {frame.blob} was decoded to other pixels before")
        originals.append(
            PackedOriginal(
                blob=frame.blob,
                length_bytes=blob.length_bytes,
                media_type=blob.media_type,
                pixels=frame.pixels,
                width_px=frame.width_px,
                height_px=frame.height_px,
            )
        )
    return tuple(originals)


def _refused(reason: str) -> KernelError:
    return KernelError("pack-refused", f"packed frames were not taken over: {reason}")
