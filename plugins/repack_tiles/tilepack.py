"""A tile pack: some frames in order, as references to tiles, with the tiles that are new.

Tiles may lie in packs made before, so a frame is read with the help of a `TileSource`. New
tiles are compressed in blocks across frames: measured, that takes a quarter less room than
blocks of their own for frames with many new tiles, and only the tiles of the frame that is
read are brought back to pixels. Covers: making a pack, reading one frame, proving a pack
against its originals. Does not cover: files and indexes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from plugins.repack_tiles.blocks import BlockDamaged, decode_block, encode_block
from plugins.repack_tiles.tiles import (
    Pixels,
    cut_tiles,
    join_tiles,
    pixels_digest,
    tile_digest,
)

FRAMES_MAX = 60
BLOCK_TILES_MAX = 1024
TILES_MAX = 1 << 20
LEVEL_INDEXES = 9

TileSource = Callable[[Sequence[bytes]], Mapping[bytes, Pixels]]
"""Gives the tiles of those digests; a digest it does not have is left out."""


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Compressed tiles ``first`` .. ``first + count - 1`` of the pack's new tiles."""

    codec: int
    channels: Annotated[int, msgspec.Meta(ge=1, le=4)]
    first: Annotated[int, msgspec.Meta(ge=0)]
    count: Annotated[int, msgspec.Meta(ge=1, le=BLOCK_TILES_MAX)]
    data: bytes


class PackedFrame(msgspec.Struct, frozen=True, array_like=True):
    """A frame: its pixels' identity and, compressed, the table index of each of its tiles."""

    pixels: bytes
    width: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    height: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    channels: Annotated[int, msgspec.Meta(ge=1, le=4)]
    tiles: Annotated[int, msgspec.Meta(ge=1, le=TILES_MAX)]
    indexes: bytes


class TilePack(msgspec.Struct, frozen=True, array_like=True):
    """The whole pack. The table of tiles is ``new`` followed by ``known``, 32 bytes each."""

    version: Literal[1]
    new: bytes
    known: bytes
    blocks: tuple[Block, ...]
    frames: Annotated[tuple[PackedFrame, ...], msgspec.Meta(max_length=FRAMES_MAX)]


class PackDamaged(ValueError):
    """The pack cannot be read, a tile is missing, or a frame is not what it says."""


@dataclass(slots=True)
class _Making:
    """A pack in the making: the table so far, tiles of the block that is being filled."""

    is_known: Callable[[bytes], bool]
    table: dict[bytes, int]
    new: list[bytes]
    known: list[bytes]
    open_tiles: list[Pixels]
    blocks: list[Block]

    def close_block(self) -> None:
        """Compress what the open block holds."""
        if not self.open_tiles:
            return
        tiles = np.stack(self.open_tiles)
        codec, data = encode_block(tiles)
        first = len(self.new) - len(tiles)
        self.blocks.append(Block(int(codec), tiles.shape[-1], first, len(tiles), data))
        self.open_tiles = []

    def add(self, digest: bytes, tile: Pixels) -> None:
        """Enter a tile that the table does not have."""
        if self.is_known(digest):
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
        self.open_tiles.append(tile)


def make_pack(
    frames: Sequence[Pixels], *, is_known: Callable[[bytes], bool]
) -> tuple[bytes, tuple[bytes, ...]]:
    """The pack's bytes, and the digests of the tiles that it brings.

    ``is_known`` tells of a tile's digest whether an earlier pack holds it.
    """
    assert 0 < len(frames) <= FRAMES_MAX
    making = _Making(is_known, {}, [], [], [], [])
    entries: list[list[int]] = []
    previous: tuple[Pixels, list[bytes]] | None = None
    for pixels in frames:
        tiles = cut_tiles(pixels)
        digests = _digests(tiles, previous)
        previous = tiles, digests
        for digest, tile in zip(digests, tiles, strict=True):
            if digest not in making.table:
                making.add(digest, tile)
        entries.append([making.table[digest] for digest in digests])
    making.close_block()
    count = len(making.new)
    pack = TilePack(
        1,
        b"".join(making.new),
        b"".join(making.known),
        tuple(making.blocks),
        tuple(
            _packed_frame(pixels, [i if i >= 0 else count - 1 - i for i in entry])
            for pixels, entry in zip(frames, entries, strict=True)
        ),
    )
    return msgspec.msgpack.encode(pack), tuple(making.new)


def _digests(tiles: Pixels, previous: tuple[Pixels, list[bytes]] | None) -> list[bytes]:
    """Digests of all tiles; those equal to the previous frame's are not hashed again."""
    if previous is None or previous[0].shape != tiles.shape:
        return [tile_digest(tile) for tile in tiles]
    digests = list(previous[1])
    changed = (tiles != previous[0]).reshape(len(tiles), -1).any(axis=1)
    for index in np.flatnonzero(changed):
        digests[index] = tile_digest(tiles[index])
    return digests


def _packed_frame(pixels: Pixels, indexes: list[int]) -> PackedFrame:
    height, width, channels = pixels.shape
    steps = np.diff(np.array(indexes, "<i4"), prepend=np.int32(0))
    data = zstandard.ZstdCompressor(level=LEVEL_INDEXES).compress(steps.tobytes())
    return PackedFrame(pixels_digest(pixels), width, height, channels, len(indexes), data)


def read_pack(data: bytes) -> TilePack:
    """The pack in the bytes. Raises `PackDamaged`."""
    try:
        return msgspec.msgpack.decode(data, type=TilePack)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PackDamaged(f"the pack cannot be read: {error}") from error


def own_tiles(pack: TilePack, wanted: Sequence[bytes]) -> dict[bytes, Pixels]:
    """Those of the wanted tiles that the pack itself holds. Raises `PackDamaged`."""
    places = {pack.new[at : at + 32]: at // 32 for at in range(0, len(pack.new), 32)}
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
            found[pack.new[index * 32 : index * 32 + 32]] = tile
    return found


def read_frame(pack: TilePack, index: int, *, source: TileSource) -> Pixels:
    """Frame ``index`` of the pack, proved against its digest.

    ``source`` gives the tiles that earlier packs hold. Raises `PackDamaged`.
    """
    frame = pack.frames[index]
    table = _indexes(frame)
    digests = pack.new + pack.known
    if table.min() < 0 or (int(table.max()) + 1) * 32 > len(digests):
        raise PackDamaged("a frame refers to a tile behind the table")
    wanted = [digests[i * 32 : i * 32 + 32] for i in np.unique(table).tolist()]
    tiles = own_tiles(pack, wanted)
    tiles.update(source([digest for digest in wanted if digest not in tiles]))
    try:
        ordered = np.stack([tiles[digests[i * 32 : i * 32 + 32]] for i in table.tolist()])
        pixels = join_tiles(ordered, frame.width, frame.height)
    except (KeyError, ValueError) as error:
        raise PackDamaged(f"a tile of the frame is missing or misshapen: {error!r}") from error
    if pixels_digest(pixels) != frame.pixels:
        raise PackDamaged("the frame's pixels do not match their digest")
    return pixels


def _indexes(frame: PackedFrame) -> NDArray[np.int64]:
    size = frame.tiles * 4
    try:
        raw = zstandard.ZstdDecompressor().decompress(frame.indexes, max_output_size=size)
    except zstandard.ZstdError as error:
        raise PackDamaged(f"the tile indexes cannot be read: {error}") from error
    if len(raw) != size:
        raise PackDamaged("the tile indexes are cut short")
    return np.cumsum(np.frombuffer(raw, "<i4"), dtype=np.int64)


def prove_pack(data: bytes, originals: Sequence[Pixels], *, source: TileSource) -> None:
    """Decode the new form and compare it pixel by pixel; the last step before taking it over.

    Raises `PackDamaged` when a single pixel of a single frame differs.
    """
    pack = read_pack(data)
    if len(pack.frames) != len(originals):
        raise PackDamaged(f"{len(pack.frames)} frames instead of {len(originals)}")
    for index, original in enumerate(originals):
        if not np.array_equal(read_frame(pack, index, source=source), original):
            raise PackDamaged(f"frame {index} differs from its original")
