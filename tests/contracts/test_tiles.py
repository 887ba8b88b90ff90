"""The layout of tile packs is fixed: what was packed once is read for ever."""

from __future__ import annotations

import msgspec
import pytest

from contracts.tiles import BlockCodec, TileBlock, TiledFrame, TilePack, pixels_digest


def pack() -> TilePack:
    key = bytes(range(32))
    return TilePack(
        2,
        (key,),
        key,
        key,
        (TileBlock(BlockCodec.PLANES, 3, 0, 1, b"zstd"),),
        (TiledFrame(key, 240, 8, 3, 1, b"zstd"),),
    )


def test_a_pack_is_read_as_it_was_written() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(pack()), type=TilePack) == pack()


def test_the_bytes_of_the_layout_are_those_of_the_first_packs() -> None:
    key = bytes(range(32))
    written = [2, [key], key, key, [[1, 3, 0, 1, b"zstd"]], [[key, 240, 8, 3, 1, b"zstd"]]]
    assert msgspec.msgpack.encode(pack()) == msgspec.msgpack.encode(written)


def test_a_pack_of_another_version_is_not_read() -> None:
    other = msgspec.msgpack.encode(msgspec.structs.replace(pack(), version=3))
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(other, type=TilePack)


def test_the_identity_of_pixels_counts_their_shape() -> None:
    digests = {
        pixels_digest(2, 3, 1, b"abcdef"),
        pixels_digest(3, 2, 1, b"abcdef"),
        pixels_digest(1, 2, 3, b"abcdef"),
        pixels_digest(2, 1, 3, b"abcdeg"),
    }
    assert len(digests) == 4
    assert all(len(digest) == 32 for digest in digests)
