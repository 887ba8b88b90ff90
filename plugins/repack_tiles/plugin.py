"""Hooks of the packing plugin: frames to a tile pack, and a pack compared with its frames.

The two stages are two calls, which the kernel gives to two hosts: whoever packed does not say
that it packed well. Covers: inputs, what is left out and why. Does not cover: taking a pack over
(the store's), which frames go together (the kernel's).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from contracts.canonical import digest_bytes
from contracts.tiles import (
    PACK_BYTES_MAX,
    PACK_MARK,
    LeftOutFrame,
    ProvenFrame,
    ProvenFrames,
    RepackedFrames,
)
from plugin_host.hooks import PluginError, StageInput, TaskContext, hookimpl

PACK_STAGE = "repack"
PROOF_STAGE = "repack_proof"


class RepackPlugin:
    """Keeps nothing between tasks: the same inputs give the same pack."""

    @hookimpl
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """``repack``: frames, and packs that may serve as bases, to `RepackedFrames`.

        ``repack_proof``: a pack, its bases and its frames in its order, to `ProvenFrames`.
        Raises `PluginError`: ``inputs-invalid``; ``pack-too-large``; ``pack-damaged`` when the
        pack is not its frames, every pixel.
        """
        if stage == PACK_STAGE:
            return _pack(inputs, task)
        if stage == PROOF_STAGE:
            return _prove(inputs, task)
        return None


def _pack(inputs: tuple[StageInput, ...], task: TaskContext) -> RepackedFrames:
    from plugins.repack_tiles.pictures import Unfit, load_pixels
    from plugins.repack_tiles.tilepack import make_pack, read_pack
    from plugins.repack_tiles.tiles import Pixels

    bases = {bytes.fromhex(i.digest): read_pack(i.data) for i in inputs if _is_pack(i)}
    frames = [item for item in inputs if not _is_pack(item)]
    blobs: list[str] = []
    left_out: list[LeftOutFrame] = []

    def loaded() -> Iterator[Pixels]:
        for number, item in enumerate(frames):
            task.checkpoint(number, len(frames))
            try:
                pixels = load_pixels(item.data)
            except Unfit as unfit:
                reason = LeftOutFrame(blob=item.digest, code=unfit.code, reason=unfit.reason)
                left_out.append(reason)
                continue
            blobs.append(item.digest)
            yield pixels

    first = next(source := loaded(), None)
    if first is None:
        return RepackedFrames(blobs=(), left_out=tuple(left_out))

    def all_frames() -> Iterator[Pixels]:
        yield first
        yield from source

    tiles = make_pack(all_frames(), bases=bases)
    if len(tiles) > PACK_BYTES_MAX:
        raise PluginError("pack-too-large", f"{len(tiles)} bytes for {len(blobs)} frames")
    return RepackedFrames(blobs=tuple(blobs), left_out=tuple(left_out), tiles=tiles)


def _prove(inputs: tuple[StageInput, ...], task: TaskContext) -> ProvenFrames:
    from plugins.repack_tiles.pictures import Unfit, load_pixels
    from plugins.repack_tiles.tilepack import PackDamaged, Prover, read_pack

    if not inputs or not _is_pack(inputs[0]):
        raise PluginError("inputs-invalid", "the first input of a proof is the pack")
    pack = inputs[0]
    bases = [item for item in inputs[1:] if _is_pack(item)]
    frames = [item for item in inputs[1:] if not _is_pack(item)]
    proven: list[ProvenFrame] = []
    try:
        prover = Prover(
            read_pack(pack.data),
            bases={bytes.fromhex(base.digest): read_pack(base.data) for base in bases},
        )
        for number, item in enumerate(frames):
            task.checkpoint(number, len(frames))
            pixels = load_pixels(item.data)
            digest = prover.check(pixels)
            height, width, _ = pixels.shape
            frame = ProvenFrame(
                blob=item.digest, pixels=digest.hex(), width_px=width, height_px=height
            )
            proven.append(frame)
        prover.finish()
    except (PackDamaged, Unfit) as error:
        raise PluginError("pack-damaged", f"frame {len(proven)}: {error}") from error
    return ProvenFrames(tiles=digest_bytes(pack.data), frames=tuple(proven))


def _is_pack(item: StageInput) -> bool:
    return item.data.startswith(PACK_MARK)


plugin = RepackPlugin()
