"""Frames, and packs of them made and proved as two hosts would, for tests of the packed form."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from contracts.tiles import ProvenFrames, RepackedFrames
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.packed import PackCandidate
from kernel.store.takeover import Takeover
from plugin_host.hooks import StageInput
from plugin_host.task import Gate, RunningTask
from plugins.repack_tiles.plugin import plugin
from tests.kernel.store.captures import START_US, draft

SEGMENT_BYTES = 150_000


def picture(seed: int, form: str = "PNG") -> bytes:
    """A frame as of a desktop: the same busy ground in all of them, and a line of its own."""
    frame = np.full((120, 500, 3), 240, np.uint8)
    frame[8:56, :480] = np.random.default_rng(999).integers(0, 255, (48, 480, 3), np.uint8)
    row = 64 + seed % 6 * 8
    own = np.random.default_rng(seed).integers(0, 255, (8, 60, 3), np.uint8)
    frame[row : row + 8, 20:80] = own
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, form)
    return buffer.getvalue()


def pixels_of(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


def fill(data_dir: DataDir, pictures: Sequence[bytes]) -> list[str]:
    """Capture each of them in a batch of its own; returns the digests of their blobs."""
    with EvidenceStore.open(data_dir, segment_bytes_max=SEGMENT_BYTES) as store:
        acks = [
            store.append([draft(data, at_us=START_US + number)])[0]
            for number, data in enumerate(pictures)
        ]
    return [ack.event.blob for ack in acks]


def make(store: EvidenceStore, group: Sequence[PackCandidate]) -> RepackedFrames:
    bases = [StageInput(digest, data) for digest, data in store.newest_packs(2)]
    frames = [StageInput(c.digest.hex(), store.read_original(c.digest.hex())) for c in group]
    made = plugin.autocapture_run("repack", (*bases, *frames), task())
    assert isinstance(made, RepackedFrames)
    return made


def prove(store: EvidenceStore, made: RepackedFrames) -> ProvenFrames:
    bases = [StageInput(digest, data) for digest, data in store.newest_packs(2)]
    frames = [StageInput(blob, store.read_original(blob)) for blob in made.blobs]
    pack = StageInput("0" * 64, made.tiles)
    proven = plugin.autocapture_run("repack_proof", (pack, *bases, *frames), task())
    assert isinstance(proven, ProvenFrames)
    return proven


def task() -> RunningTask:
    return RunningTask(
        config={}, scratch_dir=Path("/nonexistent"), gate=Gate(), report=lambda *_: None
    )


def pack_next(store: EvidenceStore, frames_max: int = 30) -> Takeover | None:
    """Pack the next group; None when nothing is left."""
    group = store.packing_group(0, frames_max=frames_max, bytes_max=1 << 24)
    if not group:
        return None
    made = make(store, group)
    store.keep_as_they_are([(frame.blob, frame.code) for frame in made.left_out])
    if not made.blobs:
        return Takeover(0, 0, 0)
    return store.take_over(made, prove(store, made))


def pack_all(store: EvidenceStore, frames_max: int = 30) -> None:
    while pack_next(store, frames_max) is not None:
        pass


def reclaim_all(store: EvidenceStore) -> list[str]:
    names = []
    while (done := store.reclaim()) is not None:
        names.append(done.segment)
    return names
