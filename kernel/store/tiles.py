"""Reading packed frames: from a tile pack to the pixels of one frame, proved by their digest.

The store's own reader, written apart from the plugin that makes packs: what a pack says is read
here before it is taken over, so two programs must agree on every pixel. It opens no image
format; a pack is zstd over tables of fixed shape, every size checked before memory is taken.
Covers: one frame of one pack with its bases, the PNG in which pixels leave the store. Does not
cover: which pack holds a frame (`kernel.store.journal`), making packs (`plugins.repack_tiles`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.tiles import (
    DIGEST_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    BlockCodec,
    TileBlock,
    TiledFrame,
    TilePack,
    pixels_digest,
)
from kernel.config.errors import KernelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tiles = NDArray[np.uint8]

FRAME_BYTES_MAX = 256 << 20
_COLOUR_CHANNELS = 3
_PNG_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}
"""Channels -> colour type (PNG, 11.2.2)."""


class TilesDamaged(ValueError):
    """The bytes are no tile pack, or a frame in it is not what it says."""


@dataclass(frozen=True, slots=True)
class FramePixels:
    """A frame's pixels: row by row, 8 bits a channel, and their proved identity."""

    width_px: int
    height_px: int
    channels: int
    pixels: bytes
    digest: bytes


def parse_tiles(data: bytes) -> TilePack:
    """The pack in the bytes. Raises `TilesDamaged`."""
    try:
        return msgspec.msgpack.decode(data, type=TilePack)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TilesDamaged(f"no tile pack: {error}") from error


class TileReader:
    """Reads frames of packs that share bases; keeps the packs it read, so make one per use.

    ``load`` gives the pack of a digest; it may raise `KernelError`.
    """

    def __init__(self, load: Callable[[bytes], TilePack]) -> None:
        self._load = load
        self._places: dict[bytes, tuple[TilePack, dict[bytes, int]]] = {}

    def read(self, pack: TilePack, index: int) -> FramePixels:
        """Frame ``index`` of the pack, proved against the digest in it.

        Raises `TilesDamaged`, and `KernelError` ``tiles-need-numpy`` without the libraries.
        """
        if index >= len(pack.frames):
            raise TilesDamaged(f"the pack has {len(pack.frames)} frames, not {index + 1}")
        numpy = _require_numpy()
        frame = pack.frames[index]
        size = frame.width * frame.height * frame.channels
        rows, columns = -(-frame.height // TILE_HEIGHT), -(-frame.width // TILE_WIDTH)
        if size > FRAME_BYTES_MAX or rows * columns != frame.tiles:
            raise TilesDamaged("the frame's tiles do not fit its size")
        table = _indexes(frame)
        wanted, where = numpy.unique(table, return_inverse=True)
        tiles = self._collect(pack, wanted, frame.channels)
        ordered = tiles[where.reshape(-1)]
        grid = ordered.reshape(rows, columns, TILE_HEIGHT, TILE_WIDTH, frame.channels)
        padded = grid.swapaxes(1, 2).reshape(rows * TILE_HEIGHT, columns * TILE_WIDTH, -1)
        pixels = padded[: frame.height, : frame.width].tobytes()
        digest = pixels_digest(frame.width, frame.height, frame.channels, pixels)
        if digest != frame.pixels:
            raise TilesDamaged("the frame's pixels do not match their digest")
        return FramePixels(frame.width, frame.height, frame.channels, pixels, digest)

    def _collect(self, pack: TilePack, wanted: Any, channels: int) -> Any:  # noqa: ANN401 - numpy
        """The tiles with these indexes of the pack's table, in their order."""
        numpy = _require_numpy()
        new = len(pack.new) // DIGEST_BYTES
        if wanted[0] < 0 or wanted[-1] >= new + len(pack.known) // DIGEST_BYTES:
            raise TilesDamaged("a frame refers to a tile behind the table")
        tiles = numpy.empty((len(wanted), TILE_HEIGHT, TILE_WIDTH, channels), numpy.uint8)
        own = int(numpy.searchsorted(wanted, new))
        _fill(tiles, numpy.arange(own), wanted[:own], pack, channels)
        left = {int(index) - new: at for at, index in enumerate(wanted[own:], own)}
        for base_digest in pack.bases:
            if not left:
                break
            base, places = self._base(base_digest)
            found = sorted(
                (places[digest], at, index)
                for index, at in left.items()
                if (digest := _digest_at(pack.known, index)) in places
            )
            if found:
                at_base = numpy.array([place for place, _, _ in found])
                _fill(tiles, numpy.array([at for _, at, _ in found]), at_base, base, channels)
                for _, _, index in found:
                    del left[index]
        if left:
            raise TilesDamaged(f"{len(left)} tiles are in none of the pack's bases")
        return tiles

    def _base(self, digest: bytes) -> tuple[TilePack, dict[bytes, int]]:
        if digest not in self._places:
            base = self._load(digest)
            count = len(base.new) // DIGEST_BYTES
            self._places[digest] = base, {_digest_at(base.new, i): i for i in range(count)}
        return self._places[digest]


def _digest_at(table: bytes, index: int) -> bytes:
    return table[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]


def _fill(tiles: Any, targets: Any, wanted: Any, pack: TilePack, channels: int) -> None:  # noqa: ANN401 - numpy
    """Put the pack's own tiles ``wanted`` (ascending) at the rows ``targets`` of ``tiles``."""
    numpy = _require_numpy()
    done = 0
    for block in pack.blocks:
        start, stop = numpy.searchsorted(wanted, (block.first, block.first + block.count))
        if start == stop:
            continue
        if block.channels != channels:
            raise TilesDamaged("a tile of the frame has other channels")
        tiles[targets[start:stop]] = _decode_block(block, wanted[start:stop] - block.first)
        done += int(stop - start)
    if done != len(wanted):
        raise TilesDamaged("a tile is in no block of the pack")


def _decode_block(block: TileBlock, wanted: Any) -> Any:  # noqa: ANN401 - numpy
    numpy = _require_numpy()
    raw = numpy.frombuffer(
        _expand(block.data, block.count * TILE_HEIGHT * TILE_WIDTH * block.channels), numpy.uint8
    )
    if block.codec == BlockCodec.PLAIN:
        return raw.reshape(block.count, TILE_HEIGHT, TILE_WIDTH, block.channels)[wanted]
    if block.codec != BlockCodec.PLANES:
        raise TilesDamaged(f"block codec {block.codec} is not known")
    planes = raw.reshape(block.channels, block.count, TILE_HEIGHT, TILE_WIDTH)[:, wanted]
    # Sums of bytes modulo 256 undo the differences, each within its own row of a tile.
    planes = numpy.cumsum(planes, axis=-1, dtype=numpy.uint8)
    if block.channels >= _COLOUR_CHANNELS:
        planes[0] += planes[1]
        planes[2] += planes[1]
    return planes.transpose(1, 2, 3, 0)


def _indexes(frame: TiledFrame) -> Any:  # noqa: ANN401 - numpy
    numpy = _require_numpy()
    steps = numpy.frombuffer(_expand(frame.indexes, frame.tiles * 4), "<i4")
    return numpy.cumsum(steps, dtype=numpy.int64)


def _expand(data: bytes, size: int) -> bytes:
    """Expand zstd of exactly so many bytes; checked before any of them is made."""
    import zstandard

    try:
        fits = zstandard.frame_content_size(data) == size
        raw = zstandard.ZstdDecompressor().decompress(data) if fits else b""
    except zstandard.ZstdError as error:
        raise TilesDamaged(f"a block cannot be expanded: {error}") from error
    if len(raw) != size:
        raise TilesDamaged(f"a block is not {size} bytes")
    return raw


def _require_numpy() -> Any:  # noqa: ANN401 - a module that may be missing
    try:
        import numpy
        import zstandard  # noqa: F401 - asked for with it
    except ImportError as error:
        raise KernelError(
            "tiles-need-numpy",
            "packed frames cannot be read: a library is not installed",
            hint="install the extra: autocapture[repack]",
        ) from error
    return numpy


def encode_png(frame: FramePixels) -> bytes:
    """The pixels as a PNG without compression: quick to make, readable everywhere."""
    stride = frame.width_px * frame.channels
    view = memoryview(frame.pixels)
    lines: list[bytes | memoryview] = []
    for start in range(0, len(view), stride):
        lines += (b"\0", view[start : start + stride])
    head = struct.pack(
        ">IIBBBBB", frame.width_px, frame.height_px, 8, _PNG_COLOUR[frame.channels], 0, 0, 0
    )
    body = zlib.compress(b"".join(lines), 0)
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(data, zlib.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", crc)))
