"""The two hooks as a host calls them: what is given comes back proved, or is named."""

from __future__ import annotations

import msgspec
import pytest

from contracts.canonical import digest_bytes
from contracts.tiles import ProvenFrames, RepackedFrames
from plugin_host.hooks import PluginError, StageInput
from plugins.repack_tiles.plugin import PACK_STAGE, PROOF_STAGE, plugin
from tests.kernel.store.packing import picture, task


def frame(data: bytes) -> StageInput:
    return StageInput(digest_bytes(data), data)


def run(stage: str, *inputs: StageInput) -> msgspec.Struct | None:
    record: msgspec.Struct | None = plugin.autocapture_run(stage, inputs, task())
    return record


def pack(*inputs: StageInput) -> RepackedFrames:
    made = run(PACK_STAGE, *inputs)
    assert isinstance(made, RepackedFrames)
    return made


def test_frames_are_packed_on_bases_and_proved_in_their_order() -> None:
    frames = [frame(picture(seed)) for seed in range(4)]
    first = pack(*frames[:2])
    base = StageInput("b" * 64, first.tiles)
    second = pack(base, *frames[2:])
    assert len(second.tiles) * 2 < len(first.tiles)
    proven = run(PROOF_STAGE, frame(second.tiles), base, *frames[2:])
    assert isinstance(proven, ProvenFrames)
    assert tuple(told.blob for told in proven.frames) == second.blobs
    assert proven.tiles == digest_bytes(second.tiles)
    with pytest.raises(PluginError, match="no base"):
        run(PROOF_STAGE, frame(second.tiles), *frames[2:])


def test_the_same_inputs_give_the_same_pack() -> None:
    frames = [frame(picture(seed)) for seed in range(3)]
    assert pack(*frames) == pack(*frames)


def test_what_is_no_picture_is_left_out_by_name() -> None:
    made = pack(frame(b"nothing"), frame(picture(1)), frame(picture(1, "JPEG")))
    assert [left.code for left in made.left_out] == ["undecodable", "lossy"]
    assert made.blobs == (frame(picture(1)).digest,)
    assert pack(frame(b"nothing")).tiles == b""


@pytest.mark.parametrize("seeds", [(1, 0), (0, 2), (0,), (0, 1, 2), ()])
def test_a_pack_of_other_frames_is_not_proved(seeds: tuple[int, ...]) -> None:
    made = pack(frame(picture(0)), frame(picture(1)))
    with pytest.raises(PluginError) as refused:
        run(PROOF_STAGE, frame(made.tiles), *(frame(picture(seed)) for seed in seeds))
    assert refused.value.code == "pack-damaged"


def test_a_proof_without_a_pack_and_a_strange_stage_are_refused() -> None:
    with pytest.raises(PluginError) as refused:
        run(PROOF_STAGE, frame(picture(0)))
    assert refused.value.code == "inputs-invalid"
    assert run("text", frame(picture(0))) is None
