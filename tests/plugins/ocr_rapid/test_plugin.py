"""The default text plugin on real pages, against what the browser laid out."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from contracts.manifest import parse_manifest
from contracts.text import TextPage
from plugin_host.hooks import PluginError, StageInput, TaskCancelled
from plugins.ocr_rapid import engine, models
from plugins.ocr_rapid.plugin import RapidTextPlugin
from tests.plugins.pictures import EVERY, QUICK, draw, encode, page_bytes, page_truth
from tools.text_engines import ROOT, OpenTask, TextEngine
from tools.text_score import score_page

ReadPage = Callable[[str], TextPage]


def texts(page: TextPage) -> list[str]:
    return [line.text for line in page.lines]


@pytest.mark.parametrize("name", QUICK)
def test_words_of_a_page_are_read_with_their_boxes_in_order(
    rapid_page: ReadPage, name: str
) -> None:
    score = score_page(page_truth(name), rapid_page(name))

    assert score.recall >= 0.96, score.missed
    assert score.precision >= 0.97
    assert score.overlap >= 0.75
    assert score.order >= 0.85


@pytest.mark.slow
def test_all_pages_together_lose_one_word_in_a_hundred_at_most(rapid_page: ReadPage) -> None:
    scores = [score_page(page_truth(name), rapid_page(name)) for name in EVERY]
    found, words = sum(s.found for s in scores), sum(s.words for s in scores)
    extra = sum(s.extra for s in scores)

    assert found / words >= 0.985
    assert found / (found + extra) >= 0.985
    assert min(s.recall for s in scores) >= 0.96
    assert sum(s.edits for s in scores) / sum(s.characters for s in scores) <= 0.006
    assert min(s.order for s in scores) >= 0.65


def test_a_page_says_which_frame_it_is_of_and_what_read_it(rapid_page: ReadPage) -> None:
    page = rapid_page("06_ticket")

    assert (page.width_px, page.height_px) == (1920, 1080)
    assert page.engine == "ocr_rapid"
    assert page.engine_version == models.engine_version()
    assert page.engine_version.startswith("rapidocr-3.10.0+openvino-")


def test_a_line_is_its_words_at_their_offsets_inside_the_frame(rapid_page: ReadPage) -> None:
    page = rapid_page("06_ticket")

    for line in page.lines:
        for word in line.words:
            assert line.text[word.start : word.end] == word.text
            assert 0 <= word.box[0] < word.box[2] <= page.width_px
            assert 0 <= word.box[1] < word.box[3] <= page.height_px


def test_reading_the_same_frame_twice_gives_the_same_page(rapid: TextEngine) -> None:
    frame = encode(draw("Order DE-4471-90233 ships on 9 October"))

    assert rapid.read(frame) == rapid.read(frame)


@pytest.mark.parametrize(("ground", "ink"), [("white", "black"), ("#1e1e2e", "#d0d0e0")])
def test_light_and_dark_themes_are_read(rapid: TextEngine, ground: str, ink: str) -> None:
    page = rapid.read(encode(draw("Budget 82% used", ground=ground, ink=ink)))

    assert texts(page) == ["Budget 82% used"]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_colour_modes_are_read(rapid: TextEngine, mode: str) -> None:
    assert texts(rapid.read(encode(draw("Pipeline failed", mode=mode)))) == ["Pipeline failed"]


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "BMP", "TIFF"])
def test_formats_of_images_are_read(rapid: TextEngine, form: str) -> None:
    assert texts(rapid.read(encode(draw("Pipeline failed"), form))) == ["Pipeline failed"]


def test_a_lone_digit_is_not_taken_for_a_line_on_its_side(rapid: TextEngine) -> None:
    assert texts(rapid.read(encode(draw("7", size=40)))) == ["7"]


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_a_line_turned_by_a_quarter_is_read_in_a_tall_box(
    rapid: TextEngine, turn: Image.Transpose
) -> None:
    turned = draw("Sidebar", size=32).transpose(turn)

    page = rapid.read(encode(turned))

    assert texts(page) == ["Sidebar"]
    x0, y0, x1, y1 = page.lines[0].box
    assert y1 - y0 > 2 * (x1 - x0)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (640, 480)])
def test_a_frame_without_text_is_a_page_without_lines(
    rapid: TextEngine, size: tuple[int, int]
) -> None:
    page = rapid.read(encode(Image.new("RGB", size, "#336699")))

    assert page.lines == ()
    assert (page.width_px, page.height_px) == size


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_that_says(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image-undecodable"),
        (b"not a picture at all", "image-undecodable"),
        (page_bytes("06_ticket")[:4000], "image-undecodable"),
        (png_that_says(60_000, 60_000), "image-too-large"),
        (png_that_says(10_000, 10_000), "image-too-large"),
        (png_that_says(0, 10), "image-undecodable"),
    ],
    ids=["empty", "garbage", "cut short", "bomb", "large", "no width"],
)
def test_a_bad_image_fails_its_task_with_a_code_and_for_good(
    rapid: TextEngine, data: bytes, code: str
) -> None:
    with pytest.raises(PluginError) as caught:
        rapid.read(data)

    assert caught.value.code == code
    assert not caught.value.retry


def test_a_task_taken_back_ends_at_the_next_piece_of_work(rapid: TextEngine) -> None:
    class TakenBack(OpenTask):
        def checkpoint(self, done: int, total: int = 0) -> None:
            super().checkpoint(done, total)
            if len(self.checkpoints) == 3:
                raise TaskCancelled

    task = TakenBack(scratch_dir=rapid.task.scratch_dir)
    # Never seen before: a frame that is known has no pieces of work.
    frame = StageInput(digest="0" * 64, data=encode(draw("Taken back at 17:31")))

    with pytest.raises(TaskCancelled):
        rapid._plugin.autocapture_run(stage="text", inputs=(frame,), task=task)
    assert len(task.checkpoints) == 3


def test_another_stage_is_left_to_other_plugins(tmp_path: Path) -> None:
    task = OpenTask(scratch_dir=tmp_path)

    assert RapidTextPlugin().autocapture_run(stage="embed", inputs=(), task=task) is None


@pytest.mark.parametrize("config", [{"precision": "f8"}, {"threads": 0}, {"threads": "two"}])
def test_wrong_settings_are_named(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(PluginError) as caught:
        TextEngine("ocr_rapid", tmp_path, config)

    assert caught.value.code == "config-invalid"


def declared_config() -> dict[str, object]:
    path = ROOT / "plugins" / "ocr_rapid" / "plugin.toml"
    return dict(parse_manifest(path.read_bytes(), str(path)).stages[0].config)


@pytest.mark.parametrize("wanted", [["eng", "rus"], ["heb"], ["kor", "tha", "deu"]])
def test_a_language_of_another_script_ends_the_setup_and_names_who_reads_it(
    tmp_path: Path, wanted: list[str]
) -> None:
    with pytest.raises(PluginError, match="ocr_tesseract") as caught:
        TextEngine("ocr_rapid", tmp_path, declared_config() | {"languages": wanted})

    assert caught.value.code == "language-missing"
    assert "deu" not in caught.value.message
    assert wanted[-1] == "deu" or wanted[-1] in caught.value.message


def test_languages_in_the_letters_that_the_models_know_are_read(tmp_path: Path) -> None:
    letters = ["eng", "deu", "pol", "srp_latn", "ell", "jpn", "chi_sim", "vie"]

    TextEngine("ocr_rapid", tmp_path, declared_config() | {"languages": letters})


def test_nothing_is_written_and_no_telemetry_is_loaded(rapid: TextEngine) -> None:
    rapid.read(encode(draw("Pipeline failed")))

    assert list(rapid.task.scratch_dir.iterdir()) == []
    assert sys.modules["openvino_telemetry"] is None


def test_the_models_come_from_the_wheel() -> None:
    for name in (models.DETECTION_FILE, models.RECOGNITION_FILE):
        assert models._model_path(name).is_file()


def test_the_manifest_is_valid_and_its_defaults_are_the_plugins() -> None:
    path = ROOT / "plugins" / "ocr_rapid" / "plugin.toml"
    manifest = parse_manifest(path.read_bytes(), str(path))

    defaults = models.Settings()
    config = dict(manifest.stages[0].config)
    unread = config.pop("languages_unread")
    assert isinstance(unread, tuple)
    assert "rus" in unread
    assert config == {
        "languages": ("eng",),
        "precision": defaults.precision,
        "recall": defaults.recall,
        "threads": defaults.threads,
    }
    assert engine.CONFIDENCE_MIN == 0.5
