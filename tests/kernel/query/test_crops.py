"""The picture that proves a citation."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from contracts.answer import Citation
from kernel.config.errors import KernelError
from kernel.query.crops import crop_name, has_box, save_crop

CITATION = Citation(
    event_id="ev-" + "1" * 32,
    captured_at="2025-10-09T10:53:20+01:00",
    captured_at_us=1,
    source_path=None,
    monitor=0,
    app=None,
    window_title=None,
    box=(200, 100, 260, 120),
    text="x",
    text_start=0,
    text_end=1,
    blob="0" * 64,
    extractor="ocr_rapid",
    extractor_version="1.0.0",
)


def frame(colour: tuple[int, int, int] = (9, 8, 7)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_crop_is_a_lossless_cut_out_with_the_box_drawn_around(tmp_path: Path) -> None:
    path = save_crop(CITATION, frame(), tmp_path / "crops")
    with Image.open(path) as cut:
        assert cut.format == "PNG"
        assert cut.size == (60 + 240, 20 + 120)
        assert cut.convert("RGB").getpixel((150, 70)) == (9, 8, 7)
        assert cut.convert("RGB").getpixel((120 - 1, 70)) == (230, 0, 80)


def test_the_same_citation_has_the_same_file_and_is_not_written_again(tmp_path: Path) -> None:
    first = save_crop(CITATION, frame(), tmp_path)
    before = first.read_bytes()
    assert save_crop(CITATION, frame((1, 1, 1)), tmp_path) == first
    assert first.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [crop_name(CITATION)]


def test_a_frame_that_nobody_decoded_is_shown_whole_and_named_so(tmp_path: Path) -> None:
    whole = msgspec.structs.replace(CITATION, box=(0, 0, 0, 0))
    assert (has_box(CITATION), has_box(whole)) == (True, False)
    path = save_crop(whole, frame(), tmp_path)
    assert path.name == f"{CITATION.event_id}-frame.png"
    with Image.open(path) as cut:
        assert cut.size == (640, 480)


def test_a_box_at_the_edge_stays_inside_the_frame(tmp_path: Path) -> None:
    edge = msgspec.structs.replace(CITATION, box=(600, 470, 640, 480))
    with Image.open(save_crop(edge, frame(), tmp_path)) as cut:
        assert cut.size == (160, 70)


def test_a_frame_that_is_no_picture_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(KernelError) as caught:
        save_crop(CITATION, b"not a picture", tmp_path)
    assert caught.value.code == "crop-failed"
    assert list(tmp_path.iterdir()) == []
