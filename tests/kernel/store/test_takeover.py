"""The packed form takes over only when it was proved, and then every reader sees its pixels."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import reclaim
from kernel.store.evidence import EvidenceStore
from kernel.store.journal import Journal
from kernel.store.packed import PackedRows
from kernel.store.readers import connect_reader
from kernel.store.takeover import WORTH_PERCENT
from kernel.store.tileframe import decode_payload, encode_payload
from kernel.store.verify import verify
from tests.kernel.store.captures import draft
from tests.kernel.store.packing import (
    fill,
    make,
    pack_all,
    pack_next,
    picture,
    pixels_of,
    prove,
    reclaim_all,
)


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    return DataDir(quick_dir / "data")


def assert_sound(data_dir: DataDir) -> None:
    report = verify(data_dir, quick=False)
    assert report.ok, report.findings


def test_frames_that_are_packed_are_smaller_and_their_bytes_are_still_read(
    data_dir: DataDir,
) -> None:
    pictures = [picture(seed % 5) + bytes(seed // 5) for seed in range(12)]
    blobs = fill(data_dir, pictures)
    with EvidenceStore.open(data_dir) as store:
        done = pack_next(store)
        assert done is not None
        assert done.frames == len(set(blobs))
        assert done.packed_bytes * 2 < done.original_bytes
        assert [store.read_blob(blob) for blob in blobs] == pictures
        assert pack_next(store) is None
        assert "frames.packed" in {entry.act for entry in store.ledger.entries()}
    assert_sound(data_dir)


def test_a_replaced_segment_gives_the_same_pixels_and_the_first_digest_stays(
    data_dir: DataDir,
) -> None:
    pictures = [picture(seed) for seed in range(20)]
    blobs = fill(data_dir, pictures)
    before = sorted(path.name for path in data_dir.packs_dir.iterdir())
    with EvidenceStore.open(data_dir) as store:
        pack_all(store, 8)
        replaced = reclaim_all(store)
        assert replaced == before[:-1]
        assert not [name for name in replaced if (data_dir.packs_dir / name).exists()]
        for blob, data in zip(blobs, pictures, strict=True):
            assert pixels_of(store.read_blob(blob)) == pixels_of(data)
            assert [event.blob for event in store.events_of_blob(blob)] == [blob]
        assert store.reclaim() is None
        with pytest.raises(KernelError, match="gone"):
            store.read_original(blobs[0])
        acts = [entry.act for entry in store.ledger.entries()]
        assert acts.count("segment.replaced") == len(replaced)
    assert_sound(data_dir)


def test_what_is_not_packed_is_carried_over_before_its_segment_goes(data_dir: DataDir) -> None:
    odd = b"no picture at all"
    pictures = [picture(1), odd, *(picture(seed) for seed in range(2, 12))]
    blobs = fill(data_dir, pictures)
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        assert reclaim_all(store)
        assert store.read_original(blobs[1]) == odd
    assert_sound(data_dir)


def test_tries_that_give_way_do_not_carry_the_same_frames_again(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reclaim, "STEP_BYTES", 4000)
    odd = [bytes([n]) * 5000 for n in range(3)]
    blobs = fill(data_dir, [*odd, *(picture(seed) for seed in range(12))])

    def give_way_at(answer: int) -> Callable[[], bool]:
        asked = itertools.count()
        return lambda: next(asked) < answer

    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        for answer in range(1, 40):
            done = [store.reclaim(may_go_on=give_way_at(answer))]
            size = store.stats().pack_bytes
            done.append(store.reclaim(may_go_on=give_way_at(answer)))
            if any(done):
                break
            assert store.stats().pack_bytes == size
        else:
            pytest.fail("it was never reclaimed")
        assert [store.read_original(blob) for blob in blobs[:3]] == odd
        reclaim_all(store)
    assert_sound(data_dir)


def test_the_same_capture_after_its_bytes_were_replaced_is_stored_and_read_back(
    data_dir: DataDir,
) -> None:
    pictures = [picture(seed) for seed in range(12)]
    blobs = fill(data_dir, pictures)
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        reclaim_all(store)
        (ack,) = store.append([draft(pictures[0])])
        assert (ack.event.blob, ack.status) == (blobs[0], "duplicate-pixels")
        assert store.read_blob(blobs[0]) == pictures[0]
    assert_sound(data_dir)


def test_equal_pixels_in_another_encoding_share_one_packed_frame(data_dir: DataDir) -> None:
    blobs = fill(data_dir, [picture(1), picture(2), picture(1, "BMP"), picture(3)])
    with EvidenceStore.open(data_dir) as store:
        pack_all(store, 2)
        assert len({found.digest for found in map(store.find_blob, blobs) if found}) == 4
        first, other = store.find_blob(blobs[0]), store.find_blob(blobs[2])
        assert first is not None
        assert other is not None
        assert first.pixel_digest == other.pixel_digest is not None
        assert store.blobs_of_pixels(first.pixel_digest or "") == [blobs[0], blobs[2]]
    connection = connect_reader(data_dir.journal_db)
    rows = PackedRows(connection)
    assert rows.places_of(bytes.fromhex(blobs[0])) == rows.places_of(bytes.fromhex(blobs[2]))
    connection.close()
    assert_sound(data_dir)


def test_a_frame_that_is_no_lossless_picture_stays_as_it_came_and_is_not_tried_again(
    data_dir: DataDir,
) -> None:
    blobs = fill(data_dir, [picture(1, "JPEG"), b"nothing"])
    with EvidenceStore.open(data_dir) as store:
        made = make(store, store.packing_group(0, frames_max=9, bytes_max=1 << 24))
        assert [frame.code for frame in made.left_out] == ["lossy", "undecodable"]
        assert made.blobs == ()
        pack_all(store)
        assert store.packing_group(0, frames_max=9, bytes_max=1 << 24) == []
        assert store.read_blob(blobs[0]) == picture(1, "JPEG")


def test_packs_that_save_too_little_are_not_taken(data_dir: DataDir) -> None:
    noise = picture(7)
    fill(data_dir, [noise])
    with EvidenceStore.open(data_dir) as store:
        made = make(store, store.packing_group(0, frames_max=9, bytes_max=1 << 24))
        done = store.take_over(made, prove(store, made))
        assert done is not None
        assert done.frames == 0
        assert done.packed_bytes * 100 > done.original_bytes * WORTH_PERCENT
        assert store.packing_group(0, frames_max=9, bytes_max=1 << 24) == []
        assert store.newest_packs(9) == []
    assert_sound(data_dir)


def test_nothing_is_taken_over_that_was_not_proved(data_dir: DataDir) -> None:
    fill(data_dir, [picture(seed) for seed in range(6)])
    with EvidenceStore.open(data_dir) as store:
        group = store.packing_group(0, frames_max=3, bytes_max=1 << 24)
        made = make(store, group)
        proven = prove(store, made)
        replace = msgspec.structs.replace
        first, *rest = proven.frames
        lies = [
            (made, replace(proven, tiles="1" * 64)),
            (made, replace(proven, frames=proven.frames[:2])),
            (made, replace(proven, frames=proven.frames[::-1])),
            (made, replace(proven, frames=(replace(first, pixels="2" * 64), *rest))),
            (made, replace(proven, frames=(replace(first, width_px=3), *rest))),
            (replace(made, tiles=made.tiles[:-9]), proven),
        ]
        for lie, proof in lies:
            with pytest.raises(KernelError) as refused:
                store.take_over(lie, proof)
            assert refused.value.code == "pack-refused"
        assert len(store.packing_group(0, frames_max=9, bytes_max=1 << 24)) == 6
        assert "frames.packed" not in {entry.act for entry in store.ledger.entries()}
        # Pixels that were recorded before are not overruled.
        store.record_pixels(made.blobs[1], "3" * 64, width_px=500, height_px=120)
        with pytest.raises(KernelError, match="other pixels before"):
            store.take_over(made, proven)
    assert_sound(data_dir)


def test_giving_way_leaves_the_segment_and_a_later_call_replaces_it(data_dir: DataDir) -> None:
    blobs = fill(data_dir, [picture(seed) for seed in range(12)])
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        for allowed in range(4):
            answers = [True] * allowed
            assert store.reclaim(may_go_on=lambda: bool(answers) and answers.pop()) is None  # noqa: B023 - called in this round
        assert (data_dir.packs_dir / "pack-000001.seg").exists()
        assert reclaim_all(store)
        assert all(store.read_blob(blob) for blob in blobs)
    assert_sound(data_dir)


def test_a_pack_tells_of_its_frames_what_the_journal_does(data_dir: DataDir) -> None:
    blobs = fill(data_dir, [picture(seed) for seed in range(3)])
    with EvidenceStore.open(data_dir) as store:
        pack_all(store)
        ((digest, _),) = store.newest_packs(5)
        payload = store.read_original(digest)
    told = decode_payload(payload)
    assert [frame.blob for frame in told.frames] == blobs
    assert encode_payload(told) == payload
    connection = connect_reader(data_dir.journal_db)
    facts = [Journal(connection).find_blob(bytes.fromhex(blob)) for blob in blobs]
    connection.close()
    assert [(f.pixels, f.width_px, f.media_type) for f in told.frames] == [
        (fact.pixel_digest, fact.width_px, fact.media_type) for fact in facts if fact
    ]
