"""A tile pack: some frames in order, as references to tiles, with the tiles that are new.

Tiles may lie in the few packs named as its bases, so a frame is read with their help and with
nothing else. New tiles are compressed in blocks across frames: measured, that takes a quarter
less room than blocks of their own for frames with many new tiles, and only the tiles of the
frame that is read are brought back to pixels. Covers: making a pack, reading one frame, proving
a pack against its originals. Does not cover: files and indexes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from contracts.tiles import (
    BLOCK_TILES_MAX,
    DIGEST_BYTES,
    FRAMES_MAX,
    TileBlock,
    TiledFrame,
    TilePack,
)
from plugins.repack_tiles.blocks import BlockDamaged, decode_block, encode_block
from plugins.repack_tiles.tiles import (
    Pixels,
    cut_tiles,
    join_tiles,
    pixels_digest,
    tile_digest,
)

LEVEL_INDEXES = 9

Bases = Mapping[bytes, TilePack]
"""Earlier packs by the digests under which the store keeps them, in the order of their use."""


class PackDamaged(ValueError):
    """The pack cannot be read, a tile is missing, or a frame is not what it says."""


@dataclass(slots=True)
class _Making:
    """A pack in the making: the table so far, tiles of the block that is being filled."""

    earlier: frozenset[bytes]
    table: dict[bytes, int] = field(default_factory=dict)
    new: list[bytes] = field(default_factory=list)
    known: list[bytes] = field(default_factory=list)
    open_tiles: list[Pixels] = field(default_factory=list)
    blocks: list[TileBlock] = field(default_factory=list)

    def close_block(self) -> None:
        """Compress what the open block holds."""
        if not self.open_tiles:
            return
        tiles = np.stack(self.open_tiles)
        codec, data = encode_block(tiles)
        first = len(self.new) - len(tiles)
        self.blocks.append(TileBlock(int(codec), tiles.shape[-1], first, len(tiles), data))
        self.open_tiles = []

    def add(self, digest: bytes, tile: Pixels) -> None:
        """Enter a tile that the table does not have."""
        if digest in self.earlier:
            self.known.append(digest)
            self.table[digest] = -len(self.known)
            return
        if self.open_tiles and (
            len(self.open_tiles) == BLOCK_TILES_MAX
            or self.open_tiles[0].shape[-1] != tile.shape[-1]
        ):
            self.close_block()
        self.table[digest] = len(self.new)
        self.new.append(digest)
        # A copy: a view would keep the whole frame that it was cut from.
        self.open_tiles.append(tile.copy())


def make_pack(frames: Iterable[Pixels], *, bases: Bases) -> bytes:
    """The pack's bytes; one frame is held in memory at a time, beside one block of tiles."""
    making = _Making(frozenset().union(*(digests_of(base.new) for base in bases.values())))
    entries: list[tuple[list[int], tuple[int, ...], bytes]] = []
    previous: tuple[Pixels, list[bytes]] | None = None
    for pixels in frames:
        tiles = cut_tiles(pixels)
        digests = _digests(tiles, previous)
        previous = tiles, digests
        for index, digest in enumerate(digests):
            if digest not in making.table:
                making.add(digest, tiles[index])
        entries.append(
            ([making.table[digest] for digest in digests], pixels.shape, pixels_digest(pixels))
        )
    making.close_block()
    assert 0 < len(entries) <= FRAMES_MAX
    count = len(making.new)
    pack = TilePack(
        2,
        tuple(bases),
        b"".join(making.new),
        b"".join(making.known),
        tuple(making.blocks),
        tuple(
            _tiled_frame([i if i >= 0 else count - 1 - i for i in entry], shape, digest)
            for entry, shape, digest in entries
        ),
    )
    return msgspec.msgpack.encode(pack)


def digests_of(table: bytes) -> list[bytes]:
    """The digests in a table of a pack."""
    return [table[at : at + DIGEST_BYTES] for at in range(0, len(table), DIGEST_BYTES)]


def _digests(tiles: Pixels, previous: tuple[Pixels, list[bytes]] | None) -> list[bytes]:
    """Digests of all tiles; those equal to the previous frame's are not hashed again."""
    if previous is None or previous[0].shape != tiles.shape:
        return [tile_digest(tile) for tile in tiles]
    digests = list(previous[1])
    # Eight bytes at a time: a tile's bytes are a multiple of it, whatever its channels.
    mine, theirs = (part.reshape(len(tiles), -1).view(np.uint64) for part in (tiles, previous[0]))
    for index in np.flatnonzero((mine != theirs).any(axis=1)):
        digests[index] = tile_digest(tiles[index])
    return digests


def _tiled_frame(indexes: list[int], shape: tuple[int, ...], digest: bytes) -> TiledFrame:
    height, width, channels = shape
    steps = np.diff(np.array(indexes, "<i4"), prepend=np.int32(0))
    data = zstandard.ZstdCompressor(level=LEVEL_INDEXES).compress(steps.tobytes())
    return TiledFrame(digest, width, height, channels, len(indexes), data)


def read_pack(data: bytes) -> TilePack:
    """The pack in the bytes. Raises `PackDamaged`."""
    try:
        return msgspec.msgpack.decode(data, type=TilePack)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PackDamaged(f"the pack cannot be read: {error}") from error


def own_tiles(pack: TilePack, wanted: Sequence[bytes]) -> dict[bytes, Pixels]:
    """Those of the wanted tiles that the pack itself holds. Raises `PackDamaged`."""
    places = {digest: at for at, digest in enumerate(digests_of(pack.new))}
    indexes = sorted(places[digest] for digest in set(wanted) if digest in places)
    found: dict[bytes, Pixels] = {}
    for block in pack.blocks:
        inside = [i for i in indexes if block.first <= i < block.first + block.count]
        if not inside:
            continue
        try:
            tiles = decode_block(
                block.codec,
                block.data,
                block.count,
                block.channels,
                [index - block.first for index in inside],
            )
        except BlockDamaged as error:
            raise PackDamaged(str(error)) from error
        for index, tile in zip(inside, tiles, strict=True):
            found[pack.new[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]] = tile
    return found


def read_frame(pack: TilePack, index: int, *, bases: Bases) -> Pixels:
    """Frame ``index`` of the pack, proved against its digest. Raises `PackDamaged`."""
    table, digests = _table(pack, index)
    wanted = list(dict.fromkeys(digests))
    tiles = own_tiles(pack, wanted)
    for base in pack.bases:
        left = [digest for digest in wanted if digest not in tiles]
        if left and base in bases:
            tiles.update(own_tiles(bases[base], left))
    return _joined(pack.frames[index], [tiles.get(digest) for digest in digests], len(table))


def _table(pack: TilePack, index: int) -> tuple[NDArray[np.int64], list[bytes]]:
    """The table indexes of a frame's tiles, and their digests."""
    table = _indexes(pack.frames[index])
    digests = digests_of(pack.new + pack.known)
    if table.min() < 0 or int(table.max()) >= len(digests):
        raise PackDamaged("a frame refers to a tile behind the table")
    return table, [digests[i] for i in table.tolist()]


def _joined(frame: TiledFrame, tiles: Sequence[Pixels | None], count: int) -> Pixels:
    found = [tile for tile in tiles if tile is not None]
    if len(found) != count:
        raise PackDamaged("a tile of the frame is in no base of its pack")
    try:
        pixels = join_tiles(np.stack(found), frame.width, frame.height)
    except ValueError as error:
        raise PackDamaged(f"a tile of the frame is misshapen: {error}") from error
    if pixels_digest(pixels) != frame.pixels:
        raise PackDamaged("the frame's pixels do not match their digest")
    return pixels


def _indexes(frame: TiledFrame) -> NDArray[np.int64]:
    size = frame.tiles * 4
    try:
        fits = zstandard.frame_content_size(frame.indexes) == size
        raw = zstandard.ZstdDecompressor().decompress(frame.indexes) if fits else b""
    except zstandard.ZstdError as error:
        raise PackDamaged(f"the tile indexes cannot be read: {error}") from error
    if len(raw) != size:
        raise PackDamaged("the tile indexes are cut short")
    return np.cumsum(np.frombuffer(raw, "<i4"), dtype=np.int64)


class Prover:
    """Compares a pack with its originals, one frame after the other, every pixel.

    Every tile is expanded once for the whole pack: that is what makes proving as quick as
    packing. Raises `PackDamaged` when a single pixel of a single frame differs.
    """

    def __init__(self, pack: TilePack, *, bases: Bases) -> None:
        self._pack = pack
        self._tiles = own_tiles(pack, digests_of(pack.new))
        left = digests_of(pack.known)
        for base in pack.bases:
            if base in bases:
                self._tiles.update(own_tiles(bases[base], left))
        self._next = 0

    def check(self, original: Pixels) -> bytes:
        """Compare the next frame; returns the digest of its pixels."""
        index, self._next = self._next, self._next + 1
        if index >= len(self._pack.frames):
            raise PackDamaged(f"the pack has no frame {index}")
        table, digests = _table(self._pack, index)
        tiles = [self._tiles.get(digest) for digest in digests]
        pixels = _joined(self._pack.frames[index], tiles, len(table))
        if not np.array_equal(pixels, original):
            raise PackDamaged(f"frame {index} differs from its original")
        return self._pack.frames[index].pixels

    def finish(self) -> None:
        """Raises `PackDamaged` when the pack has frames that were not compared."""
        if self._next != len(self._pack.frames):
            raise PackDamaged(f"{len(self._pack.frames)} frames instead of {self._next}")


def prove_pack(data: bytes, originals: Iterable[Pixels], *, bases: Bases) -> list[bytes]:
    """Decode the new form, compare it pixel by pixel; returns the digests of the pixels.

    Raises `PackDamaged` when a single pixel of a single frame differs.
    """
    prover = Prover(read_pack(data), bases=bases)
    digests = [prover.check(original) for original in originals]
    prover.finish()
    return digests
