"""Frames and segments: what was packed is parsed, what was changed is noticed."""

from __future__ import annotations

from pathlib import Path

import blake3
import hypothesis.strategies as st
import pytest
from hypothesis import given

from kernel.store.disk import OsDisk
from kernel.store.frame import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    FrameError,
    FrameKind,
    check_body,
    check_segment_header,
    pack_frame_header,
    pack_segment_header,
    parse_frame_header,
)
from kernel.store.pack import Frame, PackWriter, list_segments, read_frame, segment_path
from kernel.store.scan import scan_segment

MEDIA = st.sampled_from(["", "image/png", "image/x-raw"])


def frame_of(payload: bytes, media_type: str = "image/png") -> Frame:
    return Frame(FrameKind.BLOB, blake3.blake3(payload).digest(), payload, media_type)


def packed(frame: Frame) -> bytes:
    return pack_frame_header(frame.kind, frame.digest, frame.media_type, frame.payload) + (
        frame.payload
    )


@given(st.binary(max_size=300), MEDIA)
def test_a_frame_is_parsed_as_it_was_packed(payload: bytes, media_type: str) -> None:
    data = packed(frame_of(payload, media_type))
    header = parse_frame_header(data)
    assert header.frame_bytes == len(data)
    assert parsed(data) == (media_type, payload)


def parsed(data: bytes) -> tuple[str, bytes]:
    header = parse_frame_header(data)
    body = data[FRAME_HEADER_BYTES:]
    media, payload = body[: header.media_bytes], body[header.media_bytes :]
    return check_body(header, media, payload), payload


@given(st.binary(min_size=1, max_size=50), st.data())
def test_any_changed_bit_of_a_frame_is_noticed(payload: bytes, data: st.DataObject) -> None:
    changed = bytearray(packed(frame_of(payload)))
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FrameError):
        parsed(bytes(changed))


@given(st.integers(0, SEGMENT_HEADER_BYTES * 8 - 1))
def test_any_changed_bit_of_a_segment_header_is_noticed(bit: int) -> None:
    header = bytearray(pack_segment_header(7, 123))
    check_segment_header(bytes(header), 7)
    header[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FrameError):
        check_segment_header(bytes(header), 7)


def test_a_segment_under_another_number_or_cut_short_is_noticed() -> None:
    header = pack_segment_header(7, 123)
    for data, number in ((header, 8), (header[:-1], 7)):
        with pytest.raises(FrameError):
            check_segment_header(data, number)


def write_segment(directory: Path, payloads: list[bytes]) -> tuple[Path, tuple[int, ...]]:
    writer = PackWriter(directory, OsDisk(), next_number=1)
    written = writer.append([frame_of(payload) for payload in payloads], created_at_us=1)
    writer.sync()
    writer.retire()
    return segment_path(directory, written.number), written.offsets


@given(st.lists(st.binary(max_size=200), min_size=3, max_size=6), st.data())
def test_damage_of_one_frame_hides_no_other(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("packs")
    path, offsets = write_segment(directory, payloads)
    victim = data.draw(st.integers(0, len(payloads) - 1))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(offsets[victim], offsets[victim] + FRAME_HEADER_BYTES))] ^= 255
    path.write_bytes(content)
    intact = [found.payload for found in scan_segment(path, 1) if not found.problem]
    assert intact == payloads[:victim] + payloads[victim + 1 :]


def test_a_frame_is_read_at_its_place_and_nowhere_else(tmp_path: Path) -> None:
    path, offsets = write_segment(tmp_path, [b"first", b"second"])
    assert read_frame(path, offsets[1])[1:] == ("image/png", b"second")
    for offset in (offsets[1] + 1, path.stat().st_size - 5, 10_000):
        with pytest.raises(FrameError):
            read_frame(path, offset)
    assert list_segments(tmp_path) == [1]
    assert list_segments(tmp_path / "nowhere") == []


def test_more_frames_than_one_gathering_write_takes_are_all_written(tmp_path: Path) -> None:
    payloads = [str(number).encode() for number in range(3000)]
    path, _ = write_segment(tmp_path, payloads)
    assert [found.payload for found in scan_segment(path, 1)] == payloads
