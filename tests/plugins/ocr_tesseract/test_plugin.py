"""The light text plugin on real pages, with the real program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from contracts.manifest import parse_manifest
from contracts.text import TextPage
from plugin_host.hooks import PluginError
from plugin_host.textkit.images import decode_picture
from plugins.ocr_tesseract.preparation import invert_dark_regions, prepare
from plugins.ocr_tesseract.program import parse_table
from tests.plugins.pictures import EVERY, QUICK, draw, encode, page_truth
from tools.text_engines import ROOT, TextEngine
from tools.text_score import score_page

ReadPage = Callable[[str], TextPage]


@pytest.mark.parametrize("name", QUICK)
def test_words_of_a_page_are_read_with_their_boxes(tesseract_page: ReadPage, name: str) -> None:
    score = score_page(page_truth(name), tesseract_page(name))

    assert score.recall >= 0.85, score.missed
    assert score.precision >= 0.9
    assert score.overlap >= 0.5


@pytest.mark.slow
def test_all_pages_together_keep_nine_words_of_ten(tesseract_page: ReadPage) -> None:
    scores = [score_page(page_truth(name), tesseract_page(name)) for name in EVERY]

    assert sum(s.found for s in scores) / sum(s.words for s in scores) >= 0.92


def test_a_page_says_which_languages_and_program_read_it(tesseract_page: ReadPage) -> None:
    page = tesseract_page("06_ticket")

    assert page.languages == ("eng",)
    assert page.engine_version.startswith("tesseract-")


def test_a_dark_theme_is_read(tesseract: TextEngine) -> None:
    page = tesseract.read(encode(draw("Budget used", ground="#1e1e2e", ink="#d0d0e0")))

    assert [line.text for line in page.lines] == ["Budget used"]


def test_nothing_is_left_behind(tesseract: TextEngine) -> None:
    tesseract.read(encode(draw("Pipeline failed")))

    assert list(tesseract.task.scratch_dir.iterdir()) == []


def test_a_bad_image_fails_its_task_with_a_code(tesseract: TextEngine) -> None:
    with pytest.raises(PluginError) as caught:
        tesseract.read(b"not a picture")

    assert caught.value.code == "image-undecodable"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"languages": ["tlh"]}, "tesseract-failed"),
        ({"languages": ["eng -c x"]}, "config-invalid"),
        ({"languages": []}, "config-invalid"),
        ({"timeout_s": 0}, "config-invalid"),
    ],
)
def test_wrong_settings_end_the_setup_with_a_code(
    tesseract: TextEngine, tmp_path: Path, config: dict[str, object], code: str
) -> None:
    assert tesseract.task.config == {}
    with pytest.raises(PluginError) as caught:
        TextEngine("ocr_tesseract", tmp_path, config)

    assert caught.value.code == code


def test_a_missing_program_is_named(
    tesseract: TextEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginError) as caught:
        tesseract.read(encode(draw("Pipeline failed")))

    assert caught.value.code == "tesseract-missing"


def test_dark_regions_turn_light_and_light_ones_stay() -> None:
    grey = Image.new("L", (320, 160), 240)
    grey.paste(20, (0, 0, 160, 160))

    light = invert_dark_regions(grey)

    assert light.getpixel((40, 80)) == 235
    assert light.getpixel((280, 80)) == 240


def test_small_frames_are_doubled_and_large_ones_are_not() -> None:
    small = prepare(decode_picture(encode(Image.new("RGB", (640, 48)))))
    large = prepare(decode_picture(encode(Image.new("RGB", (2560, 48)))))

    assert (small.scale, small.image.width) == (2, 1280)
    assert (large.scale, large.image.width) == (1, 2560)


def test_rows_of_the_table_that_are_no_words_are_passed_over() -> None:
    word = "5\t1\t1\t1\t1\t{n}\t{x}\t20\t60\t30\t91.5\t{t}"
    table = "\n".join(
        ["header", word.format(n=1, x=10, t="due"), word.format(n=2, x=90, t=" "), "4\tbroken"]
    )

    (line,) = parse_table(table, 2)

    assert [(w.text, w.box, w.confidence) for w in line.words] == [("due", (5, 10, 35, 25), 0.915)]


def test_the_manifest_is_valid_and_asks_for_the_program() -> None:
    path = ROOT / "plugins" / "ocr_tesseract" / "plugin.toml"
    manifest = parse_manifest(path.read_bytes(), str(path))

    assert manifest.permissions.programs == ("tesseract",)
    assert manifest.hosting == "subprocess"
